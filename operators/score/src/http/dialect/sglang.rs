//! `SGLang`'s `/generate`, as of release 0.5.3 and of the sources of 2026.
//!
//! - `input_token_logprobs` has one `[log-probability, token, text]` for each token from
//!   `logprob_start_len` on, the first always without a log-probability: so the start is asked one token
//!   earlier, and what comes first is dropped.
//! - What was computed before is used again up to `logprob_start_len`, and no further: at 0 nothing is.
//! - The token ids are those of the request, but the last of the vocabulary is written as 0.
//! - Not a number becomes `null`.
//! - A request that the scheduler refuses can come back with status 200 and `finish_reason.type` "abort".
//! - With `--allow-auto-truncate` too long a text is cut without a word: the number of entries tells.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{Defect, Posted, Text, Unread, checked, counted, parse, plain_sampling, short};

pub(super) fn ask(text: Text<'_>) -> Posted {
    let body = json!({
        "input_ids": text.tokens,
        "sampling_params": plain_sampling(),
        "return_logprob": true,
        "logprob_start_len": text.from - 1,
    });
    Posted { path: "generate", body }
}

pub(super) fn warm(tokens: &[u32]) -> Posted {
    let body = json!({ "input_ids": tokens, "sampling_params": plain_sampling() });
    Posted { path: "generate", body }
}

#[derive(Deserialize)]
struct Generated {
    meta_info: Meta,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    input_token_logprobs: Option<Vec<Entry>>,
    #[serde(default)]
    finish_reason: Option<Value>,
}

#[derive(Deserialize)]
struct Entry(Option<f64>, i64, #[serde(default)] IgnoredAny);

pub(super) fn read(answer: &[u8], text: Text<'_>) -> Result<Vec<f64>, Unread> {
    let Meta { input_token_logprobs, finish_reason } = parse::<Generated>(answer)?.meta_info;
    if let Some(reason) = finish_reason.filter(|reason| reason["type"] == "abort") {
        return Err(Unread::Nonsense(short(&format!("the server broke off: {reason}"))));
    }
    let entries = input_token_logprobs.unwrap_or_default();
    let expected = &text.tokens[text.from - 1..];
    counted(entries.len(), expected.len())?;
    let all = entries.iter().zip(expected).enumerate().skip(1);
    all.map(|(index, (Entry(value, found, _), &expected))| {
        let place = text.from - 1 + index;
        if *found != i64::from(expected) && *found != 0 {
            let found = found.to_string();
            return Err(Unread::Wrong(Defect::Token { place, found, expected }));
        }
        checked(place, *value)
    })
    .collect()
}
