#!/usr/bin/env ruby
# frozen_string_literal: true

# Says which files the loads of Ruby code mean, for ../score.py. Needs Ruby 3.0 or later, nothing else.
#
#   ruby truth.rb FOLDER [--lib GLOB]... [--own GLOB]... > TRUTH.json
#
# Files are parsed by Ripper. `require`, `require_relative`, `autoload` and `load` count whose path is a string,
# or made of strings, `__dir__` and `__FILE__` by `File.expand_path`, `File.join`, `File.dirname`, `+` or
# interpolation. Features are looked up by Ruby itself, with `$LOAD_PATH.resolve_feature_path`, where the
# load path of a file is: the folders `lib`, `test`, `spec` (or those that --own names) in each folder around
# the file, the nearest first, before them those that a file there puts on `$LOAD_PATH` or `$:` by a path from
# `__dir__` or `__FILE__`, and the folder around the file itself that any file puts there so; then all folders that
# match --lib (`**/lib` outside of tests unless given), those of which the path has more in common with the file
# first. What such a path says by an expression (`\#{RUBY_ENGINE}`) is any one name that is there. `if false` makes
# what is in it neutral.
#
# `require_dependency` of Active Support is a `require` that also looks in the folders of `app` (and in its
# `concerns`) around the file, then in those of other applications and engines.

require "json"
require "ripper"

EXTENSIONS = %w[.rb .rake .gemspec .ru .rbw].freeze
NAMES = %w[Rakefile Gemfile Guardfile Capfile Thorfile Vagrantfile rakefile].freeze
APART = %w[test tests spec fixtures features examples templates vendor doc docs].freeze

LOAD_PATHS = %w[$LOAD_PATH $:].freeze

# What one file loads: [kind, text, whether it begins at the file, whether it counts]; and the folders that it puts
# on the load path.
class Loads
  attr_reader :found, :folders

  def initialize(file)
    @file = file
    @found = []
    @folders = []
  end

  def walk(root)
    stack = [[root, true]]
    until stack.empty?
      node, counts = stack.pop
      next unless node.is_a?(Array)

      if %i[if if_mod].include?(node[0]) && never?(node[1])
        stack.push([node[2], false], [node[3], counts])
        next
      end
      call(node, counts)
      extend_path(node)
      node.each { |child| stack.push([child, counts]) if child.is_a?(Array) }
    end
    self
  end

  private

  def never?(condition)
    condition.is_a?(Array) && condition[0] == :var_ref && condition[1][0] == :@kw &&
      %w[false nil].include?(condition[1][1])
  end

  def call(node, counts)
    case node[0]
    when :command then name, arguments = node[1], node[2]
    when :method_add_arg
      name = node[1][0] == :fcall ? node[1][1] : kernel(node[1])
      arguments = node[2]
    when :command_call then name, arguments = kernel(node), node[4]
    end
    return unless name.is_a?(Array) && name[0] == :@ident

    arguments = positional(arguments)
    case name[1]
    when "require", "load", "require_dependency" then add(name[1], evaluate(arguments[0]), counts)
    when "require_relative"
      path = evaluate(arguments[0])
      add("relative", path && [path[0], true], counts)
    when "autoload" then add("require", evaluate(arguments[1]), counts)
    end
  end

  # The method of `Kernel.require`, `Anything.autoload`.
  def kernel(node)
    return unless node.is_a?(Array) && %i[call command_call].include?(node[0])

    receiver, method = node[1], node[3]
    named = receiver.is_a?(Array) && %i[var_ref].include?(receiver[0]) ? receiver[1][1] : nil
    method if %w[Kernel Object self].include?(named) || (method.is_a?(Array) && method[1] == "autoload")
  end

  def extend_path(node)
    added =
      case node
      in [:binary, [:var_ref, [:@gvar, name, *]], :<<, folder] then [folder]
      in [:command_call, [:var_ref, [:@gvar, name, *]], _, [:@ident, method, *], arguments] then positional(arguments)
      in [:method_add_arg, [:call, [:var_ref, [:@gvar, name, *]], _, [:@ident, method, *]], arguments]
        positional(arguments)
      else return
      end
    return unless LOAD_PATHS.include?(name) && [nil, "unshift", "push", "prepend", "append"].include?(method)

    @unknown = "*"
    paths = added.map { |folder| evaluate(folder) }
    @unknown = nil
    @folders += paths.select { |path| path && path[1] }.flat_map { |path| Dir.glob(File.expand_path(path[0])) }.uniq
  end

  def positional(node)
    node = node[1] while node.is_a?(Array) && %i[arg_paren args_add_block].include?(node[0])
    node.is_a?(Array) ? node : []
  end

  def add(kind, path, counts)
    @found << [kind, *path, counts] if path
  end

  # [text, whether it is absolute] of an expression.
  def evaluate(node)
    return unless node.is_a?(Array)

    case node[0]
    when :string_literal then string(node[1])
    when :paren then evaluate(node[1].is_a?(Array) && node[1][0].is_a?(Array) ? node[1][0] : node[1])
    when :var_ref, :vcall
      return [@file, true] if node[1][1] == "__FILE__"
      return [File.dirname(@file), true] if node[1][1] == "__dir__"
    when :fcall then [File.dirname(@file), true] if node[1][1] == "__dir__"
    when :binary
      left, right = evaluate(node[1]), evaluate(node[3])
      [left[0] + right[0], left[1]] if node[2] == :+ && left && right && !right[1]
    when :method_add_arg then file_method(node)
    end
  end

  def string(content)
    parts = content.drop(1).map do |part|
      case part[0]
      when :@tstring_content then [part[1], false]
      when :string_embexpr then evaluate(part[1][0]) || (@unknown && [@unknown, false])
      end
    end
    return if parts.any?(&:nil?)

    [parts.map(&:first).join, parts.dig(0, 1) || false]
  end

  def file_method(node)
    target = node[1]
    return unless target[0] == :call && target[1][0] == :var_ref && target[1][1][1] == "File"

    arguments = positional(node[2]).map { |argument| evaluate(argument) }
    return if arguments.empty? || arguments.any?(&:nil?)

    first = arguments[0]
    case target[3][1]
    when "dirname" then [File.dirname(first[0]), first[1]]
    when "join" then [File.join(arguments.map(&:first)), first[1]]
    when "expand_path", "absolute_path"
      base = arguments[1]
      return first if first[1] || base.nil?

      [File.expand_path(first[0], base[0]), true] if base[1]
    end
  end
