//! The columns of each table, and how rows become Arrow arrays.
//!
//! The Arrow schema here is the single statement of a table's columns; the Delta schema is derived from
//! it. List items are called `element`, as Delta readers expect.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, ListArray,
    RecordBatch, StringArray, StructArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use backstory_core::{Gains, Message, Mode, Quality, Span, SpanKind, TokenSpan, ToolCall};
use backstory_quality::Summary;

use super::rows::{ErrorRow, FileRow, LedgerRow, SequenceRow, ThoughtRow, TrajectoryRow};
use super::trials::trial_fields;

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
}

impl Table {
    /// In the order of their commits: who sees a row of `sequences` finds what it refers to.
    pub const ALL: [Self; 5] =
        [Self::Errors, Self::Ledger, Self::Trials, Self::Trajectories, Self::Sequences];

    /// Name of the table and of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Ledger => "ledger",
            Self::Trials => "trials",
            Self::Trajectories => "trajectories",
            Self::Sequences => "sequences",
        }
    }

    /// The columns.
    pub fn schema(self) -> SchemaRef {
        Arc::new(Schema::new(match self {
            Self::Errors => error_fields(),
            Self::Ledger => ledger_fields(),
            Self::Trials => trial_fields(),
            Self::Trajectories => trajectory_fields(),
            Self::Sequences => sequence_fields(),
        }))
    }
}

pub(super) fn required(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

pub(super) fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

pub(super) fn list_of(data_type: DataType) -> DataType {
    DataType::List(Arc::new(required("element", data_type)))
}

fn file_fields() -> Fields {
    vec![
        required("path", DataType::Utf8),
        required("language", DataType::Utf8),
        required("content_id", DataType::Utf8),
        required("bytes", DataType::Int64),
    ]
    .into()
}

fn left_out_fields() -> Fields {
    vec![required("reason", DataType::Utf8), required("count", DataType::Int64)].into()
}

/// Of all thoughts of a trajectory: means weighted by n-grams, maxima, sums.
fn quality_fields() -> Fields {
    vec![
        required("order_ok", DataType::Boolean),
        required("bytes_equal", DataType::Boolean),
        required("thoughts", DataType::Int64),
        required("copy_8", DataType::Float32),
        required("copy_13", DataType::Float32),
        required("longest_copy", DataType::Int64),
        required("ungrounded", DataType::Int64),
        required("hindsight_talk", DataType::Int64),
        required("repetition", DataType::Float32),
        required("words", DataType::Int64),
    ]
    .into()
}

/// Of one thought, or a text that was tried in its place.
pub(super) fn measure_fields() -> Vec<Field> {
    vec![
        required("copy_8", DataType::Float32),
        required("copy_13", DataType::Float32),
        required("longest_copy", DataType::Int64),
        required("n_ungrounded", DataType::Int64),
        required("ungrounded", list_of(DataType::Utf8)),
        required("n_hindsight_talk", DataType::Int64),
        required("hindsight_talk", list_of(DataType::Utf8)),
        required("repetition", DataType::Float32),
        required("tokens", DataType::Int64),
        required("words", DataType::Int64),
        required("chars", DataType::Int64),
    ]
}

fn thought_fields() -> Fields {
    let gains = vec![
        optional("gain_vs_none", DataType::Float32),
        optional("gain_vs_first", DataType::Float32),
        required("gain_by_round", list_of(DataType::Float32)),
        optional("gain_leak_adjusted", DataType::Float32),
        optional("swap_control", DataType::Float32),
    ];
    let file = vec![required("file", DataType::Int32)];
    [file, measure_fields(), gains].concat().into()
}

fn span_fields() -> Fields {
    vec![
        required("start", DataType::Int32),
        required("end", DataType::Int32),
        required("kind", DataType::Utf8),
        optional("file", DataType::Int32),
        required("step", DataType::Int32),
    ]
    .into()
}

fn function_fields() -> Fields {
    vec![required("name", DataType::Utf8), required("arguments", DataType::Utf8)].into()
}

fn tool_call_fields() -> Fields {
    vec![
        required("id", DataType::Utf8),
        required("type", DataType::Utf8),
        required("function", DataType::Struct(function_fields())),
    ]
    .into()
}

fn message_fields() -> Fields {
    vec![
        required("role", DataType::Utf8),
        optional("content", DataType::Utf8),
        optional("reasoning_content", DataType::Utf8),
        required("tool_calls", list_of(DataType::Struct(tool_call_fields()))),
        optional("tool_call_id", DataType::Utf8),
        optional("name", DataType::Utf8),
    ]
    .into()
}

fn trajectory_fields() -> Vec<Field> {
    vec![
        required("trajectory_id", DataType::Utf8),
        required("repo", DataType::Utf8),
        optional("commit_id", DataType::Utf8),
        required("content_id", DataType::Utf8),
        optional("license", DataType::Utf8),
        optional("language", DataType::Utf8),
        required("arm", DataType::Utf8),
        optional("author", DataType::Utf8),
        optional("mode", DataType::Utf8),
        required("plan_hash", DataType::Utf8),
        required("n_files", DataType::Int64),
        required("n_files_seen", DataType::Int64),
        required("n_files_failed", DataType::Int64),
        required("left_out", list_of(DataType::Struct(left_out_fields()))),
        required("files", list_of(DataType::Struct(file_fields()))),
        required("quality", DataType::Struct(quality_fields())),
        required("thoughts", list_of(DataType::Struct(thought_fields()))),
        required("marks", list_of(DataType::Utf8)),
        required("messages", list_of(DataType::Struct(message_fields()))),
        required("text", DataType::Utf8),
        required("spans", list_of(DataType::Struct(span_fields()))),
    ]
}

fn sequence_fields() -> Vec<Field> {
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

fn error_fields() -> Vec<Field> {
    vec![
        required("repo", DataType::Utf8),
        optional("arm", DataType::Utf8),
        optional("path", DataType::Utf8),
        required("stage", DataType::Utf8),
        required("kind", DataType::Utf8),
        required("message", DataType::Utf8),
    ]
}

fn ledger_fields() -> Vec<Field> {
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

pub(super) fn strings<'a, T: 'a>(rows: &'a [T], of: impl Fn(&'a T) -> &'a str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
}

pub(super) fn optional_strings<'a, T: 'a>(
    rows: &'a [T],
    of: impl Fn(&'a T) -> Option<&'a str>,
) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

pub(super) fn numbers<T>(rows: &[T], of: impl Fn(&T) -> u64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| of(row) as i64)))
}

