//! What a scorer said of a file, and what is recorded of it.

use backstory_core::{Likelihood, TrialScore};

use crate::Rule;

/// How likely those tokens of a file are that count: all, or all but the first few.
#[derive(Clone, Debug)]
pub(crate) struct Weighed {
    /// Of these tokens alone.
    pub(crate) likelihood: Likelihood,
    /// Where they start in the file, in bytes.
    pub(crate) start: u32,
}

impl Weighed {
    /// Of the tokens that start at `from` or later, in bytes.
    pub(crate) fn new(likelihood: Likelihood, from: u32) -> Self {
        let Likelihood { mut log_probs, ends, tokens } = likelihood;
        let starts = [0].into_iter().chain(ends.iter().copied());
        let left_out = starts.take(ends.len()).take_while(|&start| start < from).count();
        log_probs.drain(..left_out.min(log_probs.len()));
        let start = left_out.checked_sub(1).map_or(0, |last| ends[last]);
        let ends = if left_out == 0 { ends } else { ends[left_out..].into() };
        Self { likelihood: Likelihood { log_probs, ends, tokens }, start }
    }

    /// What is recorded of it.
    pub(crate) fn score(&self, thought_tokens: u32, file_bytes: u64, rule: &Rule) -> TrialScore {
        let likelihood = &self.likelihood;
        let nats = likelihood.nats();
        let clipped = rule.clip.map_or(nats, |clip| likelihood.clipped(clip));
        let surprises = || likelihood.log_probs.iter().map(|log_prob| -log_prob);
        let above = |level: f64| surprises().map(|surprise| (surprise - level).max(0.0)).sum();
        TrialScore {
            nats,
            clipped,
            objective: rule.objective(clipped, thought_tokens),
            target_tokens: likelihood.log_probs.len() as u32,
            target_bytes: file_bytes - u64::from(self.start),
            thought_tokens,
            excess: TrialScore::LEVELS.map(above).to_vec(),
            leak_adjusted: None,
        }
    }
}