end

def sources(root)
  Dir.glob("**/*", File::FNM_DOTMATCH, base: root).select do |path|
    full = File.join(root, path)
    (EXTENSIONS.include?(File.extname(path)) || NAMES.include?(File.basename(path))) &&
      File.file?(full) && !File.symlink?(full) && !path.start_with?(".git/")
  end
end

def ancestors(folder)
  parts = folder == "." ? [] : folder.split("/")
  parts.length.downto(0).map { |length| parts.take(length).join("/") }
end

# Folders of the load path for files in `folder`, relative to the root.
def load_path(root, folder, own, libraries, added)
  around = ancestors(folder).flat_map do |ancestor|
    added.fetch(ancestor, []) + own.flat_map { |glob| Dir.glob(File.join(ancestor, glob).delete_prefix("/"), base: root).sort }
  end
  shared = ->(path) { path.split("/").zip(folder.split("/")).take_while { |a, b| a == b }.length }
  open = libraries.reject { |path| path.split("/").drop(shared[path]).intersect?(APART) }
  (around + open.sort_by { |path| [-shared[path], path.length, path] }).uniq
end

def lookup(root, file, load, paths, stack)
  kind, text, absolute = load
  if absolute || kind == "relative"
    place = File.expand_path(text, File.dirname(File.join(root, file)))
    return [place, "#{place}.rb"].find { |path| File.file?(path) }
  end
  if text.start_with?("./", "../")
    return stack.lazy.map { |folder| File.expand_path(text, File.join(root, folder)) }
                .flat_map { |path| [path, "#{path}.rb"] }.find { |path| File.file?(path) }
  end
  if kind == "load"
    folders = paths.map { |path| File.join(root, path) } + stack.map { |path| File.join(root, path) }
    return folders.map { |folder| File.join(folder, text) }.find { |path| File.file?(path) }
  end
  resolved = $LOAD_PATH.resolve_feature_path(text)
  return resolved[1] if resolved && resolved[0] == :rb

  autoloaded(root, text, stack) if kind == "require_dependency"
end

# In `app/*` and `app/*/concerns`, of the nearest folder that has them.
def autoloaded(root, text, stack)
  names = [text, "#{text}.rb"].uniq
  files = ->(globs) { Dir.glob(globs).select { |path| File.file?(path) } }
  inside = ->(top) { names.flat_map { |name| files.call(["app/*/#{name}", "app/*/concerns/#{name}"].map { |glob| File.join(top, glob) }) } }
  near = stack.lazy.map { |folder| inside.call(File.join(root, folder)).min }.find(&:itself)
  near || names.flat_map { |name| files.call("#{root}/*/app/*/#{name}") }.min
end

def options(arguments)
  folder = nil
  given = { "--lib" => [], "--own" => [] }
  until arguments.empty?
    argument = arguments.shift
    given.key?(argument) ? given[argument] << arguments.shift : folder = argument
  end
  [File.realpath(folder), given["--lib"], given["--own"]]
end

root, globs, own = options(ARGV)
own = %w[lib test spec] if own.empty?
globs = ["**/lib"] if globs.empty?
libraries = globs.flat_map do |glob|
  found = Dir.glob(glob, base: root).select { |path| File.directory?(File.join(root, path)) }
  # A `lib` inside of another is no root.
  glob == "**/lib" ? found.reject { |path| File.dirname(path).split("/").include?("lib") } : found
end
files = sources(root)
known = files.to_h { |file| [file, true] }
edges, neutral, added, inside = {}, {}, {}, {}
loads = files.filter_map do |file|
  text = File.binread(File.join(root, file)).force_encoding("UTF-8")
  tree = text.valid_encoding? ? Ripper.sexp(text) : nil
  next unless tree

  loads = Loads.new(File.join(root, file)).walk(tree)
  folders = loads.folders.select { |path| path.start_with?("#{root}/") }.map { |path| path.delete_prefix("#{root}/") }
  (added[ancestors(File.dirname(file))[0]] ||= []).concat(folders)
  folders.each { |path| inside[path] = true }
  [file, loads.found]
end
judged = loads.map(&:first)
loads.group_by { |file, _| File.dirname(file) }.sort.each do |folder, members|
  paths = load_path(root, folder, own, libraries, added)
  paths = (ancestors(folder).select { |path| inside[path] } + paths).uniq
  before = $LOAD_PATH.dup
  $LOAD_PATH.replace(paths.map { |path| File.join(root, path) })
  members.each do |file, found|
    found.each do |load|
      target = lookup(root, file, load, paths, ancestors(folder))
      target = target&.delete_prefix("#{root}/")
      (load.last ? edges : neutral)[[file, target]] = true if known[target] && target != file
    end
  end
  $LOAD_PATH.replace(before)
end
neutral.reject! { |edge, _| edges[edge] }
puts JSON.generate("edges" => edges.keys.sort, "neutral" => neutral.keys.sort, "files" => judged.sort)
