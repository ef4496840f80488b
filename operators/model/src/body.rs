//! The body of a request, and the digest of what the configuration adds to it.

use backstory_core::{Digest, Hasher};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Message, ModelConfig, Question, Structured};

/// The body of a question, but for what not all servers call the same.
pub(crate) struct Body {
    usual: Bytes,
    /// Where what all servers are told alike starts.
    tail: usize,
    max_tokens: u32,
}

/// What a server calls the model and the room for an answer.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    /// None as the plan does.
    pub model: Option<&'a str>,
    pub max_tokens: &'static str,
}

/// What most servers call the room for an answer, and what those do that refuse this name.
pub(crate) const MAX_TOKENS: &str = "max_tokens";
pub(crate) const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

#[derive(Serialize)]
struct Fields<'a> {
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

impl Body {
    /// The body of `question`, written once however often it is sent.
    pub fn new(config: &ModelConfig, question: &Question, max_tokens: u32) -> Self {
        let fields = Fields {
            messages: &question.messages,
            temperature: config.temperature,
            top_p: config.top_p,
            seed: config.seed.map(|seed| seed.wrapping_add(i64::from(question.sample))),
            response_format: response_format(config.structured, question),
            extra: &config.extra,
        };
        let length: usize = question.messages.iter().map(|message| message.content.len()).sum();
        let mut bytes = Vec::with_capacity(length + length / 8 + 1024);
        head(&mut bytes, &config.model, MAX_TOKENS, max_tokens);
        let tail = bytes.len();
        // Numbers and strings always serialise; a failure would leave half a JSON, which servers refuse.
        let _ = serde_json::to_writer(&mut bytes, &fields);
        if let Some(brace) = bytes.get_mut(tail) {
            *brace = b',';
        }
        Self { usual: bytes.into(), tail, max_tokens }
    }

    /// The bytes for a server with such names; `usual` is what the plan calls the model.
    pub fn bytes(&self, names: Names<'_>, usual: &str) -> Bytes {
        if names.model.is_none() && names.max_tokens == MAX_TOKENS {
            return self.usual.clone();
        }
        let model = names.model.unwrap_or(usual);
        let mut bytes = Vec::with_capacity(self.usual.len() + model.len() + 16);
        head(&mut bytes, model, names.max_tokens, self.max_tokens);
        bytes.extend_from_slice(&self.usual[self.tail..]);
        bytes.into()
    }
}

/// An object up to the comma after the room.
fn head(bytes: &mut Vec<u8>, model: &str, name: &str, max_tokens: u32) {
    let model = Value::from(model);
    bytes.extend_from_slice(format!("{{\"model\":{model},\"{name}\":{max_tokens}").as_bytes());
}

fn response_format(structured: Structured, question: &Question) -> Option<Value> {
    let (name, schema) = question.schema.as_ref()?;
    match structured {
        Structured::JsonSchema => Some(json!({
            "type": "json_schema",
            "json_schema": { "name": name, "strict": true, "schema": schema },
        })),
        Structured::JsonObject => Some(json!({ "type": "json_object" })),
        Structured::None => None,
    }
}

/// Digest of all in a configuration that answers depend on: not where and how patiently they are asked for,
/// nor what they cost.
pub(crate) fn digest(config: &ModelConfig) -> Digest {
    let sampling = json!([config.temperature, config.top_p, config.seed, config.structured]);
    let mut hasher = Hasher::new();
    hasher.field("model/1").field(&config.model).field(sampling.to_string());
    hasher.field(sorted(&Value::Object(config.extra.clone())).to_string());
    hasher.finish()
}

/// `value` with the keys of all objects in order: the order in a plan file is no other question.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "reads better where it is called; a test that cannot go on has failed"
)]
mod tests {
    use super::*;

    fn question() -> Question {
        Question {
            purpose: "need",
            file: None,
            template: Digest::of("t"),
            messages: vec![Message { role: "user", content: "a \"b\"\n".into() }],
            schema: Some(("s".into(), json!({ "type": "object" }))),
            max_tokens: None,
            sample: 2,
        }
    }

    fn config(fields: Value) -> ModelConfig {
        let mut all = json!({ "model": "m" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn bodies_hold_what_is_set_and_nothing_else() {
        let config = config(json!({ "seed": 5, "temperature": 0.5, "extra": { "top_k": 3 } }));
        let body = Body::new(&config, &question(), 9);
        let expected = json!({
            "model": "m",
            "messages": [{ "role": "user", "content": "a \"b\"\n" }],
            "max_tokens": 9,
            "temperature": 0.5,
            "seed": 7,
            "response_format": { "type": "json_schema", "json_schema":
                { "name": "s", "strict": true, "schema": { "type": "object" } } },
            "top_k": 3,
        });
        let read = |bytes: Bytes| serde_json::from_slice::<Value>(&bytes).unwrap();
        let bytes =
            |model, max_tokens| read(body.bytes(Names { model, max_tokens }, &config.model));
        assert_eq!(bytes(None, MAX_TOKENS), expected);
        let mut other = expected.clone();
        other["model"] = "a/\"m\"".into();
        assert_eq!(bytes(Some("a/\"m\""), MAX_TOKENS), other);
        let mut newer = expected;
        newer["max_completion_tokens"] = newer["max_tokens"].take();
        newer.as_object_mut().unwrap().remove("max_tokens");
        assert_eq!(bytes(None, MAX_COMPLETION_TOKENS), newer);
    }

    #[test]
    fn keys_depend_on_what_answers_depend_on() {
        let key =
            |fields: Value, question: &Question, room| question.key(&digest(&config(fields)), room);
        let usual = key(json!({}), &question(), 9);
        let place = json!({ "urls": ["http://a/v1"], "patience_seconds": 1, "tries": {},
            "price": { "input": 1, "output": 1 }, "budget": {}, "max_in_flight": 3 });
        assert_eq!(key(place, &question(), 9), usual);
        let named = Question { purpose: "plan", file: Some(1), ..question() };
        assert_eq!(key(json!({}), &named, 9), usual);

        let mut others = vec![usual, key(json!({}), &question(), 10)];
        let ways = json!([{ "temperature": 0 }, { "top_p": 0.5 }, { "seed": 1 },
            { "structured": "none" }, { "extra": { "a": 1 } }, { "model": "n" }]);
        others.extend(ways.as_array().unwrap().iter().map(|w| key(w.clone(), &question(), 9)));
        let questions = [
            Question { template: Digest::of("u"), ..question() },
            Question { schema: None, ..question() },
            Question { sample: 3, ..question() },
            Question { messages: vec![], ..question() },
        ];
        others.extend(questions.iter().map(|question| key(json!({}), question, 9)));
        let count = others.len();
        others.sort();
        others.dedup();
        assert_eq!(others.len(), count);
    }

    #[test]
    fn the_order_of_extra_fields_is_no_other_question() {
        let extra =
            |text: &str| config(json!({ "extra": serde_json::from_str::<Value>(text).unwrap() }));
        let [a, b] = [
            r#"{"a":{"x":1,"y":[{"p":1,"q":2}]},"b":2}"#,
            r#"{"b":2,"a":{"y":[{"q":2,"p":1}],"x":1}}"#,
        ];
        assert_eq!(digest(&extra(a)), digest(&extra(b)));
    }
}
