//! The keys of a model in a plan file.

use backstory_core::{Digest, Hasher};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body;

/// A model and the servers that run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The model's name, as servers know it; an endpoint may have its own. Answers are kept under this
    /// name: another name asks everything anew.
    pub model: String,
    /// Servers, by the URL before `/chat/completions`: `http://gpu-1:8000/v1`. The requests of one
    /// repository go to one server as long as it has room, for its prefix cache.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Servers that need more than a URL. At least one of `urls` and `endpoints` names a server.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// The environment variable that holds the key to the servers; never the key itself.
    #[serde(default)]
    pub api_key: Option<String>,
    /// How many requests one server works on at once, at most. Fewer when it refuses or slows down.
    #[serde(default = "usual_max_in_flight")]
    pub max_in_flight: u32,
    /// Sampling temperature; the server's own if absent.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// Share of probability that is sampled from; the server's own if absent.
    #[serde(default)]
    pub top_p: Option<f64>,
    /// Seed of the sampling of the first sample of a question; later ones count up from it.
    #[serde(default)]
    pub seed: Option<i64>,
    /// Room for one answer, in tokens, reasoning included, where the question does not say. Sent as
    /// `max_completion_tokens` to servers that want that name.
    #[serde(default = "usual_max_tokens")]
    pub max_tokens: u32,
    /// What happens to an answer that fills its room and is cut off.
    #[serde(default)]
    pub on_truncated: OnTruncated,
    /// With `on_truncated = "more-room"`: the most room, in tokens. Room doubles until it is reached.
    #[serde(default = "usual_max_tokens_limit")]
    pub max_tokens_limit: u32,
    /// How a server is told the form of an answer.
    #[serde(default)]
    pub structured: Structured,
    /// Further fields of a request, passed on as they are: `{ chat_template_kwargs = { .. } }`.
    #[serde(default)]
    pub extra: Map<String, Value>,
    /// Seconds until a connection stands.
    #[serde(default = "usual_connect_seconds")]
    pub connect_seconds: u64,
    /// Seconds from sending a request to the first byte of its answer. Servers send it when the whole
    /// answer is written, so this is to be longer than the longest answer takes.
    #[serde(default = "usual_first_byte_seconds")]
    pub first_byte_seconds: u64,
    /// Seconds from sending a request to the last byte of its answer.
    #[serde(default = "usual_request_seconds")]
    pub request_seconds: u64,
    /// Seconds to wait when no server answers. Then whatever waits is given up, for a later run.
    #[serde(default = "usual_patience_seconds")]
    pub patience_seconds: u64,
    /// How often a question is sent before it is given up, by what goes wrong.
    #[serde(default)]
    pub tries: Tries,
    /// What tokens cost; without it, costs are unknown.
    #[serde(default)]
    pub price: Option<Price>,
    /// What may be spent by all runs into the same output.
    #[serde(default)]
    pub budget: Option<Budget>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The URL before `/chat/completions`: `http://gpu-1:8000/v1`.
    pub url: String,
    /// What this server calls the model; the model's `model` if absent.
    #[serde(default)]
    pub model: Option<String>,
    /// The environment variable that holds the key to this server; the model's `api_key` if absent.
    #[serde(default)]
    pub api_key: Option<String>,
    /// Its share of the repositories, relative to that of the others.
    #[serde(default = "usual_weight")]
    pub weight: f64,
    /// How many requests it works on at once, at most; the model's `max_in_flight` if absent.
    #[serde(default)]
    pub max_in_flight: Option<u32>,
}

/// What happens to an answer that is cut off because its room is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnTruncated {
    /// The question fails.
    #[default]
    Fail,
    /// It is asked again with twice the room, up to `max_tokens_limit`.
    MoreRoom,
}

/// How a server is told the form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Structured {
    /// By a JSON schema that it has to enforce.
    #[default]
    JsonSchema,
    /// By the demand for some JSON object.
    JsonObject,
    /// By the words of the question alone.
    None,
}

/// How often a question is sent before it is given up. Refusals of a busy server do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tries {
    /// With connections that break off, time out, or end in an internal error, while other questions are
    /// answered.
    pub transport: u32,
    /// With answers that are empty or cannot be read.
    pub content: u32,
}

impl Default for Tries {
    fn default() -> Self {
        Self { transport: 8, content: 3 }
    }
}

/// What tokens cost, in any unit of money.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// A million tokens of prompts.
    pub input: f64,
    /// A million tokens of answers.
    pub output: f64,
}

impl Price {
    /// What an answer costs.
    pub fn of(&self, prompt_tokens: u64, completion_tokens: u64) -> f64 {
        (self.input * prompt_tokens as f64 + self.output * completion_tokens as f64) / 1e6
    }
}

/// What may be spent. Whatever is reached first ends the asking. What a killed run has paid without writing
/// its rows counts once its answers are found again, unless they are in a folder that the plan names: others
/// may have paid for those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Requests that a server accepted, answered or not. Never exceeded.
    pub requests: Option<u64>,
    /// Tokens of prompts and answers. What is being answered when they are reached is still paid.
    pub tokens: Option<u64>,
    /// Money, in the unit of `price`. What is being answered when it is reached is still paid.
    pub money: Option<f64>,
}

fn usual_max_in_flight() -> u32 {
    64
}

fn usual_max_tokens() -> u32 {
    4096
}

fn usual_max_tokens_limit() -> u32 {
    16_384
}

fn usual_connect_seconds() -> u64 {
    10
}

fn usual_first_byte_seconds() -> u64 {
    600
}

fn usual_request_seconds() -> u64 {
    900
}

fn usual_patience_seconds() -> u64 {
    600
}

fn usual_weight() -> f64 {
    1.0
}

impl ModelConfig {
    /// Digest of all that determines answers.
    pub fn identity(&self) -> Digest {
        let mut hasher = Hasher::new();
        hasher.field(body::digest(self).0).field([self.on_truncated as u8]);
        hasher.field(self.max_tokens.to_le_bytes()).field(self.max_tokens_limit.to_le_bytes());
        hasher.finish()
    }
}
