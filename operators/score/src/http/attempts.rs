//! How often something is asked again, and after how long. No clock but the one that is given.

use std::time::Duration;

use super::wire::Trouble;

/// The first and the longest wait before asking again, where the server does not say.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What was tried for one answer.
#[derive(Debug)]
pub(super) struct Attempts {
    tries: u32,
    patience: Duration,
    /// Whether servers that are away are waited for.
    waits: bool,
    failed: u32,
    waited: u32,
    since: Option<Duration>,
}

impl Attempts {
    /// At most `tries` failures, and no longer than `patience` after the first. Servers that cannot be
    /// reached are failures, or waited for.
    pub fn new(tries: u32, patience: Duration, waits: bool) -> Self {
        Self { tries, patience, waits, failed: 0, waited: 0, since: None }
    }

    /// How long to wait before asking again after `trouble`, or none to give up. `now` is the time since
    /// any moment that is always the same.
    pub fn after(&mut self, trouble: &Trouble, now: Duration) -> Option<Duration> {
        let told = match trouble {
            Trouble::Rejected(_) | Trouble::Absent(_) | Trouble::Misconfigured(_) => return None,
            Trouble::Busy { retry_after, .. } => *retry_after,
            Trouble::Unreached(_) if self.waits => None,
            Trouble::Failed { retry_after, .. } => {
                self.failed += 1;
                *retry_after
            }
            Trouble::Unreached(_) | Trouble::Broken(_) | Trouble::Nonsense(_) => {
                self.failed += 1;
                None
            }
        };
        let usual = (FIRST_WAIT * (1 << self.waited.min(16))).min(LONGEST_WAIT);
        self.waited += 1;
        let wait = told.unwrap_or(usual);
        let end = *self.since.get_or_insert(now) + self.patience;
        (self.failed < self.tries && now.saturating_add(wait) <= end).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(attempts: &mut Attempts, trouble: &Trouble, now: f64) -> Option<f64> {
        attempts.after(trouble, Duration::from_secs_f64(now)).map(|wait| wait.as_secs_f64())
    }

    fn busy(seconds: Option<u64>) -> Trouble {
        Trouble::Busy { message: String::new(), retry_after: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn failures_are_counted_and_waits_double() {
        let mut attempts = Attempts::new(3, Duration::from_secs(10), false);
        assert_eq!(after(&mut attempts, &Trouble::Broken(String::new()), 0.0), Some(0.1));
        assert_eq!(after(&mut attempts, &busy(None), 1.0), Some(0.2));
        assert_eq!(after(&mut attempts, &Trouble::Nonsense(String::new()), 2.0), Some(0.4));
        assert_eq!(after(&mut attempts, &Trouble::Unreached(String::new()), 3.0), None);
    }

    #[test]
    fn busy_and_absent_servers_are_waited_for_until_patience_ends() {
        let mut attempts = Attempts::new(1, Duration::from_secs(10), true);
        assert_eq!(after(&mut attempts, &Trouble::Unreached(String::new()), 5.0), Some(0.1));
        assert_eq!(after(&mut attempts, &busy(Some(7)), 6.0), Some(7.0));
        assert_eq!(after(&mut attempts, &busy(Some(7)), 14.0), None);
    }

    #[test]
    fn what_is_refused_for_good_is_not_asked_again() {
        let mut attempts = Attempts::new(9, Duration::from_secs(10), true);
        for trouble in [Trouble::Rejected, Trouble::Absent, Trouble::Misconfigured] {
            assert_eq!(after(&mut attempts, &trouble(String::new()), 0.0), None);
        }
    }
}
