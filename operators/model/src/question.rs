//! A question, and the key that its answer is kept under.

use backstory_core::{Digest, Hasher};
use serde::Serialize;
use serde_json::Value;

/// A message of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// The text.
    pub content: String,
}

/// A question to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What it is for: `plan`, `need`, `design`. For the record; not part of the key.
    pub purpose: &'static str,
    /// The file that it is about. For the record; not part of the key.
    pub file: Option<u32>,
    /// Digest of the template that it was made with.
    pub template: Digest,
    /// The messages.
    pub messages: Vec<Message>,
    /// Name and JSON schema of the answer, if it is to have one.
    pub schema: Option<(String, Value)>,
    /// Room for the answer in tokens; that of the configuration if absent.
    pub max_tokens: Option<u32>,
    /// Which of several answers to the same question is wanted, from 0.
    pub sample: u32,
}

impl Question {
    /// The key of its answer with `max_tokens` of room, under what the configuration adds.
    pub(crate) fn key(&self, config: &Digest, max_tokens: u32) -> Digest {
        let mut hasher = Hasher::new();
        hasher.field(config.0).field(self.template.0);
        hasher.field(max_tokens.to_le_bytes()).field(self.sample.to_le_bytes());
        if let Some((name, schema)) = &self.schema {
            hasher.field("schema").field(name).field(schema.to_string());
        }
        for message in &self.messages {
            hasher.field(message.role).field(&message.content);
        }
        hasher.finish()
    }
}
