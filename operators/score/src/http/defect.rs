//! What can be wrong with log-probabilities that a server answers with.

use std::fmt;

/// How many tolerances single tokens may differ, on average and at most. A server that computes in bf16
/// rounds logits to an eighth or so: tokens move, their sum hardly does.
const EACH: f64 = 5.0;
const WORST: f64 = 25.0;

/// How much two scores of the same tokens differ, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Difference {
    /// Of the sums, per token.
    mean: f64,
    /// Of single tokens, on average.
    each: f64,
    /// Of single tokens, at most.
    worst: f64,
}

impl Difference {
    /// That of `a` and `b`, as far as both go.
    pub fn of(a: &[f64], b: &[f64]) -> Self {
        let tokens = a.len().min(b.len()).max(1) as f64;
        let all = || a.iter().zip(b).map(|(a, b)| a - b);
        Self {
            mean: (all().sum::<f64>() / tokens).abs(),
            each: all().map(f64::abs).sum::<f64>() / tokens,
            worst: all().map(f64::abs).fold(0.0, f64::max),
        }
    }

    /// Whether both scores can be those of the same model and text.
    pub fn within(self, tolerance: f64) -> bool {
        self.mean <= tolerance && self.each <= tolerance * EACH && self.worst <= tolerance * WORST
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean, each, worst } = self;
        write!(f, "{mean:.3} nats per token, single tokens by {each:.3} and {worst:.3} at most")
    }
}

/// What to do about a server that has no log-probabilities of prompts.
pub(super) const NO_ECHO: &str = "it answers for generated tokens only, as llama.cpp's server does; take \
     SGLang or vLLM, or score with a model on this machine";

/// What is wrong with the log-probabilities of a text. Places count from 0, values are nats.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Defect {
    /// Too few or too many of them.
    #[error("{expected} log-probabilities are due, {found} came")]
    Entries { found: usize, expected: usize },
    /// They are of other tokens than the text has.
    #[error("log-probability {place} is of token {found}, where the text has {expected}")]
    Token { place: usize, found: String, expected: u32 },
    /// One is missing.
    #[error("log-probability {place} is missing")]
    Hole { place: usize },
    /// One says that something is more than certain.
    #[error("log-probability {place} is {value} nats, over 0")]
    Positive { place: usize, value: f64 },
    /// One says that something is impossible.
    #[error("log-probability {place} is not finite")]
    Infinite { place: usize },
    /// One, nobody knows which, is a word that JSON does not have.
    #[error("a log-probability is not a number")]
    NotANumber,
    /// Tokens that nothing suggests are certain.
    #[error("{count} of {of} arbitrary tokens are scored as certain")]
    Certain { count: usize, of: usize },
    /// They are not the same again.
    #[error("the same text scores differently the second time, by {0}")]
    Unstable(Difference),
    /// They depend on where they are asked from.
    #[error("asked from a later token on, a text scores differently, by {0}")]
    Shifted(Difference),
    /// They depend on what comes after them.
    #[error("tokens score differently when the text changes after them, by {0}")]
    Early(Difference),
    /// They do not depend on the token.
    #[error("a token scores the same as any other that is put in its place")]
    Late,
}

impl Defect {
    /// What is known to be behind it, and what to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Entries { found: 0 | 1, .. } => NO_ECHO,
            Self::Entries { .. } | Self::Token { .. } => {
                "it cuts texts or reads them as other tokens; turn off what changes prompts before the model"
            }
            Self::Hole { .. } | Self::Early(_) | Self::Late => {
                "its log-probabilities belong to other tokens; take a newer version, or another `server`"
            }
            Self::Positive { .. } => {
                "it answers with something else than log-probabilities; vLLM does with a `--logprobs-mode` \
                 of logits"
            }
            Self::Infinite { .. } | Self::NotANumber => {
                "its weights or its precision are damaged; load it in another"
            }
            Self::Certain { .. } | Self::Unstable(_) | Self::Shifted(_) => {
                "it fills in for what its prefix cache spared it, as vLLM does when the cache is forced on; \
                 turn the cache off, or raise `tolerance` if the difference is that of its precision"
            }
        }
    }

    /// Whether the model itself is to blame. Servers whose JSON has no word for what is not a number leave a
    /// hole.
    pub fn is_of_the_model(&self) -> bool {
        matches!(self, Self::Hole { .. } | Self::Infinite { .. } | Self::NotANumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_judged_by_sum_and_by_token() {
        let of = |b: &[f64]| Difference::of(&[-1.0, -2.0, -3.0, -4.0], b);
        assert!(of(&[-1.08, -1.92, -3.08, -3.92]).within(0.02), "rounding");
        assert!(!of(&[-1.03, -2.03, -3.03, -4.03]).within(0.02), "another model");
        assert!(!of(&[-2.0, -1.0, -4.0, -3.0]).within(0.02), "other tokens of the same sum");
        let one = |by: f64| {
            Difference::of(&[-2.0; 20], &[&[-2.0 - by, -2.0 + by], &[-2.0; 18][..]].concat())
        };
        assert!(one(0.45).within(0.02) && !one(0.55).within(0.02), "single tokens");
        assert!(!of(&[f64::NAN, -2.0, -3.0, -4.0]).within(9.0), "no numbers");
    }
}
