//! Limits that what a thought gains has to keep.

use backstory_core::{BuildError, Gains};
use backstory_quality::{Limits, Numbers, mark};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a thought gains, in nats per token of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GainMeasure {
    /// What the thought gains over no thought at all.
    VsNone,
    /// What the thought gains over the one that was simulated.
    VsFirst,
    /// What the thought gains over no thought, where the file does not repeat it.
    LeakAdjusted,
    /// What a thought about another file gains over no thought. Known of the files of `swap_share` alone.
    SwapControl,
}

impl GainMeasure {
    /// All measures, in declaration order.
    pub const ALL: [Self; 4] = [Self::VsNone, Self::VsFirst, Self::LeakAdjusted, Self::SwapControl];

    /// The name used in plans and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VsNone => "vs-none",
            Self::VsFirst => "vs-first",
            Self::LeakAdjusted => "leak-adjusted",
            Self::SwapControl => "swap-control",
        }
    }

    /// The number, if it is known.
    pub fn of(self, gains: &Gains) -> Option<f32> {
        match self {
            Self::VsNone => gains.vs_none,
            Self::VsFirst => gains.vs_first,
            Self::LeakAdjusted => gains.leak_adjusted,
            Self::SwapControl => gains.swap_control,
        }
    }
}

/// What becomes of a thought whose gain a gate refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GainThen {
    /// It is taken out, and its file does without it.
    Drop,
    /// It stays, and its row says what is wrong with it.
    Mark,
    /// Its file fails.
    Reject,
}

impl GainThen {
    /// The name used in plans.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Mark => "mark",
            Self::Reject => "reject",
        }
    }
}

/// A limit that the gain of a thought has to keep: `{ measure = "vs-none", below = 0.0, then = "drop" }`. At
/// least one of `above` and `below` is given. A gain that is not known passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GainGate {
    /// What is measured.
    pub measure: GainMeasure,
    /// Refuses a gain above this, in nats per token of the file. The limit itself is not refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Refuses a gain below this, in nats per token of the file. The limit itself is not refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// What becomes of a thought whose gain is refused: `drop` takes it out of the draft, `mark` leaves it
    /// there and says in its row what is wrong with it, `reject` fails its file.
    pub then: GainThen,
}

impl GainGate {
    /// Why the gate refuses a thought, such as `vs-none is -0.02, below 0`; none if it lets it pass.
    pub fn check(&self, gains: &Gains) -> Option<String> {
        self.limits().check(self.measure.of(gains)?.into())
    }

    /// What is wrong with the gate, if anything.
    pub(crate) fn problem(&self) -> Option<BuildError> {
        self.limits().problem("gain_gates")
    }

    fn limits(&self) -> Limits {
        let Self { measure, above, below, .. } = *self;
        Limits { name: measure.name(), numbers: Numbers::Gains, above, below }
    }
}

/// What gates do to a thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Stays,
    Dropped(String),
    Rejected(String),
}

/// The hardest of what gates say. The first of those that are as hard gives the reason.
pub(crate) fn verdict(gates: &[GainGate], gains: &Gains) -> Verdict {
    let why = |then| {
        let mut gates = gates.iter().filter(|gate| gate.then == then);
        gates.find_map(|gate| gate.check(gains))
    };
    let dropped = || why(GainThen::Drop).map(Verdict::Dropped);
    why(GainThen::Reject).map(Verdict::Rejected).or_else(dropped).unwrap_or(Verdict::Stays)
}

/// What gates say of the thoughts about the file at `path`, as [`backstory_quality::marks`] does.
pub(crate) fn marks(gates: &[GainGate], path: &str, gains: &[Gains]) -> Vec<String> {
    let of_thought = |(gains, number): (&Gains, usize)| {
        let why = gates.iter().filter_map(|gate| gate.check(gains));
        why.map(|why| mark(path, number, &why)).collect::<Vec<_>>()
    };
    gains.iter().zip(1..).flat_map(of_thought).collect()
}

#[cfg(test)]
mod tests;
