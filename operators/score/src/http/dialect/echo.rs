//! `/v1/completions` with `echo` and `logprobs`, as the first hosted models had them.
//!
//! - `logprobs.token_logprobs` has one entry for each token of the prompt, `null` for the first, and then
//!   one for each that was generated, unless it ended the text.
//! - Token ids do not come back: that the tokens are those of the request is seen by their number, and by
//!   what the probe makes of their log-probabilities.
//! - llama.cpp's server answers for generated tokens only, in `logprobs.content`, or refuses `echo`.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{Posted, Text, Unread, checked, counted, parse};

pub(super) fn ask(model: &str, text: Text<'_>, generated: usize) -> Posted {
    let body = json!({
        "model": model,
        "prompt": text.tokens,
        "echo": true,
        // Some servers take 0 for none.
        "logprobs": 1,
        "max_tokens": generated,
        "temperature": 1.0,
        "top_p": 1.0,
    });
    Posted { path: "v1/completions", body }
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<usize>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    logprobs: Option<Logprobs>,
}

#[derive(Default, Deserialize)]
struct Logprobs {
    #[serde(default)]
    token_logprobs: Vec<Option<f64>>,
    #[serde(default)]
    content: Vec<IgnoredAny>,
}

pub(super) fn read(answer: &[u8], text: Text<'_>, generated: usize) -> Result<Vec<f64>, Unread> {
    let Completion { choices, usage } = parse(answer)?;
    let logprobs = choices.into_iter().next().and_then(|choice| choice.logprobs);
    let Logprobs { token_logprobs, content } = logprobs.unwrap_or_default();
    let (tokens, found) = (text.tokens.len(), token_logprobs.len().max(content.len()));
    let prompt_tokens = usage.and_then(|usage| usage.prompt_tokens);
    if prompt_tokens != Some(tokens) || token_logprobs.len() != tokens {
        counted(found, tokens + generated)?;
        counted(token_logprobs.len(), found)?;
        counted(prompt_tokens.unwrap_or(tokens), tokens)?;
    }
    let all = token_logprobs.iter().enumerate().take(tokens).skip(text.from);
    all.map(|(place, value)| checked(place, *value)).collect()
}
