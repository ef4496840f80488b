use std::sync::Arc;

/// Token ids, shared between the requests that have them in common.
pub type Tokens = Arc<[u32]>;

/// One target to be scored after each of several candidates, which stand between a common context and
/// the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScoreRequest {
    /// The name of the repository that it is about; empty where there is none. For the record: it determines
    /// no score.
    pub repository: Arc<str>,
    /// What comes first, in order: the plan, observations, earlier steps. Only the joined tokens
    /// matter, not the borders between segments. Whatever requests have in common at their start is
    /// computed once; contexts are remembered for later requests.
    pub context: Vec<Tokens>,
    /// The thoughts to compare. An empty one asks for the target with no thought at all.
    pub candidates: Vec<Tokens>,
    /// What is scored.
    pub target: Tokens,
    /// The length of the target's text, in bytes, if it is known.
    pub target_bytes: Option<u64>,
}

impl ScoreRequest {
    /// Tokens of the context, all candidates and, for each of them, the target.
    pub fn tokens(&self) -> usize {
        let context: usize = self.context.iter().map(|segment| segment.len()).sum();
        let candidate = |thought: &Tokens| thought.len() + self.target.len();
        context + self.candidates.iter().map(candidate).sum::<usize>()
    }
}

/// How likely the target is after one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetScore {
    /// The natural logarithm of the probability of each token of the target, given all before it.
    pub log_probs: Vec<f64>,
    /// The length of the target's text, as the request has it.
    pub target_bytes: Option<u64>,
}

impl TargetScore {
    /// The negative log-likelihood of the whole target in nats: lower is more likely.
    pub fn nats(&self) -> f64 {
        -self.log_probs.iter().sum::<f64>()
    }

    /// Tokens of the target. At least one.
    pub fn tokens(&self) -> usize {
        self.log_probs.len()
    }

    /// Perplexity by token, exp(nats / tokens). Comparable under one tokenizer only.
    pub fn perplexity(&self) -> f64 {
        (self.nats() / self.tokens() as f64).exp()
    }

    /// Bits for each byte of the target's text: comparable between tokenizers. None if the length is
    /// unknown or zero.
    pub fn bits_per_byte(&self) -> Option<f64> {
        let bytes = self.target_bytes.filter(|&bytes| bytes > 0)?;
        Some(self.nats() / std::f64::consts::LN_2 / bytes as f64)
    }
}
