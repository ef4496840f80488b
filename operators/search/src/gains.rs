//! What a thought gains. Signs and units: see [`Gains`].

use backstory_core::{Gains, Likelihood};
use backstory_quality::copied;

/// Lexer tokens of a run from which on it is a copy.
const COPY: u32 = 8;

/// What is there to compare once a thought has been searched.
pub(crate) struct Compared<'a> {
    pub(crate) first: &'a Likelihood,
    pub(crate) kept: &'a Likelihood,
    pub(crate) none: Option<&'a Likelihood>,
    pub(crate) swap: Option<&'a Likelihood>,
    /// The thought that was kept.
    pub(crate) thought: &'a str,
    pub(crate) target: &'a str,
}

impl Compared<'_> {
    /// All but the gains of the rounds.
    pub(crate) fn gains(&self) -> Gains {
        let kept = self.kept;
        Gains {
            vs_none: self.none.map(|none| gain(none, kept)),
            vs_first: Some(gain(self.first, kept)),
            rounds: vec![],
            leak_adjusted: self.none.and_then(|none| self.leak_adjusted(none)),
            swap_control: self.none.zip(self.swap).map(|(none, swap)| gain(none, swap)),
        }
    }

    /// Over the tokens that touch no copy.
    fn leak_adjusted(&self, none: &Likelihood) -> Option<f32> {
        let copies = copied(self.thought, self.target, COPY);
        let mut copies = copies.iter().peekable();
        let (mut start, mut sum, mut count) = (0, 0.0, 0_u32);
        let tokens = self.kept.log_probs.iter().zip(&none.log_probs).zip(self.kept.ends.iter());
        for ((kept, none), &end) in tokens {
            let end = end as usize;
            while copies.next_if(|copy| copy.end <= start).is_some() {}
            if copies.peek().is_none_or(|copy| end <= copy.start) {
                sum += kept - none;
                count += 1;
            }
            start = end;
        }
        (count > 0).then(|| (sum / f64::from(count)) as f32)
    }
}

/// What `new` gains over `old`, in nats per token.
pub(crate) fn gain(old: &Likelihood, new: &Likelihood) -> f32 {
    ((old.nats() - new.nats()) / new.log_probs.len() as f64) as f32
}
