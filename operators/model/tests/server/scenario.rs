//! What a server does, as data.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Next;
use super::http::Response;

/// What a server does.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// How long an answer takes.
    pub latency_ms: u64,
    /// How many requests are worked on at once; more are refused.
    pub slots: Option<u32>,
    /// How many requests are accepted a second; more are refused.
    pub rate: Option<f64>,
    /// How many may come at once within the rate; a fifth of a second's by default.
    pub burst: Option<f64>,
    /// The header of refusals.
    pub retry_after: Option<String>,
    /// Answers need that much room, in tokens, or are cut off.
    pub needs_tokens: u64,
    /// What goes wrong; the first that fits counts.
    pub faults: Vec<Fault>,
    /// Answers by what the last message contains; the first that fits counts.
    pub script: Map<String, Value>,
}

/// Something that goes wrong with requests that meet all its conditions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub kind: Kind,
    /// Only every so many of all requests.
    #[serde(default)]
    pub every: Option<u64>,
    /// Only the first so many times that a body arrives.
    #[serde(default)]
    pub times: Option<u64>,
    /// Only the first so many of all requests.
    #[serde(default)]
    pub first: Option<u64>,
    /// Only bodies whose last message contains this.
    #[serde(default)]
    pub contains: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Busy,
    Garbage,
    HalfJson,
    HalfBody,
    Reset,
    Stall,
    WrongType,
    EmptyChoice,
    NoChoice,
    ErrorInside,
    Huge,
    NoUsage,
    Length,
    Error400,
    Error401,
    Error404,
    Error500,
    /// Knows `max_completion_tokens` only.
    MaxTokens,
    /// Knows no `temperature`.
    Temperature,
}

impl Kind {
    /// The field that a question goes wrong for, if it has it.
    fn field(self) -> Option<&'static str> {
        match self {
            Self::MaxTokens => Some("max_tokens"),
            Self::Temperature => Some("temperature"),
            _ => None,
        }
    }
}

impl Fault {
    pub fn always(kind: Kind) -> Self {
        Self { kind, every: None, times: None, first: None, contains: None }
    }

    pub fn every(kind: Kind, every: u64) -> Self {
        Self { every: Some(every), ..Self::always(kind) }
    }

    pub fn on(kind: Kind, contains: &str) -> Self {
        Self { contains: Some(contains.into()), ..Self::always(kind) }
    }
}

impl Scenario {
    pub fn burst(&self) -> f64 {
        self.burst.unwrap_or_else(|| (self.rate.unwrap_or(0.0) / 5.0).max(1.0))
    }

    pub fn fault(&self, request: u64, seen: u64, question: &Value) -> Option<Kind> {
        let fits = |fault: &&Fault| {
            fault.every.is_none_or(|every| request.is_multiple_of(every))
                && fault.times.is_none_or(|times| seen <= times)
                && fault.first.is_none_or(|first| request <= first)
                && fault.kind.field().is_none_or(|field| question.get(field).is_some())
                && fault.contains.as_ref().is_none_or(|part| last(question).contains(part.as_str()))
        };
        self.faults.iter().find(fits).map(|fault| fault.kind)
    }

    pub fn refusal(&self) -> Response {
        let mut response = Response::error(429, "too many requests");
        response.headers.extend(self.retry_after.clone().map(|wait| ("retry-after", wait)));
        response
    }

    pub fn respond(&self, fault: Option<Kind>, question: &Value) -> Next {
        let answer = self.answer(question);
        let whole = || Response::json(200, &answer);
        let mut other = answer.clone();
        Next::Answer(match fault {
            None | Some(Kind::Busy) => whole(),
            Some(Kind::Reset) => return Next::Reset,
            Some(Kind::Stall) => return Next::Stall,
            Some(Kind::HalfBody) => return Next::Half(whole()),
            Some(Kind::Garbage) => Response::typed(200, "application/json", &b"\xff\0{]"[..]),
            Some(Kind::HalfJson) => {
                let text = answer.to_string();
                Response::typed(200, "application/json", &text[..text.len() / 2])
            }
            Some(Kind::WrongType) => Response::typed(200, "text/html", "<p>welcome</p>"),
            Some(Kind::ErrorInside) => Response::error(200, "the engine is dead"),
            Some(Kind::Huge) => Response::typed(200, "application/json", vec![b' '; 10 << 20]),
            Some(Kind::Error400) => Response::error(400, "the prompt is too long"),
            Some(Kind::Error401) => Response::error(401, "wrong key"),
            Some(Kind::Error404) => Response::error(404, "no such model"),
            Some(Kind::Error500) => Response::error(500, "internal error"),
            Some(Kind::MaxTokens) => unsupported(
                "unsupported_parameter",
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                 'max_completion_tokens' instead.",
            ),
            Some(Kind::Temperature) => unsupported(
                "unsupported_value",
                "Unsupported value: 'temperature' does not support 0.5 with this model. Only the \
                 default (1) value is supported.",
            ),
            Some(Kind::EmptyChoice) => {
                other["choices"][0]["message"]["content"] = "".into();
                Response::json(200, &other)
            }
            Some(Kind::NoChoice) => {
                other["choices"] = json!([]);
                Response::json(200, &other)
            }
            Some(Kind::NoUsage) => {
                other["usage"] = Value::Null;
                Response::json(200, &other)
            }
            Some(Kind::Length) => {
                other["choices"][0]["finish_reason"] = "length".into();
                Response::json(200, &other)
            }
        })
    }

