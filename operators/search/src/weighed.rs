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

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of small whole numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_start_too_early_do_not_count() {
        let likelihood = Likelihood {
            log_probs: vec![-1.0, -2.0, -4.0, -8.0],
            ends: [3, 6, 6, 9].into(),
            tokens: vec![5],
        };
        let of = |from| {
            let Weighed { likelihood, start } = Weighed::new(likelihood.clone(), from);
            let score = Weighed { likelihood: likelihood.clone(), start }.score(2, 9, &rule());
            let tokens = likelihood.log_probs.len() as u32;
            assert_eq!((likelihood.ends.len() as u32, score.target_tokens), (tokens, tokens));
            assert_eq!(score.excess[3], 2.0, "of the last alone");
            (tokens, score.nats, score.clipped, score.target_bytes)
        };
        assert_eq!(of(0), (4, 15.0, 9.0, 9));
        assert_eq!(of(1), (3, 14.0, 8.0, 6));
        assert_eq!(of(3), (3, 14.0, 8.0, 6));
        assert_eq!(of(4), (2, 12.0, 6.0, 3), "one that starts before and ends behind is left out");
        assert_eq!(of(6), (2, 12.0, 6.0, 3));
        assert_eq!(Weighed::new(likelihood.clone(), 7).likelihood.log_probs, [0.0; 0]);
    }

    fn rule() -> Rule {
        Rule { clip: Some(3.0), ..Rule::default() }
    }
}
