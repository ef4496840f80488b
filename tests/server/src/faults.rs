//! What goes wrong, and how often.

use std::time::Duration;

/// Something that goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// "500 Internal Server Error"; nothing was done.
    Internal,
    /// "500 Internal Server Error"; what was asked for has been done all the same.
    InternalAfter,
    /// "503 Slow Down"; nothing was done.
    SlowDown,
    /// The connection is lost; nothing was done.
    ResetBefore,
    /// The connection is lost; what was asked for has been done.
    ResetAfter,
    /// What was asked for has been done, and the answer takes [`Faults::stall`].
    Stall,
    /// The connection is lost in the middle of the body of the answer, if it has one.
    Truncate,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Internal,
        Self::InternalAfter,
        Self::SlowDown,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::Stall,
        Self::Truncate,
    ];
}

/// What goes wrong from now on. By default nothing does.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Which requests they hit: the n-th one since these faults were set always meets the same fate.
    pub seed: u64,
    /// The part of all requests that something goes wrong with, between 0 and 1.
    pub rate: f64,
    /// What goes wrong, each as often as the others.
    pub kinds: Vec<Fault>,
    /// How many requests go wrong at most, if there is an end to it.
    pub limit: Option<u64>,
    /// How long an answer takes that stalls. Choose more than the client's patience.
    pub stall: Duration,
}

impl Faults {
    /// What happens to the n-th request.
    pub(crate) fn draw(&self, number: u64) -> Option<Fault> {
        let drawn = mix(self.seed ^ mix(number));
        let spared = (drawn >> 11) as f64 / (1_u64 << 53) as f64 >= self.rate;
        if spared || self.kinds.is_empty() {
            return None;
        }
        let kind = mix(drawn) % self.kinds.len() as u64;
        Some(self.kinds[kind as usize])
    }
}

/// One step of `SplitMix64`.
fn mix(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
