//! What a condition is, where its own text decides it: `TYPE_CHECKING`, constants, the version of Python
//! and the name of the system.
//!
//! Python is taken to be 3.9 or later, on Linux. Names other than `TYPE_CHECKING` decide nothing.

use backstory_core::When;
use tree_sitter::Node;

use super::{GRAMMAR, Kind};
use crate::syntax::text_of;

/// A condition nested deeper than this decides nothing.
const DEPTH: u32 = 16;

/// The oldest version of Python that matters.
const OLDEST: [u32; 2] = [3, 9];

/// Whether something is true for a running program and for a type checker, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Truth {
    running: Option<bool>,
    checking: Option<bool>,
}

impl Truth {
    /// Of what nothing says no.
    pub(super) const TRUE: Self = Self::always(true);
    const UNKNOWN: Self = Self { running: None, checking: None };

    const fn always(value: bool) -> Self {
        Self { running: Some(value), checking: Some(value) }
    }

    fn each(self, other: Self, of: impl Fn(Option<bool>, Option<bool>) -> Option<bool>) -> Self {
        Self {
            running: of(self.running, other.running),
            checking: of(self.checking, other.checking),
        }
    }

    /// Whether both are true.
    pub(super) fn and(self, other: Self) -> Self {
        self.each(other, |one, other| match (one, other) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        })
    }

    /// Whether it is false.
    pub(super) fn not(self) -> Self {
        self.each(self, |value, _| value.map(|value| !value))
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// When a branch with this condition counts.
    pub(super) fn when(self) -> When {
        match (self.running, self.checking) {
            (Some(false), Some(false)) => When::Inactive,
            (Some(false), _) => When::TypeChecking,
            _ => When::Always,
        }
    }
}

/// What a condition is. `aliases` are other names of `TYPE_CHECKING`.
pub(super) fn truth(source: &str, condition: Node<'_>, aliases: &[String]) -> Truth {
    Conditions { source, aliases }.truth(condition, DEPTH)
}

struct Conditions<'s> {
    source: &'s str,
    aliases: &'s [String],
}

impl Conditions<'_> {
    fn truth(&self, node: Node<'_>, depth: u32) -> Truth {
        let Some(depth) = depth.checked_sub(1) else { return Truth::UNKNOWN };
        let grammar = &*GRAMMAR;
        let part = |field: u16| match node.child_by_field_id(field) {
            Some(part) => self.truth(part, depth),
            None => Truth::UNKNOWN,
        };
        let text = text_of(self.source, node);
        let fields = &grammar.fields;
        match grammar.kind(node) {
            Kind::True => Truth::TRUE,
            Kind::False | Kind::None => Truth::TRUE.not(),
            Kind::Integer => text.parse::<u64>().map_or(Truth::UNKNOWN, |n| Truth::always(n != 0)),
            Kind::Identifier => self.name(text),
            Kind::Attribute => match node.child_by_field_id(fields.attribute) {
                Some(name) if text_of(self.source, name) == "TYPE_CHECKING" => {
                    self.name("TYPE_CHECKING")
                }
                _ => Truth::UNKNOWN,
            },
            Kind::Parenthesized if node.named_child_count() == 1 => {
                node.named_child(0).map_or(Truth::UNKNOWN, |inner| self.truth(inner, depth))
            }
            Kind::Not => part(fields.argument).not(),
            Kind::Boolean => {
                let (left, right) = (part(fields.left), part(fields.right));
                let operator = node.child_by_field_id(fields.operator);
                match operator.map(|operator| text_of(self.source, operator)) {
                    Some("and") => left.and(right),
                    Some("or") => left.or(right),
                    _ => Truth::UNKNOWN,
                }
            }
            Kind::Comparison if node.child_count() == 3 => self.comparison(node),
            Kind::Call => starts_with(text),
            _ => Truth::UNKNOWN,
        }
    }

    fn name(&self, name: &str) -> Truth {
        if name == "TYPE_CHECKING" || self.aliases.iter().any(|alias| alias == name) {
            Truth { running: Some(false), checking: Some(true) }
        } else {
            Truth::UNKNOWN
        }
    }

    fn comparison(&self, node: Node<'_>) -> Truth {
        let text = |at| node.child(at).map_or("", |child| text_of(self.source, child));
        let (left, operator, right) = (text(0), text(1), text(2));
        let decided = match left {
            "sys.platform" => system("linux", operator, right),
            "os.name" => system("posix", operator, right),
            "sys.version_info[0]" | "sys.version_info.major" => {
                right.parse().ok().and_then(|major: u32| compare(OLDEST[0].cmp(&major), operator))
            }
            "sys.version_info" | "sys.version_info[:2]" => version(operator, right),
            _ => None,
        };
        decided.map_or(Truth::UNKNOWN, Truth::always)
    }
}

