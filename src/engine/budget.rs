//! What may be under way in a process at a time.
//!
//! One budget for all workers: the rows of a repository take about ten times the room of its source, and
//! with a budget each, all workers could hold a large one at once.

use std::sync::{Mutex, PoisonError};

/// Repositories and bytes of source text under way, against a limit of each.
pub struct Budget {
    most: Charge,
    used: Mutex<Charge>,
}

#[derive(Clone, Copy, Default)]
struct Charge {
    repositories: u64,
    bytes: u64,
}

impl Budget {
    /// A budget of which nothing is used.
    pub fn new(repositories: u64, bytes: u64) -> Self {
        Self { most: Charge { repositories, bytes }, used: Mutex::default() }
    }

    /// Charges a repository of `bytes` if there is room. One is always let in, however large.
    pub fn charge(&self, bytes: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = used.repositories < self.most.repositories
            && used.bytes.saturating_add(bytes) <= self.most.bytes;
        if used.repositories > 0 && !fits {
            return false;
        }
        used.repositories += 1;
        used.bytes = used.bytes.saturating_add(bytes);
        true
    }

    /// Gives back what was charged for a repository of `bytes`.
    pub fn give_back(&self, bytes: u64) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.repositories -= 1;
        used.bytes -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold() {
        let budget = Budget::new(2, 10);
        assert!(budget.charge(4));
        assert!(!budget.charge(7), "too many bytes");
        assert!(budget.charge(6));
        assert!(!budget.charge(0), "too many repositories");
        budget.give_back(4);
        assert!(budget.charge(4));
    }

    #[test]
    fn one_is_always_let_in_and_then_alone() {
        let budget = Budget::new(2, 10);
        assert!(budget.charge(1_000));
        assert!(!budget.charge(0));
        budget.give_back(1_000);
        assert!(budget.charge(10));
    }
}
