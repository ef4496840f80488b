//! Which branches of `#if` the preprocessor takes, as far as one file tells.
//!
//! The system is Linux on x86-64 and the compiler is one like GCC. What neither the file, the system nor the
//! compiler defines is taken to be undefined, but that is not sure: a build or another file may define it.

use std::cell::Cell;
use std::collections::HashMap;

use super::expression::{self, number};
use super::system::{FOREIGN_MACROS, NATIVE_MACROS};

/// Macros that are looked up for one condition, those in their values included.
const MOST_LOOKUPS: u32 = 256;

/// Longer values are not looked at.
const LONGEST_VALUE: usize = 1024;

/// Values that are macros are looked up this deep.
const DEEPEST: u32 = 16;

/// Something that is so, for sure or as far as one file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) number: i64,
    pub(super) sure: bool,
}

impl Value {
    pub(super) const UNKNOWN: Self = Self { number: 0, sure: false };

    pub(super) fn sure(number: i64) -> Self {
        Self { number, sure: true }
    }

    pub(super) fn unsure(number: i64) -> Self {
        Self { number, sure: false }
    }

    pub(super) fn holds(self) -> bool {
        self.number != 0
    }
}

/// How `__cplusplus` stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    C,
    Cpp,
    /// A header that both may include.
    Either,
}

/// One `#if` that is open.
struct Frame {
    /// Whether the branch that is open is taken.
    open: Value,
    /// Whether any branch before it was taken.
    before: Value,
    /// Whether the preprocessor gets to the `#if` itself, see [`Conditions::active`].
    outside: Option<bool>,
    /// Whether the branch, or one around it, is one that asks for C++.
    cpp: bool,
}

/// The state of the preprocessor at one place of a file.
pub(super) struct Conditions {
    dialect: Dialect,
    frames: Vec<Frame>,
    /// What the file defined: its value as written, or none when it undefined it.
    macros: HashMap<String, (Option<String>, bool)>,
    /// Macros that may still be looked up for this condition, and how deep in values this one is.
    lookups: Cell<u32>,
    depth: Cell<u32>,
}

/// The branches that are open around an include.
pub(super) struct Outside(Vec<Frame>);

impl Conditions {
    pub(super) fn new(dialect: Dialect) -> Self {
        let (frames, macros) = (vec![], HashMap::new());
        Self { dialect, frames, macros, lookups: Cell::new(0), depth: Cell::new(0) }
    }

    /// Enters a file that is included here, where the preprocessor gets; [`Conditions::leave`] is to follow.
    pub(super) fn enter(&mut self) -> Outside {
        Outside(std::mem::take(&mut self.frames))
    }

    pub(super) fn leave(&mut self, outside: Outside) {
        self.frames = outside.0;
    }

    /// Whether the preprocessor gets here; none when only the unknown speaks against it.
    pub(super) fn active(&self) -> Option<bool> {
        let Some(frame) = self.frames.last() else { return Some(true) };
        match frame.outside {
            Some(false) => Some(false),
            _ if frame.open.sure && !frame.open.holds() => Some(false),
            outside => outside.filter(|_| frame.open.holds()),
        }
    }

    /// Whether this is in a branch that asks for C++.
    pub(super) fn in_cpp(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.cpp)
    }

    /// The value of a macro as the file defined it.
    pub(super) fn value_of(&self, name: &str) -> Option<&str> {
        self.macros.get(name)?.0.as_deref()
    }

    /// Takes note of a directive.
    pub(super) fn note(&mut self, name: &str, rest: &str) {
        match name {
            "if" | "ifdef" | "ifndef" => {
                let (open, outside) = (self.test(name, rest), self.active());
                let cpp = self.in_cpp() || asks_for_cpp(name, rest);
                self.frames.push(Frame { open, before: Value::sure(0), outside, cpp });
            }
            "elif" | "elifdef" | "elifndef" | "else" => {
                let name = name.strip_prefix("el").unwrap_or(name);
                let test = self.test(name, rest);
                let Some(mut frame) = self.frames.pop() else { return };
                frame.before = or(frame.before, frame.open);
                frame.open = and(not(frame.before), test);
                frame.cpp = self.in_cpp() || asks_for_cpp(name, rest);
                self.frames.push(frame);
            }
            "endif" => drop(self.frames.pop()),
            "define" | "undef" => self.define(name, rest),
            _ => {}
        }
    }

    fn define(&mut self, directive: &str, rest: &str) {
        let end = rest.bytes().position(|byte| !super::tokens::is_word(byte)).unwrap_or(rest.len());
        let (name, value) = rest.split_at(end);
        let active = self.active();
        if name.is_empty() || active == Some(false) {
            return;
        }
        // What takes arguments, or is very long, has no value that could be looked up.
        let is_known = !value.starts_with('(') && value.len() <= LONGEST_VALUE;
        let value = if is_known { value.trim() } else { "?" };
        let value = (directive == "define").then(|| value.to_owned());
        if active.is_some() || value.is_none() {
            self.macros.insert(name.to_owned(), (value, active.is_some()));
        } else {
            self.macros.entry(name.to_owned()).or_insert((None, false));
        }
    }

    fn test(&self, name: &str, rest: &str) -> Value {
        let word = rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next();
        self.lookups.set(MOST_LOOKUPS);
        match name {
            "ifdef" => self.defined(word.unwrap_or_default()),
            "ifndef" => not(self.defined(word.unwrap_or_default())),
            "if" => expression::value(self, rest),
            _ => Value::sure(1),
        }
    }

    pub(super) fn defined(&self, name: &str) -> Value {
        if let Some((value, sure)) = self.macros.get(name) {
            return Value { number: i64::from(value.is_some()), sure: *sure };
        }
        match (name, self.dialect) {
            ("__cplusplus", Dialect::C) | ("__STDC_VERSION__", Dialect::Cpp) => {
                return Value::sure(0);
            }
            ("__cplusplus", Dialect::Cpp)
            | ("__STDC_VERSION__", Dialect::C)
            | ("__has_include" | "__has_attribute" | "__has_builtin" | "__has_feature", _) => {
                return Value::sure(1);
            }
            _ => {}
        }
        match name {
            _ if FOREIGN_MACROS.contains(name) => Value::sure(0),
            _ if NATIVE_MACROS.contains_key(name) => Value::sure(1),
            _ => Value::UNKNOWN,
        }
    }

    /// The value of a name in a condition.
    pub(super) fn number(&self, name: &str) -> Value {
        if let Some((value, sure)) = self.macros.get(name) {
            let Some(value) = value.as_deref() else { return Value { number: 0, sure: *sure } };
            let number = number(value).map_or_else(|| self.expression(value), Value::sure);
            return Value { sure: number.sure && *sure, ..number };
        }
        match (name, self.dialect) {
            ("__cplusplus", Dialect::Cpp) => return Value::sure(201_703),
            ("__STDC_VERSION__", Dialect::C) => return Value::sure(201_710),
            _ => {}
        }
        match NATIVE_MACROS.get(name) {
            Some(number) => Value::sure(*number),
            None => Value { number: i64::from(name == "true"), sure: self.defined(name).sure },
        }
    }

    /// What the value of a macro is, if that is an expression.
    fn expression(&self, value: &str) -> Value {
        let (left, depth) = (self.lookups.get(), self.depth.get());
        if value == "?" || left == 0 || depth == DEEPEST {
            return Value::UNKNOWN;
        }
        self.lookups.set(left - 1);
        self.depth.set(depth + 1);
        let value = expression::value(self, value);
        self.depth.set(depth);
        value
    }
}

