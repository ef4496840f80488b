//! The table `ledger`: one row per request to a model.

use std::sync::Arc;

use arrow::array::{Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use backstory_core::{Outcome, Request};

use super::arrays::{Made, batch, numbers, optional, optional_strings, required, strings};
use super::columns::{Columns, Read, damaged, text};

/// A row of `ledger`.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// The repository's name in its source.
    pub repo: String,
    /// The operator of the plan that asked.
    pub simulation: String,
    /// The file it was about; none when it was the whole repository.
    pub path: Option<String>,
    /// The request.
    pub request: Request,
}

pub(super) fn ledger_fields() -> Vec<Field> {
    vec![
        required("repo", DataType::Utf8),
        required("simulation", DataType::Utf8),
        required("purpose", DataType::Utf8),
        optional("path", DataType::Utf8),
        required("key", DataType::Utf8),
        required("model", DataType::Utf8),
        optional("endpoint", DataType::Utf8),
        required("prompt_tokens", DataType::Int64),
        required("completion_tokens", DataType::Int64),
        required("latency_ms", DataType::Int64),
        required("tries", DataType::Int64),
        optional("finish_reason", DataType::Utf8),
        optional("cost", DataType::Float64),
        required("outcome", DataType::Utf8),
        optional("message", DataType::Utf8),
    ]
}

/// Rows of `ledger` as one batch.
pub fn ledger_batch(rows: &[LedgerRow]) -> Made<RecordBatch> {
    let keys = rows.iter().map(|row| row.request.key.to_string());
    let costs = rows.iter().map(|row| row.request.cost);
    let columns = vec![
        strings(rows, |row| &row.repo),
        strings(rows, |row| &row.simulation),
        strings(rows, |row| &row.request.purpose),
        optional_strings(rows, |row| row.path.as_deref()),
        Arc::new(StringArray::from_iter_values(keys)),
        strings(rows, |row| &row.request.model),
        optional_strings(rows, |row| row.request.endpoint.as_deref()),
        numbers(rows, |row| row.request.prompt_tokens),
        numbers(rows, |row| row.request.completion_tokens),
        numbers(rows, |row| row.request.latency_ms),
        numbers(rows, |row| row.request.tries.into()),
        optional_strings(rows, |row| row.request.finish_reason.as_deref()),
        Arc::new(costs.collect::<Float64Array>()),
        strings(rows, |row| row.request.outcome.name()),
        optional_strings(rows, |row| row.request.message.as_deref()),
    ];
    batch(ledger_fields(), columns)
}

/// Rows of `ledger`. Which file a request was about is known by its path alone.
pub fn ledger_rows(batch: &RecordBatch) -> Read<Vec<LedgerRow>> {
    let columns = Columns::Batch(batch);
    let string = |name| columns.strings(name);
    let number = |name| columns.numbers::<Int64Type>(name);
    let (repos, simulations, purposes) =
        (string("repo")?, string("simulation")?, string("purpose")?);
    let (paths, keys, models) = (string("path")?, string("key")?, string("model")?);
    let (endpoints, finishes) = (string("endpoint")?, string("finish_reason")?);
    let (outcomes, messages) = (string("outcome")?, string("message")?);
    let (prompts, completions) = (number("prompt_tokens")?, number("completion_tokens")?);
    let (latencies, tries) = (number("latency_ms")?, number("tries")?);
    let costs = columns.optional_numbers::<Float64Type>("cost")?;
    let row = |row: usize| {
        let key = keys.value(row);
        let outcome = outcomes.value(row);
        let unknown = || damaged(format!("\"{outcome}\" is no outcome of a request"));
        Ok(LedgerRow {
            repo: repos.value(row).to_owned(),
            simulation: simulations.value(row).to_owned(),
            path: text(paths, row),
            request: Request {
                key: key.parse().map_err(|_| damaged(format!("\"{key}\" is no key")))?,
                purpose: purposes.value(row).to_owned(),
                file: None,
                endpoint: text(endpoints, row),
                model: models.value(row).to_owned(),
                prompt_tokens: prompts[row] as u64,
                completion_tokens: completions[row] as u64,
                latency_ms: latencies[row] as u64,
                tries: u32::try_from(tries[row]).unwrap_or_default(),
                finish_reason: text(finishes, row),
                cost: costs[row],
                outcome: Outcome::from_name(outcome).ok_or_else(unknown)?,
                message: text(messages, row),
            },
        })
    };
    (0..batch.num_rows()).map(row).collect()
}
