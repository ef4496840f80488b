//! The conditions of `#if` and `#elif`: integers, `defined`, and the operators of C.

use super::conditions::{Conditions, Value, and, not, or};
use super::tokens::{Token, Tokens};

/// Operands and brackets of a condition nested deeper than this are not looked at.
const DEEPEST: usize = 64;

/// The value of a condition.
pub(super) fn value(conditions: &Conditions, text: &str) -> Value {
    Expression { conditions, tokens: words(text), at: 0, depth: 0 }.value(0)
}

/// A number as written in code.
pub(super) fn number(text: &str) -> Option<i64> {
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

/// A character as written in code, if it stands for itself.
fn character(text: &str) -> Option<i64> {
    match text.as_bytes() {
        [b'\'', byte, b'\''] if byte.is_ascii() => Some(i64::from(*byte)),
        _ => None,
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
            word if word.starts_with('\'') => character(word).map_or(Value::UNKNOWN, Value::sure),
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
