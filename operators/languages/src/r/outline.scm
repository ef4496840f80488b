(comment) @comment

; Imports

((call
  function: (identifier) @_import
  arguments: (arguments . argument: (argument
    !name
    value: [(identifier) @import.path (string content: (string_content) @import.path)]))) @import
  (#any-of? @_import "library" "require" "requireNamespace" "loadNamespace" "source"))

((call
  function: (namespace_operator lhs: (identifier) @_box rhs: (identifier) @_use)
  arguments: (arguments argument: (argument value: (subset
    function: (_) @import.path
    arguments: (arguments argument: (argument value: (identifier) @import.name)))))) @import
  (#eq? @_box "box") (#eq? @_use "use"))

; Classes

((binary_operator
  lhs: (identifier) @name
  operator: ["<-" "="]
  rhs: (call
    function: [(identifier) @_class (namespace_operator rhs: (identifier) @_class)]
    arguments: (arguments) @body)) @definition.type
  (#any-of? @_class "R6Class" "setRefClass" "setClass" "new_class"))

(program
  (call
    function: (identifier) @_class
    arguments: (arguments
      . argument: (argument value: (string content: (string_content) @name)))) @definition.type
  (#any-of? @_class "setClass" "setRefClass" "setClassUnion"))

((argument
  name: (identifier) @_access
  value: (call function: (identifier) @_list arguments: (arguments argument: (argument
    name: (identifier) @name @private
    value: (function_definition body: (_) @body)) @definition.method)))
  (#eq? @_access "private") (#eq? @_list "list"))

((argument
  name: (identifier) @_access
  value: (call function: (identifier) @_list arguments: (arguments argument: (argument
    name: (identifier) @name
    value: (function_definition body: (_) @body)) @definition.method)))
  (#any-of? @_access "public" "private" "active" "methods") (#eq? @_list "list"))

((argument
  name: (identifier) @_access
  value: (call function: (identifier) @_list arguments: (arguments argument: (argument
    name: (identifier) @name @private
    value: (_)) @definition.variable)))
  (#eq? @_access "private") (#eq? @_list "list"))

((argument
  name: (identifier) @_access
  value: (call function: (identifier) @_list arguments: (arguments argument: (argument
    name: (identifier) @name
    value: (_)) @definition.variable)))
  (#any-of? @_access "public" "private" "active" "fields") (#eq? @_list "list"))

; Functions

(binary_operator
  lhs: [(identifier) @name (string content: (string_content) @name)]
  operator: ["<-" "=" "<<-"]
  rhs: (function_definition body: (_) @body)) @definition.function

((call
  function: (identifier) @_generic
  arguments: (arguments . argument: (argument value: (string content: (string_content) @name)))) @definition.function
  (#eq? @_generic "setGeneric"))

((call
  function: (identifier) @_method
  arguments: (arguments
    . argument: (argument value: (string content: (string_content) @name))
    argument: (argument value: (function_definition body: (_) @body)))) @definition.method
  (#any-of? @_method "setMethod" "setReplaceMethod"))

; Variables

(program (binary_operator
  lhs: [(identifier) @name (string content: (string_content) @name)]
  operator: ["<-" "=" "<<-"]
  rhs: (_) @body) @definition.variable)

(function_definition) @local
(argument value: (braced_expression) @local)
