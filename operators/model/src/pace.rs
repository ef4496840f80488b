//! How many requests one server is given at once. No clock, no network: told what became of each request.
//!
//! The limit starts at its ceiling and is set anew after every window of as many outcomes as the limit:
//!
//! - with refusals it is multiplied by the share that was not refused, at least by half. In proportion, as
//!   DCTCP does (RFC 8257), so that little is given away at a limit that is exceeded a little. Requests that
//!   are being worked on count as not refused: refusals come at once, answers take their time;
//! - without, it grows by one, then by two, four and so on while all goes well, so that an answer that takes
//!   minutes does not make recovery take hours;
//! - when a token takes more than twice as long as it usually does, it shrinks by a tenth.
//!
//! After each step down, outcomes of requests sent before it change the limit no more: they tell of the old
//! limit.

use std::time::Duration;

/// Answers needed to judge how long tokens take.
const TIMED_ANSWERS: u32 = 8;
/// Weight of a new observation in long-term means.
const NEW: f64 = 0.1;
/// Slower than usual by this factor is too slow.
const TOO_SLOW: f64 = 2.0;
/// How long an answer takes while none was seen.
const UNSEEN: Duration = Duration::from_secs(1);

/// The limit of one server.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    ceiling: f64,
    limit: f64,
    /// How much the limit grows after a good window.
    growth: f64,
    /// Whether the server ever refused.
    spread: bool,
    /// Counts steps down.
    epoch: u32,
    window: Window,
    /// Mean seconds of an answer.
    answer_seconds: Option<f64>,
    /// Mean seconds of a token.
    token_seconds: Option<f64>,
}

/// What a window has seen so far.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    answered: u32,
    refused: u32,
    timed: u32,
    seconds: f64,
    tokens: u64,
}

/// When a request was sent, in steps down of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u32);

impl Pace {
    pub fn new(ceiling: u32) -> Self {
        let ceiling = f64::from(ceiling.max(1));
        Self {
            ceiling,
            limit: ceiling,
            growth: 1.0,
            spread: false,
            epoch: 0,
            window: Window::default(),
            answer_seconds: None,
            token_seconds: None,
        }
    }

    /// How many requests the server may be given at once.
    pub fn slots(&self) -> u32 {
        self.limit as u32
    }

    /// To be kept with a request that is sent now.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.epoch)
    }

    /// How long a refused request keeps its slot: as long as an answer takes, so that requests leave at the
    /// rate of limit by latency whether they are refused or not.
    pub fn hold(&self) -> Duration {
        let unseen = || UNSEEN * (1 << self.epoch.min(6));
        self.answer_seconds.map_or_else(unseen, Duration::from_secs_f64)
    }

    /// How long after a request the next may be sent. Once the server has refused any, they are spread
    /// evenly: a limit on the rate refuses what comes in a bunch, however few it is.
    pub fn interval(&self) -> Duration {
        if self.spread { self.hold().div_f64(self.limit) } else { Duration::ZERO }
    }

    /// A request of `epoch` was answered after `latency` with as many `tokens`, 0 if that is not known,
    /// while the server works on `working` others.
    pub fn answered(&mut self, epoch: Epoch, latency: Duration, tokens: u64, working: u32) {
        let seconds = latency.as_secs_f64();
        mean(&mut self.answer_seconds, seconds);
        if epoch != self.epoch() {
            return;
        }
        self.window.answered += 1;
        if tokens > 0 {
            self.window.timed += 1;
            self.window.seconds += seconds;
            self.window.tokens += tokens;
        }
        self.step(working);
    }

    /// A request of `epoch` was refused while the server works on `working` others. Whether that ends a
    /// window in which all were, and nothing is being worked on.
    pub fn refused(&mut self, epoch: Epoch, working: u32) -> bool {
        if epoch != self.epoch() {
            return false;
        }
        self.window.refused += 1;
        let all = self.window.answered + working == 0;
        self.step(working) && all
    }

    /// Sets the limit anew if a window is full. Whether it was.
    fn step(&mut self, working: u32) -> bool {
        let Window { answered, refused, .. } = self.window;
        if answered + refused < self.slots() {
            return false;
        }
        let slow = self.slow();
        if refused > 0 {
            let share = f64::from(refused) / f64::from(answered + refused + working);
            self.spread = true;
            self.lower((1.0 - share).max(0.5));
        } else if slow {
            self.lower(0.9);
        } else {
            self.raise();
        }
        self.window = Window::default();
        true
    }

    fn lower(&mut self, factor: f64) {
        self.limit = (self.limit * factor).max(1.0);
        self.growth = 1.0;
        self.epoch = self.epoch.wrapping_add(1);
    }

    fn raise(&mut self) {
        self.limit = (self.limit + self.growth).min(self.ceiling);
        self.growth *= 2.0;
    }

    /// Whether the tokens of the window took too long, compared with all before.
    fn slow(&mut self) -> bool {
        let Window { timed, seconds, tokens, .. } = self.window;
        if timed < TIMED_ANSWERS || tokens == 0 {
            return false;
        }
        let now = seconds / tokens as f64;
        let usual = self.token_seconds;
        mean(&mut self.token_seconds, now);
        usual.is_some_and(|usual| now > usual * TOO_SLOW)
    }
}

fn mean(mean: &mut Option<f64>, new: f64) {
    *mean = Some(mean.map_or(new, |old| old + (new - old) * NEW));
}

#[cfg(test)]
mod tests;
