use serde::{Deserialize, Serialize};

use crate::Quality;

/// What is known of all thoughts of a trajectory together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many thoughts there are.
    pub thoughts: u32,
    /// Share of all 8-grams of all thoughts that occur in the files they are about, from 0 to 1: the mean of
    /// [`Quality::copy_8`], each thought with the weight of its 8-grams, so that short ones count little.
    pub copy_8: f32,
    /// The same with 13-grams.
    pub copy_13: f32,
    /// The largest [`Quality::longest_copy`], in tokens.
    pub longest_copy: u32,
    /// Sum of [`Quality::n_ungrounded`]: names, counted anew in every thought.
    pub ungrounded: u64,
    /// Sum of [`Quality::n_hindsight_talk`]: phrases.
    pub hindsight_talk: u64,
    /// The largest [`Quality::repetition`], from 0 to 1.
    pub repetition: f32,
    /// Sum of [`Quality::words`].
    pub words: u64,
}

impl Summary {
    /// The summary of some thoughts. All is 0 if there are none.
    pub fn of<'a>(thoughts: impl IntoIterator<Item = &'a Quality>) -> Self {
        let mut summary = Self::default();
        let (mut copy_8, mut copy_13) = (Mean::default(), Mean::default());
        for thought in thoughts {
            copy_8.add(thought.copy_8, thought.tokens, 8);
            copy_13.add(thought.copy_13, thought.tokens, 13);
            summary.thoughts += 1;
            summary.longest_copy = summary.longest_copy.max(thought.longest_copy);
            summary.ungrounded += u64::from(thought.n_ungrounded);
            summary.hindsight_talk += u64::from(thought.n_hindsight_talk);
            summary.repetition = summary.repetition.max(thought.repetition);
            summary.words += u64::from(thought.words);
        }
        Self { copy_8: copy_8.get(), copy_13: copy_13.get(), ..summary }
    }
}

/// A mean by n-grams.
#[derive(Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, share: f32, tokens: u32, n: u32) {
        let n_grams = f64::from((tokens + 1).saturating_sub(n));
        self.sum += f64::from(share) * n_grams;
        self.weight += n_grams;
    }

    fn get(&self) -> f32 {
        if self.weight == 0.0 { 0.0 } else { (self.sum / self.weight) as f32 }
    }
}
