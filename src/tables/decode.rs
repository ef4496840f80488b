//! Arrow arrays back to rows: the inverse of [`super::schema`].

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{ArrowPrimitiveType, Float32Type, Int32Type, Int64Type};
use backstory_core::{Gains, Message, Mode, Quality, Span, SpanKind, TokenSpan, ToolCall};

use super::OutputError;
use super::rows::{ErrorRow, FileRow, SequenceRow, ThoughtRow, TrajectoryRow};

pub(super) type Result<T> = std::result::Result<T, OutputError>;

pub(super) fn damaged(what: impl Into<String>) -> OutputError {
    OutputError::Damaged(what.into())
}

/// Columns by name, of a batch or of a struct column.
pub(super) enum Columns<'a> {
    Batch(&'a RecordBatch),
    Struct(&'a StructArray),
}

impl<'a> Columns<'a> {
    pub fn get(&self, name: &str) -> Result<&'a ArrayRef> {
        let column = match self {
            Self::Batch(batch) => batch.column_by_name(name),
            Self::Struct(column) => column.column_by_name(name),
        };
        column.ok_or_else(|| damaged(format!("column \"{name}\" is missing")))
    }

    pub fn strings(&self, name: &str) -> Result<&'a StringArray> {
        let column = self.get(name)?.as_string_opt::<i32>();
        column.ok_or_else(|| damaged(format!("column \"{name}\" holds no text")))
    }

    pub fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Result<&'a [T::Native]> {
        let column = self.get(name)?.as_primitive_opt::<T>();
        let column =
            column.ok_or_else(|| damaged(format!("column \"{name}\" holds no numbers")))?;
        Ok(column.values())
    }

    /// Numbers that may be absent.
    pub fn optional_numbers<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Result<Vec<Option<T::Native>>> {
        let column = self.get(name)?.as_primitive_opt::<T>();
        let column =
            column.ok_or_else(|| damaged(format!("column \"{name}\" holds no numbers")))?;
        Ok(column.iter().collect())
    }

    pub fn lists(&self, name: &str) -> Result<&'a ListArray> {
        let column = self.get(name)?.as_list_opt::<i32>();
        column.ok_or_else(|| damaged(format!("column \"{name}\" holds no lists")))
    }

    /// The items of a column of lists of structs, row by row.
    fn items<T>(
        &self,
        name: &str,
        read: impl Fn(&Columns<'_>, usize) -> Result<Vec<T>>,
    ) -> Result<Vec<Vec<T>>> {
        let lists = self.lists(name)?;
        let rows = lists.iter().map(|list| {
            let list = list.ok_or_else(|| damaged(format!("column \"{name}\" holds a null")))?;
            let items = list.as_struct_opt();
            let items = items.ok_or_else(|| damaged(format!("\"{name}\" holds no structs")))?;
            read(&Columns::Struct(items), items.len())
        });
        rows.collect()
    }
}

