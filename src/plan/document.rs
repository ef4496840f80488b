//! What was typed, as a tree in which every key and every value knows its place.
//!
//! Responsible for TOML and nothing else: no key has a meaning here.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use super::diagnostic::{Place, Problem, Text};

/// A text that is no TOML at all gives an error per line; a reader needs only the first.
const SYNTAX_ERRORS: usize = 10;

/// A value and where it was typed. For a table with a header that is the header.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Date(String),
    List(Vec<Node>),
    Table(Table),
    /// Already reported: fits everywhere, so that one mistake gives one message.
    Broken,
}

/// Keys in the order in which they were typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    /// Where the key was typed.
    pub place: Place,
    pub node: Node,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// Replaces or adds an entry.
    pub fn set(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }
}

impl Node {
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What the value is, for messages.
    pub fn type_name(&self) -> &'static str {
        match &self.value {
            Value::String(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Date(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Broken => "unreadable",
        }
    }

    /// The value without its places. What has no form in JSON becomes null.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::String(text) | Value::Date(text) => Json::String(text.clone()),
            Value::Integer(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::Boolean(flag) => (*flag).into(),
            Value::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Value::Table(table) => {
                let pairs = table.entries.iter().map(|e| (e.key.clone(), e.node.to_json()));
                pairs.collect::<Map<_, _>>().into()
            }
            Value::Broken => Json::Null,
        }
    }
}

/// Reads a whole document. All syntax errors are reported, up to a limit.
pub(super) fn parse(text: &Arc<Text>) -> Result<Table, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text.contents());
    if !errors.is_empty() {
        let known = errors.iter().take(SYNTAX_ERRORS);
        return Err(known.map(|error| syntax_error(text, error, 0)).collect());
    }
    let mut reader = Reader { text, offset: 0, problems: vec![] };
    let table = reader.table(table.get_ref());
    if reader.problems.is_empty() { Ok(table) } else { Err(reader.problems) }
}

/// Reads a single value that starts at `offset` of `text` and goes to its end.
pub(super) fn parse_value(text: &Arc<Text>, offset: usize) -> Result<Node, Vec<Problem>> {
    let value = DeValue::parse(text.contents().get(offset..).unwrap_or_default());
    let value = value.map_err(|error| vec![syntax_error(text, &error, offset)])?;
    let mut reader = Reader { text, offset, problems: vec![] };
    let node = reader.node(value.get_ref(), value.span());
    if reader.problems.is_empty() { Ok(node) } else { Err(reader.problems) }
}

fn syntax_error(text: &Arc<Text>, error: &toml::de::Error, offset: usize) -> Problem {
    let span = error.span().unwrap_or_default();
    let mut place = Place::new(text, span.start + offset..span.end + offset);
    if place.span.start >= text.contents().trim_end().len() {
        // Nothing stands where the text ends too early, so point at what stands before it.
        let last = text.contents().trim_end().char_indices().last();
        place.span = last.map_or(0..0, |(at, last)| at..at + last.len_utf8());
    }
    let message = error.message().trim_end_matches(", expected nothing");
    Problem::error("this is not TOML").at(&place, message)
}

struct Reader<'a> {
    text: &'a Arc<Text>,
    offset: usize,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn place(&self, span: std::ops::Range<usize>) -> Place {
        Place::new(self.text, span.start + self.offset..span.end + self.offset)
    }

    fn table(&mut self, table: &DeTable<'_>) -> Table {
        let mut entries = vec![];
        for (key, value) in table {
            entries.push(Entry {
                key: key.get_ref().to_string(),
                place: self.place(key.span()),
                node: self.node(value.get_ref(), value.span()),
            });
        }
        Table { entries }
    }

    fn node(&mut self, value: &DeValue<'_>, span: std::ops::Range<usize>) -> Node {
        let place = self.place(span);
        let value = match value {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(number) => self.integer(number, &place),
            DeValue::Float(number) => self.float(number, &place),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(date) => Value::Date(date.to_string()),
            DeValue::Array(values) => Value::List(
                values.iter().map(|value| self.node(value.get_ref(), value.span())).collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node { place, value }
    }

    fn integer(&mut self, number: &DeInteger<'_>, place: &Place) -> Value {
        i64::from_str_radix(number.as_str(), number.radix()).map_or_else(
            |_| {
                let problem = Problem::error("this number is too large");
                self.problems.push(problem.at(place, "has more than 64 bits"));
                Value::Broken
            },
            Value::Integer,
        )
    }

    fn float(&mut self, number: &DeFloat<'_>, place: &Place) -> Value {
        match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Float(number),
            _ => {
                let problem = Problem::error("this number is not finite");
                self.problems.push(problem.at(place, "cannot be computed with"));
                Value::Broken
            }
        }
    }
}
