//! Which tables there are.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use super::{errors, ledger, repositories, sequences, trajectories, trials};

/// One of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Files and repositories that were rejected.
    Errors,
    /// Requests to models.
    Ledger,
    /// Texts that searches have compared.
    Trials,
    /// One row per repository and arm.
    Trajectories,
    /// One row per training sequence.
    Sequences,
    /// One row per repository that was dealt with.
    Repositories,
}

impl Table {
    /// In the order of their commits: who sees a row of `sequences` finds what it refers to, and what
    /// `repositories` says is there is there.
    pub const ALL: [Self; 6] = [
        Self::Errors,
        Self::Ledger,
        Self::Trials,
        Self::Trajectories,
        Self::Sequences,
        Self::Repositories,
    ];

    /// Name of the table and of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Ledger => "ledger",
            Self::Trials => "trials",
            Self::Trajectories => "trajectories",
            Self::Sequences => "sequences",
            Self::Repositories => "repositories",
        }
    }

    /// The columns.
    pub fn schema(self) -> SchemaRef {
        Arc::new(Schema::new(match self {
            Self::Errors => errors::error_fields(),
            Self::Ledger => ledger::ledger_fields(),
            Self::Trials => trials::trial_fields(),
            Self::Trajectories => trajectories::trajectory_fields(),
            Self::Sequences => sequences::sequence_fields(),
            Self::Repositories => repositories::repository_fields(),
        }))
    }
}