/// Whether a condition is the usual one for parts of a header that are for C++ alone.
fn asks_for_cpp(name: &str, rest: &str) -> bool {
    match name {
        "ifdef" => rest == "__cplusplus",
        "if" => rest.contains("__cplusplus") && !rest.contains('!'),
        _ => false,
    }
}

pub(super) fn not(value: Value) -> Value {
    Value { number: i64::from(!value.holds()), ..value }
}

pub(super) fn and(a: Value, b: Value) -> Value {
    let number = i64::from(a.holds() && b.holds());
    let settled = [a, b].iter().any(|value| value.sure && !value.holds());
    Value { number, sure: settled || (a.sure && b.sure) }
}

pub(super) fn or(a: Value, b: Value) -> Value {
    not(and(not(a), not(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last of some directives leads to a branch that is taken, not taken, or perhaps not taken.
    fn active(directives: &[&str]) -> Option<bool> {
        let mut conditions = Conditions::new(Dialect::C);
        for directive in directives {
            let (name, rest) = super::super::tokens::directive(directive);
            conditions.note(&name, &rest);
        }
        conditions.active()
    }

    #[test]
    fn branches() {
        assert_eq!(active(&["#if 0"]), Some(false));
        assert_eq!(active(&["#if 0", "#else"]), Some(true));
        assert_eq!(active(&["#ifdef _WIN32"]), Some(false));
        assert_eq!(active(&["#ifdef _WIN32", "#elif defined(__linux__)"]), Some(true));
        assert_eq!(active(&["#ifdef __linux__", "#elif defined(X)"]), Some(false));
        assert_eq!(active(&["#ifdef HAVE_X"]), None);
        assert_eq!(active(&["#ifdef HAVE_X", "#else"]), Some(true));
        assert_eq!(active(&["#ifndef A_H", "#define A_H", "#ifdef A_H"]), Some(true));
        assert_eq!(active(&["#if defined(_WIN32) && defined(X) || 0"]), Some(false));
        assert_eq!(active(&["#if !defined(_WIN32) || X"]), Some(true));
        assert_eq!(active(&["#define V 0x20", "#if V >= 3 && (V & 32)"]), Some(true));
        assert_eq!(active(&["#define V 2", "#if V == 1"]), Some(false));
        assert_eq!(active(&["#define V (W >= 2)", "#define W 2", "#if V"]), Some(true));
        assert_eq!(active(&["#define V (W && 1)", "#define W V", "#if V"]), None);
        assert_eq!(active(&["#if 'A' == 65 && 'A' != '0'"]), Some(true));
        assert_eq!(active(&["#if X > 3", "#endif"]), Some(true));
        assert_eq!(active(&["#if ! __has_include(<a>)"]), None);
        assert_eq!(active(&["#if 1 ? 0 : 1"]), Some(false));
        assert_eq!(active(&["#if 0", "#if 1"]), Some(false));
        assert_eq!(active(&["#else", "#endif", "#elif"]), Some(true));
    }

    #[test]
    fn absurd_conditions_end() {
        for piece in ["(", "!", "1 ? ", "a && (", "- - ", "1 << 99 << "] {
            active(&[&format!("#if {}", piece.repeat(100_000))]);
        }
        let doubling: Vec<_> =
            (0..64).map(|n| format!("#define A{n} A{0} + A{0}", n + 1)).collect();
        let mut directives: Vec<_> = doubling.iter().map(|line| &**line).collect();
        directives.push("#if A0");
        active(&directives);
    }
}
