//! Reads JSON out of what models write, who like to put words and fences around it.

use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value};

/// The first JSON object in a text that has the fields asked for.
///
/// Servers that hold a model to a schema give the object alone; others put it into a fence, or prose around
/// it. Nothing is repaired within the object: what is not JSON is asked for again.
pub(crate) fn object<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut why = "it holds no JSON object".to_owned();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let mut values = Deserializer::from_str(&rest[start..]).into_iter::<Value>();
        let step = match values.next() {
            Some(Ok(value)) => match serde_json::from_value(value) {
                Ok(found) => return Ok(found),
                // Objects within it are not what was asked for either.
                Err(error) => {
                    why = format!("its JSON is not as asked: {error}");
                    values.byte_offset()
                }
            },
            Some(Err(error)) => {
                why = format!("its JSON cannot be read: {error}");
                1
            }
            None => break,
        };
        rest = &rest[start + step..];
    }
    Err(why)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Answer {
        read: Vec<String>,
    }

    fn read(text: &str) -> Result<Vec<String>, String> {
        object::<Answer>(text).map(|answer| answer.read)
    }

    #[test]
    fn what_stands_around_an_object_does_not_matter() {
        let found = Ok(vec!["a".to_owned()]);
        assert_eq!(read(r#"{"read": ["a"]}"#), found);
        assert_eq!(read("Sure:\n```json\n{\"read\": [\"a\"]}\n```\nDone."), found);
        assert_eq!(
            read(r#"A set {x} and {"other": {"read": ["b"]}}, then {"read": ["a"]}"#),
            found
        );
        assert_eq!(read(r#"{"read": ["a"], "more": 1}"#), found);
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(read("I cannot.").unwrap_err(), "it holds no JSON object");
        assert_eq!(
            read(r#"{"read": ["a""#).unwrap_err(),
            "its JSON cannot be read: EOF while parsing a list at line 1 column 13"
        );
        assert_eq!(
            read(r#"{"reads": []}"#).unwrap_err(),
            "its JSON is not as asked: missing field `read`"
        );
    }
}