pub(super) fn optional(column: &StringArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn kind(name: &str) -> Result<SpanKind> {
    name.parse().map_err(damaged)
}

fn file_indexes(columns: &Columns<'_>) -> Result<Vec<Option<u32>>> {
    let column = columns.get("file")?.as_primitive_opt::<Int32Type>();
    let column = column.ok_or_else(|| damaged("column \"file\" holds no numbers"))?;
    Ok(column.iter().map(|file| file.map(|file| file as u32)).collect())
}

fn read_spans(columns: &Columns<'_>, rows: usize) -> Result<Vec<Span>> {
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

fn read_token_spans(columns: &Columns<'_>, rows: usize) -> Result<Vec<TokenSpan>> {
    let token_span = |span: Span| TokenSpan {
        start: span.start,
        end: span.end,
        kind: span.kind,
        file: span.file,
        step: span.step,
    };
    Ok(read_spans(columns, rows)?.into_iter().map(token_span).collect())
}

fn read_files(columns: &Columns<'_>, rows: usize) -> Result<Vec<FileRow>> {
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

fn read_left_out(columns: &Columns<'_>, rows: usize) -> Result<Vec<(String, u64)>> {
    let (reasons, counts) = (columns.strings("reason")?, columns.numbers::<Int64Type>("count")?);
    Ok((0..rows).map(|row| (reasons.value(row).to_owned(), counts[row] as u64)).collect())
}

/// The numbers of one list.
pub(super) fn read_numbers<T: ArrowPrimitiveType>(
    lists: &ListArray,
    row: usize,
) -> Result<Vec<T::Native>> {
    let items = lists.value(row);
    let items = items.as_primitive_opt::<T>().ok_or_else(|| damaged("a list holds no numbers"))?;
    Ok(items.values().to_vec())
}

fn read_texts(lists: &ListArray, row: usize) -> Result<Vec<String>> {
    let items = lists.value(row);
    let items = items.as_string_opt::<i32>().ok_or_else(|| damaged("a list holds no text"))?;
    Ok(items.iter().flatten().map(str::to_owned).collect())
}

pub(super) fn read_measures(columns: &Columns<'_>, rows: usize) -> Result<Vec<Quality>> {
    let count = |name| columns.numbers::<Int64Type>(name);
    let share = |name| columns.numbers::<Float32Type>(name);
    let (copy_8, copy_13, repetition) = (share("copy_8")?, share("copy_13")?, share("repetition")?);
    let (longest, tokens) = (count("longest_copy")?, count("tokens")?);
    let (words, chars) = (count("words")?, count("chars")?);
    let (n_ungrounded, n_talk) = (count("n_ungrounded")?, count("n_hindsight_talk")?);
    let (ungrounded, talk) = (columns.lists("ungrounded")?, columns.lists("hindsight_talk")?);
    let quality = |row: usize| {
        Ok(Quality {
            tokens: tokens[row] as u32,
            copy_8: copy_8[row],
            copy_13: copy_13[row],
            longest_copy: longest[row] as u32,
            ungrounded: read_texts(ungrounded, row)?,
            n_ungrounded: n_ungrounded[row] as u32,
            hindsight_talk: read_texts(talk, row)?,
            n_hindsight_talk: n_talk[row] as u32,
            repetition: repetition[row],
            words: words[row] as u32,
            chars: chars[row] as u32,
        })
    };
    (0..rows).map(quality).collect()
}

fn read_gains(columns: &Columns<'_>, rows: usize) -> Result<Vec<Gains>> {
    let gain = |name| columns.optional_numbers::<Float32Type>(name);
    let (none, first) = (gain("gain_vs_none")?, gain("gain_vs_first")?);
    let (adjusted, swap) = (gain("gain_leak_adjusted")?, gain("swap_control")?);
    let rounds = columns.lists("gain_by_round")?;
    let gains = |row: usize| {
        Ok(Gains {
            vs_none: none[row],
            vs_first: first[row],
            rounds: read_numbers::<Float32Type>(rounds, row)?,
            leak_adjusted: adjusted[row],
            swap_control: swap[row],
        })
    };
    (0..rows).map(gains).collect()
}

fn read_thoughts(columns: &Columns<'_>, rows: usize) -> Result<Vec<ThoughtRow>> {
    let files = columns.numbers::<Int32Type>("file")?.iter().map(|file| *file as u32);
    let (qualities, gains) = (read_measures(columns, rows)?, read_gains(columns, rows)?);
    let row = |((file, quality), gains)| ThoughtRow { file, quality, gains };
    Ok(files.zip(qualities).zip(gains).map(row).collect())
}

/// Of the struct column `quality`: what the thoughts do not tell.
fn read_checks<'a>(columns: &Columns<'a>) -> Result<[&'a BooleanArray; 2]> {
    let quality = columns.get("quality")?.as_struct_opt();
    let quality = quality.ok_or_else(|| damaged("column \"quality\" holds no structs"))?;
    let quality = Columns::Struct(quality);
    let flags = |name: &str| {
        let column = quality.get(name)?.as_boolean_opt();
        column.ok_or_else(|| damaged(format!("column \"{name}\" holds no booleans")))
    };
    Ok([flags("order_ok")?, flags("bytes_equal")?])
}

fn mode(name: &str) -> Result<Mode> {
    let found = [Mode::Hindsight, Mode::Blinded].into_iter().find(|mode| mode.name() == name);
    found.ok_or_else(|| damaged(format!("\"{name}\" is no mode")))
}

/// The words that roles and tools can be: what was written from a constant is read as one.
fn word(text: &str) -> Result<&'static str> {
    const WORDS: [&str; 6] = ["system", "user", "assistant", "tool", "read_file", "write_file"];
    let found = WORDS.into_iter().find(|word| *word == text);
    found.ok_or_else(|| damaged(format!("a message holds the unknown word \"{text}\"")))
}

fn read_tool_calls(columns: &Columns<'_>, rows: usize) -> Result<Vec<ToolCall>> {
    let ids = columns.strings("id")?;
    let function = columns.get("function")?.as_struct_opt();
    let function = function.ok_or_else(|| damaged("column \"function\" holds no structs"))?;
    let function = Columns::Struct(function);
    let (names, arguments) = (function.strings("name")?, function.strings("arguments")?);
    let call = |row: usize| {
        Ok(ToolCall {
            id: ids.value(row).to_owned(),
            name: word(names.value(row))?,
            arguments: arguments.value(row).to_owned(),
        })
    };
    (0..rows).map(call).collect()
}

fn read_messages(columns: &Columns<'_>, rows: usize) -> Result<Vec<Message>> {
    let (roles, contents) = (columns.strings("role")?, columns.strings("content")?);
    let reasoning = columns.strings("reasoning_content")?;
    let (call_ids, names) = (columns.strings("tool_call_id")?, columns.strings("name")?);
    let calls = columns.items("tool_calls", read_tool_calls)?;
    let message = |(row, tool_calls): (usize, Vec<ToolCall>)| {
        Ok(Message {
            role: word(roles.value(row))?,
            content: optional(contents, row),
            reasoning_content: optional(reasoning, row),
            tool_calls,
            tool_call_id: optional(call_ids, row),
            name: optional(names, row).as_deref().map(word).transpose()?,
        })
    };
    (0..rows).zip(calls).map(message).collect()
}

/// Rows of `trajectories`.
pub fn trajectory_rows(batch: &RecordBatch) -> Result<Vec<TrajectoryRow>> {
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
            commit_id: optional(commits, row),
            content_id: contents.value(row).to_owned(),
            license: optional(licenses, row),
            language: optional(languages, row),
            arm: arms.value(row).to_owned(),
            author: optional(authors, row),
            mode: optional(modes, row).as_deref().map(mode).transpose()?,
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

/// Rows of `sequences`.
pub fn sequence_rows(batch: &RecordBatch) -> Result<Vec<SequenceRow>> {
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

/// Rows of `errors`.
pub fn error_rows(batch: &RecordBatch) -> Result<Vec<ErrorRow>> {
    let columns = Columns::Batch(batch);
    let string = |name| columns.strings(name);
    let (repos, arms, paths) = (string("repo")?, string("arm")?, string("path")?);
    let (stages, kinds, messages) = (string("stage")?, string("kind")?, string("message")?);
    let rows = (0..batch.num_rows()).map(|row| ErrorRow {
        repo: repos.value(row).to_owned(),
        arm: optional(arms, row),
        path: optional(paths, row),
        stage: stages.value(row).to_owned(),
        kind: kinds.value(row).to_owned(),
        message: messages.value(row).to_owned(),
    });
    Ok(rows.collect())
}
