//! The tables that a run leaves behind: Delta Lake tables side by side under one output folder.
//!
//! Responsible for columns, files, commits and reading back. Each table has a file of its own: its rows as records,
//! its columns, and the way from one to the other and back. Workers write [`Segment`]s; one committer
//! names them in commits through [`Output`]. What no commit names does not exist.
//!
//! ```text
//! OUT/errors/ ledger/ trials/ trajectories/ sequences/    Delta tables
//! OUT/_backstory/pending.json                             the commit under way
//! OUT/_backstory/lock                                     held by the run that writes
//! ```

mod arrays;
mod columns;
mod delta;
mod derived;
mod error;
mod errors;
mod ledger;
mod messages;
mod output;
mod reader;
mod segment;
mod sequences;
mod spans;
mod table;
mod thoughts;
mod trajectories;
mod trials;

pub use derived::{sequence_contradictions, trajectory_contradictions};
pub use error::OutputError;
pub use errors::{ErrorRow, error_rows};
pub use ledger::LedgerRow;
pub use output::{Identity, Output};
pub use reader::Reader;
pub use segment::{Segment, SegmentWriter};
pub use sequences::{SequenceRow, sequence_rows};
pub use table::Table;
pub use thoughts::ThoughtRow;
pub use trajectories::{FileRow, TrajectoryRow, trajectory_rows};
pub use trials::{TrialRow, trial_rows};

#[cfg(test)]
mod tests;
