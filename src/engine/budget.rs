//! What may be under way at a time: per worker from source to rows, and in the whole process while rows are
//! made.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use timely::scheduling::SyncActivator;

/// Repositories and bytes of source text that one worker has under way, against a limit of each.
///
/// Not shared between workers: a source that waits holds its epoch open, and with it all later epochs of
/// the others. The worker with the earliest epoch must always get its own credit back.
pub struct Budget {
    most: Charge,
    used: Charge,
}

#[derive(Clone, Copy, Default)]
struct Charge {
    repositories: u64,
    bytes: u64,
}

impl Budget {
    /// A budget of which nothing is used.
    pub fn new(repositories: u64, bytes: u64) -> Self {
        Self { most: Charge { repositories, bytes }, used: Charge::default() }
    }

    /// Charges a repository of `bytes` if there is room. One that is alone always has the bytes it needs.
    pub fn charge(&mut self, bytes: u64) -> bool {
        let used = &mut self.used;
        let fits = used.bytes == 0 || used.bytes.saturating_add(bytes) <= self.most.bytes;
        if used.repositories >= self.most.repositories || !fits {
            return false;
        }
        used.repositories += 1;
        used.bytes = used.bytes.saturating_add(bytes);
        true
    }

    /// Gives back some of what was charged.
    pub fn give_back(&mut self, repositories: u64, bytes: u64) {
        self.used.repositories -= repositories;
        self.used.bytes -= bytes;
    }
}

/// Repositories whose rows are being made in this process, against a limit of bytes of source text.
///
/// Rows take several times the room of their source, so that large repositories must not meet here. Whoever
/// is refused is woken when there is room, in the order of asking: a large repository is not overtaken for
/// ever by small ones. What is under way here waits for nobody, so nothing can wait in a circle.
pub struct Finishing {
    most: u64,
    state: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    repositories: u64,
    bytes: u64,
    /// Workers that were refused, the first one first.
    refused: VecDeque<usize>,
    /// By worker.
    wake: Vec<(usize, SyncActivator)>,
}

impl Finishing {
    /// Room for so many bytes, or for one repository, however large.
    pub fn new(most: u64) -> Self {
        Self { most, state: Mutex::default() }
    }

    /// Says how to wake a worker.
    pub fn register(&self, worker: usize, wake: SyncActivator) {
        self.lock().wake.push((worker, wake));
    }

    /// Lets in a repository of `bytes` that `worker` has, if there is room and nobody was refused before.
    pub fn enter(&self, worker: usize, bytes: u64) -> bool {
        let mut state = self.lock();
        let fits = state.repositories == 0 || state.bytes.saturating_add(bytes) <= self.most;
        let is_next = state.refused.front().is_none_or(|first| *first == worker);
        if !fits || !is_next {
            if !state.refused.contains(&worker) {
                state.refused.push_back(worker);
            }
            return false;
        }
        state.repositories += 1;
        state.bytes += bytes;
        if state.refused.pop_front().is_some() {
            state.wake_next();
        }
        true
    }

    /// Ends what [`Finishing::enter`] began.
    pub fn leave(&self, bytes: u64) {
        let mut state = self.lock();
        state.repositories -= 1;
        state.bytes -= bytes;
        state.wake_next();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, UnderWay> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    fn wake_next(&self) {
        let next = self.refused.front();
        for (_, wake) in self.wake.iter().filter(|(worker, _)| Some(worker) == next) {
            // An error means that the worker is gone, and wants nothing more.
            let _ = wake.activate();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold() {
        let mut budget = Budget::new(2, 10);
        assert!(budget.charge(4));
        assert!(!budget.charge(7), "too many bytes");
        assert!(budget.charge(6));
        assert!(!budget.charge(0), "too many repositories");
        budget.give_back(1, 4);
        assert!(budget.charge(4));
    }

    #[test]
    fn the_bytes_of_one_that_is_alone_do_not_matter() {
        let mut budget = Budget::new(2, 10);
        assert!(budget.charge(1_000));
        assert!(!budget.charge(1));
        budget.give_back(0, 1_000);
        assert!(budget.charge(2_000), "the first waits for its commit, and holds nothing");
        assert!(!budget.charge(0), "too many repositories");
    }

    #[test]
    fn large_ones_do_not_meet() {
        let finishing = Finishing::new(10);
        assert!(finishing.enter(0, 1_000));
        assert!(!finishing.enter(1, 1));
        finishing.leave(1_000);
        assert!(finishing.enter(1, 5));
        assert!(finishing.enter(0, 5));
        assert!(!finishing.enter(0, 1));
    }

    #[test]
    fn whoever_was_refused_comes_first() {
        let finishing = Finishing::new(10);
        assert!(finishing.enter(0, 5));
        assert!(!finishing.enter(1, 1_000));
        assert!(!finishing.enter(0, 1), "there is room, but another one waits");
        finishing.leave(5);
        assert!(!finishing.enter(0, 1));
        assert!(finishing.enter(1, 1_000));
        finishing.leave(1_000);
        assert!(finishing.enter(0, 1));
    }
}
