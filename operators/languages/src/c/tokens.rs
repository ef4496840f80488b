//! The text of a C or C++ file as the preprocessor first reads it: tokens, comments skipped, each directive
//! one token. Linear in the text, whatever is in it.

use std::borrow::Cow;
use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A directive, from its `#` to the end of its last line.
    Directive,
    /// A name or keyword.
    Word,
    /// A number, string or character.
    Literal,
    /// One byte of anything else.
    Sign(u8),
}

/// Gives the tokens of a text with their bytes, in order.
pub(super) struct Tokens<'s> {
    text: &'s [u8],
    at: usize,
    /// Whether nothing but white space and comments is before `at` on its line.
    fresh: bool,
}

impl<'s> Tokens<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text: text.as_bytes(), at: start, fresh: true }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Goes to the next byte that is `end` for, or to the end of the text.
    fn skip_until(&mut self, end: impl Fn(u8) -> bool) {
        while self.at < self.text.len() && !end(self.text[self.at]) {
            self.at += 1;
        }
    }

    /// Goes behind the comment that begins here.
    fn skip_comment(&mut self) {
        if self.byte(1) == b'/' {
            self.skip_line(false);
        } else {
            let rest = &self.text[self.at + 2..];
            let end = memchr::memmem::find(rest, b"*/");
            self.at = end.map_or(self.text.len(), |end| self.at + 2 + end + 2);
        }
    }

    /// Goes to the line break that ends the logical line; in a directive, comments and literals are skipped.
    fn skip_line(&mut self, directive: bool) {
        while self.at < self.text.len() {
            match self.text[self.at] {
                b'\n' if !continued(&self.text[..self.at]) => return,
                b'/' if directive && matches!(self.byte(1), b'/' | b'*') => self.skip_comment(),
                quote @ (b'"' | b'\'') if directive => self.skip_quoted(quote),
                _ => self.at += 1,
            }
        }
    }

    /// Goes behind the string or character that begins here; it ends with its line at the latest.
    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while self.at < self.text.len() {
            match self.text[self.at] {
                b'\n' if !continued(&self.text[..self.at]) => return,
                b'\\' if !matches!(self.byte(1), b'\n' | b'\r') => self.at += 2,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return;
                    }
                }
            }
        }
        self.at = self.text.len();
    }

    /// Goes behind the raw string whose quote is here.
    fn skip_raw(&mut self) {
        let rest = &self.text[self.at + 1..];
        let open = rest.iter().take(17).position(|&byte| byte == b'(');
        let Some(open) = open else { return self.skip_quoted(b'"') };
        let end = [b")", &rest[..open], b"\""].concat();
        let close = memchr::memmem::find(&rest[open..], &end);
        self.at = close.map_or(self.text.len(), |close| self.at + 1 + open + close + end.len());
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        self.skip_until(|byte| !is_word(byte));
        if self.byte(0) == b'"' {
            match &self.text[start..self.at] {
                b"R" | b"LR" | b"uR" | b"UR" | b"u8R" => self.skip_raw(),
                b"L" | b"u" | b"U" | b"u8" => self.skip_quoted(b'"'),
                _ => return Token::Word,
            }
            return Token::Literal;
        }
        Token::Word
    }

    fn number(&mut self) {
        while self.at < self.text.len() {
            match self.text[self.at] {
                b'\'' if self.byte(1).is_ascii_alphanumeric() => self.at += 2,
                byte if is_word(byte) || byte == b'.' => self.at += 1,
                _ => return,
            }
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = (Token, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at;
            let byte = *self.text.get(start)?;
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.fresh = true;
                    continue;
                }
                b'\\' | b' ' | b'\t' | b'\r' | 0x0b | 0x0c => {
                    self.at += 1;
                    continue;
                }
                b'/' if matches!(self.byte(1), b'/' | b'*') => {
                    self.skip_comment();
                    continue;
                }
                _ => {}
            }
            let token = match byte {
                b'#' if std::mem::take(&mut self.fresh) => {
                    self.skip_line(true);
                    Token::Directive
                }
                b'"' | b'\'' => {
                    self.skip_quoted(byte);
                    Token::Literal
                }
                b'0'..=b'9' => {
                    self.number();
                    Token::Literal
                }
                byte if is_word(byte) => self.word(),
                byte => {
                    self.at += 1;
                    Token::Sign(byte)
                }
            };
            self.fresh = false;
            self.at = self.at.min(self.text.len());
            return Some((token, start..self.at));
        }
    }
}

