use backstory_core::EdgeKind;

use crate::testing::{Sample, render, truth};

const SHOP: &str = r##"#!/usr/bin/env ruby
# frozen_string_literal: true

# Sells things.
# And buys them.

require "json" # require "never"
require_relative "models/user"
require File.expand_path("../../lib/core", __FILE__)
require File.join(__dir__, "a", "b") if RUBY_VERSION > "2"
require "#{File.dirname(__FILE__)}/c.rb"
require "#{name}/d"
require name
load "./tasks.rb"

# All of the shop.
module Shop
  VERSION = "1.0"
  # A thing.
  Thing = Struct.new(:name, :price) do
    def cheap? = price < 10
  end
  One, Two = 1, 2

  autoload :Till
  autoload :Basket, "shop/basket"
  autoload_under "parts" do
    autoload :Wheel
  end

  # An item.
  #
  # With lines.
  class Item < Base::Model # :nodoc:
    # The name.
    attr_reader :name, :size
    attr_accessor :owner # trailing

    def initialize(name, size: 1)
      @name = name
      require "late"
    end

    # No doc: a blank line follows.

    def self.build(*args, &block)
      def inner; end
    end

    class << self
      def all; end

      private

      def hidden; end
    end

    def ==(other) = name == other.name
    def [](key); end
    def name=(value)
      @name = value
    end

    def soon_private; end
    private :soon_private

    private def quiet(a, b) = a + b

    # Signed.
    sig { returns(Integer) }
    def signed; end

    # Free.
    private attr_writer :free

    private

    # Secret.
    def secret
    end

    def self.open_secret; end

    public

    def known; end

    private_class_method :build
    private_constant :INNER
  end

  class Shop::Error < StandardError; end

  included do
    def mixed; end
  end

  class_methods do
    def made; end
  end

  describe "x" do
    def nothing; end
  end

  if false
    require "inactive"
  else
    require "active"
  end
end

def helper(x) = x

BEGIN { require "first" }
__END__
require "never"
"##;

#[test]
fn definitions_and_loads() {
    insta::assert_snapshot!(render("ruby", SHOP));
}

#[test]
fn the_sample_is_as_ruby_says() {
    truth("ruby");
}

#[test]
fn features_are_looked_for_on_the_load_path() {
    let sample = Sample::new(&[
        ("one/one.gemspec", "Gem::Specification.new { |s| s.require_paths = ['lib', \"code\"] }"),
        ("one/lib/one.rb", "require 'one/a'\nrequire 'two'\nrequire 'set'\nrequire 'one/set.rb'"),
        ("one/lib/one/a.rb", "require 'set'\nrequire 'test_helper'\nrequire 'lib/one'"),
        ("one/lib/one/set.rb", ""),
        ("one/code/extra.rb", "require './lib/one'"),
        ("one/test/test_helper.rb", "require 'one'\nrequire 'deep/case'"),
        ("one/test/deep/case.rb", "require 'test_helper'\nrequire 'extra'"),
        (
            "two/lib/two.rb",
            "require 'one/a'\nrequire 'extra'\nrequire 'test_helper'\nload 'two.rb'",
        ),
        ("two/spec/fixtures/lib/json.rb", ""),
        ("two/spec/x_spec.rb", "load 'spec/y.rb'\nrequire 'json'\nrequire '../two/lib/two'"),
        ("two/spec/y.rb", "require '../../..'\nrequire_relative '../../../x'\nautoload"),
    ]);
    assert_eq!(
        sample.needs("one/lib/one.rb"),
        ["one/lib/one/a.rb", "one/lib/one/set.rb", "two/lib/two.rb"]
    );
    assert_eq!(sample.needs("one/lib/one/a.rb"), ["one/test/test_helper.rb"]);
    assert_eq!(sample.needs("one/code/extra.rb"), ["one/lib/one.rb"]);
    assert_eq!(
        sample.needs("one/test/test_helper.rb"),
        ["one/lib/one.rb", "one/test/deep/case.rb"]
    );
    assert_eq!(
        sample.needs("one/test/deep/case.rb"),
        ["one/code/extra.rb", "one/test/test_helper.rb"]
    );
    assert_eq!(sample.needs("two/lib/two.rb"), ["one/code/extra.rb", "one/lib/one/a.rb"]);
    assert_eq!(sample.needs("two/spec/x_spec.rb"), ["two/lib/two.rb", "two/spec/y.rb"]);
    assert_eq!(
        sample.unresolved("two/spec/y.rb"),
        [("import ../../../x []".to_owned(), "above the top of the repository".to_owned())]
    );
}

#[test]
fn files_may_add_to_the_load_path() {
    let sample = Sample::new(&[
        (
            "spec/spec_helper.rb",
            "$LOAD_PATH.unshift File.expand_path('../support', __FILE__)\n$: << __dir__ + '/more'",
        ),
        ("spec/a/b_spec.rb", "require 'helpers/x'\nrequire 'y'"),
        ("spec/support/helpers/x.rb", ""),
        ("spec/more/y.rb", ""),
        ("other.rb", "require 'helpers/x'"),
    ]);
    assert_eq!(sample.needs("spec/a/b_spec.rb"), ["spec/more/y.rb", "spec/support/helpers/x.rb"]);
    assert!(sample.needs("other.rb").is_empty());
}

