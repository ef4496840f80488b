//! One server as the pool sees it: slots in use, and whether it is there at all. No clock, no network.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::pace::{Epoch, Pace};

/// Time since the client was made.
pub(crate) type Now = Duration;

/// Failures in a row that make a server count as down.
const FAILURES: u32 = 3;
/// Unreadable answers in a row that do: one question may be the cause of a few.
const NONSENSE: u32 = 6;
/// How long a server is left alone at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How late a request may leave without the next one being put off: clocks tick in milliseconds.
const LATE: Duration = Duration::from_millis(4);

/// A slot of a server, to be given back with what came of it.
#[derive(Debug)]
pub(crate) struct Pass {
    pub endpoint: usize,
    epoch: Epoch,
    /// Whether this request is to find out if the server is back.
    probe: bool,
}

/// What came of a request, as far as it tells of the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    /// Answered, after `latency`, with as many `tokens`; 0 if that is not known.
    Answered { latency: Duration, tokens: u64 },
    /// Refused for what it asks: the server is fine.
    Rejected,
    /// Answered with what cannot be read.
    Nonsense(String),
    /// Refused because the server is busy; it may say for how long.
    Refused { message: String, retry_after: Option<Duration> },
    /// Not reached, broken off, or never finished.
    Broken(String),
    /// Refused for how it was asked: key, name or URL are wrong.
    Misconfigured(String),
    /// Not sent after all.
    Unsent,
}

/// Why a server is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Down,
    Refusing,
    Misconfigured,
}

/// A server that is not asked, until it is time to probe it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shut {
    pub why: Why,
    pub message: String,
    pub until: Now,
    probing: bool,
}

/// The state of a server.
#[derive(Debug)]
pub(crate) struct State {
    pace: Pace,
    in_flight: u32,
    /// Slots that refused requests still hold, by when they are free.
    held: BinaryHeap<Reverse<Now>>,
    /// When the next request may be sent, by the pace.
    next: Now,
    shut: Option<Shut>,
    /// Shuttings since the last answer.
    shuttings: u32,
    /// Failures and unreadable answers since the last answer.
    failures: u32,
    nonsense: u32,
    /// When the server is to be back by the longest wait it named since the last answer.
    back: Now,
}

impl State {
    pub fn new(max_in_flight: u32) -> Self {
        Self {
            pace: Pace::new(max_in_flight),
            in_flight: 0,
            held: BinaryHeap::new(),
            next: Now::ZERO,
            shut: None,
            shuttings: 0,
            failures: 0,
            nonsense: 0,
            back: Now::ZERO,
        }
    }

    /// Requests that the server works on.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Why it is not asked, if it is not.
    pub fn shut(&self) -> Option<&Shut> {
        self.shut.as_ref()
    }

    /// Whether it is to be probed.
    pub fn due(&self, now: Now) -> bool {
        self.shut.as_ref().is_some_and(|shut| !shut.probing && shut.until <= now)
    }

    /// Whether it may be sent a request.
    pub fn free(&mut self, now: Now) -> bool {
        while self.held.peek().is_some_and(|Reverse(until)| *until <= now) {
            self.held.pop();
        }
        let used = self.in_flight as usize + self.held.len();
        self.shut.is_none() && self.next <= now && used < self.pace.slots() as usize
    }

    /// When it may be free or due again without any request coming back.
    pub fn wakes(&self, now: Now) -> Option<Now> {
        match &self.shut {
            Some(shut) => (!shut.probing).then_some(shut.until),
            None if self.next > now => Some(self.next),
            None => self.held.peek().map(|Reverse(until)| *until),
        }
    }

    /// Takes a slot of a server that is free or due.
    pub fn take(&mut self, endpoint: usize, now: Now) -> Pass {
        self.in_flight += 1;
        self.next = self.next.max(now.saturating_sub(LATE)) + self.pace.interval();
        let probe = self.shut.is_some();
        if let Some(shut) = &mut self.shut {
            shut.probing = true;
        }
        Pass { endpoint, epoch: self.pace.epoch(), probe }
    }