/// Whether a byte may be part of a name.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

/// Whether the line that ends here goes on in the next one.
fn continued(line: &[u8]) -> bool {
    match line {
        [.., b'\\', b'\r'] => true,
        line => line.last() == Some(&b'\\'),
    }
}

/// A directive's name and what follows it, without comments and line breaks.
pub(super) fn directive(text: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let body = text.strip_prefix('#').unwrap_or(text).trim_start_matches([' ', '\t']);
    let word = |text: &str| text.bytes().position(|byte| !is_word(byte)).unwrap_or(text.len());
    if body.starts_with(['/', '\\']) {
        let body = plain(body).into_owned();
        let (name, rest) = body.split_at(word(&body));
        return (Cow::Owned(name.to_owned()), Cow::Owned(rest.trim().to_owned()));
    }
    let (name, rest) = body.split_at(word(body));
    (Cow::Borrowed(name), plain(rest))
}

/// A directive's text without comments and line breaks.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains("/*") && !text.contains("//") && !text.contains('\n') {
        return Cow::Borrowed(text.trim());
    }
    let mut out = String::with_capacity(text.len());
    let mut tokens = Tokens { text: text.as_bytes(), at: 0, fresh: false };
    while tokens.at < text.len() {
        let start = tokens.at;
        match text.as_bytes()[start] {
            b'/' if matches!(tokens.byte(1), b'/' | b'*') => {
                tokens.skip_comment();
                out.push(' ');
            }
            b'\\' if matches!(tokens.byte(1), b'\n' | b'\r') => tokens.at += 1,
            b'\n' | b'\r' => tokens.at += 1,
            quote @ (b'"' | b'\'') => {
                tokens.skip_quoted(quote);
                tokens.at = tokens.at.min(text.len());
                out.push_str(text.get(start..tokens.at).unwrap_or_default());
            }
            _ => {
                tokens.at += 1;
                tokens
                    .skip_until(|byte| matches!(byte, b'/' | b'\\' | b'\n' | b'\r' | b'"' | b'\''));
                out.push_str(text.get(start..tokens.at).unwrap_or_default());
            }
        }
    }
    Cow::Owned(out.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<&str> {
        Tokens::new(text).map(|(_, range)| &text[range]).collect()
    }

    #[test]
    fn comments_and_literals_hide_directives() {
        assert_eq!(
            read("/* \n#include <a>\n*/ x // \\\n#if\n\"\\\"#\"\n'\\''"),
            ["x", "\"\\\"#\"", "'\\''"]
        );
        assert_eq!(
            read("R\"x(\n#if )\" )x\" 1'000 u8\"a\""),
            ["R\"x(\n#if )\" )x\"", "1'000", "u8\"a\""]
        );
        assert_eq!(read("a #b"), ["a", "#", "b"]);
        assert_eq!(
            read("/**/ # if a /* \n */ b \\\n c // d\ne"),
            ["# if a /* \n */ b \\\n c // d", "e"]
        );
        assert_eq!(read("\"open\n#if 'open\nx"), ["\"open", "#if 'open", "x"]);
        assert_eq!(read("\"open \\\n#if\nx"), ["\"open \\\n#if", "x"]);
        assert_eq!(read("\"\\"), ["\"\\"]);
    }

    #[test]
    fn directives_are_read_without_comments() {
        assert_eq!(directive("#  if a /* \n */ b \\\r\n c // d"), ("if".into(), "a   b  c".into()));
        assert_eq!(directive("#include \"a//b.h\" // c"), ("include".into(), "\"a//b.h\"".into()));
        assert_eq!(directive("#"), ("".into(), "".into()));
        assert_eq!(directive("#include<a>"), ("include".into(), "<a>".into()));
        assert_eq!(directive("# /* a */ if /* b */ c"), ("if".into(), "c".into()));
    }
}
