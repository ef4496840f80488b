; Documentation

(source_file (string_literal) @doc . (_))
(module_definition (string_literal) @doc . (_))
(struct_definition (string_literal) @doc . (_))

; Imports and exports

(using_statement (selected_import . (_) @import.path (_) @import.name)) @import
(import_statement (selected_import . (_) @import.path (_) @import.name)) @import
(import_statement (import_alias . (_) @import.path (identifier) @import.alias)) @import
(using_statement [(identifier) (scoped_identifier) (import_path)] @import.path) @import
(import_statement [(identifier) (scoped_identifier) (import_path)] @import.path) @import

((call_expression
  . (identifier) @_include
  (argument_list . (string_literal (content) @import.path) .)) @import
  (#eq? @_include "include"))

(export_statement [(identifier) @export (macro_identifier (identifier) @export)])
(public_statement [(identifier) @export (macro_identifier (identifier) @export)])

; Modules and types

(module_definition name: (identifier) @name @head) @definition.module

(struct_definition (type_head [
  (identifier) @name
  (parametrized_type_expression . (identifier) @name)
  (binary_expression . (identifier) @name)
  (binary_expression . (parametrized_type_expression . (identifier) @name))
]) @head) @definition.type

(abstract_definition (type_head [
  (identifier) @name
  (parametrized_type_expression . (identifier) @name)
  (binary_expression . (identifier) @name)
  (binary_expression . (parametrized_type_expression . (identifier) @name))
]) @head) @definition.type

(primitive_definition (type_head [
  (identifier) @name
  (binary_expression . (identifier) @name)
]) @head) @definition.type

(struct_definition (typed_expression . (identifier) @name) @definition.variable)
(struct_definition (identifier) @name @definition.variable)
(struct_definition (assignment . (typed_expression . (identifier) @name) @head) @definition.variable)

((macrocall_expression
  (macro_identifier (identifier) @_enum)
  (macro_argument_list . [(identifier) (typed_expression . (identifier))] @name @head)) @definition.type
  (#eq? @_enum "enum"))

; Functions

(function_definition (signature [
  (identifier) @name
  (call_expression . (_) @name)
  (typed_expression . (call_expression . (_) @name))
  (where_expression . (call_expression . (_) @name))
  (where_expression . (typed_expression . (call_expression . (_) @name)))
]) @head) @definition.function

(macro_definition (signature (call_expression . (_) @name)) @head) @definition.macro

(assignment . (call_expression . (_) @name) @head) @definition.function
(assignment . (typed_expression . (call_expression . (_) @name)) @head) @definition.function
(assignment . (where_expression . (call_expression . (_) @name)) @head) @definition.function

; Variables of modules and files

(const_statement (assignment . (identifier) @name (operator) @body)) @definition.constant
(const_statement (assignment . (typed_expression . (identifier) @name) (operator) @body)) @definition.constant
(source_file (assignment . (identifier) @name (operator) @body) @definition.variable)
(module_definition (assignment . (identifier) @name (operator) @body) @definition.variable)

[(let_statement) (for_statement) (while_statement) (do_clause) (quote_statement) (arrow_function_expression) (try_statement)] @local
