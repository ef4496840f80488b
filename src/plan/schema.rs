//! Checks a typed value against a JSON schema and takes the places out of it.
//!
//! The schemas are those that the configuration structs generate, so the structs are the only place
//! that says which keys there are, what they hold and what they mean. What a schema says is read by
//! [`super::terms`].

use std::path::Path;

use backstory_core::closest;
use serde_json::{Map, Value as Json};

use super::diagnostic::{Place, Problem};
use super::document::{Entry, Node, Table, Value};
use super::terms::{
    alternatives, choices, example, expected, limit, strings, summary, type_limits, type_of,
};

/// A name that stands for another table, where it was typed.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub name: String,
    pub place: Place,
}

/// The tables that have names of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Those of `[models]`.
    Model,
    /// Those of `[scorers]`.
    Scorer,
}

impl Sort {
    /// The word for one of them, and the format of keys that name one.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Scorer => "scorer",
        }
    }

    /// The table that they are in.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Scorer => "scorers",
        }
    }
}

/// A value that was checked.
pub(super) struct Checked {
    /// The value, if nothing is wrong with it.
    pub value: Option<Json>,
    /// The tables it names.
    pub names: Vec<(Sort, Reference)>,
}

/// Checks `node`, adding all that is wrong with it to `problems`. `owner` is what messages call the
/// table: `a mask operator`.
pub(super) fn check(
    node: &Node,
    schema: &Json,
    owner: &str,
    problems: &mut Vec<Problem>,
) -> Checked {
    let mut checker = Checker::new(owner);
    let value = checker.value(node, schema, "");
    let right = checker.problems.is_empty() && !checker.broken;
    problems.append(&mut checker.problems);
    Checked { value: right.then_some(value), names: checker.names }
}

struct Checker<'a> {
    owner: &'a str,
    names: Vec<(Sort, Reference)>,
    problems: Vec<Problem>,
    /// Something was wrong and has been reported elsewhere.
    broken: bool,
}

impl<'a> Checker<'a> {
    fn new(owner: &'a str) -> Self {
        Self { owner, names: vec![], problems: vec![], broken: false }
    }

    /// `key` is the path of keys from the table that is checked.
    fn value(&mut self, node: &Node, schema: &Json, key: &str) -> Json {
        if matches!(node.value, Value::Broken) {
            self.broken = true;
            return Json::Null;
        }
        if let Some(choices) = choices(schema) {
            return self.choice(node, &choices, key);
        }
        let alternatives = alternatives(schema);
        match alternatives.as_slice() {
            [] => {}
            [only] => return self.value(node, only, key),
            several => return self.any_of(node, several, key),
        }
        match (type_of(schema), &node.value) {
            (Some("object"), Value::Table(table)) => self.table(node, table, schema, key),
            (Some("array"), Value::List(nodes)) => self.list(node, nodes, schema, key),
            (Some("string"), Value::String(text)) => self.string(node, text, schema, key),
            (Some("integer"), Value::Integer(_)) | (Some("number"), Value::Float(_)) => {
                self.number(node, schema, key)
            }
            (Some("number"), Value::Integer(_)) => self.number(node, schema, key),
            (Some("boolean"), Value::Boolean(flag)) => Json::Bool(*flag),
            (None, _) => node.to_json(),
            _ => self.wrong_type(node, schema, key),
        }
    }

    fn table(&mut self, node: &Node, table: &Table, schema: &Json, key: &str) -> Json {
        let nothing = Map::new();
        let known = schema.get("properties").and_then(Json::as_object).unwrap_or(&nothing);
        let others =
            schema.get("additionalProperties").filter(|others| **others != Json::Bool(false));
        let mut clean = Map::new();
        for entry in &table.entries {
            let path = join(key, &entry.key);
            match known.get(&entry.key).or(others) {
                Some(schema) => {
                    clean.insert(entry.key.clone(), self.value(&entry.node, schema, &path));
                }
                None => self.unknown_key(entry, key, table, known),
            }
        }
        for required in strings(schema.get("required")) {
            if table.get(required).is_none() {
                self.missing_key(node, required, known.get(required), key);
            }
        }
        Json::Object(clean)
    }

    fn list(&mut self, node: &Node, nodes: &[Node], schema: &Json, key: &str) -> Json {
        let count = nodes.len() as u64;
        if let Some(least) = limit(schema, "minItems").filter(|least| count < *least) {
            let message = format!("\"{key}\" needs at least {}", plural(least, "entry", "entries"));
            self.problems.push(Problem::error(message).at(&node.place, format!("has {count}")));
        }
        if let Some(most) = limit(schema, "maxItems").filter(|most| count > *most) {
            let message = format!("\"{key}\" takes at most {}", plural(most, "entry", "entries"));
            self.problems.push(Problem::error(message).at(&node.place, format!("has {count}")));
        }
        let any = Json::Bool(true);
        let items = schema.get("items").unwrap_or(&any);
        let clean: Vec<_> = nodes.iter().map(|node| self.value(node, items, key)).collect();
        if schema.get("uniqueItems") == Some(&Json::Bool(true)) {
            self.doubles(nodes, &clean, key);
        }
        Json::Array(clean)
    }

