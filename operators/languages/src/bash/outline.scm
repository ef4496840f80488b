(comment) @comment

; Imports

((command
  name: (command_name) @_source
  . argument: (_) @import.path) @import
  (#any-of? @_source "source" "."))

; Functions

(function_definition name: (word) @name body: (_) @body) @definition.function

; Variables, not those of a single command

(declaration_command
  ["readonly" "declare" "typeset"]
  (variable_assignment name: (variable_name) @name value: (_) @body)) @definition.constant

(declaration_command
  "export"
  (variable_assignment name: (variable_name) @name value: (_) @body)) @definition.variable

(declaration_command (variable_name) @name) @definition.variable

(program (variable_assignment name: (variable_name) @name value: (_) @body) @definition.variable)
(program
  (variable_assignments
    (variable_assignment name: (variable_name) @name value: (_) @body) @definition.variable))

((command
  name: (command_name) @_alias
  argument: (concatenation . (word) @name)) @definition.alias
  (#eq? @_alias "alias"))

[(subshell) (command_substitution)] @local
