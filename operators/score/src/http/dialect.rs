//! What is sent to have a text scored, and how the answer is read. Every answer is held against the text:
//! a server that cut it, or read it as other tokens, gives no score.

mod echo;
mod sglang;
mod vllm;

use serde::Deserialize;
use serde_json::{Value, json};

use super::defect::Defect;
use super::wire::short;

/// Over this, in nats, a log-probability over 0 is no rounding.
const ROUNDING: f64 = 1e-3;
/// vLLM writes this for minus infinity.
const VLLM_INFINITY: f64 = -9999.0;
/// Bytes that an entry of an answer takes at most, and everything else in it.
const ENTRY: usize = 1 << 10;
const FRAME: usize = 1 << 20;

/// A text, and the token from which on its log-probabilities are wanted: not the first, which nothing
/// predicts.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub tokens: &'a [u32],
    pub from: usize,
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sglang,
    Vllm,
    /// Tokens that are generated beside the echo: none if the server can do without.
    Echo {
        generated: usize,
    },
}

/// Why an answer is no score.
#[derive(Debug)]
pub(super) enum Unread {
    /// It cannot be read.
    Nonsense(String),
    /// It can be read, and is wrong.
    Wrong(Defect),
}

/// A request: where it is posted, with no slash at its start, and its body.
pub(super) struct Posted {
    pub path: &'static str,
    pub body: Value,
}

impl Dialect {
    /// The request that has `text` scored.
    pub fn ask(self, model: &str, text: Text<'_>) -> Posted {
        match self {
            Self::Sglang => sglang::ask(text),
            Self::Vllm => vllm::ask(model, text),
            Self::Echo { generated } => echo::ask(model, text, generated),
        }
    }

    /// The request that makes the server remember what comes of `tokens`, if there is one.
    pub fn warm(self, tokens: &[u32]) -> Option<Posted> {
        (self == Self::Sglang).then(|| sglang::warm(tokens))
    }

    /// The longest answer to be expected for `text`, in bytes.
    pub fn longest(text: Text<'_>) -> usize {
        FRAME + ENTRY * text.tokens.len()
    }

    /// The log-probabilities of `text` from its start on.
    pub fn read(self, answer: &[u8], text: Text<'_>) -> Result<Vec<f64>, Unread> {
        match self {
            Self::Sglang => sglang::read(answer, text),
            Self::Vllm => vllm::read(answer, text),
            Self::Echo { generated } => echo::read(answer, text, generated),
        }
    }
}

/// What is asked of the tokens that have to be generated: nothing that could change a probability.
fn plain_sampling() -> Value {
    json!({ "temperature": 1.0, "top_p": 1.0, "max_new_tokens": 0 })
}

/// An answer, unless it is an error in spite of its status.
fn parse<T: for<'de> Deserialize<'de>>(answer: &[u8]) -> Result<T, Unread> {
    serde_json::from_slice(answer).map_err(|error| {
        let value: Option<Value> = serde_json::from_slice(answer).ok();
        // As Python writes it unless told otherwise.
        if value.is_none() && holds_nan(answer) {
            return Unread::Wrong(Defect::NotANumber);
        }
        let told = value.as_ref().and_then(|value| value.get("error")).map(Value::to_string);
        let message = match told {
            Some(told) => format!("an error instead of an answer: {told}"),
            None => format!("an answer that cannot be read: {error}"),
        };
        Unread::Nonsense(short(&message))
    })
}

/// Whether there is a `NaN` that is no part of a text.
fn holds_nan(answer: &[u8]) -> bool {
    answer.windows(4).any(|word| word.starts_with(b"NaN") && b",]}".contains(&word[3]))
}

/// The number of entries, if it is as expected.
fn counted(found: usize, expected: usize) -> Result<(), Unread> {
    let wrong = Unread::Wrong(Defect::Entries { found, expected });
    if found == expected { Ok(()) } else { Err(wrong) }
}

/// One log-probability in nats, if it is one.
fn checked(place: usize, value: Option<f64>) -> Result<f64, Unread> {
    let defect = match value {
        None => Defect::Hole { place },
        Some(value) if value > ROUNDING => Defect::Positive { place, value },
        Some(value) if !value.is_finite() || value <= VLLM_INFINITY => Defect::Infinite { place },
        Some(value) => return Ok(value.min(0.0)),
    };
    Err(Unread::Wrong(defect))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use proptest::prelude::*;

    use super::*;

    const DIALECTS: [Dialect; 4] = [
        Dialect::Sglang,
        Dialect::Vllm,
        Dialect::Echo { generated: 0 },
        Dialect::Echo { generated: 1 },
    ];

    /// An answer that each dialect can read as one about tokens 7, 8 and 9.
    fn answer() -> String {
        let rows = json!([null, -1.5, -2.0]);
        let named = json!([null, { "8": { "logprob": -1.5 } }, { "9": { "logprob": -2.0 } }]);
        let paired = json!([[null, 7, null], [-1.5, 8, "x"], [-2.0, 9]]);
        json!({
            "meta_info": { "input_token_logprobs": paired },
            "choices": [{ "prompt_logprobs": named, "logprobs": { "token_logprobs": rows } }],
            "usage": { "prompt_tokens": 3 },
        })
        .to_string()
    }

    #[test]
    fn answers_are_read() {
        for dialect in DIALECTS {
            let text = Text { tokens: &[7, 8, 9], from: 1 };
            assert_eq!(dialect.read(answer().as_bytes(), text).unwrap(), [-1.5, -2.0]);
            let longer = Text { tokens: &[7, 8, 9, 9], from: 1 };
            assert!(dialect.read(answer().as_bytes(), longer).is_err(), "{dialect:?}");
        }
    }

    #[test]
    fn not_a_number_is_told_from_a_text_that_says_so() {
        assert!(holds_nan(b"[null,NaN]") && holds_nan(b"{\"a\": NaN}"));
        assert!(!holds_nan(b"[\"NaN\", \"is NaN\"]"));
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_panics_or_is_no_log_probability(
            place in 0..200_usize,
            length in 0..9_usize,
            other in "[\\[\\]{}:,\"0-9a-z.-]{0,6}",
            from in 1..3_usize,
        ) {
            let mut answer = answer();
            let end = (place + length).min(answer.len());
            answer.replace_range(place.min(end)..end, &other);
            for dialect in DIALECTS {
                let text = Text { tokens: &[7, 8, 9], from };
                if let Ok(log_probs) = dialect.read(answer.as_bytes(), text) {
                    prop_assert_eq!(log_probs.len(), 3 - from);
                    prop_assert!(log_probs.iter().all(|value| value.is_finite() && *value <= 0.0));
                }
            }
        }
    }
}
