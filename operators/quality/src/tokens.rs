//! What a lexer of no language in particular sees in a text.

/// Quotes say little about where a text is from: a thought quotes code in its own way.
const QUOTES: [char; 10] = ['\'', '"', '`', '´', '‘', '’', '“', '”', '«', '»'];

/// From this many on, equal signs in a row are decoration.
const DECORATION: usize = 4;

/// Whether a character may stand in an identifier.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens of a text: identifiers, numbers, single signs.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
        let first = rest.chars().next()?;
        let (token, consumed) = match first {
            '0'..='9' => (number(rest), number(rest)),
            c if is_word(c) => (word(rest), word(rest)),
            sign => (sign.len_utf8(), signs(rest, sign)),
        };
        let token = &rest[..token];
        rest = &rest[consumed..];
        Some(token)
    })
}

/// Bytes of the word that a text starts with.
fn word(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

/// Bytes of the number that a text starts with, fraction included.
fn number(text: &str) -> usize {
    let whole = word(text);
    match text[whole..].strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            whole + 1 + word(fraction)
        }
        _ => whole,
    }
}

/// Bytes to pass over at the start of a text that starts with `sign`.
fn signs(text: &str, sign: char) -> usize {
    let run = text.len() - text.trim_start_matches(sign).len();
    if run >= DECORATION * sign.len_utf8() { run } else { sign.len_utf8() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        tokens(text).collect()
    }

    #[test]
    fn white_space_and_quotes_are_no_tokens() {
        assert_eq!(of("x_1 =  'a b'\n\t+3.14;"), ["x_1", "=", "a", "b", "+", "3.14", ";"]);
        assert_eq!(of("“größe”: 1_000."), ["größe", ":", "1_000", "."]);
        assert_eq!(of("0x1F..7"), ["0x1F", ".", ".", "7"]);
        assert_eq!(of(" \n\"'"), [""; 0]);
    }

    #[test]
    fn rules_are_one_token() {
        assert_eq!(of("a(((b)))"), ["a", "(", "(", "(", "b", ")", ")", ")"]);
        assert_eq!(of("# -------- #"), ["#", "-", "#"]);
        assert_eq!(of("────x"), ["─", "x"]);
    }
}
