; Documentation

((unary_operator
  operator: "@"
  operand: (call
    target: (identifier) @_doc
    . (arguments . [(string) (sigil)] @doc)))
  (#any-of? @_doc "doc" "typedoc"))

((unary_operator
  operator: "@"
  operand: (call
    target: (identifier) @_doc
    . (arguments . [(string) (sigil)] @doc.inside)))
  (#eq? @_doc "moduledoc"))

; Imports

((call
  target: (identifier) @_import
  . (arguments . (alias) @import.path
    (keywords (pair key: (keyword) @_as value: (alias) @import.alias)))) @import
  (#any-of? @_import "alias" "require")
  (#eq? @_as "as: "))

((call
  target: (identifier) @_import
  . (arguments . (dot left: (_) @import.path right: (tuple (alias) @import.name)))) @import
  (#any-of? @_import "alias" "import" "require" "use"))

((call
  target: (identifier) @_import
  . (arguments . (alias) @import.path)) @import
  (#any-of? @_import "alias" "import" "require" "use"))

((unary_operator
  operator: "@"
  operand: (call target: (identifier) @_import (arguments (alias) @import.path))) @import
  (#eq? @_import "behaviour"))

; Modules

((call
  target: (identifier) @_def
  . (arguments . (alias) (keywords (pair key: (keyword) @_for value: (_) @name)))
  . (do_block) @body) @definition.implementation
  (#eq? @_def "defimpl")
  (#eq? @_for "for: "))

(call
  target: (identifier) @word
  . (arguments . (alias) @name)
  . (do_block) @body) @definition

; A struct is called as its module is.

((call
  target: (identifier) @_module
  . (arguments . (alias) @name)
  . (do_block (call target: (identifier) @_def (arguments)) @definition.type))
  (#eq? @_module "defmodule")
  (#any-of? @_def "defstruct" "defexception"))

; Functions, guards and macros: with parameters, with a condition, without parentheses, as operators

(call
  target: (identifier) @word
  . (arguments . [
    (call target: (identifier) @name (arguments) @parameters)
    (binary_operator
      left: (call target: (identifier) @name (arguments) @parameters)
      operator: "when")
    (identifier) @name
  ] @head)) @definition

((call
  target: (identifier) @word
  . (arguments . (binary_operator operator: _ @name) @head)) @definition
  (#not-eq? @name "when"))

; Attributes

((unary_operator
  operator: "@"
  operand: (call
    target: (identifier) @_type
    (arguments (binary_operator
      left: [(call target: (identifier) @name) (identifier) @name]
      operator: "::")))) @definition.alias
  (#any-of? @_type "type" "typep" "opaque"))

((unary_operator
  operator: "@"
  operand: (call
    target: (identifier) @_callback
    (arguments (binary_operator
      left: [(call target: (identifier) @name) (identifier) @name]
      operator: "::")))) @definition.method
  (#any-of? @_callback "callback" "macrocallback"))

((unary_operator operator: "@" operand: (call target: (identifier) @private))
  (#eq? @private "typep"))

((call target: (identifier) @_quote . (do_block) @local) (#eq? @_quote "quote"))
