[(comment) (multiline_comment)] @comment

; Imports

(import_declaration
  (modifiers (attribute (user_type (type_identifier) @_attribute)) @import.exported)
  (identifier) @import.path
  (#eq? @_attribute "_exported")) @import

(import_declaration (identifier) @import.path) @import

; Types

(class_declaration
  declaration_kind: "extension"
  name: (_) @name
  body: (_) @body) @definition.implementation

(class_declaration
  name: (type_identifier) @name
  body: (_) @body) @definition.type

(protocol_declaration name: (_) @name body: (_) @body) @definition.interface
(typealias_declaration name: (type_identifier) @name) @definition.alias
(associatedtype_declaration name: (type_identifier) @name) @definition.alias

; Functions

(function_declaration "func" . name: _ @name body: (function_body)? @body) @definition.function
(protocol_function_declaration "func" . name: _ @name) @definition.function
(init_declaration name: "init" @name body: (function_body)? @body) @definition.method
(deinit_declaration "deinit" @name body: (function_body) @body) @definition.method
(subscript_declaration "subscript" @name (computed_property)? @body) @definition.method
(operator_declaration (custom_operator) @name) @definition.function

; Properties

(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  computed_value: (computed_property) @body) @definition.variable

(property_declaration
  (value_binding_pattern "let")
  name: (pattern bound_identifier: (simple_identifier) @name)
  value: (_)? @body) @definition.constant

(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  value: (_)? @body) @definition.variable

(protocol_property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @definition.variable
(enum_entry name: (simple_identifier) @name) @definition.constant

(modifiers (attribute) @annotation)
((visibility_modifier) @private (#any-of? @private "private" "fileprivate"))

[(lambda_literal) (computed_property)] @local
