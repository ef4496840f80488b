use std::path::{Path, PathBuf};

use backstory_core::Digest;
use serde_json::{Value, json};
use tokenizers::pipeline::{EncodeOptions, Override, PipelineToken, PipelineTokenizer};

use crate::{LoadError, ScoreError, ScoreRequest, Tokens};

/// Turns texts into the tokens of requests, each text for itself.
///
/// Nothing in a text is read as a special token: a file that contains `<|endoftext|>` is encoded as those
/// characters. Byte-level tokenizers only, as Llama 3 and Qwen have: others put something before the first
/// word of each text or spoil white space, so that texts could not be joined.
pub struct Tokenizer {
    pipeline: PipelineTokenizer,
    digest: Digest,
    start_token: Option<u32>,
    /// Per token, the bytes of text that it stands for.
    lengths: Vec<u32>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let file =
            std::fs::read(path).map_err(|source| LoadError::Read { path: path.into(), source })?;
        let malformed = |message| LoadError::Malformed { path: PathBuf::from(path), message };
        let mut config: Value =
            serde_json::from_slice(&file).map_err(|error| malformed(error.to_string()))?;
        let start_token = start_token(&config["post_processor"]);
        tokenizers::canonicalize_value(&mut config)
            .map_err(|error| malformed(error.to_string()))?;
        if config["model"]["byte_level"] != true {
            return Err(LoadError::Unsupported {
                what: "a tokenizer that does not work on bytes".into(),
                hint: "take a model with a byte-level BPE, such as Llama 3 or Qwen",
            });
        }
        keep_text(&mut config);
        let lengths = lengths(&config);
        let pipeline = tokenizers::from_json(&config.to_string())
            .map_err(|error| malformed(error.to_string()))?;
        Ok(Self { pipeline, digest: Digest::of(&file), start_token, lengths })
    }

    /// The digest of the file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many tokens there are: all are below this number.
    pub fn vocabulary(&self) -> usize {
        self.lengths.len()
    }

    /// The special token that the tokenizer's template puts before a text, if any: Llama 3 has
    /// `<|begin_of_text|>`, Qwen has none. Texts are encoded without it; it belongs before the context.
    pub fn start_token(&self) -> Option<u32> {
        self.start_token
    }

    /// The tokens of one text.
    pub fn encode(&self, text: &str) -> Result<Tokens, ScoreError> {
        let mut tokens = vec![];
        if !text.is_empty() {
            let options = EncodeOptions {
                add_special_tokens: false,
                encode_special_tokens: true,
                padding: Override::Off,
                truncation: Override::Off,
            };
            let encoded = self.pipeline.encode_into(text, &options, &mut tokens);
            encoded.map_err(|error| ScoreError::Untokenized(error.to_string()))?;
        }
        Ok(tokens.into_iter().map(PipelineToken::id).collect())
    }

    /// Where each of a text's tokens ends in the text, in bytes. Tokens may end within a character.
    pub fn ends(&self, tokens: &[u32]) -> Vec<u32> {
        let mut end = 0;
        let mut next = |&token: &u32| {
            end += self.lengths.get(token as usize).copied().unwrap_or_default();
            end
        };
        tokens.iter().map(&mut next).collect()
    }

    /// A request made of texts.
    pub fn request(
        &self,
        context: &[&str],
        candidates: &[&str],
        target: &str,
    ) -> Result<ScoreRequest, ScoreError> {
        let all = |texts: &[&str]| -> Result<Vec<Tokens>, _> {
            texts.iter().map(|text| self.encode(text)).collect()
        };
        Ok(ScoreRequest {
            context: all(context)?,
            candidates: all(candidates)?,
            target: self.encode(target)?,
            target_bytes: Some(target.len() as u64),
            ..ScoreRequest::default()
        })
    }
}

/// The token that a template has before the text it is for.
fn start_token(post_processor: &Value) -> Option<u32> {
    if let Some(processors) = post_processor["processors"].as_array() {
        return processors.iter().find_map(start_token);
    }
    let first = post_processor["single"].get(0)?["SpecialToken"]["id"].as_str()?;
    let id = post_processor["special_tokens"][first]["ids"].get(0)?.as_u64()?;
    u32::try_from(id).ok()
}

/// More than any vocabulary has: a file that is damaged must not take all memory.
const MOST_TOKENS: u64 = 1 << 24;

/// How many bytes each token stands for. A byte is a character in the alphabet of byte-level tokenizers, and
/// added tokens are spelled as they are.
fn lengths(config: &Value) -> Vec<u32> {
    let learned = config["model"]["vocab"].as_object().into_iter().flatten();
    let learned = learned.map(|(token, id)| (id.as_u64(), token.chars().count()));
    let added = config["added_tokens"].as_array().into_iter().flatten();
    let added = added
        .map(|token| (token["id"].as_u64(), token["content"].as_str().unwrap_or_default().len()));
    let mut lengths = vec![];
    for (id, length) in learned.chain(added) {
        let Some(id) = id.filter(|&id| id < MOST_TOKENS) else { continue };
        let id = id as usize;
        lengths.resize(lengths.len().max(id + 1), 0);
        lengths[id] = length as u32;
    }
    lengths
}

/// Leaves out what changes a text for looks or puts something around it, and makes every added token but
/// white space special: special ones are those the library can be told not to look for in a text.
fn keep_text(config: &mut Value) {
    for key in ["truncation", "padding", "post_processor", "normalizer"] {
        config[key] = Value::Null;
    }
    config["model"]["dropout"] = Value::Null;
    for token in config["added_tokens"].as_array_mut().into_iter().flatten() {
        if token["content"].as_str().is_some_and(|content| !content.trim().is_empty()) {
            token["special"] = json!(true);
            token["normalized"] = json!(false);
        }
    }
}
