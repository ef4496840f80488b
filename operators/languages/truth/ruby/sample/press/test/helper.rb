require "press"
require_relative "../lib/press/paper"
