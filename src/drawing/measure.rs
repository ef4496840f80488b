//! How long words are on paper. Fonts differ, so this is an estimate, and a generous one.

/// Height of a box.
pub(super) const BOX_HEIGHT: f64 = 26.0;
/// Size of letters in boxes.
pub(super) const LETTERS: f64 = 12.0;
/// How much longer a text is in bold letters.
pub(super) const BOLD: f64 = 1.1;
/// Longest label before it is shortened.
const MOST_LETTERS: usize = 30;

/// The width of a text in a size.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(letter).sum::<f64>() * size
}

fn letter(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '.' | ',' | '\'' | '|' | ':' | ';' | '!' => 0.3,
        'f' | 't' | 'r' | 'I' | '(' | ')' | '[' | ']' | '/' | '-' | ' ' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
        'A'..='Z' | '_' | '…' | '→' => 0.7,
        letter if letter.is_ascii() => 0.59,
        _ => 1.0,
    }
}

/// A label that fits a box: the middle of a long one is left out, since names differ at both ends.
pub(super) fn short(label: &str) -> String {
    let letters: Vec<char> = label.chars().collect();
    if letters.len() <= MOST_LETTERS {
        return label.to_owned();
    }
    let (begin, end) = (MOST_LETTERS / 2, letters.len() - MOST_LETTERS / 2 + 1);
    letters[..begin].iter().chain(&['…']).chain(&letters[end..]).collect()
}

/// A path that fits a frame: of a long one the end is kept.
pub(super) fn short_path(path: &str) -> String {
    let letters: Vec<char> = path.chars().collect();
    if letters.len() <= MOST_LETTERS + 6 {
        return path.to_owned();
    }
    let end: String = letters[letters.len() - MOST_LETTERS - 5..].iter().collect();
    let end = end.split_once('/').map_or(&*end, |(_, end)| end);
    format!("…/{end}")
}

/// The width of a box with this label.
pub(super) fn box_width(label: &str) -> f64 {
    (width(&short(label), LETTERS) + 20.0).max(52.0).ceil()
}
