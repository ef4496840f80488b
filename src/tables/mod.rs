//! The tables that a run leaves behind: Delta Lake tables side by side under one output folder.
//!
//! Responsible for columns, files, commits and reading back. Workers write [`Segment`]s; one committer
//! names them in commits through [`Output`]. What no commit names does not exist.
//!
//! ```text
//! OUT/errors/ ledger/ trials/ trajectories/ sequences/    Delta tables
//! OUT/_backstory/pending.json                             the commit under way
//! OUT/_backstory/lock                                     held by the run that writes
//! ```

mod decode;
mod delta;
mod derived;
mod error;
mod output;
mod reader;
mod rows;
mod schema;
mod segment;
mod trials;

pub use decode::{error_rows, sequence_rows, trajectory_rows};
pub use derived::{sequence_contradictions, trajectory_contradictions};
pub use error::OutputError;
pub use output::{Identity, Output};
pub use reader::Reader;
pub use rows::{ErrorRow, FileRow, LedgerRow, SequenceRow, ThoughtRow, TrajectoryRow};
pub use schema::Table;
pub use segment::{Segment, SegmentWriter};
pub use trials::{TrialRow, trial_rows};

#[cfg(test)]
mod tests;
