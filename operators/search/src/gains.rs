//! What a thought gains. Signs and units: see [`Gains`].

use backstory_core::{Gains, TrialScore};
use backstory_quality::copied;

use crate::weighed::Weighed;

/// Lexer tokens of a run from which on it is a copy.
const COPY: u32 = 8;

/// The scores of one step that its gains are made of.
pub(crate) struct Compared<'a> {
    pub(crate) first: &'a TrialScore,
    pub(crate) kept: &'a TrialScore,
    pub(crate) none: Option<&'a TrialScore>,
    pub(crate) swap: Option<&'a TrialScore>,
}

impl Compared<'_> {
    pub(crate) fn gains(&self, rounds: Vec<f32>) -> Gains {
        Gains {
            vs_none: self.none.map(|none| gain(none, self.kept)),
            vs_first: Some(gain(self.first, self.kept)),
            rounds,
            leak_adjusted: self.kept.leak_adjusted,
            swap_control: self.none.zip(self.swap).map(|(none, swap)| gain(none, swap)),
        }
    }
}

/// What `new` gains over `old`, in nats per token.
pub(crate) fn gain(old: &TrialScore, new: &TrialScore) -> f32 {
    ((old.nats - new.nats) / f64::from(new.target_tokens)) as f32
}

/// What a thought gains over no thought, over the tokens of the file that touch no copy.
pub(crate) fn leak_adjusted(
    thought: &str,
    target: &str,
    none: &Weighed,
    new: &Weighed,
) -> Option<f32> {
    let copies = copied(thought, target, COPY);
    let mut copies = copies.iter().peekable();
    let (mut start, mut sum, mut count) = (new.start as usize, 0.0, 0_u32);
    let (none, new) = (&none.likelihood, &new.likelihood);
    let tokens = new.log_probs.iter().zip(&none.log_probs).zip(new.ends.iter());
    for ((new, none), &end) in tokens {
        let end = end as usize;
        while copies.next_if(|copy| copy.end <= start).is_some() {}
        if copies.peek().is_none_or(|copy| end <= copy.start) {
            sum += new - none;
            count += 1;
        }
        start = end;
    }
    (count > 0).then(|| (sum / f64::from(count)) as f32)
}
