//! `--set KEY=VALUE`: replaces or adds one value of the plan.
//!
//! A key is written as in TOML, dots between its parts. Operators are named, not counted:
//! `operator.mask.tokenizer`. A value is TOML if it can be, otherwise it is a string as it stands.

use std::sync::Arc;

use backstory_core::closest;

use super::diagnostic::{Place, Problem, Text};
use super::document::{self, Entry, Node, Table, Value};

const SHAPE: &str = "write KEY=VALUE, for instance source.path=../repositories";

/// A part of a dotted key.
struct Part {
    name: String,
    place: Place,
}

/// Applies one argument to the plan.
pub(super) fn apply(root: &mut Table, text: &Arc<Text>) -> Result<(), Vec<Problem>> {
    let whole = Place::new(text, 0..text.contents().len());
    let Some(equals) = equals_sign(text.contents()) else {
        return Err(vec![
            Problem::error("a --set argument has no value").at(&whole, "no =").hint(SHAPE),
        ]);
    };
    let parts = key(text, equals)?;
    let node = value(text, equals + 1)?;
    let done = match parts.split_first() {
        Some((first, rest)) if first.name == "operator" => set_operator(root, first, rest, node),
        _ => set(root, &parts, node),
    };
    done.map_err(|problem| vec![problem])
}

/// Where the key ends: the first `=` outside quotes.
fn equals_sign(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'=') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// The parts of the key, read as TOML reads a key.
fn key(text: &Arc<Text>, equals: usize) -> Result<Vec<Part>, Vec<Problem>> {
    let place = Place::new(text, 0..equals);
    let wrong = || {
        let problem = Problem::error("this is not a key");
        vec![problem.at(&place, "letters, digits, - and _, dots between").hint(SHAPE)]
    };
    // The key alone in a document of its own, so that its places are those of the argument.
    let line = format!("{}= 0", place.snippet());
    let document = Text::new("", &line, text.base.clone(), text.rank);
    let mut table = document::parse(&document).map_err(|_| wrong())?;
    let mut parts = vec![];
    loop {
        let [entry] = <[Entry; 1]>::try_from(table.entries).map_err(|_| wrong())?;
        parts.push(Part { name: entry.key, place: Place::new(text, entry.place.span) });
        match entry.node.value {
            Value::Table(inner) => table = inner,
            _ => return Ok(parts),
        }
    }
}

fn value(text: &Arc<Text>, start: usize) -> Result<Node, Vec<Problem>> {
    let typed = text.contents().get(start..).unwrap_or_default();
    let start = start + typed.len() - typed.trim_start().len();
    let typed = typed.trim();
    // What opens a string, a list or a table was meant to be TOML.
    let meant = typed.starts_with(['"', '\'', '[', '{']);
    match document::parse_value(text, start) {
        Err(problems) if meant => Err(problems),
        Err(_) => Ok(Node {
            place: Place::new(text, start..start + typed.len()),
            value: Value::String(typed.to_owned()),
        }),
        node => node,
    }
}

/// Sets a key below `table`, adding the tables on the way.
fn set(table: &mut Table, parts: &[Part], node: Node) -> Result<(), Problem> {
    let Some((first, rest)) = parts.split_first() else { return Ok(()) };
    if rest.is_empty() {
        let (key, place) = (first.name.clone(), first.place.clone());
        table.set(Entry { key, place, node });
        return Ok(());
    }
    if table.get(&first.name).is_none() {
        let (key, place) = (first.name.clone(), first.place.clone());
        let node = Node { place: place.clone(), value: Value::Table(Table::default()) };
        table.set(Entry { key, place, node });
    }
    match table.get_mut(&first.name).map(|node| &mut node.value) {
        Some(Value::Table(inner)) => set(inner, rest, node),
        _ => Err(Problem::error(format!("\"{}\" has no keys", first.name))
            .at(&first.place, "not a table")),
    }
}

fn set_operator(
    root: &mut Table,
    operator: &Part,
    rest: &[Part],
    node: Node,
) -> Result<(), Problem> {
    let [name, keys @ ..] = rest else { return Err(no_operator_key(operator)) };
    if keys.is_empty() {
        return Err(no_operator_key(name));
    }
    let Some(Value::List(operators)) = root.get_mut("operator").map(|node| &mut node.value) else {
        return Err(Problem::error("the plan has no operators").at(&operator.place, "none to set"));
    };
    let tables = operators.iter_mut().filter_map(|node| match &mut node.value {
        Value::Table(table) => Some(table),
        _ => None,
    });
    let (mut known, mut found) = (vec![], None);
    for table in tables {
        match operator_name(table) {
            Some(its) if its == name.name => {
                found = Some(table);
                break;
            }
            Some(its) => known.push(its),
            None => {}
        }
    }
    match found {
        Some(table) => set(table, keys, node),
        None => Err(no_such_operator(name, &known)),
    }
}

/// The name that an operator goes by: its own, or that of its kind.
fn operator_name(table: &Table) -> Option<String> {
    let name = table.get("name").or_else(|| table.get("kind"));
    name.and_then(Node::as_str).map(ToOwned::to_owned)
}

fn no_operator_key(part: &Part) -> Problem {
    Problem::error("a --set argument names no key of an operator")
        .at(&part.place, "which key?")
        .hint("write operator.NAME.KEY=VALUE")
}

fn no_such_operator(name: &Part, known: &[String]) -> Problem {
    let hint = match closest(&name.name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("operators of this plan: {}", known.join(", ")),
    };
    Problem::error(format!("no operator is named \"{}\"", name.name))
        .at(&name.place, "unknown operator")
        .hint(hint)
}
