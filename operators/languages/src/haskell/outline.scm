(haddock) @comment

; Imports and exports

(header module: (module) @package)

(import module: (module) @import.path alias: (module)? @import.alias "hiding") @import
(import module: (module) @import.path names: (import_list name: (import_name) @import.name)) @import
(import module: (module) @import.path alias: (module)? @import.alias) @import

(export variable: (_) @export)
(export operator: (prefix_id (_) @export))
(export type: (_) @export)
(export type: (_) @export.all children: (children element: (all_names)))
(export children: (children element: (variable) @export))

; Types

(data_type name: (_) @name ["=" "where"] @body) @definition.type
(data_type name: (_) @name) @definition.type
(newtype name: (_) @name ["=" "where"] @body) @definition.type
(type_synonym name: (_) @name) @definition.alias
(type_family name: (_) @name) @definition.alias
(data_family name: (_) @name) @definition.alias
(class name: (_) @name "where" @body) @definition.interface
(class name: (_) @name) @definition.interface
(instance patterns: (type_patterns . (_) @name) "where" @body) @definition.implementation
(instance patterns: (type_patterns . (_) @name)) @definition.implementation

(data_constructor (record name: (constructor) @name fields: (_) @body)) @definition.constant @members
(data_constructor (prefix name: (constructor) @name)) @definition.constant
(data_constructor (infix operator: (_) @name)) @definition.constant
(newtype_constructor name: (constructor) @name field: (record) @body) @definition.constant @members
(newtype_constructor name: (constructor) @name) @definition.constant
(gadt_constructor name: (constructor) @name) @definition.constant
(field name: (field_name (variable) @name)) @definition.variable

; Functions: the type is the signature, the equations are its clauses

(class_declarations
  (signature name: [(variable) @name (prefix_id (_) @name)]) @definition.function)
(instance_declarations (bind name: (variable) @name match: (match) @body) @definition.function)

(signature name: [(variable) @name (prefix_id (_) @name)] type: (function)) @definition.function
(signature
  name: [(variable) @name (prefix_id (_) @name)]
  type: (context type: (function))) @definition.function
(signature
  name: [(variable) @name (prefix_id (_) @name)]
  type: (forall type: (function))) @definition.function
(signature
  name: [(variable) @name (prefix_id (_) @name)]
  type: (forall type: (context type: (function)))) @definition.function
(signature name: [(variable) @name (prefix_id (_) @name)]) @definition.constant
(signature names: (binding_list name: (_) @name)) @definition.constant

(function name: [(variable) @name (prefix_id (_) @name)] match: (match) @body) @definition.function
(function (infix operator: (_) @name) match: (match) @body) @definition.function
(bind name: (variable) @name match: (match) @body) @definition.constant
(pattern_synonym (equation synonym: (_) @name pattern: (_) @body)) @definition.function
(foreign_import signature: (signature name: (_) @name)) @definition.function

[(local_binds) (let) (do)] @local
