//! How long to hope, and for what.

use std::error::Error as _;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use object_store::Error;
use object_store::client::HttpError;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(15);

/// The time that is left until something is given up, and the time until it is tried again.
#[derive(Debug)]
pub(crate) struct Patience {
    limit: Duration,
    since: Instant,
    next: Duration,
}

impl Patience {
    pub fn new(limit: Duration) -> Self {
        Self { limit, since: Instant::now(), next: FIRST }
    }

    /// Begins anew: something went well.
    pub fn renew(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Waits twice as long as the last time, more or less. False if there is no time left for that.
    pub async fn wait(&mut self) -> bool {
        let left = self.limit.saturating_sub(self.since.elapsed());
        if left.is_zero() {
            return false;
        }
        // Between half of it and all of it, so that those who were refused together do not come back together.
        let jitter = RandomState::new().build_hasher().finish() % 512;
        let sleep = self.next.mul_f64(0.5 + jitter as f64 / 1024.0);
        self.next = (self.next * 2).min(LONGEST);
        tokio::time::sleep(sleep.min(left)).await;
        true
    }
}

/// Whether the same request may well succeed a little later.
pub(crate) fn passes(error: &Error) -> bool {
    if is_conflict(error) {
        return true;
    }
    if let Some(status) = status(error) {
        let slow = status == 400 && error.to_string().contains("<Code>RequestTimeout</Code>");
        return matches!(status, 408 | 429 | 500..) || slow || in_body(error);
    }
    chain(error).any(|cause| cause.downcast_ref::<HttpError>().is_some()) || in_body(error)
}

/// Whether two conditional writes met, and the store wants one of them to come again.
pub(crate) fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::AlreadyExists { .. } | Error::Precondition { .. })
        && error.to_string().contains("<Code>ConditionalRequestConflict</Code>")
}

/// S3 has begun to answer "200 OK" by the time that it fails at what takes long, or at one object of many.
fn in_body(error: &Error) -> bool {
    let text = error.to_string();
    let told = text.contains("Server returned error response") || text.contains("(code: ");
    told && (text.contains("InternalError") || text.contains("SlowDown"))
}

/// The status of an answer that says no. The type that holds it is not public; its text is tested against a
/// server.
pub(crate) fn status(error: &Error) -> Option<u16> {
    let text = error.to_string();
    let (_, after) = text.split_once("non-2xx status code: ")?;
    after.get(..3)?.parse().ok()
}

/// An error with all its causes.
pub(crate) fn chain(
    error: &Error,
) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> + '_ {
    std::iter::successors(error.source(), |&cause| cause.source())
}
