(comment) @comment

; Imports

(open_module module: (_) @import.path) @import
(include_module "include" @import.exported module: (module_path) @import.path) @import
(include_module "include" @import.exported module: (module_application functor: (_) @import.path)) @import
(open_module_signature module: (_) @import.path) @import
(include_module_type
  "include" @import.exported
  module_type: [
    (module_type_path) @import.path
    (module_type_constraint module_type: (module_type_path) @import.path)
  ]) @import
(module_definition
  (module_binding (module_name) @import.alias body: (module_path) @import.path) @import)

; Types

(type_definition
  ["type" "and"] @start
  . (type_binding name: (_) @name body: (record_declaration) @body) @definition.type)
(type_definition
  ["type" "and"] @start
  . (type_binding name: (_) @name body: (variant_declaration) @body) @definition.type)
(type_definition
  ["type" "and"] @start
  . (type_binding name: (_) @name body: (_)) @definition.alias)
(type_definition
  ["type" "and"] @start
  . (type_binding name: (_) @name) @definition.type)

(exception_definition
  "exception" @start
  . (constructor_declaration (constructor_name) @name) @definition.type)
(constructor_declaration (constructor_name) @name) @definition.constant
(field_declaration (field_name) @name) @definition.variable

; Modules and classes

(module_definition
  ["module" "and"] @start
  . (module_binding
      (module_name) @name
      module_type: (signature)? @body
      body: (structure)? @body) @definition.module)
(module_type_definition (module_type_name) @name body: (signature)? @body) @definition.interface
(class_definition
  ["class" "and"] @start
  . (class_binding
      (class_name) @name
      class_type: (class_function_type codomain: (class_body_type) @body)) @definition.type)
(class_definition
  ["class" "and"] @start
  . (class_binding (class_name) @name class_type: (class_body_type) @body) @definition.type)
(class_definition
  ["class" "and"] @start
  . (class_binding (class_name) @name body: (object_expression)? @body) @definition.type)
(method_specification (method_name) @name) @definition.method
(class_type_definition
  (class_type_binding (class_type_name) @name body: (_) @body)) @definition.interface
(method_definition (method_name) @name body: (_)? @body) @definition.method
(instance_variable_definition (instance_variable_name) @name body: (_) @body) @definition.variable

; Values

(value_definition
  ["let" "and"] @start
  . (let_binding pattern: [(value_name) (parenthesized_operator)] @name . (parameter) body: (_) @body)
    @definition.function)
(value_definition
  ["let" "and"] @start
  . (let_binding
      pattern: [(value_name) (parenthesized_operator)] @name
      body: [(fun_expression) (function_expression)] @body) @definition.function)
(value_definition
  ["let" "and"] @start
  . (let_binding pattern: [(value_name) (parenthesized_operator)] @name body: (_) @body)
    @definition.constant)
(value_definition
  (let_binding pattern: (tuple_pattern (value_name) @name) body: (_) @body)) @definition.constant

(value_specification
  [(value_name) (parenthesized_operator)] @name
  type: (function_type)) @definition.function
(value_specification [(value_name) (parenthesized_operator)] @name) @definition.constant
(external [(value_name) (parenthesized_operator)] @name type: (_) @head) @definition.function

(method_definition "private" @private)

[(let_expression) (fun_expression) (function_expression) (expression_item)] @local
