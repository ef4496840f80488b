//! Environment variables in the strings of a plan: `${NAME}`, and `$$` for a dollar.
//!
//! Keys are never touched, and what a variable holds is not searched again.

use super::diagnostic::{Place, Problem};
use super::document::{Node, Table, Value};

/// Replaces every variable in the values of `table`; each that is not set is a problem.
pub(super) fn expand(
    table: &mut Table,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    for entry in &mut table.entries {
        expand_node(&mut entry.node, environment, problems);
    }
}

/// The text that [`expand`] turns into `text`.
pub(super) fn escape(text: &str) -> String {
    text.replace('$', "$$")
}

fn expand_node(
    node: &mut Node,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    match &mut node.value {
        Value::List(nodes) => {
            for node in nodes {
                expand_node(node, environment, problems);
            }
        }
        Value::Table(table) => expand(table, environment, problems),
        Value::String(text) if text.contains('$') => {
            let (expanded, wrong) = expand_text(text, environment);
            let broken = !wrong.is_empty();
            problems.extend(wrong.into_iter().map(|wrong| wrong.problem(&node.place)));
            node.value = if broken { Value::Broken } else { Value::String(expanded) };
        }
        _ => {}
    }
}

/// A piece of a string that cannot be replaced.
enum Wrong<'a> {
    Unclosed,
    NoName(&'a str),
    NotSet(&'a str),
}

impl Wrong<'_> {
    fn problem(&self, value: &Place) -> Problem {
        match self {
            Self::Unclosed => Problem::error("this variable has no end")
                .at(&part(value, "${"), "not closed")
                .hint("close it with }, or write $$ for a dollar"),
            Self::NoName(name) => Problem::error(format!("\"{name}\" cannot name a variable"))
                .at(&part(value, &format!("${{{name}}}")), "not a name")
                .hint("use letters, digits and underscores, or write $$ for a dollar"),
            Self::NotSet(name) => Problem::error(format!("\"{name}\" is not set"))
                .at(&part(value, &format!("${{{name}}}")), "no such environment variable")
                .hint(format!("set it: export {name}=...")),
        }
    }
}

/// The place of `needle` in a string, or of the whole string if it was written with escapes.
fn part(value: &Place, needle: &str) -> Place {
    value.snippet().find(needle).map_or_else(
        || value.clone(),
        |at| {
            let start = value.span.start + at;
            Place::new(&value.text, start..start + needle.len())
        },
    )
}

fn expand_text<'a>(
    text: &'a str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> (String, Vec<Wrong<'a>>) {
    let (mut expanded, mut wrong) = (String::new(), vec![]);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        rest = after;
        if let Some(after) = after.strip_prefix('$') {
            expanded.push('$');
            rest = after;
        } else if let Some(after) = after.strip_prefix('{') {
            let Some((name, after)) = after.split_once('}') else {
                wrong.push(Wrong::Unclosed);
                break;
            };
            match (is_name(name), environment(name)) {
                (false, _) => wrong.push(Wrong::NoName(name)),
                (true, None) => wrong.push(Wrong::NotSet(name)),
                (true, Some(value)) => expanded.push_str(&value),
            }
            rest = after;
        } else {
            expanded.push('$');
        }
    }
    expanded.push_str(rest);
    (expanded, wrong)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> String {
        let home = |name: &str| (name == "HOME").then(|| "/h$$".to_owned());
        expand_text(text, &home).0
    }

    #[test]
    fn a_variable_is_replaced_once() {
        assert_eq!(expanded("${HOME}/a"), "/h$$/a");
        assert_eq!(expanded("$${HOME} costs $5 $$"), "${HOME} costs $5 $");
    }

    #[test]
    fn escaped_text_expands_to_itself() {
        for text in ["$", "$$", "${HOME}", "a$b$${c}"] {
            assert_eq!(expanded(&escape(text)), text);
        }
    }
}
