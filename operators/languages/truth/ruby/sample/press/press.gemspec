# frozen_string_literal: true

require_relative "lib/press/version"

Gem::Specification.new do |spec|
  spec.name = "press"
  spec.version = Press::VERSION
  spec.require_paths = %w[lib ext/lib]
end