/// A list column: `items` holds the items of all rows one after the other.
pub(super) fn list(
    lengths: impl Iterator<Item = usize>,
    items: ArrayRef,
) -> Result<ArrayRef, ArrowError> {
    let field = required("element", items.data_type().clone());
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::new(field), offsets, items, None)?))
}

fn structs(fields: Fields, columns: Vec<ArrayRef>) -> Result<ArrayRef, ArrowError> {
    let length = columns.first().map_or(0, |column| column.len());
    let none: Option<NullBuffer> = None;
    Ok(Arc::new(StructArray::try_new_with_length(fields, columns, none, length)?))
}

/// What spans of bytes and spans of tokens have in common.
struct SpanRow {
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

fn spans(rows: impl Iterator<Item = impl Into<SpanRow>>) -> Result<ArrayRef, ArrowError> {
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

fn files(rows: &[FileRow]) -> Result<ArrayRef, ArrowError> {
    structs(
        file_fields(),
        vec![
            strings(rows, |row| &row.path),
            strings(rows, |row| &row.language),
            strings(rows, |row| &row.content_id),
            numbers(rows, |row| row.bytes),
        ],
    )
}

fn left_out(rows: &[(String, u64)]) -> Result<ArrayRef, ArrowError> {
    structs(left_out_fields(), vec![strings(rows, |row| &row.0), numbers(rows, |row| row.1)])
}

fn shares<T>(rows: &[T], of: impl Fn(&T) -> f32) -> ArrayRef {
    Arc::new(Float32Array::from_iter_values(rows.iter().map(of)))
}

fn texts<'a>(rows: impl Iterator<Item = &'a [String]> + Clone) -> Result<ArrayRef, ArrowError> {
    let items = rows.clone().flatten().map(String::as_str).collect::<Vec<_>>();
    list(rows.map(<[_]>::len), strings(&items, |item| item))
}

/// What is known of all thoughts of a row.
fn quality(row: &TrajectoryRow) -> Result<ArrayRef, ArrowError> {
    let summary = &[Summary::of(row.thoughts.iter().map(|thought| &thought.quality))];
    let flag = |flag: bool| -> ArrayRef { Arc::new(BooleanArray::from(vec![flag])) };
    let columns = vec![
        flag(row.order_ok),
        flag(row.bytes_equal),
        numbers(summary, |summary| summary.thoughts.into()),
        shares(summary, |summary| summary.copy_8),
        shares(summary, |summary| summary.copy_13),
        numbers(summary, |summary| summary.longest_copy.into()),
        numbers(summary, |summary| summary.ungrounded),
        numbers(summary, |summary| summary.hindsight_talk),
        shares(summary, |summary| summary.repetition),
        numbers(summary, |summary| summary.words),
    ];
    structs(quality_fields(), columns)
}

pub(super) fn measures(rows: &[&Quality]) -> Result<Vec<ArrayRef>, ArrowError> {
    let of = |field: fn(&Quality) -> u32| numbers(rows, move |row| field(row).into());
    Ok(vec![
        shares(rows, |row| row.copy_8),
        shares(rows, |row| row.copy_13),
        of(|quality| quality.longest_copy),
        of(|quality| quality.n_ungrounded),
        texts(rows.iter().map(|row| row.ungrounded.as_slice()))?,
        of(|quality| quality.n_hindsight_talk),
        texts(rows.iter().map(|row| row.hindsight_talk.as_slice()))?,
        shares(rows, |row| row.repetition),
        of(|quality| quality.tokens),
        of(|quality| quality.words),
        of(|quality| quality.chars),
    ])
}

fn thoughts(rows: &[ThoughtRow]) -> Result<ArrayRef, ArrowError> {
    let files = rows.iter().map(|row| row.file as i32);
    let files: ArrayRef = Arc::new(Int32Array::from_iter_values(files));
    let gain = |of: fn(&Gains) -> Option<f32>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(&row.gains)).collect::<Float32Array>())
    };
    let rounds = rows.iter().flat_map(|row| row.gains.rounds.iter().copied());
    let rounds = Arc::new(Float32Array::from_iter_values(rounds));
    let gains = vec![
        gain(|gains| gains.vs_none),
        gain(|gains| gains.vs_first),
        list(rows.iter().map(|row| row.gains.rounds.len()), rounds)?,
        gain(|gains| gains.leak_adjusted),
        gain(|gains| gains.swap_control),
    ];
    let measures = measures(&rows.iter().map(|row| &row.quality).collect::<Vec<_>>())?;
    structs(thought_fields(), [vec![files], measures, gains].concat())
}

