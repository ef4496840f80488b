require "helper"
require "support/print"
require "press/fonts/serif"
