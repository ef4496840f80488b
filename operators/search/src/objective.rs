//! What is made large, out of likelihoods.

use backstory_core::{Likelihood, TrialScore};

use crate::Rule;

/// The objective in nats: see the head of this crate.
pub(crate) fn objective(clipped: f64, thought_tokens: u32, rule: &Rule) -> f64 {
    -clipped - rule.price_per_token * f64::from(thought_tokens)
}

/// Whether `new` is more than the margin above `old`, per token of the file.
pub(crate) fn is_better(new: f64, old: f64, target_tokens: u32, rule: &Rule) -> bool {
    (new - old) / f64::from(target_tokens) > rule.margin
}

/// What is recorded of a likelihood.
pub(crate) fn score(
    likelihood: &Likelihood,
    thought_tokens: u32,
    target_bytes: u64,
    rule: &Rule,
) -> TrialScore {
    let nats = likelihood.nats();
    let clipped = rule.clip.map_or(nats, |clip| likelihood.clipped(clip));
    let surprises = || likelihood.log_probs.iter().map(|log_prob| -log_prob);
    let above = |level: f64| surprises().map(|surprise| (surprise - level).max(0.0)).sum();
    TrialScore {
        nats,
        clipped,
        objective: objective(clipped, thought_tokens, rule),
        target_tokens: likelihood.log_probs.len() as u32,
        target_bytes,
        thought_tokens,
        excess: TrialScore::LEVELS.map(above).to_vec(),
        leak_adjusted: None,
    }
}
