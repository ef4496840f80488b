[(comment) (block_comment)] @comment

(package_clause name: (package_identifier) @package)
[(import_declaration) (export_declaration)] @import

; Types

(class_definition name: (identifier) @name body: (template_body)? @body) @definition.type
(object_definition name: (identifier) @name body: (template_body)? @body) @definition.module
(package_object name: (identifier) @name body: (template_body)? @body) @definition.module
(trait_definition name: (identifier) @name body: (template_body)? @body) @definition.interface
(enum_definition name: (identifier) @name body: (enum_body) @body) @definition.type
(enum_case_definitions (simple_enum_case name: (identifier) @name) @definition.constant)
(enum_case_definitions (full_enum_case name: (identifier) @name) @definition.constant)
(type_definition name: (type_identifier) @name) @definition.alias
(given_definition name: (_) @name body: (_)? @body) @definition.implementation
(extension_definition
  parameters: (parameters (parameter type: (_) @name))
  body: (_) @body) @definition.implementation

; Functions and values

(function_definition name: (_) @name body: (_) @body) @definition.function
(function_declaration name: (_) @name) @definition.function

(val_definition
  pattern: [
    (identifier) @name
    (identifiers (identifier) @name)
    (tuple_pattern (identifier) @name)
  ]
  value: (_) @body) @definition.constant

(var_definition
  pattern: [
    (identifier) @name
    (identifiers (identifier) @name)
    (tuple_pattern (identifier) @name)
  ]
  value: (_) @body) @definition.variable

(val_declaration name: (identifier) @name) @definition.constant
(var_declaration name: (identifier) @name) @definition.variable

(annotation) @annotation
(access_modifier) @private

[(block) (indented_block) (lambda_expression) (case_block) (instance_expression)] @local
