require "press/version"
require "press/native"
require "binder"

# require "press/never"
=begin
require "press/never"
=end

module Press
  autoload :Paper, "press/paper"
  autoload(:Ink, "#{__dir__}/press/ink")

  module Fonts
    autoload :Serif, File.join(__dir__, "press", "fonts/serif")
    Press.autoload :Sans, "press/fonts/" + "sans.rb"
  end

  TEXT = <<~RUBY
    require "press/never"
  RUBY

  def self.run
    require "set"
    Kernel.require("press/" "late")
    require_relative "press/../press/relative" if defined?(Relative)
  end

  if false
    require "press/never"
  end
  require "press/never" if nil

  begin
    require "press/fast"
  rescue LoadError
    require "press/slow"
  end

  %w[never].each { |name| require "press/#{name}" }
end

__END__
require "press/never"
