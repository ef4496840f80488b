[(comment) (marginalia)] @comment

(create_schema (identifier) @name) @definition.module
(create_table [(keyword_table) (keyword_exists)] . (object_reference) @name [(column_definitions) (create_query)]? @body) @definition.type
(column_definitions (column_definition name: (identifier) @name) @definition.variable)
(create_view [(keyword_view) (keyword_exists)] . (object_reference) @name (create_query) @body) @definition.type
(create_materialized_view [(keyword_view) (keyword_exists)] . (object_reference) @name (create_query) @body) @definition.type
(create_type (keyword_type) . (object_reference) @name) @definition.type
(create_function (keyword_function) . (object_reference) @name (function_body) @body) @definition.function
(create_trigger (keyword_trigger) . (object_reference) @name) @definition.function
(create_sequence [(keyword_sequence) (keyword_exists)] . (object_reference) @name) @definition.variable
(create_index column: (identifier) @name) @definition.variable
