//! What a JSON schema says, read word by word.
//!
//! Responsible for the part of JSON Schema that configurations use, [`KEYWORDS`]; a test over the
//! registry fails when one uses more. Three formats have a meaning of their own: `path` is a file or
//! folder, `model` and `scorer` the name of an entry of `[models]` and `[scorers]`.

use serde_json::Value as Json;

/// What a schema may say. Titles, descriptions and defaults inform; the others are checked.
#[cfg(test)]
pub(super) const KEYWORDS: &[&str] = &[
    "$schema",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
];

pub(super) fn strings(list: Option<&Json>) -> impl Iterator<Item = &str> {
    list.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

pub(super) fn limit(schema: &Json, keyword: &str) -> Option<u64> {
    schema.get(keyword).and_then(Json::as_u64)
}

/// The type of a schema, null left out: TOML has none.
pub(super) fn type_of(schema: &Json) -> Option<&str> {
    match schema.get("type")? {
        Json::String(name) => Some(name),
        Json::Array(names) => names.iter().filter_map(Json::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

pub(super) fn alternatives(schema: &Json) -> Vec<&Json> {
    let listed = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array);
    listed.into_iter().flatten().filter(|schema| type_of(schema) != Some("null")).collect()
}

/// The values of a schema that lists them.
pub(super) fn choices(schema: &Json) -> Option<Vec<&str>> {
    if let Some(value) = schema.get("const") {
        return Some(vec![value.as_str()?]);
    }
    if let Some(values) = schema.get("enum") {
        return Some(strings(Some(values)).collect());
    }
    let alternatives = alternatives(schema);
    if alternatives.is_empty() {
        return None;
    }
    let choices = alternatives.into_iter().map(choices).collect::<Option<Vec<_>>>()?;
    Some(choices.concat())
}

/// What a number can be because of the type that holds it. Larger types hold all that TOML can say.
pub(super) fn type_limits(schema: &Json) -> (Option<f64>, Option<f64>) {
    match schema.get("format").and_then(Json::as_str) {
        Some("uint32") => (Some(0.0), Some(u32::MAX.into())),
        Some("uint64" | "uint") => (Some(0.0), None),
        Some("int32") => (Some(i32::MIN.into()), Some(i32::MAX.into())),
        _ => (None, None),
    }
}

/// What a schema expects, in words.
pub(super) fn expected(schema: &Json) -> &'static str {
    if choices(schema).is_some() {
        return "a string";
    }
    match type_of(schema) {
        Some("object") => "a table",
        Some("array") => "a list",
        Some("string") => "a string",
        Some("integer") => "an integer",
        Some("number") => "a number",
        Some("boolean") => "true or false",
        _ => "a value",
    }
}

/// What the value of a missing key could look like.
pub(super) fn example(schema: &Json) -> String {
    if let Some([first, ..]) = choices(schema).as_deref() {
        return format!("\"{first}\"");
    }
    match expected(schema) {
        "a string" => "\"...\"".to_owned(),
        "a list" => "[...]".to_owned(),
        "a table" => "{ ... }".to_owned(),
        _ => "...".to_owned(),
    }
}

/// The values of format `path` in a configuration.
pub(super) fn paths<'a>(config: &'a Json, schema: &Json) -> Vec<&'a str> {
    let mut found = vec![];
    visit_paths(config, schema, &mut |path| found.push(path));
    found
}

fn visit_paths<'a>(config: &'a Json, schema: &Json, visit: &mut impl FnMut(&'a str)) {
    for schema in alternatives(schema) {
        visit_paths(config, schema, visit);
    }
    match config {
        Json::String(path) if schema.get("format").is_some_and(|f| f == "path") => visit(path),
        Json::Array(values) => {
            if let Some(schema) = schema.get("items") {
                for value in values {
                    visit_paths(value, schema, visit);
                }
            }
        }
        Json::Object(keys) => {
            for (key, value) in keys {
                if let Some(schema) = schema.get("properties").and_then(|known| known.get(key)) {
                    visit_paths(value, schema, visit);
                }
            }
        }
        _ => {}
    }
}

/// The first sentence of a schema's description.
pub(super) fn summary(schema: &Json) -> Option<String> {
    let text = schema.get("description")?.as_str()?;
    let paragraph = text.split("\n\n").next()?.replace('\n', " ");
    let sentence = paragraph.split(". ").next()?.trim_end_matches('.');
    Some(sentence.to_owned())
}
