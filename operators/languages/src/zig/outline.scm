(comment) @comment
((comment) @doc.inside (#match? @doc.inside "^//!"))

; Imports

(variable_declaration
  . "pub" @import.exported
  . "const"
  . (identifier) @import.alias
  . (builtin_function
    . (builtin_identifier) @_import
    . (arguments . (string (string_content) @import.path)))
  (#any-of? @_import "@import" "@embedFile")) @import

(variable_declaration
  . (identifier) @import.alias
  . (builtin_function
    . (builtin_identifier) @_import
    . (arguments . (string (string_content) @import.path)))
  (#any-of? @_import "@import" "@embedFile")) @import

(variable_declaration
  . "pub" @import.exported
  . "const"
  . (identifier) @import.alias
  . (field_expression
    object: (builtin_function
      . (builtin_identifier) @_import
      . (arguments . (string (string_content) @import.path)))
    member: (identifier) @import.name)
  (#eq? @_import "@import")) @import

(variable_declaration
  . (identifier) @import.alias
  . (field_expression
    object: (builtin_function
      . (builtin_identifier) @_import
      . (arguments . (string (string_content) @import.path)))
    member: (identifier) @import.name)
  (#eq? @_import "@import")) @import

((builtin_function
  . (builtin_identifier) @_import
  . (arguments . (string (string_content) @import.path))) @import
  (#eq? @_import "@import"))

; Types

(variable_declaration
  . (identifier) @name
  . [
    (struct_declaration "{" @body)
    (enum_declaration "{" @body)
    (union_declaration "{" @body)
    (opaque_declaration "{" @body)
    (error_set_declaration "{" @body)
  ]) @definition.type

(variable_declaration . (identifier) @name . [(function_signature) (error_union_type)]) @definition.alias

(enum_declaration (container_field name: (identifier) @name @public) @definition.constant)
(container_field name: (identifier) @name @public) @definition.variable
(error_set_declaration (identifier) @name @public @definition.constant)

; Functions: one that makes a type has the members of that type

(function_declaration
  name: (identifier) @name
  type: (builtin_type) @_type
  body: (block . (expression_statement (return_expression (struct_declaration)))) @body
  (#eq? @_type "type")) @definition.function @members

(function_declaration name: (identifier) @name body: (block)? @body) @definition.function

; Variables

(variable_declaration "const" . (identifier) @name "=" @body) @definition.constant
(variable_declaration "var" . (identifier) @name "=" @body) @definition.variable

(variable_declaration . "pub" @public)
(function_declaration . ["pub" "export"] @public)

[(test_declaration) (comptime_declaration)] @local
