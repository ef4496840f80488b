//! The pace against simulated servers, in simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

/// When something happens: microseconds from the start.
type At = u64;

/// A server that refuses at once, or answers after a while.
trait Limiter {
    fn accepts(&mut self, now: At, working: u32) -> bool;
}

/// A bucket of `burst` tokens that fills at `rate` a second.
struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    last: At,
}

impl Bucket {
    fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, tokens: burst, last: 0 }
    }
}

impl Limiter for Bucket {
    fn accepts(&mut self, now: At, _: u32) -> bool {
        let filled = self.tokens + (now - self.last) as f64 / 1e6 * self.rate;
        self.tokens = filled.min(self.burst);
        self.last = now;
        let accepts = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(accepts));
        accepts
    }
}

/// So many at once.
struct Slots(u32);

impl Limiter for Slots {
    fn accepts(&mut self, _: At, working: u32) -> bool {
        working < self.0
    }
}

#[derive(Debug, Default)]
struct Run {
    answered: u32,
    refused: u32,
    /// Answered in the last half.
    last_half: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Answer { epoch: u32, latency: u64 },
    Refusal { epoch: u32 },
    Free,
    Next,
}

/// A client that always has something to send, for `seconds`.
fn run(pace: &mut Pace, limiter: &mut dyn Limiter, latency: u64, seconds: u64) -> Run {
    let mut run = Run::default();
    let mut events = BinaryHeap::new();
    // Sent, and working or not known to be refused yet.
    let mut waiting = 0;
    let (mut now, mut used, mut working, mut sent, mut next) = (0, 0, 0, 0_u64, 0);
    while now < seconds * 1_000_000 {
        while used < pace.slots() && now >= next {
            next = now + pace.interval().as_micros() as u64;
            used += 1;
            sent += 1;
            let epoch = pace.epoch().0;
            if limiter.accepts(now, working) {
                working += 1;
                // Answers differ in length by a fifth up and down, in no pattern.
                let latency = latency * (80 + sent.wrapping_mul(0x9E37_79B9) % 41) / 100;
                events.push(Reverse((now + latency, Event::Answer { epoch, latency })));
            } else {
                waiting += 1;
                events.push(Reverse((now + 2_000, Event::Refusal { epoch })));
            }
        }
        if used < pace.slots() {
            events.push(Reverse((next, Event::Next)));
        }
        let Some(Reverse((at, event))) = events.pop() else { break };
        now = at;
        match event {
            Event::Answer { epoch, latency } => {
                used -= 1;
                working -= 1;
                run.answered += 1;
                run.last_half += u32::from(now >= seconds * 500_000);
                pace.answered(Epoch(epoch), Duration::from_micros(latency), 100, working + waiting);
            }
            Event::Refusal { epoch } => {
                run.refused += 1;
                waiting -= 1;
                pace.refused(Epoch(epoch), working + waiting);
                let held = pace.hold().as_micros() as u64;
                events.push(Reverse((now + held, Event::Free)));
            }
            Event::Free => used -= 1,
            Event::Next => {}
        }
    }
    run
}

const LATENCIES: [u64; 3] = [50_000, 200_000, 2_000_000];

#[test]
fn a_limit_on_the_rate_is_used() {
    for (latency, burst) in LATENCIES.into_iter().flat_map(|at| [(at, 10.0), (at, 50.0)]) {
        let mut pace = Pace::new(256);
        let run = run(&mut pace, &mut Bucket::new(50.0, burst), latency, 120);
        let used = f64::from(run.last_half) / (60.0 * 50.0);
        assert!(used >= 0.97, "{latency} {burst}: {used} {run:?}");
        assert!(run.refused < run.answered / 2, "{latency} {burst}: {run:?}");
    }
    let mut pace = Pace::new(256);
    let run = run(&mut pace, &mut Bucket::new(50.0, 10.0), 200_000, 60);
    assert!(run.answered >= 50 * 60 * 95 / 100, "from its start on: {run:?}");
}

#[test]
fn a_limit_on_slots_is_found() {
    for latency in LATENCIES {
        let mut pace = Pace::new(512);
        let run = run(&mut pace, &mut Slots(100), latency, 120);
        let used = f64::from(run.last_half) * latency as f64 / (60e6 * 100.0);
        assert!(used >= 0.97, "{latency}: {used} {run:?}");
        assert!((90..115).contains(&pace.slots()), "{latency}: {pace:?}");
    }
}

#[test]
fn a_server_with_room_is_kept_full() {
    let mut pace = Pace::new(256);
    let run = run(&mut pace, &mut Slots(256), 200_000, 60);
    assert_eq!((run.refused, pace.slots()), (0, 256));
    assert!(run.answered >= 256 * 5 * 60 * 97 / 100, "{run:?}");
}

#[test]
fn what_comes_from_before_a_step_down_steps_no_further() {
    let mut pace = Pace::new(8);
    let old = pace.epoch();
    assert!((0..7).all(|_| !pace.refused(old, 0)));
    assert!(pace.refused(old, 0), "a window of refusals");
    assert_eq!(pace.slots(), 4);
    assert!((0..100).all(|_| !pace.refused(old, 0)));
    assert_eq!(pace.slots(), 4);
    let epoch = pace.epoch();
    let grown = [5, 7, 8, 8].map(|slots| {
        (0..pace.slots()).for_each(|_| pace.answered(epoch, UNSEEN, 0, 0));
        assert_eq!(pace.slots(), slots);
    });
    assert_eq!(grown.len(), 4);
}

#[test]
fn work_in_progress_is_not_refused() {
    let mut pace = Pace::new(100);
    let epoch = pace.epoch();
    assert!((0..100).all(|_| !pace.refused(epoch, 300)));
    assert_eq!(pace.slots(), 75);
}

#[test]
fn slow_tokens_lower_the_limit_a_little() {
    let mut pace = Pace::new(20);
    let mut window = |millis, tokens| {
        let epoch = pace.epoch();
        let latency = Duration::from_millis(millis);
        (0..pace.slots()).for_each(|_| pace.answered(epoch, latency, tokens, 0));
        pace.slots()
    };
    assert_eq!(window(1000, 100), 20);
    assert_eq!(window(9000, 900), 20, "long answers are not slow");
    assert_eq!(window(2500, 100), 18);
    assert_eq!(window(2500, 0), 19, "unknown tokens say nothing");
}

#[test]
fn the_limit_stays_within_its_bounds() {
    let mut pace = Pace::new(0);
    for round in 0..100_u32 {
        assert!(pace.refused(pace.epoch(), 0));
        assert_eq!(pace.slots(), 1);
        assert!(pace.hold() <= UNSEEN * 64, "{round}");
    }
    assert!(pace.interval() >= UNSEEN);
    (0..100).for_each(|_| pace.answered(pace.epoch(), UNSEEN, 1, 0));
    assert_eq!(pace.slots(), 1);
}
