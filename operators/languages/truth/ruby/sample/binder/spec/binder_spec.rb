require "spec_helper"
describe "Binder" do
  require_relative "../lib/binder/glue.rb"
end
