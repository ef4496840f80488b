//! Spans, as columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array};
use arrow::datatypes::{DataType, Fields, Int32Type};
use backstory_core::{Span, SpanKind, TokenSpan};

use super::arrays::{Made, optional, required, strings, structs};
use super::columns::{Columns, Read, damaged};

pub(super) fn span_fields() -> Fields {
    vec![
        required("start", DataType::Int32),
        required("end", DataType::Int32),
        required("kind", DataType::Utf8),
        optional("file", DataType::Int32),
        required("step", DataType::Int32),
    ]
    .into()
}

/// What spans of bytes and spans of tokens have in common.
pub(super) struct SpanRow {
    start: u32,
    end: u32,
    kind: SpanKind,
    file: Option<u32>,
    step: u32,
}

impl From<&Span> for SpanRow {
    fn from(&Span { start, end, kind, file, step }: &Span) -> Self {
        Self { start, end, kind, file, step }
    }
}

impl From<&TokenSpan> for SpanRow {
    fn from(&TokenSpan { start, end, kind, file, step }: &TokenSpan) -> Self {
        Self { start, end, kind, file, step }
    }
}

pub(super) fn spans(rows: impl Iterator<Item = impl Into<SpanRow>>) -> Made<ArrayRef> {
    let rows = rows.map(Into::into).collect::<Vec<SpanRow>>();
    let integers = |of: fn(&SpanRow) -> u32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| of(row) as i32)))
    };
    let file = rows.iter().map(|row| row.file.map(|file| file as i32)).collect::<Int32Array>();
    structs(
        span_fields(),
        vec![
            integers(|row| row.start),
            integers(|row| row.end),
            strings(&rows, |row| row.kind.name()),
            Arc::new(file),
            integers(|row| row.step),
        ],
    )
}

pub(super) fn read_spans(columns: &Columns<'_>, rows: usize) -> Read<Vec<Span>> {
    let (starts, ends) =
        (columns.numbers::<Int32Type>("start")?, columns.numbers::<Int32Type>("end")?);
    let (kinds, steps) = (columns.strings("kind")?, columns.numbers::<Int32Type>("step")?);
    let files = file_indexes(columns)?;
    let span = |row: usize| {
        Ok(Span {
            start: starts[row] as u32,
            end: ends[row] as u32,
            kind: kind(kinds.value(row))?,
            file: files[row],
            step: steps[row] as u32,
        })
    };
    (0..rows).map(span).collect()
}

pub(super) fn read_token_spans(columns: &Columns<'_>, rows: usize) -> Read<Vec<TokenSpan>> {
    let token_span = |span: Span| TokenSpan {
        start: span.start,
        end: span.end,
        kind: span.kind,
        file: span.file,
        step: span.step,
    };
    Ok(read_spans(columns, rows)?.into_iter().map(token_span).collect())
}

fn kind(name: &str) -> Read<SpanKind> {
    name.parse().map_err(damaged)
}

fn file_indexes(columns: &Columns<'_>) -> Read<Vec<Option<u32>>> {
    let column = columns.get("file")?.as_primitive_opt::<Int32Type>();
    let column = column.ok_or_else(|| damaged("column \"file\" holds no numbers"))?;
    Ok(column.iter().map(|file| file.map(|file| file as u32)).collect())
}