    /// Gives a slot back.
    pub fn give_back(&mut self, pass: &Pass, seen: Seen, now: Now) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match seen {
            Seen::Answered { latency, tokens } => {
                self.pace.answered(pass.epoch, latency, tokens, self.in_flight);
                self.alive(pass);
            }
            Seen::Rejected => self.alive(pass),
            Seen::Nonsense(message) => {
                self.nonsense += 1;
                self.shut_if(self.nonsense >= NONSENSE, pass, Why::Down, message, now);
            }
            Seen::Refused { message, retry_after } => {
                self.held.push(Reverse(now + self.pace.hold()));
                self.back = self.back.max(now + retry_after.unwrap_or_default());
                let all = self.pace.refused(pass.epoch, self.in_flight);
                self.shut_if(all, pass, Why::Refusing, message, now);
            }
            Seen::Broken(message) => {
                self.failures += 1;
                self.shut_if(self.failures >= FAILURES, pass, Why::Down, message, now);
            }
            Seen::Misconfigured(message) => {
                self.shut_if(true, pass, Why::Misconfigured, message, now);
            }
            Seen::Unsent => {
                if let (true, Some(shut)) = (pass.probe, &mut self.shut) {
                    shut.probing = false;
                }
            }
        }
    }

    /// An answer from before it was shut does not open a server that said when it will be back.
    fn alive(&mut self, pass: &Pass) {
        let refusing = self.shut.as_ref().is_some_and(|shut| shut.why == Why::Refusing);
        if refusing && !pass.probe {
            return;
        }
        self.shut = None;
        (self.shuttings, self.failures, self.nonsense) = (0, 0, 0);
    }

    /// Leaves the server alone for a while if `enough`, or if this was to find out whether it is back. What
    /// comes back from before it was shut does not lengthen that.
    fn shut_if(&mut self, enough: bool, pass: &Pass, why: Why, message: String, now: Now) {
        if !(pass.probe || enough && self.shut.is_none()) {
            return;
        }
        let pause = match why {
            Why::Misconfigured => LONGEST_PAUSE,
            Why::Refusing if self.back > now => self.back.saturating_sub(now),
            Why::Down | Why::Refusing => pause(self.shuttings, pass.endpoint),
        };
        self.shuttings += 1;
        self.shut = Some(Shut { why, message, until: now + pause, probing: false });
    }
}

/// Doubles with every repetition, up to a limit; up to a quarter more or less, by `salt`, so that not all
/// come back at once.
pub(crate) fn pause(repetition: u32, salt: usize) -> Duration {
    let pause = FIRST_PAUSE.saturating_mul(1 << repetition.min(10)).min(LONGEST_PAUSE);
    let noise = mix((salt as u64) << 32 | u64::from(repetition)) >> 11;
    pause.mul_f64(0.75 + noise as f64 / (1_u64 << 53) as f64 / 2.0)
}

/// Spreads the bits of a number (the finaliser of `SplitMix64`).
pub(crate) fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn refused(seconds: Option<u64>) -> Seen {
        Seen::Refused { message: "429".into(), retry_after: seconds.map(Duration::from_secs) }
    }

    fn answered() -> Seen {
        Seen::Answered { latency: SECOND, tokens: 1 }
    }

    #[test]
    fn several_failures_in_a_row_shut_it_and_one_probe_at_a_time_opens_it() {
        let mut state = State::new(8);
        let passes: Vec<_> = (0..6).map(|_| state.take(0, Now::ZERO)).collect();
        for pass in &passes[..5] {
            state.give_back(pass, Seen::Broken("reset".into()), Now::ZERO);
        }
        let until = state.shut().map(|shut| shut.until).unwrap_or_default();
        assert!(until > SECOND / 2 && until < SECOND * 2, "five at once are one reason: {until:?}");
        assert!(!state.free(until) && !state.due(until / 2) && state.due(until));

        let probe = state.take(0, until);
        assert!(!state.due(until + SECOND * 99), "one at a time");
        state.give_back(&probe, Seen::Broken("reset".into()), until);
        let later = state.shut().map(|shut| shut.until).unwrap_or_default();
        assert!(later > until * 2, "it is left alone longer");
        let probe = state.take(0, later);
        state.give_back(&probe, answered(), later);
        assert!(state.free(later) && state.shut().is_none());
        state.give_back(&passes[5], Seen::Broken("reset".into()), later);
        assert!(state.shut().is_none(), "one failure is none");
    }

    #[test]
    fn a_window_of_refusals_shuts_it_for_the_longest_wait_named() {
        let mut state = State::new(3);
        let passes: Vec<_> = (0..3).map(|_| state.take(0, Now::ZERO)).collect();
        for (pass, wait) in passes.iter().zip([Some(7), Some(3), None]) {
            assert!(state.shut().is_none());
            state.give_back(pass, refused(wait), Now::ZERO);
        }
        assert_eq!(
            state.shut().map(|shut| (shut.why, shut.until)),
            Some((Why::Refusing, SECOND * 7))
        );
    }

    #[test]
    fn a_refused_request_keeps_its_slot_for_a_while() {
        let mut state = State::new(2);
        let passes = [state.take(0, Now::ZERO), state.take(0, Now::ZERO)];
        state.give_back(&passes[0], answered(), SECOND);
        let other = state.take(0, SECOND);
        state.give_back(&other, refused(None), SECOND);
        // A window of two: one answered, one refused.
        assert!(!state.free(SECOND), "one works, one is held");
        state.give_back(&passes[1], answered(), SECOND);
        assert!(!state.free(SECOND));
        assert_eq!(state.wakes(SECOND * 3), Some(SECOND * 2));
        assert!(state.free(SECOND * 2));
    }

    #[test]
    fn pauses_grow_and_differ() {
        let pauses: Vec<_> = (0..12).map(|repetition| pause(repetition, 1)).collect();
        assert!(pauses.windows(2).take(5).all(|pair| pair[0] < pair[1]), "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause >= SECOND * 3 / 4 && *pause <= SECOND * 75));
        assert_ne!(pause(0, 1), pause(0, 2));
    }
}
