//! The table `repositories`: one row per repository that was dealt with, whatever came of it.
//!
//! From it a run knows what it need not do again.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Field};

use super::arrays::{Made, batch, numbers, optional, optional_strings, required, strings};
use super::columns::{Columns, Read, text};

/// A row of `repositories`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryRow {
    /// The repository's name in its source.
    pub repo: String,
    /// The commit it was read at; none for a plain folder, or if it could not be read.
    pub commit_id: Option<String>,
    /// Digest of everything that its rows were made from; of the reason if it could not be read.
    pub content_id: String,
    /// What its source tells of its state without reading it; none if that cannot be told.
    pub revision: Option<String>,
    /// Digest of the plan that made its rows.
    pub plan_hash: String,
    /// Rows of `trajectories`.
    pub trajectories: u64,
    /// Rows of `errors`.
    pub errors: u64,
}

pub(super) fn repository_fields() -> Vec<Field> {
    vec![
        required("repo", DataType::Utf8),
        optional("commit_id", DataType::Utf8),
        required("content_id", DataType::Utf8),
        optional("revision", DataType::Utf8),
        required("plan_hash", DataType::Utf8),
        required("n_trajectories", DataType::Int64),
        required("n_errors", DataType::Int64),
    ]
}

/// Rows of `repositories` as one batch.
pub fn repository_batch(rows: &[RepositoryRow]) -> Made<RecordBatch> {
    let columns = vec![
        strings(rows, |row| &row.repo),
        optional_strings(rows, |row| row.commit_id.as_deref()),
        strings(rows, |row| &row.content_id),
        optional_strings(rows, |row| row.revision.as_deref()),
        strings(rows, |row| &row.plan_hash),
        numbers(rows, |row| row.trajectories),
        numbers(rows, |row| row.errors),
    ];
    batch(repository_fields(), columns)
}

/// Rows of `repositories`.
pub fn repository_rows(batch: &RecordBatch) -> Read<Vec<RepositoryRow>> {
    let columns = Columns::Batch(batch);
    let (repos, commits) = (columns.strings("repo")?, columns.strings("commit_id")?);
    let (contents, revisions) = (columns.strings("content_id")?, columns.strings("revision")?);
    let hashes = columns.strings("plan_hash")?;
    let trajectories = columns.numbers::<arrow::datatypes::Int64Type>("n_trajectories")?;
    let errors = columns.numbers::<arrow::datatypes::Int64Type>("n_errors")?;
    let row = |row: usize| RepositoryRow {
        repo: repos.value(row).to_owned(),
        commit_id: text(commits, row),
        content_id: contents.value(row).to_owned(),
        revision: text(revisions, row),
        plan_hash: hashes.value(row).to_owned(),
        trajectories: trajectories[row] as u64,
        errors: errors[row] as u64,
    };
    Ok((0..repos.len()).map(row).collect())
}