    fn answer(&self, question: &Value) -> Value {
        let room = ["max_tokens", "max_completion_tokens"].map(|name| question[name].as_u64());
        let room = room.into_iter().flatten().min().unwrap_or(u64::MAX);
        let finish = if room < self.needs_tokens { "length" } else { "stop" };
        let text = self.text(question);
        let prompt = question["messages"].to_string().len() / 4 + 1;
        let completion = text.len() / 4 + 1;
        json!({
            "id": "chatcmpl-0",
            "object": "chat.completion",
            "model": question["model"],
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": text },
                "finish_reason": finish,
            }],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
            },
        })
    }

    fn text(&self, question: &Value) -> String {
        let last = last(question);
        let scripted = self.script.iter().find(|(part, _)| last.contains(part.as_str()));
        let schema = &question["response_format"]["json_schema"]["schema"];
        match scripted {
            Some((_, Value::String(text))) => text.clone(),
            Some((_, value)) => value.to_string(),
            None if question["response_format"]["json_schema"]["name"] == "plan" => {
                plan(question).to_string()
            }
            None if question["response_format"]["json_schema"]["name"] == "need" => {
                need(last).to_string()
            }
            None if schema.is_object() => instance(schema).to_string(),
            None if last.chars().count() <= 200 => format!("echo: {last}"),
            // What is cut off still makes a difference.
            None => {
                format!("echo {}: {}", digits(last), last.chars().take(200).collect::<String>())
            }
        }
    }
}

fn unsupported(code: &str, message: &str) -> Response {
    let kind = "invalid_request_error";
    Response::json(400, &json!({ "error": { "message": message, "type": kind, "code": code } }))
}

/// The text of the last message.
fn last(question: &Value) -> &str {
    let messages = question["messages"].as_array().and_then(|messages| messages.last());
    messages.and_then(|message| message["content"].as_str()).unwrap_or_default()
}

/// What a body is counted under.
pub fn key(question: &Value, body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let start: String = last(question).chars().take(40).collect();
    format!("{start}#{:016x}", hasher.finish())
}

/// A plan of the files that a prompt lists at its end: `- path (needs ...)`.
fn plan(question: &Value) -> Value {
    let messages = question["messages"].as_array().into_iter().flatten();
    let mut texts = messages.filter_map(|message| message["content"].as_str());
    let listed = texts.find_map(|text| text.split_once("The files, in order:"));
    let lines = listed.map(|(_, list)| list.lines()).into_iter().flatten();
    let paths = lines.filter_map(|line| line.strip_prefix("- "));
    let entry = |path: &str| {
        let path = path.split(" (needs ").next().unwrap_or_default();
        json!({
            "path": path,
            "purpose": format!("Holds what {path} is for."),
            "interface": ["text"],
            "relies_on": [],
        })
    };
    let files: Vec<_> = paths.map(entry).collect();
    json!({ "requirements": "It has to work.", "files": files })
}

/// A thought, and all files that a prompt offers: `- path: purpose`, after a line that says so.
fn need(prompt: &str) -> Value {
    let offered = prompt.split_once("can be read; the file depends on them:");
    let lines = offered.map(|(_, list)| list.trim_start().lines()).into_iter().flatten();
    let lines = lines.map_while(|line| line.strip_prefix("- "));
    let paths: Vec<_> = lines.filter_map(|line| line.split(": ").next()).collect();
    json!({ "thought": format!("need {}", digits(prompt)), "read": paths })
}

/// Differs from text to text.
fn digits(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:08x}", hasher.finish() as u32)
}

/// Something that a schema allows, as long as the schema is a simple one.
fn instance(schema: &Value) -> Value {
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.first().cloned().unwrap_or_default();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(key, schema)| (key.clone(), instance(schema))).collect()
        }
        Some("array") => {
            let count = schema["minItems"].as_u64().unwrap_or(1);
            (0..count).map(|_| instance(&schema["items"])).collect()
        }
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        _ => json!("text"),
    }
}
