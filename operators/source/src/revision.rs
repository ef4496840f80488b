//! What stands for the state of a repository, without reading it.
//!
//! A revision is a digest of the reader (the configuration of the source, and the rules that it reads by)
//! and of whatever marks a state: a commit, the tag that a store gives an object, the stamps of files.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backstory_core::{Digest, FailureKind, Hasher};
use serde::Serialize;

use crate::filter::Purpose;
use crate::listing::Listing;
use crate::walk::Stamp;

/// Raised whenever this crate reads something in another way than before: what is left out, what is
/// generated, what a license is.
const RULES: u32 = 1;

/// A file that was written to less than this before it was looked at can be written to again without a new
/// stamp: clocks of file systems are coarse, and those of other machines are off.
const RACY: Duration = Duration::from_secs(2);

/// Whoever reads: equal ones get equal repositories out of equal states.
pub(crate) struct Reader(Digest);

impl Reader {
    /// The reader of a kind with a configuration.
    pub(crate) fn of(kind: &str, config: &impl Serialize) -> Self {
        let config = serde_json::to_string(config).unwrap_or_default();
        let mut hasher = Hasher::new();
        hasher.field(env!("CARGO_PKG_VERSION")).field(RULES.to_le_bytes());
        Self(hasher.field(kind).field(config).finish())
    }

    /// The revision of a state that these fields mark.
    pub(crate) fn revision(&self, state: impl IntoIterator<Item: AsRef<[u8]>>) -> String {
        let mut hasher = Hasher::new();
        hasher.field(self.0.0);
        state.into_iter().for_each(|field| _ = hasher.field(field));
        hasher.finish().to_string()
    }

    /// The revision of a folder that was listed after `moment`; none if a file may change, or have changed,
    /// and look the same.
    pub(crate) fn of_listing(&self, listing: &Listing<Stamp>, moment: Moment) -> Option<String> {
        let mut hasher = Hasher::new();
        hasher.field(self.0.0);
        for entry in &listing.entries {
            if !entry.handle.is_before(moment) {
                return None;
            }
            let language = match entry.purpose {
                Purpose::Source(language) => language,
                Purpose::Context => "",
            };
            hasher.field(&*entry.path).field(language);
            hasher.field(entry.size.to_le_bytes()).field(entry.handle.bytes());
        }
        hasher.field("left out");
        for (reason, count) in &listing.left_out {
            hasher.field(reason.name()).field(count.to_le_bytes());
        }
        for failure in &listing.failures {
            // It may be readable next time without anything that is listed changing.
            if failure.kind == FailureKind::Unreadable {
                return None;
            }
            hasher.field(failure.path.as_deref().unwrap_or_default()).field(&failure.message);
        }
        Some(hasher.finish().to_string())
    }
}

/// A moment that stamps are compared with: seconds and nanoseconds of the clock.
#[derive(Clone, Copy)]
pub(crate) struct Moment((i64, i64));

impl Moment {
    /// The latest at which a file must have been left alone to be trusted now.
    pub(crate) fn now() -> Self {
        Self::ago(RACY)
    }

    /// Whether it is later than another one, in seconds and nanoseconds.
    pub(crate) fn is_after(self, other: (i64, i64)) -> bool {
        other < self.0
    }

    /// So long ago.
    pub(crate) fn ago(time: Duration) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let moment = since.saturating_sub(time);
        Self((moment.as_secs() as i64, i64::from(moment.subsec_nanos())))
    }
}

#[cfg(test)]
mod tests;