#[test]
fn folders_that_explain_requires_are_roots() {
    let sample = Sample::new(&[
        (
            "app/cmd/run.rb",
            "require 'formula'\nrequire 'utils/text'\nrequire 'tap'\nrequire 'json'",
        ),
        ("app/cmd/tap.rb", "require 'formula'"),
        ("app/formula.rb", "require 'utils/text'"),
        ("app/utils/text.rb", "require 'tap'\nrequire 'json'"),
        ("app/tap.rb", ""),
        ("bin/json.rb", ""),
        ("scripts/x.rb", "require 'utils/text'\nrequire 'formula'"),
    ]);
    assert_eq!(
        sample.needs("app/cmd/run.rb"),
        ["app/formula.rb", "app/tap.rb", "app/utils/text.rb"]
    );
    assert_eq!(sample.needs("app/utils/text.rb"), ["app/tap.rb"]);
    assert_eq!(sample.needs("scripts/x.rb"), ["app/utils/text.rb"]);
}

#[test]
fn a_folder_like_the_standard_library_is_for_everyone() {
    let names = ["set", "uri", "date", "json", "time", "yaml", "etc", "find", "erb", "csv"];
    let paths = names.map(|name| format!("lib/core/{name}.rb"));
    let mut files: Vec<_> = paths.iter().map(|path| (&**path, "")).collect();
    files.extend([("spec/a_spec.rb", "require 'set'\nrequire 'abbrev'"), ("lib/other/set.rb", "")]);
    assert_eq!(Sample::new(&files).needs("spec/a_spec.rb"), ["lib/core/set.rb"]);
    let paths = names.map(|name| format!("test/testdata/rbi/{name}.rb"));
    let mut files: Vec<_> = paths.iter().map(|path| (&**path, "")).collect();
    files.push(("test/testdata/flags/a.rb", "require 'set'"));
    assert!(Sample::new(&files).needs("test/testdata/flags/a.rb").is_empty(), "only test data");
}

#[test]
fn dependencies_of_rails_are_in_app() {
    let sample = Sample::new(&[
        ("app/models/issue.rb", "require_dependency 'tracker'\nrequire_dependency 'late'"),
        ("app/models/tracker.rb", "require_dependency 'sortable'\nrequire 'issue'"),
        ("app/models/concerns/sortable.rb", ""),
        ("lib/late.rb", "require_dependency './lib/tools'\nrequire_dependency 'json'"),
        ("lib/tools.rb", ""),
        ("engine/app/models/tracker.rb", ""),
        ("engine/app/controllers/shop.rb", "require_dependency 'tracker'"),
    ]);
    assert_eq!(sample.needs("app/models/issue.rb"), ["app/models/tracker.rb", "lib/late.rb"]);
    assert_eq!(sample.needs("app/models/tracker.rb"), ["app/models/concerns/sortable.rb"]);
    assert_eq!(sample.needs("lib/late.rb"), ["lib/tools.rb"]);
    assert_eq!(sample.needs("engine/app/controllers/shop.rb"), ["engine/app/models/tracker.rb"]);
}

#[test]
fn constants_of_active_support_lead_by_name() {
    let sample = Sample::new(&[
        (
            "lib/shop.rb",
            "module Shop\n extend ActiveSupport::Autoload\n autoload :BigBasket\n\
          autoload_under 'parts' do\n autoload :Wheel\n end\n\
          autoload_at 'shop/errors' do\n autoload :A\n autoload :B\n end\nend",
        ),
        ("lib/shop/big_basket.rb", ""),
        ("lib/shop/errors.rb", ""),
        ("lib/shop/parts/wheel.rb", ""),
    ]);
    let same = EdgeKind::SamePackage;
    assert_eq!(
        sample.edges("lib/shop.rb"),
        [
            ("lib/shop/big_basket.rb", same),
            ("lib/shop/errors.rb", same),
            ("lib/shop/parts/wheel.rb", same)
        ]
    );
}

#[test]
fn absurd_texts_have_outlines() {
    for source in [
        "private",
        "private :a, def b; end",
        "autoload",
        "autoload :A, *x",
        "require *x",
        "require('a', 'b')",
        "File.join",
        "require File.join()",
        "require File.expand_path('x', )",
        "class; end",
        "class << ; end",
        "module A::B::; end",
        "A = ",
        "$: << ",
        "attr_reader :",
        "autoload_under do autoload :X end",
        "require \"#{}\"",
        "require \"#{__dir__ + __dir__}\"",
        "# x\n# y",
    ] {
        render("ruby", source);
    }
    let deep = format!("require {}'a'{}", "(".repeat(1000), ")".repeat(1000));
    render("ruby", &deep);
}
