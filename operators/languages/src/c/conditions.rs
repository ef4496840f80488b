//! Which branches of `#if` the preprocessor takes, as far as one file tells.
//!
//! The system is Linux on x86-64 and the compiler is one like GCC. What neither the file, the system nor the
//! compiler defines is taken to be undefined, but that is not sure: a build or another file may define it.

use std::collections::HashMap;

use super::system::{FOREIGN_MACROS, NATIVE_MACROS};
use super::tokens::{Token, Tokens};

/// Operands and brackets of a condition nested deeper than this are not looked at.
const DEEPEST: usize = 64;

/// Something that is so, for sure or as far as one file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    number: i64,
    sure: bool,
}

impl Value {
    const UNKNOWN: Self = Self { number: 0, sure: false };

    fn sure(number: i64) -> Self {
        Self { number, sure: true }
    }

    fn unsure(number: i64) -> Self {
        Self { number, sure: false }
    }

    fn holds(self) -> bool {
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
}

impl Conditions {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, frames: vec![], macros: HashMap::new() }
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
        // What takes arguments has no value that could be looked up.
        let value = if value.starts_with('(') { "?" } else { value.trim() };
        let value = (directive == "define").then(|| value.to_owned());
        if active.is_some() || value.is_none() {
            self.macros.insert(name.to_owned(), (value, active.is_some()));
        } else {
            self.macros.entry(name.to_owned()).or_insert((None, false));
        }
    }

    fn test(&self, name: &str, rest: &str) -> Value {
        let word = rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next();
        match name {
            "ifdef" => self.defined(word.unwrap_or_default()),
            "ifndef" => not(self.defined(word.unwrap_or_default())),
            "if" => Expression { conditions: self, tokens: words(rest), at: 0, depth: 0 }.value(0),
            _ => Value::sure(1),
        }
    }

    fn defined(&self, name: &str) -> Value {
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
    fn number(&self, name: &str) -> Value {
        if let Some((value, sure)) = self.macros.get(name) {
            let value = value.as_deref().map_or(Some(0), number);
            return value.map_or(Value::UNKNOWN, |number| Value { number, sure: *sure });
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
}

/// Whether a condition is the usual one for parts of a header that are for C++ alone.
fn asks_for_cpp(name: &str, rest: &str) -> bool {
    match name {
        "ifdef" => rest == "__cplusplus",
        "if" => rest.contains("__cplusplus") && !rest.contains('!'),
        _ => false,
    }
}

fn not(value: Value) -> Value {
    Value { number: i64::from(!value.holds()), ..value }
}

fn and(a: Value, b: Value) -> Value {
    let number = i64::from(a.holds() && b.holds());
    let settled = [a, b].iter().any(|value| value.sure && !value.holds());
    Value { number, sure: settled || (a.sure && b.sure) }
}

fn or(a: Value, b: Value) -> Value {
    not(and(not(a), not(b)))
}

/// A number as written in code.
fn number(text: &str) -> Option<i64> {
    let text = text.trim().trim_matches(['(', ')']).replace('\'', "");
    let text = text.trim_end_matches(['u', 'U', 'l', 'L', 'z', 'Z']);
    if text.is_empty() {
        return None;
    }
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The parts of a condition; signs of two bytes are one part.
fn words(text: &str) -> Vec<&str> {
    let mut parts: Vec<(bool, usize, usize)> = vec![];
    for (token, range) in Tokens::new(text) {
        let sign = matches!(token, Token::Sign(_));
        if let Some((true, start, end)) = parts.last().copied()
            && sign
            && end == range.start
            && let Some("&&" | "||" | "==" | "!=" | "<=" | ">=" | "<<" | ">>") =
                text.get(start..range.end)
        {
            parts.pop();
            parts.push((true, start, range.end));
            continue;
        }
        parts.push((sign, range.start, range.end));
    }
    parts.into_iter().filter_map(|(_, start, end)| text.get(start..end)).collect()
}

/// A condition that is being read.
struct Expression<'a> {
    conditions: &'a Conditions,
    tokens: Vec<&'a str>,
    at: usize,
    depth: usize,
}

impl<'a> Expression<'a> {
    fn next(&mut self) -> &'a str {
        self.at += 1;
        self.tokens.get(self.at - 1).copied().unwrap_or("")
    }

    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    /// The value of what binds at least as tightly as `least`.
    fn value(&mut self, least: u8) -> Value {
        self.depth += 1;
        if self.depth > DEEPEST {
            self.at = self.tokens.len();
            return Value::UNKNOWN;
        }
        let mut left = self.operand();
        loop {
            let sign = self.peek();
            let binds = precedence(sign);
            if binds == 0 || binds < least {
                break;
            }
            self.at += 1;
            if sign == "?" {
                let yes = self.value(1);
                self.at += usize::from(self.peek() == ":");
                let no = self.value(1);
                left = if left.holds() { and_sure(yes, left) } else { and_sure(no, left) };
                continue;
            }
            let right = self.value(binds + 1);
            left = combine(sign, left, right);
        }
        self.depth -= 1;
        left
    }

    fn operand(&mut self) -> Value {
        match self.next() {
            "!" => self.unary(not),
            "-" => self.unary(|value| Value { number: value.number.wrapping_neg(), ..value }),
            "+" => self.unary(|value| value),
            "~" => self.unary(|value| Value { number: !value.number, ..value }),
            "(" => {
                let value = self.value(0);
                self.at += usize::from(self.peek() == ")");
                value
            }
            "defined" => {
                let bracket = self.peek() == "(";
                self.at += usize::from(bracket);
                let name = self.next();
                self.at += usize::from(bracket && self.peek() == ")");
                self.conditions.defined(name)
            }
            word if self.peek() == "(" && !word.starts_with(|c: char| c.is_ascii_digit()) => {
                self.skip_arguments();
                Value::unsure(i64::from(has_include(word) || word.contains("GNUC")))
            }
            word if word.starts_with(|c: char| c.is_ascii_digit()) => {
                number(word).map_or(Value::UNKNOWN, Value::sure)
            }
            word => self.conditions.number(word),
        }
    }

    fn unary(&mut self, change: impl Fn(Value) -> Value) -> Value {
        change(self.value(12))
    }

    fn skip_arguments(&mut self) {
        let mut open = 0_usize;
        while self.at < self.tokens.len() {
            match self.next() {
                "(" => open += 1,
                ")" => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return;
            }
        }
    }
}

/// Whether this asks for a file, which is likely to be there.
fn has_include(word: &str) -> bool {
    word.to_ascii_lowercase().contains("has_include")
}

fn and_sure(value: Value, condition: Value) -> Value {
    Value { sure: value.sure && condition.sure, ..value }
}

fn precedence(sign: &str) -> u8 {
    match sign {
        "?" => 1,
        "||" => 2,
        "&&" => 3,
        "|" => 4,
        "^" => 5,
        "&" => 6,
        "==" | "!=" => 7,
        "<" | ">" | "<=" | ">=" => 8,
        "<<" | ">>" => 9,
        "+" | "-" => 10,
        "*" | "/" | "%" => 11,
        _ => 0,
    }
}

fn combine(sign: &str, left: Value, right: Value) -> Value {
    let (a, b) = (left.number, right.number);
    let number = match sign {
        "||" => return or(left, right),
        "&&" => return and(left, right),
        "|" => a | b,
        "^" => a ^ b,
        "&" => a & b,
        "==" => i64::from(a == b),
        "!=" => i64::from(a != b),
        "<" => i64::from(a < b),
        ">" => i64::from(a > b),
        "<=" => i64::from(a <= b),
        ">=" => i64::from(a >= b),
        "<<" => a.wrapping_shl(b as u32),
        ">>" => a.wrapping_shr(b as u32),
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        "/" => a.checked_div(b).unwrap_or(0),
        _ => a.checked_rem(b).unwrap_or(0),
    };
    Value { number, sure: left.sure && right.sure }
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
    }
}
