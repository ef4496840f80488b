require "rspec"
require "binder"
