//! What may be under way at a time, per worker.
//!
//! Not shared between workers: a source that waits holds its epoch open, and with it all later epochs of
//! the others. The worker with the earliest epoch must always get its own credit back.

/// Repositories and bytes of source text under way, against a limit of each.
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

    /// Charges a repository of `bytes` if there is room. One is always let in, however large.
    pub fn charge(&mut self, bytes: u64) -> bool {
        let used = &mut self.used;
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
    pub fn give_back(&mut self, bytes: u64) {
        self.used.repositories -= 1;
        self.used.bytes -= bytes;
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
        budget.give_back(4);
        assert!(budget.charge(4));
    }

    #[test]
    fn one_is_always_let_in_and_then_alone() {
        let mut budget = Budget::new(2, 10);
        assert!(budget.charge(1_000));
        assert!(!budget.charge(0));
        budget.give_back(1_000);
        assert!(budget.charge(10));
    }
}
