require "press/paper"
