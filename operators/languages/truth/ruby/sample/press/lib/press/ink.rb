require File.expand_path("../paper", __FILE__)
require File.dirname(__FILE__) + "/version"
require_relative "gone"
require "#{File.dirname(__FILE__)}/fonts/serif"
require(File.join(File.dirname(__FILE__), "..", "press"))