fn tool_calls(calls: &[&ToolCall]) -> Result<ArrayRef, ArrowError> {
    let function = structs(
        function_fields(),
        vec![strings(calls, |call| call.name), strings(calls, |call| &call.arguments)],
    )?;
    structs(
        tool_call_fields(),
        vec![strings(calls, |call| &call.id), strings(calls, |_| "function"), function],
    )
}

fn messages(rows: &[&Message]) -> Result<ArrayRef, ArrowError> {
    let calls = rows.iter().flat_map(|row| &row.tool_calls).collect::<Vec<_>>();
    structs(
        message_fields(),
        vec![
            strings(rows, |row| row.role),
            optional_strings(rows, |row| row.content.as_deref()),
            optional_strings(rows, |row| row.reasoning_content.as_deref()),
            list(rows.iter().map(|row| row.tool_calls.len()), tool_calls(&calls)?)?,
            optional_strings(rows, |row| row.tool_call_id.as_deref()),
            optional_strings(rows, |row| row.name),
        ],
    )
}

/// A row of `trajectories` as a batch. Its text is not copied.
pub fn trajectory_batch(row: TrajectoryRow) -> Result<RecordBatch, ArrowError> {
    let spans = spans(row.spans.iter())?;
    let messages = messages(&row.messages.iter().collect::<Vec<_>>())?;
    let one = std::slice::from_ref(&row);
    let mut columns = vec![
        strings(one, |row| &row.trajectory_id),
        strings(one, |row| &row.repo),
        optional_strings(one, |row| row.commit_id.as_deref()),
        strings(one, |row| &row.content_id),
        optional_strings(one, |row| row.license.as_deref()),
        optional_strings(one, |row| row.language.as_deref()),
        strings(one, |row| &row.arm),
        optional_strings(one, |row| row.author.as_deref()),
        optional_strings(one, |row| row.mode.map(Mode::name)),
        strings(one, |row| &row.plan_hash),
        numbers(one, |row| row.files.len() as u64),
        numbers(one, |row| row.n_files_seen),
        numbers(one, |row| row.n_files_failed),
        one_list(left_out(&row.left_out)?)?,
        one_list(files(&row.files)?)?,
        quality(&row)?,
        one_list(thoughts(&row.thoughts)?)?,
        one_list(strings(&row.marks, |mark| mark))?,
        one_list(messages)?,
    ];
    let offsets = OffsetBuffer::from_lengths([row.text.len()]);
    let text = StringArray::try_new(offsets, Buffer::from_vec(row.text.into_bytes()), None)?;
    columns.extend([Arc::new(text) as ArrayRef, one_list(spans)?]);
    RecordBatch::try_new(Table::Trajectories.schema(), columns)
}

/// A row of `sequences` as a batch. Its ids are not copied.
pub fn sequence_batch(row: SequenceRow) -> Result<RecordBatch, ArrowError> {
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
    RecordBatch::try_new(Table::Sequences.schema(), columns)
}

/// The list column of a single row with these items.
fn one_list(items: ArrayRef) -> Result<ArrayRef, ArrowError> {
    list(std::iter::once(items.len()), items)
}

/// Rows of `ledger` as one batch.
pub fn ledger_batch(rows: &[LedgerRow]) -> Result<RecordBatch, ArrowError> {
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
    RecordBatch::try_new(Table::Ledger.schema(), columns)
}

/// Rows of `errors` as one batch.
pub fn error_batch(rows: &[ErrorRow]) -> Result<RecordBatch, ArrowError> {
    let columns = vec![
        strings(rows, |row| &row.repo),
        optional_strings(rows, |row| row.arm.as_deref()),
        optional_strings(rows, |row| row.path.as_deref()),
        strings(rows, |row| &row.stage),
        strings(rows, |row| &row.kind),
        strings(rows, |row| &row.message),
    ];
    RecordBatch::try_new(Table::Errors.schema(), columns)
}
