require "binder"