    fn doubles(&mut self, nodes: &[Node], clean: &[Json], key: &str) {
        for (at, value) in clean.iter().enumerate() {
            if !value.is_null() && clean[..at].contains(value) {
                let message = format!("\"{key}\" has an entry twice");
                let problem = Problem::error(message).at(&nodes[at].place, "was there before");
                self.problems.push(problem.hint("remove it"));
            }
        }
    }

    fn string(&mut self, node: &Node, text: &str, schema: &Json, key: &str) -> Json {
        let length = text.chars().count() as u64;
        if let Some(least) = limit(schema, "minLength").filter(|least| length < *least) {
            let (message, label) = if length == 0 {
                (format!("\"{key}\" is empty"), "empty".to_owned())
            } else {
                let message = format!("\"{key}\" needs at least {least} characters");
                (message, format!("has {length}"))
            };
            self.problems.push(Problem::error(message).at(&node.place, label));
        }
        if let Some(most) = limit(schema, "maxLength").filter(|most| length > *most) {
            let message = format!("\"{key}\" takes at most {most} characters");
            self.problems.push(Problem::error(message).at(&node.place, format!("has {length}")));
        }
        let format = schema.get("format").and_then(Json::as_str);
        if format == Some("path") {
            return Json::String(rooted(text, &node.place));
        }
        let sorts = [Sort::Model, Sort::Scorer].into_iter();
        let sort = sorts.filter(|sort| format == Some(sort.word()));
        let reference = Reference { name: text.to_owned(), place: node.place.clone() };
        self.names.extend(sort.map(|sort| (sort, reference.clone())));
        Json::String(text.to_owned())
    }

    fn number(&mut self, node: &Node, schema: &Json, key: &str) -> Json {
        let value = node.to_json();
        let number = value.as_f64().unwrap_or_default();
        let bound = |keyword: &str| schema.get(keyword).and_then(Json::as_f64);
        let (low, high) = type_limits(schema);
        let low = bound("minimum").or(low).filter(|low| number < *low);
        let high = bound("maximum").or(high).filter(|high| number > *high);
        let above = bound("exclusiveMinimum").filter(|low| number <= *low);
        let below = bound("exclusiveMaximum").filter(|high| number >= *high);
        let broken = [
            low.map(|low| format!("at least {low}")),
            high.map(|high| format!("at most {high}")),
            above.map(|low| format!("more than {low}")),
            below.map(|high| format!("less than {high}")),
        ];
        if let Some(rule) = broken.into_iter().flatten().next() {
            let problem = Problem::error(format!("\"{key}\" must be {rule}"));
            self.problems.push(problem.at(&node.place, "out of range"));
        }
        value
    }

    fn choice(&mut self, node: &Node, choices: &[&str], key: &str) -> Json {
        match &node.value {
            Value::String(text) if choices.contains(&text.as_str()) => {}
            Value::String(text) => {
                let problem = Problem::error(format!("\"{text}\" is no value of \"{key}\""));
                let problem = problem.at(&node.place, "unknown value");
                self.problems.push(problem.hint(did_you_mean(text, choices, "it can be")));
            }
            _ => {
                let message = format!("\"{key}\" must be a string, not {}", node.type_name());
                let problem = Problem::error(message).at(&node.place, "expected a string");
                self.problems.push(problem.hint(format!("it can be {}", listed(choices))));
            }
        }
        node.to_json()
    }

    /// Accepts what one of the schemas accepts; otherwise tells what is wrong by the nearest one.
    fn any_of(&mut self, node: &Node, schemas: &[&Json], key: &str) -> Json {
        let mut nearest: Option<(usize, Self, Json)> = None;
        for schema in schemas {
            let mut attempt = Self::new(self.owner);
            let value = attempt.value(node, schema, key);
            // A value of another type is further away than any number of wrong keys.
            let distance = if fits_type(node, schema) { 0 } else { 1000 } + attempt.problems.len();
            if nearest.as_ref().is_none_or(|(least, ..)| distance < *least) {
                nearest = Some((distance, attempt, value));
            }
        }
        let Some((distance, mut attempt, value)) = nearest else { return node.to_json() };
        if distance >= 1000 {
            let expected: Vec<_> = schemas.iter().map(|schema| expected(schema)).collect();
            let message =
                format!("\"{key}\" must be {}, not {}", expected.join(" or "), node.type_name());
            self.problems.push(Problem::error(message).at(&node.place, "of the wrong type"));
        } else {
            self.problems.append(&mut attempt.problems);
            self.names.append(&mut attempt.names);
            self.broken |= attempt.broken;
        }
        value
    }

