//! The table `sequences`: one row per training sequence.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, Int32Array, RecordBatch};
use arrow::buffer::{Buffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Int32Type};
use backstory_core::TokenSpan;

use super::arrays::{Made, batch, list_of, numbers, one_list, required, strings};
use super::columns::{Columns, Read, damaged};
use super::spans::{read_token_spans, span_fields, spans};

/// A row of `sequences`.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceRow {
    /// The trajectory it was made from.
    pub trajectory_id: String,
    /// The repository's name in its source.
    pub repo: String,
    /// The arm of the plan that made the row.
    pub arm: String,
    /// Token ids, unshifted.
    pub input_ids: Vec<u32>,
    /// Whether token `i` is a training target.
    pub loss_mask: Vec<bool>,
    /// Spans of the sequence, in tokens.
    pub spans: Vec<TokenSpan>,
}

pub(super) fn sequence_fields() -> Vec<Field> {
    vec![
        required("trajectory_id", DataType::Utf8),
        required("seq_index", DataType::Int32),
        required("repo", DataType::Utf8),
        required("arm", DataType::Utf8),
        required("input_ids", list_of(DataType::Int32)),
        required("loss_mask", list_of(DataType::Boolean)),
        required("spans", list_of(DataType::Struct(span_fields()))),
        required("n_tokens", DataType::Int64),
        required("n_loss_tokens", DataType::Int64),
    ]
}

/// A row of `sequences` as a batch. Its ids are not copied.
pub fn sequence_batch(row: SequenceRow) -> Made<RecordBatch> {
    let one = std::slice::from_ref(&row);
    let targets = row.loss_mask.iter().filter(|&&target| target).count() as u64;
    let mut columns = vec![
        strings(one, |row| &row.trajectory_id),
        // One sequence per trajectory; a trajectory is not cut, windows are the loader's.
        Arc::new(Int32Array::from_iter_values([0])),
        strings(one, |row| &row.repo),
        strings(one, |row| &row.arm),
    ];
    let further = [
        one_list(Arc::new(BooleanArray::from(row.loss_mask)))?,
        one_list(spans(row.spans.iter())?)?,
        numbers(&[row.input_ids.len()], |&tokens| tokens as u64),
        numbers(&[targets], |&targets| targets),
    ];
    // Ids are far below two to the 31: their bits are those of the signed numbers that Delta knows.
    let ids = ScalarBuffer::<i32>::from(Buffer::from_vec(row.input_ids));
    columns.push(one_list(Arc::new(Int32Array::new(ids, None)))?);
    columns.extend(further);
    batch(sequence_fields(), columns)
}

/// Rows of `sequences`.
pub fn sequence_rows(batch: &RecordBatch) -> Read<Vec<SequenceRow>> {
    let columns = Columns::Batch(batch);
    let ids = columns.strings("trajectory_id")?;
    let (repos, arms) = (columns.strings("repo")?, columns.strings("arm")?);
    let (tokens, masks) = (columns.lists("input_ids")?, columns.lists("loss_mask")?);
    let spans = columns.items("spans", read_token_spans)?;
    let row = |(row, spans): (usize, Vec<TokenSpan>)| {
        let (tokens, mask) = (tokens.value(row), masks.value(row));
        let tokens = tokens.as_primitive_opt::<Int32Type>();
        let tokens = tokens.ok_or_else(|| damaged("\"input_ids\" holds no numbers"))?;
        let mask = mask.as_boolean_opt();
        let mask = mask.ok_or_else(|| damaged("\"loss_mask\" holds no booleans"))?;
        Ok(SequenceRow {
            trajectory_id: ids.value(row).to_owned(),
            repo: repos.value(row).to_owned(),
            arm: arms.value(row).to_owned(),
            input_ids: tokens.values().iter().map(|&id| id as u32).collect(),
            loss_mask: mask.values().iter().collect(),
            spans,
        })
    };
    (0..batch.num_rows()).zip(spans).map(row).collect()
}
