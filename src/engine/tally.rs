//! Counting what became of repositories and files.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use backstory_core::{LeftOut, Repository};
use serde::{Deserialize, Serialize};

/// What became of some repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Repositories with at least one trajectory.
    pub repositories: u64,
    /// Repositories without any, each with a row in `errors`.
    pub rejected: u64,
    /// Those of either sort whose rows took the place of others.
    pub replaced: u64,
    /// Repositories that are left to a later run; what rows they had they keep.
    pub abandoned: u64,
    /// Files of the repositories with trajectories: met, written, failed.
    pub files_seen: u64,
    /// Files written.
    pub files_written: u64,
    /// Files with a row in `errors`.
    pub files_failed: u64,
    /// Files left out, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Trajectories, by arm.
    pub trajectories: BTreeMap<String, u64>,
    /// Tokens of all sequences.
    pub tokens: u64,
    /// Those of them that are training targets.
    pub loss_tokens: u64,
    /// Rows in `errors`.
    pub errors: u64,
    /// Bytes of source text.
    pub bytes: u64,
}

impl Tally {
    /// Counts a repository that has a trajectory.
    pub(super) fn count_repository(&mut self, repository: &Repository) {
        self.repositories += 1;
        self.files_seen += repository.files_seen();
        self.files_written += repository.files.len() as u64;
        self.files_failed += repository.files_failed();
        self.bytes += repository.files.iter().map(|file| file.text.len() as u64).sum::<u64>();
        for (reason, count) in &repository.left_out {
            *self.left_out.entry(*reason).or_default() += count;
        }
    }

    /// Counts the trajectory and the sequence of a repository in one arm.
    pub(super) fn count_sequence(&mut self, arm: &str, loss_mask: &[bool]) {
        *self.trajectories.entry(arm.to_owned()).or_default() += 1;
        self.tokens += loss_mask.len() as u64;
        self.loss_tokens += loss_mask.iter().filter(|&&target| target).count() as u64;
    }

    /// Adds another tally to this one.
    pub fn add(&mut self, other: &Self) {
        self.repositories += other.repositories;
        self.rejected += other.rejected;
        self.replaced += other.replaced;
        self.abandoned += other.abandoned;
        self.files_seen += other.files_seen;
        self.files_written += other.files_written;
        self.files_failed += other.files_failed;
        self.tokens += other.tokens;
        self.loss_tokens += other.loss_tokens;
        self.errors += other.errors;
        self.bytes += other.bytes;
        for (reason, count) in &other.left_out {
            *self.left_out.entry(*reason).or_default() += count;
        }
        for (arm, count) in &other.trajectories {
            *self.trajectories.entry(arm.clone()).or_default() += count;
        }
    }

    /// Whether every file met is written, left out or failed.
    pub fn balances(&self) -> bool {
        let left_out = self.left_out.values().sum::<u64>();
        self.files_seen == self.files_written + self.files_failed + left_out
    }
}

/// What a run has done so far; read by whoever shows progress.
#[derive(Default)]
pub struct Progress {
    admitted: AtomicU64,
    finished: AtomicU64,
    unchanged: AtomicU64,
    committed: Mutex<Tally>,
}

impl Progress {
    /// Repositories that were started.
    pub fn admitted(&self) -> u64 {
        self.admitted.load(Ordering::Relaxed)
    }

    /// Repositories whose rows are made, committed or not.
    pub fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// Repositories whose rows are still what they should be.
    pub fn unchanged(&self) -> u64 {
        self.unchanged.load(Ordering::Relaxed)
    }

    /// What was committed by this run.
    pub fn committed(&self) -> Tally {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn count_admitted(&self) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_finished(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_unchanged(&self) {
        self.unchanged.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_committed(&self, tally: &Tally) {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).add(tally);
    }
}
