//! JSON with comments, trailing commas and a byte order mark, as configurations are written.

use serde_json::Value;

/// The value that `text` holds; none if it is broken, or too deep for a configuration.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&without_comments(text))).ok()
}

/// The strings of an array.
pub(crate) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// JSON out of JSON with comments and trailing commas.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = if c == '"' {
            let length = end_of_string(rest);
            out.push_str(&rest[..length]);
            length
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else {
            if matches!(c, '}' | ']') {
                let kept = out.trim_end();
                let kept = kept.strip_suffix(',').map_or(out.len(), str::len);
                out.truncate(kept);
            }
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[end..];
    }
    out
}

/// The length of the string literal that `text` begins with.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_dropped() {
        let text = "\u{feff}{ // a\n \"x\": [\"/* no */\", \"\\\"//\", ], /* b */ }";
        let value = parse(text).expect("plain JSON");
        assert_eq!(value, serde_json::json!({ "x": ["/* no */", "\"//"] }));
        assert_eq!(strings(&value["x"]).count(), 2);
        assert_eq!(parse(&"[".repeat(100_000)), None);
        assert_eq!(parse("/*"), None);
    }
}
