(comment) @comment

; Imports

(variable_declaration
  (assignment_statement
    (variable_list . name: (identifier) @import.alias .)
    (expression_list . value: (function_call
      name: (identifier) @_require
      arguments: (arguments . (string content: (string_content) @import.path) .)) .))
  (#eq? @_require "require")) @import

((function_call
  name: (identifier) @_require
  arguments: (arguments . (string content: (string_content) @import.path) .)) @import
  (#eq? @_require "require"))

; Functions

(function_declaration
  name: (identifier) @name
  parameters: (parameters) @head) @definition.function

(function_declaration
  name: [(dot_index_expression) (method_index_expression)] @name
  parameters: (parameters) @head) @definition.method

(variable_declaration
  (assignment_statement
    (variable_list . name: (identifier) @name .)
    (expression_list . value: (function_definition parameters: (parameters) @head)))) @definition.function

(assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list . value: (function_definition parameters: (parameters) @head))) @definition.function

(assignment_statement
  (variable_list . name: (dot_index_expression) @name .)
  (expression_list . value: (function_definition parameters: (parameters) @head))) @definition.method

(field
  name: (identifier) @name
  value: (function_definition parameters: (parameters) @head)) @definition.function

; Variables

(variable_declaration
  (assignment_statement
    (variable_list . name: (identifier) @name .)
    (expression_list . value: (table_constructor) @body))) @definition.variable @members

(chunk (assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list . value: (table_constructor) @body)) @definition.variable @members)

(variable_declaration
  (assignment_statement
    (variable_list name: (identifier) @name)
    (expression_list) @body)) @definition.variable

(chunk (assignment_statement
  (variable_list name: (identifier) @name)
  (expression_list) @body) @definition.variable)

(variable_declaration (variable_list name: (identifier) @name)) @definition.variable

(function_declaration "local" @private)
(variable_declaration "local" @private)

; Fields of fields are too deep. What a function without a name defines is its own.

(field value: (table_constructor) @local)
(function_definition) @local
