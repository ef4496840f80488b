//! Columns that follow from others: token counts, summaries.

use arrow::array::{Array, RecordBatch};
use arrow::compute::cast;
use arrow::error::ArrowError;

use super::sequences::sequence_batch;
use super::trajectories::trajectory_batch;
use super::{OutputError, SequenceRow, TrajectoryRow};

/// Names of the columns of row `at` of `trajectories` that contradict its other columns. `row` is the row
/// as it was read.
pub fn trajectory_contradictions(
    stored: &RecordBatch,
    at: usize,
    row: &TrajectoryRow,
) -> Result<Vec<String>, OutputError> {
    Ok(contradictions(stored, at, &trajectory_batch(row.clone())?)?)
}

/// The same for `sequences`.
pub fn sequence_contradictions(
    stored: &RecordBatch,
    at: usize,
    row: &SequenceRow,
) -> Result<Vec<String>, OutputError> {
    Ok(contradictions(stored, at, &sequence_batch(row.clone())?)?)
}

fn contradictions(
    stored: &RecordBatch,
    at: usize,
    again: &RecordBatch,
) -> Result<Vec<String>, ArrowError> {
    let mut names = vec![];
    for (field, again) in again.schema_ref().fields().iter().zip(again.columns()) {
        let same = match stored.column_by_name(field.name()) {
            // Readers may name and type the items of lists differently.
            Some(column) => *cast(&column.slice(at, 1), again.data_type())? == **again,
            None => false,
        };
        if !same {
            names.push(field.name().clone());
        }
    }
    Ok(names)
}
