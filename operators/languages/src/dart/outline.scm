(documentation_comment) @comment

; Imports

(library_name (dotted_identifier_list) @package)

(import_or_export (library_import (import_specification
  uri: (configurable_uri . (uri) @import.path)
  alias: (identifier)? @import.alias))) @import
(import_or_export (library_export "export" @import.exported
  uri: (configurable_uri . (uri) @import.path))) @import
(part_directive uri: (uri) @import.path) @import
(part_of_directive (uri) @import.path) @import

; Types

(class_declaration name: (identifier) @name body: (_) @body) @definition.type
(class_declaration (mixin_application_class . (identifier) @name)) @definition.type
(mixin_declaration name: (identifier) @name body: (_) @body) @definition.interface
(enum_declaration name: (identifier) @name body: (_) @body) @definition.type
(extension_declaration name: (identifier) @name body: (_) @body) @definition.implementation
(extension_type_declaration name: (extension_type_name (identifier) @name) body: (_) @body) @definition.type
(type_alias (type_identifier) @name) @definition.alias
(enum_entry name: (identifier) @name) @definition.constant

; Functions

(function_declaration
  signature: (function_signature name: (_) @name)
  body: (_) @body) @definition.function
(getter_declaration signature: (getter_signature name: (_) @name) body: (_) @body) @definition.function
(setter_declaration signature: (setter_signature name: (_) @name) body: (_) @body) @definition.function

(member_declaration (method_declaration
  signature: (method_signature [
    (function_signature name: (_) @name)
    (getter_signature name: (_) @name)
    (setter_signature name: (_) @name)
    (operator_signature operator: (_) @name)
    (constructor_signature name: _+ @name parameters: (_))
    (factory_constructor_signature name: _+ @name parameters: (_))
  ])
  body: (_) @body)) @definition.method

(member_declaration (declaration [
  (function_signature name: (_) @name)
  (getter_signature name: (_) @name)
  (setter_signature name: (_) @name)
  (operator_signature operator: (_) @name)
  (constructor_signature name: _+ @name parameters: (_))
  (constant_constructor_signature name: _+ @name parameters: (_))
])) @definition.method

; Variables

(member_declaration (declaration
  (static_final_declaration_list
    (static_final_declaration name: (identifier) @name value: (_)? @body)))) @definition.constant
(member_declaration (declaration
  (initialized_identifier_list
    (initialized_identifier name: (identifier) @name value: (_)? @body)))) @definition.variable
(top_level_variable_declaration
  (static_final_declaration_list
    (static_final_declaration name: (identifier) @name value: (_)? @body))) @definition.constant
(top_level_variable_declaration
  (initialized_identifier_list
    (initialized_identifier name: (identifier) @name value: (_)? @body))) @definition.variable

(annotation) @annotation
