//! vLLM's `/v1/completions` with `prompt_logprobs`, as of release 0.16 and of the
//! sources of 2026.
//!
//! - `prompt_logprobs` has one object for each token of the prompt, `null` for the first; its keys are
//!   token ids. With 0, the only one is the token of the prompt.
//! - At least one token has to be generated.
//! - The prefix cache is not read for such requests: every text is computed whole. Where it is forced to
//!   be read, what was cached has log-probabilities of other requests, or none.
//! - Minus infinity is written as -9999.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{Defect, Posted, Text, Unread, checked, counted, parse};

pub(super) fn ask(model: &str, text: Text<'_>) -> Posted {
    let body = json!({
        "model": model,
        "prompt": text.tokens,
        "max_tokens": 1,
        "temperature": 1.0,
        "top_p": 1.0,
        "prompt_logprobs": 0,
    });
    Posted { path: "v1/completions", body }
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    prompt_logprobs: Option<Vec<Option<BTreeMap<String, Entry>>>>,
}

#[derive(Deserialize)]
struct Entry {
    logprob: Option<f64>,
}

pub(super) fn read(answer: &[u8], text: Text<'_>) -> Result<Vec<f64>, Unread> {
    let choice = parse::<Completion>(answer)?.choices.into_iter().next();
    let entries = choice.and_then(|choice| choice.prompt_logprobs).unwrap_or_default();
    counted(entries.len(), text.tokens.len())?;
    let all = entries.iter().zip(text.tokens).enumerate().skip(text.from);
    all.map(|(place, (entry, &expected))| {
        let Some(entry) = entry else { return checked(place, None) };
        if let Some(entry) = entry.get(&expected.to_string()) {
            return checked(place, entry.logprob);
        }
        let found = entry.keys().next().cloned().unwrap_or_default();
        Err(Unread::Wrong(Defect::Token { place, found, expected }))
    })
    .collect()
}
