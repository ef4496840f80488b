//! What a lexer of no language in particular sees in a text.

use std::ops::Range;

/// Quotes say little about where a text is from: a thought quotes code in its own way.
const QUOTES: [char; 10] = ['\'', '"', '`', '´', '‘', '’', '“', '”', '«', '»'];

/// From this many on, equal signs in a row are decoration.
const DECORATION: usize = 4;

/// What a character is to the lexer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// White space and quotes.
    Passed,
    /// Of a word, and starts a number.
    Digit,
    /// Of a word.
    Word,
    Sign,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            '0'..='9' => Self::Digit,
            c if is_word(c) => Self::Word,
            c if c.is_whitespace() || QUOTES.contains(&c) => Self::Passed,
            _ => Self::Sign,
        }
    }

    /// [`Kind::of`] for ASCII, which is nearly all that whole files are made of.
    const ASCII: [Self; 128] = {
        let mut kinds = [Self::Sign; 128];
        let mut byte = 0;
        while byte < 128 {
            kinds[byte as usize] = match byte {
                b'0'..=b'9' => Self::Digit,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => Self::Word,
                b'\t'..=b'\r' | b' ' | b'\'' | b'"' | b'`' => Self::Passed,
                _ => Self::Sign,
            };
            byte += 1;
        }
        kinds
    };

    fn in_word(self) -> bool {
        matches!(self, Self::Word | Self::Digit)
    }
}

/// Whether a character may stand in an identifier.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens of a text: identifiers, numbers, single signs.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    ranges(text).map(|range| &text[range])
}

/// Where the tokens of a text are.
pub(crate) fn ranges(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at = past(text, at, |kind| kind == Kind::Passed);
        let start = at;
        let (kind, length) = character(text, start)?;
        let end = match kind {
            Kind::Digit => number(text, start),
            Kind::Word => word(text, start),
            _ => start + length,
        };
        at = if kind == Kind::Sign { signs(text, start, end) } else { end };
        Some(start..end)
    })
}

/// Where the words of a text are: identifiers and numbers, without fractions.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = past(text, at, |kind| !kind.in_word());
        at = word(text, start);
        (start < at).then_some(start..at)
    })
}

/// The character at `at`, and its bytes.
#[inline]
fn character(text: &str, at: usize) -> Option<(Kind, usize)> {
    let byte = *text.as_bytes().get(at)?;
    let ascii = Kind::ASCII.get(usize::from(byte)).map(|&kind| (kind, 1));
    ascii.or_else(|| text[at..].chars().next().map(|c| (Kind::of(c), c.len_utf8())))
}

/// The first place from `at` on that holds something else.
#[inline]
fn past(text: &str, mut at: usize, same: impl Fn(Kind) -> bool) -> usize {
    while let Some((kind, length)) = character(text, at)
        && same(kind)
    {
        at += length;
    }
    at
}

/// Where the word that starts at `at` ends.
#[inline]
pub(crate) fn word(text: &str, at: usize) -> usize {
    past(text, at, Kind::in_word)
}

/// Where the number that starts at `at` ends, fraction included.
fn number(text: &str, at: usize) -> usize {
    let whole = word(text, at);
    match text.as_bytes()[whole..] {
        [b'.', b'0'..=b'9', ..] => word(text, whole + 1),
        _ => whole,
    }
}

/// Where to go on after the sign at `start..end`.
#[inline]
fn signs(text: &str, start: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    // Few signs are followed by what could be the same.
    if bytes.get(end) != Some(&bytes[start]) {
        return end;
    }
    let sign = &bytes[start..end];
    let mut after = end;
    while bytes[after..].starts_with(sign) {
        after += sign.len();
    }
    if after - start >= DECORATION * sign.len() { after } else { end }
}

#[cfg(test)]
mod tests;
