Gem::Specification.new { |spec| spec.name = "binder" }
