//! The chat form, as columns.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Fields};
use backstory_core::{Message, ToolCall};

use super::arrays::{Made, list, list_of, optional, optional_strings, required, strings, structs};
use super::columns::{Columns, Read, damaged, text};

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

pub(super) fn message_fields() -> Fields {
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

fn tool_calls(calls: &[&ToolCall]) -> Made<ArrayRef> {
    let function = structs(
        function_fields(),
        vec![strings(calls, |call| call.name), strings(calls, |call| &call.arguments)],
    )?;
    structs(
        tool_call_fields(),
        vec![strings(calls, |call| &call.id), strings(calls, |_| "function"), function],
    )
}

pub(super) fn messages(rows: &[&Message]) -> Made<ArrayRef> {
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

fn read_tool_calls(columns: &Columns<'_>, rows: usize) -> Read<Vec<ToolCall>> {
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

pub(super) fn read_messages(columns: &Columns<'_>, rows: usize) -> Read<Vec<Message>> {
    let (roles, contents) = (columns.strings("role")?, columns.strings("content")?);
    let reasoning = columns.strings("reasoning_content")?;
    let (call_ids, names) = (columns.strings("tool_call_id")?, columns.strings("name")?);
    let calls = columns.items("tool_calls", read_tool_calls)?;
    let message = |(row, tool_calls): (usize, Vec<ToolCall>)| {
        Ok(Message {
            role: word(roles.value(row))?,
            content: text(contents, row),
            reasoning_content: text(reasoning, row),
            tool_calls,
            tool_call_id: text(call_ids, row),
            name: text(names, row).as_deref().map(word).transpose()?,
        })
    };
    (0..rows).zip(calls).map(message).collect()
}

/// The words that roles and tools can be: what was written from a constant is read as one.
fn word(text: &str) -> Read<&'static str> {
    const WORDS: [&str; 6] = ["system", "user", "assistant", "tool", "read_file", "write_file"];
    let found = WORDS.into_iter().find(|word| *word == text);
    found.ok_or_else(|| damaged(format!("a message holds the unknown word \"{text}\"")))
}
