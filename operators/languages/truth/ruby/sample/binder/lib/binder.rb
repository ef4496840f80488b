require "binder/glue"
require "press/version"
require "helper"
