//! The table `errors`: one row per rejected file or repository.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field};

use super::arrays::{Made, batch, optional, optional_strings, required, strings};
use super::columns::{Columns, Read, text};

/// A row of `errors`.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRow {
    /// The repository's name in its source.
    pub repo: String,
    /// The arm that failed; none when it concerns all of them.
    pub arm: Option<String>,
    /// The file; none when the whole repository was rejected.
    pub path: Option<String>,
    /// Where in the flow.
    pub stage: String,
    /// Why, as a word.
    pub kind: String,
    /// Why, as a sentence.
    pub message: String,
}

pub(super) fn error_fields() -> Vec<Field> {
    vec![
        required("repo", DataType::Utf8),
        optional("arm", DataType::Utf8),
        optional("path", DataType::Utf8),
        required("stage", DataType::Utf8),
        required("kind", DataType::Utf8),
        required("message", DataType::Utf8),
    ]
}

/// Rows of `errors` as one batch.
pub fn error_batch(rows: &[ErrorRow]) -> Made<RecordBatch> {
    let columns = vec![
        strings(rows, |row| &row.repo),
        optional_strings(rows, |row| row.arm.as_deref()),
        optional_strings(rows, |row| row.path.as_deref()),
        strings(rows, |row| &row.stage),
        strings(rows, |row| &row.kind),
        strings(rows, |row| &row.message),
    ];
    batch(error_fields(), columns)
}

/// Rows of `errors`.
pub fn error_rows(batch: &RecordBatch) -> Read<Vec<ErrorRow>> {
    let columns = Columns::Batch(batch);
    let string = |name| columns.strings(name);
    let (repos, arms, paths) = (string("repo")?, string("arm")?, string("path")?);
    let (stages, kinds, messages) = (string("stage")?, string("kind")?, string("message")?);
    let rows = (0..batch.num_rows()).map(|row| ErrorRow {
        repo: repos.value(row).to_owned(),
        arm: text(arms, row),
        path: text(paths, row),
        stage: stages.value(row).to_owned(),
        kind: kinds.value(row).to_owned(),
        message: messages.value(row).to_owned(),
    });
    Ok(rows.collect())
}
