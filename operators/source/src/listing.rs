//! What a repository holds, before any file of it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use backstory_core::{Failure, FailureKind, LeftOut, Stage};

use crate::filter::{Filter, Purpose};

/// Larger READMEs and manifests are data. Manifests that programs write, such as `compile_commands.json`,
/// are some megabytes long.
pub(crate) const CONTEXT_BYTES: u64 = 8 * 1024 * 1024;

/// Files and folders of one repository. A commit of a few hundred bytes can stand for more files than
/// there are atoms, each folder holding the next one ten times.
pub(crate) const MOST_ENTRIES: u64 = if cfg!(test) { 200_000 } else { 5_000_000 };

/// A file that is to be read. `H` is what the source needs to read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<H> {
    pub(crate) path: Arc<str>,
    pub(crate) purpose: Purpose,
    pub(crate) size: u64,
    pub(crate) handle: H,
}

/// All files of a repository: those to read, and the verdict on all others.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listing<H> {
    /// Sorted by path once [`Listing::finish`] ran.
    pub(crate) entries: Vec<Entry<H>>,
    pub(crate) left_out: BTreeMap<LeftOut, u64>,
    pub(crate) failures: Vec<Failure>,
    seen: u64,
}

impl<H> Listing<H> {
    pub(crate) fn new() -> Self {
        Self { entries: vec![], left_out: BTreeMap::new(), failures: vec![], seen: 0 }
    }

    /// Counts a file or folder that was met, whatever becomes of it.
    pub(crate) fn meet(&mut self) -> Result<(), Failure> {
        self.seen += 1;
        if self.seen <= MOST_ENTRIES {
            return Ok(());
        }
        let message = format!("more than {MOST_ENTRIES} files and folders");
        Err(Failure::repository(Stage::Source, FailureKind::TooLarge, message))
    }

    pub(crate) fn leave_out(&mut self, reason: LeftOut) {
        *self.left_out.entry(reason).or_default() += 1;
    }

    pub(crate) fn fail(&mut self, path: &str, kind: FailureKind, message: impl Into<String>) {
        self.failures.push(Failure::file(path, Stage::Source, kind, message));
    }

    /// Takes a file that is worth reading, unless it is too large for what `filter` is for.
    pub(crate) fn add(
        &mut self,
        path: &str,
        purpose: Purpose,
        size: u64,
        filter: &Filter,
        handle: H,
    ) {
        let most = match purpose {
            Purpose::Source(_) if filter.keeps_all() => u64::MAX,
            Purpose::Source(_) => filter.limits.file_bytes,
            Purpose::Context => CONTEXT_BYTES,
        };
        match purpose {
            Purpose::Source(_) if size > most => return self.leave_out(LeftOut::TooLarge),
            Purpose::Source(_) => {}
            Purpose::Context => self.leave_out(LeftOut::NotSource),
        }
        if size <= most {
            self.entries.push(Entry { path: path.into(), purpose, size, handle });
        }
    }

    /// Sorts. A path that is there twice, which only a broken commit can have, fails.
    pub(crate) fn finish(mut self) -> Self {
        self.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let failures = &mut self.failures;
        self.entries.dedup_by(|second, first| {
            let double = second.path == first.path;
            if double {
                let message = "the commit holds two files of this path";
                let path = Arc::clone(&first.path);
                failures.push(Failure::file(path, Stage::Source, FailureKind::Unreadable, message));
            }
            double
        });
        self.failures.sort_unstable();
        self
    }
}
