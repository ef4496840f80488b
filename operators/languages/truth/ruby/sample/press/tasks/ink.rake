require "minitest"