    fn wrong_type(&mut self, node: &Node, schema: &Json, key: &str) -> Json {
        let expected = expected(schema);
        let message = match key {
            "" => format!("{} must be {expected}, not {}", self.owner, node.type_name()),
            key => format!("\"{key}\" must be {expected}, not {}", node.type_name()),
        };
        let hint = match (type_of(schema), &node.value) {
            (Some("integer" | "number" | "boolean"), Value::String(text)) => {
                let text = text.trim();
                let bare = text.parse::<f64>().is_ok() || matches!(text, "true" | "false");
                bare.then(|| format!("write {text} without quotes"))
            }
            (Some("string"), Value::Integer(_) | Value::Float(_) | Value::Boolean(_)) => {
                Some(format!("put it in quotes: \"{}\"", node.place.snippet()))
            }
            (Some("array"), Value::String(_)) => {
                Some(format!("put it in brackets: [{}]", quoted(node)))
            }
            _ => None,
        };
        let problem = Problem::error(message).at(&node.place, format!("expected {expected}"));
        self.problems.push(problem.hint_if(hint));
        Json::Null
    }

    fn unknown_key(
        &mut self,
        entry: &Entry,
        parent: &str,
        table: &Table,
        known: &Map<String, Json>,
    ) {
        let key = entry.key.as_str();
        // A key that is there already was hardly meant a second time, but by an argument that replaces it.
        let replaces = entry.place.text.is_argument();
        let free = known.keys().map(String::as_str);
        let free: Vec<_> = free.filter(|key| replaces || table.get(key).is_none()).collect();
        let hint = match closest(key, free.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if free.is_empty() => "remove it".to_owned(),
            None => format!("remove it; keys that could be added: {}", free.join(", ")),
        };
        let problem = Problem::error(format!("unknown key \"{}\"", join(parent, key)));
        let label = format!("not a key of {}", self.of(parent));
        self.problems.push(problem.at(&entry.place, label).hint(hint));
    }

    fn missing_key(&mut self, node: &Node, required: &str, schema: Option<&Json>, key: &str) {
        let about = schema.and_then(summary).map(|text| format!("   # {text}")).unwrap_or_default();
        let example = schema.map_or_else(|| "...".to_owned(), example);
        let path = join(key, required);
        let problem = Problem::error(format!("missing key \"{path}\""));
        let problem = problem.at(&node.place, format!("{} needs it", self.of(key)));
        self.problems.push(problem.hint(format!("add {required} = {example}{about}")));
    }

    /// What the table at `key` is called.
    fn of(&self, key: &str) -> String {
        if key.is_empty() { self.owner.to_owned() } else { format!("\"{key}\"") }
    }
}

/// Relative paths start from the folder that the text stands for. In the plan file that is the plan's
/// own, and the path stays as it is: the same plan in another place is the same plan.
fn rooted(text: &str, place: &Place) -> String {
    let keep = !place.text.is_argument() || text.contains("://") || Path::new(text).is_absolute();
    if keep { text.to_owned() } else { place.text.base.join(text).to_string_lossy().into_owned() }
}

/// A hint for a word that is not one of `choices`.
pub(super) fn did_you_mean(word: &str, choices: &[&str], otherwise: &str) -> String {
    match closest(word, choices.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("{otherwise} {}", listed(choices)),
    }
}

/// `"a", "b" or "c"`.
pub(super) fn listed(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [only] => format!("\"{only}\""),
        [first @ .., last] => format!("\"{}\" or \"{last}\"", first.join("\", \"")),
    }
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn quoted(node: &Node) -> String {
    let typed = node.place.snippet();
    if typed.starts_with(['"', '\'']) { typed.to_owned() } else { format!("\"{typed}\"") }
}

fn fits_type(node: &Node, schema: &Json) -> bool {
    if choices(schema).is_some() {
        return matches!(node.value, Value::String(_));
    }
    let Some(expected) = type_of(schema) else { return true };
    match &node.value {
        Value::Broken => true,
        Value::Table(_) => expected == "object",
        Value::List(_) => expected == "array",
        Value::String(_) => expected == "string",
        Value::Boolean(_) => expected == "boolean",
        Value::Float(_) => expected == "number",
        Value::Integer(_) => matches!(expected, "integer" | "number"),
        Value::Date(_) => false,
    }
}
