use std::fmt;

use backstory_core::BuildError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Quality;
use crate::limits::{Limits, Numbers, mark};

/// A number that is known of a thought.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Share of the thought's runs of 8 tokens that occur in the file it is about, from 0 to 1.
    #[serde(rename = "copy-8")]
    Copy8,
    /// Share of the thought's runs of 13 tokens that occur in the file it is about, from 0 to 1.
    #[serde(rename = "copy-13")]
    Copy13,
    /// Tokens of the longest run that occurs in the file.
    LongestCopy,
    /// How many names of the file are in the thought, though nothing shown before has them.
    Ungrounded,
    /// How many phrases betray sight of the answer: `the given code`.
    HindsightTalk,
    /// Share of the thought's runs of 4 words that stood in it before, from 0 to 1.
    Repetition,
    /// How many words the thought has.
    Words,
}

impl Measure {
    /// All measures, in declaration order.
    pub const ALL: [Self; 7] = [
        Self::Copy8,
        Self::Copy13,
        Self::LongestCopy,
        Self::Ungrounded,
        Self::HindsightTalk,
        Self::Repetition,
        Self::Words,
    ];

    /// The name used in plans and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copy8 => "copy-8",
            Self::Copy13 => "copy-13",
            Self::LongestCopy => "longest-copy",
            Self::Ungrounded => "ungrounded",
            Self::HindsightTalk => "hindsight-talk",
            Self::Repetition => "repetition",
            Self::Words => "words",
        }
    }

    /// The number, out of what is known of a thought.
    pub fn of(self, quality: &Quality) -> f64 {
        match self {
            Self::Copy8 => quality.copy_8.into(),
            Self::Copy13 => quality.copy_13.into(),
            Self::LongestCopy => quality.longest_copy.into(),
            Self::Ungrounded => quality.n_ungrounded.into(),
            Self::HindsightTalk => quality.n_hindsight_talk.into(),
            Self::Repetition => quality.repetition.into(),
            Self::Words => quality.words.into(),
        }
    }

    const fn numbers(self) -> Numbers {
        match self {
            Self::Copy8 | Self::Copy13 | Self::Repetition => Numbers::Shares,
            Self::LongestCopy | Self::Ungrounded | Self::HindsightTalk | Self::Words => {
                Numbers::Counts
            }
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What becomes of a thought that a gate refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It is not used, and its file fails.
    Reject,
    /// It is used, and its row says what is wrong with it.
    Mark,
}

impl Then {
    /// The name used in plans.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Mark => "mark",
        }
    }
}

/// A limit that thoughts have to keep: `{ measure = "copy-13", above = 0.3, then = "reject", attempts = 2 }`.
/// At least one of `above` and `below` is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is measured.
    pub measure: Measure,
    /// Refuses a thought whose number is above this. The limit itself is not refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Refuses a thought whose number is below this. The limit itself is not refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// What becomes of a thought that is refused for good: `reject` does not use it, and its file fails;
    /// `mark` uses it, and its row says what is wrong with it.
    pub then: Then,
    /// How often another thought is asked for in place of a refused one, before it is refused for good.
    #[serde(default)]
    pub attempts: u32,
}

impl Gate {
    /// Why the gate refuses a thought, such as `copy-13 is 0.41, above 0.3`; none if it lets it pass.
    pub fn check(&self, quality: &Quality) -> Option<String> {
        self.limits().check(self.measure.of(quality))
    }

    fn limits(&self) -> Limits {
        let Self { measure, above, below, .. } = *self;
        Limits { name: measure.name(), numbers: measure.numbers(), above, below }
    }
}

/// What gates say of the thoughts about the file at `path` that were let pass, as sentences: thoughts in order,
/// numbered from 1, each with its gates in order.
pub fn marks(gates: &[Gate], path: &str, qualities: &[Quality]) -> Vec<String> {
    let of_thought = |(quality, number): (&Quality, usize)| {
        let why = gates.iter().filter_map(|gate| gate.check(quality));
        why.map(|why| mark(path, number, &why)).collect::<Vec<_>>()
    };
    qualities.iter().zip(1..).flat_map(of_thought).collect()
}

/// Checks the gates of an operator. All that is wrong is reported, under the key `gates`.
pub fn validate(gates: &[Gate]) -> Result<(), Vec<BuildError>> {
    let errors: Vec<_> = gates.iter().filter_map(|gate| gate.limits().problem("gates")).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

#[cfg(test)]
mod tests;