fn compare(ordering: std::cmp::Ordering, operator: &str) -> Option<bool> {
    Some(match operator {
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        ">=" => ordering.is_ge(),
        "==" => ordering.is_eq(),
        "!=" => ordering.is_ne(),
        _ => return None,
    })
}

/// A string without escapes.
fn string(literal: &str) -> Option<&str> {
    let quote = literal.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
    let inner = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(['\\', quote])).then_some(inner)
}

fn system(ours: &str, operator: &str, right: &str) -> Option<bool> {
    let right = string(right)?;
    match operator {
        "==" => Some(right == ours),
        "!=" => Some(right != ours),
        _ => None,
    }
}

/// `sys.platform.startswith("win")`.
fn starts_with(call: &str) -> Truth {
    let argument = call.strip_prefix("sys.platform.startswith(").and_then(|c| c.strip_suffix(')'));
    let start = argument.and_then(|argument| string(argument.trim()));
    start.map_or(Truth::UNKNOWN, |start| Truth::always("linux".starts_with(start)))
}

/// Compares the version of Python with a tuple, if all versions that matter agree.
fn version(operator: &str, tuple: &str) -> Option<bool> {
    let numbers = tuple.strip_prefix('(')?.strip_suffix(')')?.split(',').map(str::trim);
    let numbers = numbers.filter(|number| !number.is_empty());
    let numbers = numbers.map(|number| number.parse().ok()).collect::<Option<Vec<u32>>>()?;
    match (operator, &*numbers) {
        // A version is longer than such a tuple, and so greater than an equal one.
        (">=" | ">", older) if older < &OLDEST => Some(true),
        ("<" | "<=" | "==", older) if older < &OLDEST => Some(false),
        ("<" | "<=", [major, ..]) if *major > OLDEST[0] => Some(true),
        (">" | ">=" | "==", [major, ..]) if *major > OLDEST[0] => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::syntax::parse;

    #[test]
    fn only_what_the_text_decides_is_decided() {
        let when = |condition: &str| {
            let tree = parse(&GRAMMAR.language, condition, Limits::default()).expect("short");
            let statement = tree.root_node().named_child(0).expect("a statement");
            let condition_node = statement.named_child(0).expect("an expression");
            truth(condition, condition_node, &["TC".to_owned()]).when()
        };
        for condition in [
            "x",
            "True",
            "not x",
            "1",
            "x == 1",
            "sys.version_info >= (3,)",
            "not False",
            "MYPY",
            "sys.version_info < (3, 12)",
            "sys.version_info[0] == 3",
            "not TYPE_CHECKING",
            "sys.platform == 'linux'",
            "TYPE_CHECKING or x",
            "a < b < c",
            "sys.platform != \"win32\"",
            "sys.version_info >= (3, 12)",
            "sys.platform.startswith('lin')",
        ] {
            assert_eq!(when(condition), When::Always, "{condition}");
        }
        for condition in ["TYPE_CHECKING", "t.TYPE_CHECKING", "TC", "(TYPE_CHECKING)", "TC and x"] {
            assert_eq!(when(condition), When::TypeChecking, "{condition}");
        }
        for condition in [
            "False",
            "0",
            "None",
            "x and False",
            "sys.version_info < (3,)",
            "os.name == 'nt'",
            "sys.version_info[0] == 2",
            "sys.version_info.major < 3",
            "sys.platform == 'win32'",
            "sys.version_info < (3, 8)",
            "sys.version_info >= (4,)",
            "not (TC or True)",
            "sys.platform.startswith(\"win\")",
        ] {
            assert_eq!(when(condition), When::Inactive, "{condition}");
        }
        let deep = format!("{}False", "not ".repeat(1000));
        assert_eq!(when(&deep), When::Always);
    }
}
