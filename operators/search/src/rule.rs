//! By what a search decides.

use backstory_core::{Decision, Gains, Quality, TrialScore};
use backstory_quality::{Gate, Then};

use crate::gate::{self, GainGate, Verdict};
use crate::{Search, Words};

/// By what it is decided which text stands in the end, out of what is on record of it: see the head of this
/// crate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Nats per token of the file.
    pub margin: f64,
    /// Nats of a single token.
    pub clip: Option<f64>,
    /// Nats per token of a thought.
    pub price_per_token: f64,
    /// Rewrites of one round; none for all that there are.
    pub candidates: Option<u32>,
    /// Rounds of a thought; none for all that there are.
    pub rounds: Option<u32>,
    /// Ends the rounds of a thought at this perplexity of the file by token.
    pub stop_perplexity: Option<f64>,
    /// Ends the rounds of a thought after one in which no rewrite was kept.
    pub stop_without_gain: bool,
    /// How many words a rewrite may have.
    pub words: Words,
    /// Limits that rewrites have to keep.
    pub gates: Vec<Gate>,
    /// Limits that the gain of a thought has to keep.
    pub gain_gates: Vec<GainGate>,
}

impl Search {
    /// The rule by which these settings decide.
    pub fn rule(&self) -> Rule {
        Rule {
            margin: self.margin,
            clip: self.clip,
            price_per_token: self.price_per_token,
            candidates: Some(self.candidates),
            rounds: Some(self.rounds),
            stop_perplexity: self.stop_perplexity,
            stop_without_gain: self.stop_without_gain,
            words: self.words.unwrap_or_default(),
            gates: self.gates.clone(),
            gain_gates: self.gain_gates.clone(),
        }
    }
}

impl Rule {
    /// The objective in nats: see the head of this crate.
    pub(crate) fn objective(&self, clipped: f64, thought_tokens: u32) -> f64 {
        -clipped - self.price_per_token * f64::from(thought_tokens)
    }

    /// Whether `new` is more than the margin above `old`, per token of the file.
    pub(crate) fn is_better(&self, new: f64, old: f64, target_tokens: u32) -> bool {
        (new - old) / f64::from(target_tokens) > self.margin
    }

    /// Whether there is another round, the `round`th from 0, for the thought with the score `current`. `gained`
    /// says whether the round before it kept anything.
    pub(crate) fn asks(&self, round: u32, current: &TrialScore, gained: bool) -> bool {
        let perplexity = (current.nats / f64::from(current.target_tokens)).exp();
        self.rounds.is_none_or(|most| round < most)
            && self.stop_perplexity.is_none_or(|enough| perplexity > enough)
            && (round == 0 || gained || !self.stop_without_gain)
    }

    /// Why a rewrite is not compared, if it is not. `repeated` says that it is the text of an earlier trial.
    pub(crate) fn refuses(
        &self,
        text: &str,
        quality: Option<&Quality>,
        repeated: bool,
    ) -> Option<Decision> {
        let words = text.split_whitespace().count() as u32;
        let Words { min, max } = self.words;
        if words < min.unwrap_or(1).max(1) {
            Some(Decision::TooShort)
        } else if repeated {
            Some(Decision::Repeated)
        } else if max.is_some_and(|max| words > max) {
            Some(Decision::TooLong)
        } else {
            let mut rejecting = self.gates.iter().filter(|gate| gate.then == Then::Reject);
            let why = quality.and_then(|quality| rejecting.find_map(|gate| gate.check(quality)));
            why.map(Decision::Gate)
        }
    }

    /// What becomes of a thought by what it gains.
    pub(crate) fn verdict(&self, gains: &Gains) -> Verdict {
        gate::verdict(&self.gain_gates, gains)
    }
}
