//! The table `trajectories`: one row per repository and arm.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use backstory_core::{Message, Mode, Span};
use backstory_quality::Summary;

use super::arrays::{
    Made, batch, list_of, numbers, one_list, optional, optional_strings, required, shares, strings,
    structs,
};
use super::columns::{Columns, Read, damaged, read_texts, text};
use super::messages::{message_fields, messages, read_messages};
use super::spans::{read_spans, span_fields, spans};
use super::thoughts::{ThoughtRow, read_thoughts, thought_fields, thoughts};

/// A row of `trajectories`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryRow {
    /// Digest of repository, content, plan and arm.
    pub trajectory_id: String,
    /// The repository's name in its source.
    pub repo: String,
    /// The commit it was read at; none for a plain folder.
    pub commit_id: Option<String>,
    /// Digest of everything that the row was made from.
    pub content_id: String,
    /// SPDX expression, if known.
    pub license: Option<String>,
    /// The language with the most bytes.
    pub language: Option<String>,
    /// The arm of the plan that made the row.
    pub arm: String,
    /// Who wrote plan and thoughts; none for an arm without them.
    pub author: Option<String>,
    /// What the author of a thought saw of its file; none for an arm without thoughts.
    pub mode: Option<Mode>,
    /// Digest of the plan.
    pub plan_hash: String,
    /// The files written, in the order of the repository; spans name them by index.
    pub files: Vec<FileRow>,
    /// Files met: written, left out and failed.
    pub n_files_seen: u64,
    /// Files left out, by reason.
    pub left_out: Vec<(String, u64)>,
    /// Files that failed; each has a row in `errors`.
    pub n_files_failed: u64,
    /// Whether every file was written once, in the order of the graph, and read only after that.
    pub order_ok: bool,
    /// Whether every byte of written and observed files is the repository's.
    pub bytes_equal: bool,
    /// What is known of the thoughts, in order.
    pub thoughts: Vec<ThoughtRow>,
    /// What gates found and let pass.
    pub marks: Vec<String>,
    /// The chat form.
    pub messages: Vec<Message>,
    /// The flat text.
    pub text: String,
    /// Spans of the flat text, in bytes.
    pub spans: Vec<Span>,
}

/// A file of a trajectory.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRow {
    /// Relative to the repository.
    pub path: String,
    /// Name of its language.
    pub language: String,
    /// Digest of its bytes.
    pub content_id: String,
    /// Its size in bytes.
    pub bytes: u64,
}

pub(super) fn trajectory_fields() -> Vec<Field> {
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

/// A row of `trajectories` as a batch. Its text is not copied.
pub fn trajectory_batch(row: TrajectoryRow) -> Made<RecordBatch> {
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
    batch(trajectory_fields(), columns)
}

fn files(rows: &[FileRow]) -> Made<ArrayRef> {
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

fn left_out(rows: &[(String, u64)]) -> Made<ArrayRef> {
    structs(left_out_fields(), vec![strings(rows, |row| &row.0), numbers(rows, |row| row.1)])
}

/// What is known of all thoughts of a row.
fn quality(row: &TrajectoryRow) -> Made<ArrayRef> {
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

/// Rows of `trajectories`.
pub fn trajectory_rows(batch: &RecordBatch) -> Read<Vec<TrajectoryRow>> {
    let columns = Columns::Batch(batch);
    let string = |name| columns.strings(name);
    let (ids, repos, commits) = (string("trajectory_id")?, string("repo")?, string("commit_id")?);
    let (contents, licenses) = (string("content_id")?, string("license")?);
    let (languages, arms) = (string("language")?, string("arm")?);
    let (authors, hashes, texts) = (string("author")?, string("plan_hash")?, string("text")?);
    let seen = columns.numbers::<Int64Type>("n_files_seen")?;
    let failed = columns.numbers::<Int64Type>("n_files_failed")?;
    let mut left_out = columns.items("left_out", read_left_out)?.into_iter();
    let mut files = columns.items("files", read_files)?.into_iter();
    let mut messages = columns.items("messages", read_messages)?.into_iter();
    let mut spans = columns.items("spans", read_spans)?.into_iter();
    let mut thoughts = columns.items("thoughts", read_thoughts)?.into_iter();
    let [order_ok, bytes_equal] = read_checks(&columns)?;
    let (modes, marks) = (string("mode")?, columns.lists("marks")?);
    let row = |row: usize| {
        Ok(TrajectoryRow {
            trajectory_id: ids.value(row).to_owned(),
            repo: repos.value(row).to_owned(),
            commit_id: text(commits, row),
            content_id: contents.value(row).to_owned(),
            license: text(licenses, row),
            language: text(languages, row),
            arm: arms.value(row).to_owned(),
            author: text(authors, row),
            mode: text(modes, row).as_deref().map(mode).transpose()?,
            plan_hash: hashes.value(row).to_owned(),
            files: files.next().unwrap_or_default(),
            n_files_seen: seen[row] as u64,
            left_out: left_out.next().unwrap_or_default(),
            n_files_failed: failed[row] as u64,
            order_ok: order_ok.value(row),
            bytes_equal: bytes_equal.value(row),
            thoughts: thoughts.next().unwrap_or_default(),
            marks: read_texts(marks, row)?,
            messages: messages.next().unwrap_or_default(),
            text: texts.value(row).to_owned(),
            spans: spans.next().unwrap_or_default(),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

fn read_files(columns: &Columns<'_>, rows: usize) -> Read<Vec<FileRow>> {
    let (paths, languages) = (columns.strings("path")?, columns.strings("language")?);
    let (ids, bytes) = (columns.strings("content_id")?, columns.numbers::<Int64Type>("bytes")?);
    let file = |row: usize| FileRow {
        path: paths.value(row).to_owned(),
        language: languages.value(row).to_owned(),
        content_id: ids.value(row).to_owned(),
        bytes: bytes[row] as u64,
    };
    Ok((0..rows).map(file).collect())
}

fn read_left_out(columns: &Columns<'_>, rows: usize) -> Read<Vec<(String, u64)>> {
    let (reasons, counts) = (columns.strings("reason")?, columns.numbers::<Int64Type>("count")?);
    Ok((0..rows).map(|row| (reasons.value(row).to_owned(), counts[row] as u64)).collect())
}

/// Of the struct column `quality`: what the thoughts do not tell.
fn read_checks<'a>(columns: &Columns<'a>) -> Read<[&'a BooleanArray; 2]> {
    let quality = columns.get("quality")?.as_struct_opt();
    let quality = quality.ok_or_else(|| damaged("column \"quality\" holds no structs"))?;
    let quality = Columns::Struct(quality);
    Ok([quality.flags("order_ok")?, quality.flags("bytes_equal")?])
}

fn mode(name: &str) -> Read<Mode> {
    let found = [Mode::Hindsight, Mode::Blinded].into_iter().find(|mode| mode.name() == name);
    found.ok_or_else(|| damaged(format!("\"{name}\" is no mode")))
}
