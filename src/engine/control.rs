//! Stopping a run, from inside or outside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;
use timely::scheduling::SyncActivator;

use crate::tables::OutputError;

/// Why a run ended before its source did.
#[derive(Debug, Error)]
pub enum RunError {
    /// The output failed.
    #[error(transparent)]
    Output(OutputError),
    /// Two repositories cannot be told apart.
    #[error("\"{0}\" and \"{1}\" have the same identifier\nhint: rename one of them")]
    SameIdentifier(String, String),
    /// Threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
}

/// Lets a run be stopped: gently, so that what is under way is finished and committed, or at once,
/// because it cannot go on.
#[derive(Default)]
pub struct Control {
    stopping: AtomicBool,
    failed: AtomicBool,
    failure: Mutex<Option<RunError>>,
    reason: Mutex<Option<String>>,
    /// Wakes the operators that have to notice.
    sources: Mutex<Vec<SyncActivator>>,
}

impl Control {
    /// Admits no further repository; those under way are finished and committed.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wake();
    }

    /// Stops because something that the run needs is not there: a budget, a server.
    pub(super) fn stop_because(&self, why: &str) {
        let mut reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        reason.get_or_insert_with(|| why.to_owned());
        drop(reason);
        self.stop();
    }

    /// What the run stopped for want of.
    pub fn reason(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the run was stopped.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Ends the run at once. The first error is the one that counts: later ones follow from it.
    pub(super) fn fail(&self, error: RunError) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        self.failed.store(true, Ordering::Release);
        drop(failure);
        self.wake();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(super) fn take_failure(&self) -> Option<RunError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Registers an operator to be woken, and through it its worker.
    pub(super) fn register(&self, source: SyncActivator) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(source);
        // A stop before the registration would otherwise wake nobody.
        self.wake();
    }

    fn wake(&self) {
        for source in &*self.sources.lock().unwrap_or_else(PoisonError::into_inner) {
            // An error means that the worker is gone, and needs no waking.
            let _ = source.activate();
        }
    }
}
