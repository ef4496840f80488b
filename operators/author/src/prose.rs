//! Words out of facts: lists, numbers, sentences. Everything here is bounded.

/// Longest sentence taken from a comment, in characters.
const LONGEST_SENTENCE: usize = 240;

/// Tags at the start of a line that end the prose of a doc comment.
const TAGS: [&str; 5] = ["@", ":param", ":return", ">>>", "```"];

/// What no comment about a license says about a file.
const LEGAL: [&str; 4] = ["copyright", "licensed under", "spdx-license", "all rights reserved"];

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let words: Vec<_> = items.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The first `most` items, and how many more there are.
pub(crate) fn some<T: AsRef<str>>(items: &[T], most: usize) -> String {
    if items.len() <= most {
        return list(items);
    }
    let mut words: Vec<_> = items[..most].iter().map(|item| item.as_ref().to_owned()).collect();
    words.push(format!("{} more", items.len() - most));
    list(&words)
}

/// `1 file`, `3 files`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{} {}", grouped(number), many(thing)) }
}

/// The plural of a word.
pub(crate) fn many(word: &str) -> String {
    if word.ends_with('s') { format!("{word}es") } else { format!("{word}s") }
}

/// `12,345`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// White space of any kind and length as one space.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same for code: where its lines break after or before a bracket, there is nothing between them, nor
/// the comma that only lines want.
pub(crate) fn code_on_one_line(text: &str) -> String {
    let mut joined = String::new();
    for line in text.lines().map(one_line).filter(|line| !line.is_empty()) {
        if line.starts_with([')', ']', '}']) {
            joined.truncate(joined.trim_end_matches(',').len());
        } else if !joined.is_empty() && !joined.ends_with(['(', '[']) {
            joined.push(' ');
        }
        joined.push_str(&line);
    }
    joined
}

/// At most `most` characters, cut between words.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let head = &text[..end];
    let head = head.rfind(' ').map_or(head, |space| &head[..space]);
    format!("{} ...", head.trim_end_matches([',', ';', ':', ' ']))
}

/// The first sentence of a doc comment as written, if it says anything: on one line, with its full stop.
pub(crate) fn first_sentence(doc: &str) -> Option<String> {
    let paragraph = paragraphs(doc).into_iter().next()?;
    let lower = paragraph.to_lowercase();
    if LEGAL.iter().any(|legal| lower.contains(legal)) {
        return None;
    }
    // What is longer by far than a sentence need not be looked through.
    let paragraph = cut(&paragraph, 8 * LONGEST_SENTENCE);
    let paragraph = without_roles(&without_links(&paragraph));
    let sentence = cut(sentence(&paragraph), LONGEST_SENTENCE);
    let sentence = sentence.trim_end_matches([':', ' ']);
    let end = if sentence.ends_with(['.', '!', '?']) { "" } else { "." };
    Some(format!("{sentence}{end}"))
}

/// The text with the labels of its Markdown links in their place, and code in brackets without these.
pub(crate) fn without_links(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, label, after)) = link(rest) {
        kept.push_str(before);
        kept.push_str(label);
        rest = after;
    }
    kept.push_str(rest);
    kept.replace("[`", "`").replace("`]", "`")
}

/// The first link: what is before it, its label, what is after it.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let ends = text.match_indices(']').map(|(at, _)| at);
    let middle = { ends }.find(|at| text[at + 1..].starts_with(['(', '[']))?;
    // Code may have brackets of its own.
    let open = if text[..middle].ends_with('`') { "[`" } else { "[" };
    let start = text[..middle].rfind(open)?;
    let closing = if text[middle..].starts_with("](") { ')' } else { ']' };
    let end = middle + 2 + text[middle + 2..].find(closing)?;
    Some((&text[..start], &text[start + 1..middle], &text[end + 1..]))
}

/// The text with what the roles of reStructuredText show: `Cart` for ``:class:`~shop.Cart` ``.
fn without_roles(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, target)) = rest.split_once(":`") {
        let role = before.rsplit([' ', '(', ',']).next().unwrap_or_default();
        let is_role = role.len() > 1 && role.starts_with(':');
        let Some((target, after)) = target.split_once('`').filter(|_| is_role) else {
            kept.push_str(&rest[..before.len() + 2]);
            rest = target;
            continue;
        };
        kept.push_str(&before[..before.len() - role.len()]);
        kept.extend(["`", shown(target), "`"]);
        rest = after;
    }
    kept + rest
}

/// What a reader sees of the target of a role.
fn shown(target: &str) -> &str {
    match (target.split_once(" <"), target.strip_prefix('~')) {
        (Some((label, _)), _) => label,
        (None, Some(path)) => path.rsplit('.').next().unwrap_or(path),
        (None, None) => target.trim_start_matches('!'),
    }
}

/// The paragraphs of a doc comment before its first tag, without comment markers, each on one line. Titles
/// are left out unless there is nothing else.
fn paragraphs(doc: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let mut titles = vec![];
    for line in doc.trim().lines().map(unmarked) {
        if TAGS.iter().any(|tag| line.starts_with(tag)) {
            break;
        }
        let last = paragraphs.len() - 1;
        if line.is_empty() {
            paragraphs.push(String::new());
        } else if line.contains(char::is_alphanumeric) {
            if !paragraphs[last].is_empty() {
                paragraphs[last].push(' ');
            }
            paragraphs[last].push_str(&one_line(line));
        } else if is_underline(line) {
            titles.push(std::mem::take(&mut paragraphs[last]));
        }
    }
    paragraphs.retain(|paragraph| paragraph.contains(char::is_alphabetic));
    titles.retain(|title| title.contains(char::is_alphabetic));
    if paragraphs.is_empty() { titles } else { paragraphs }
}

/// Whether a line of signs makes the line above it a title.
pub(crate) fn is_underline(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.chars().all(|c| "=-~^*_".contains(c))
}

/// A line of a comment or docstring without its markers.
fn unmarked(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_prefix(['r', 'R', 'u', 'b']).filter(|rest| quoted(rest)).unwrap_or(line);
    let line = line.trim_end_matches("*/").trim_end_matches("\"\"\"").trim_end_matches("'''");
    let line = line.trim_start_matches("\"\"\"").trim_start_matches("'''");
    let line = line.trim_start_matches(['/', '*', '!']).trim();
    line.strip_prefix('#').map_or(line, |rest| rest.trim_start_matches('#').trim())
}

fn quoted(text: &str) -> bool {
    text.starts_with("\"\"\"") || text.starts_with("'''")
}

/// Up to the first full stop that a capital follows.
fn sentence(paragraph: &str) -> &str {
    let ends = paragraph.match_indices(". ").map(|(at, _)| at);
    let followed = |at: &usize| paragraph[at + 2..].starts_with(|c: char| !c.is_lowercase());
    // `e.g.` and initials are no ends.
    let word = |at: &usize| {
        let word = paragraph[..*at].rsplit(' ').next().unwrap_or_default();
        let initial = word.chars().count() < 2 && !word.starts_with(|c: char| c.is_ascii_digit());
        !initial && !word.contains('.')
    };
    match ends.filter(followed).find(word) {
        Some(at) => &paragraph[..=at],
        None => paragraph,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_numbers() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(some(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(1_234_567, "class"), "1,234,567 classes");
    }

    #[test]
    fn sentences_of_comments() {
        let cases = [
            ("/// Reads a file. Slowly.", Some("Reads a file.")),
            (
                "\"\"\"Reads e.g. A file, i.e. B\n\n    More.\"\"\"",
                Some("Reads e.g. A file, i.e. B."),
            ),
            ("/**\n * Reads\n * a file!\n * @param x y\n */", Some("Reads a file!")),
            ("// Was Python 2. Is Python 3.", Some("Was Python 2.")),
            ("// Package todo keeps\n// a list.", Some("Package todo keeps a list.")),
            ("r'''\nTitle\n=====\n'''", Some("Title.")),
            ("\"\"\"\nshop.cart\n~~~~~~~~~\n\nKnows carts.\n\"\"\"", Some("Knows carts.")),
            ("/// Reads [`Key`]s of a [store](crate::store)::", Some("Reads `Key`s of a store.")),
            ("/// Holds an [`Rc<[u8]>`](Rc).", Some("Holds an `Rc<[u8]>`.")),
            (
                "'''Fills a :class:`~shop.Cart`, see :meth:`it <a.b>`.'''",
                Some("Fills a `Cart`, see `it`."),
            ),
            ("// Such as this:`x` or :`y", Some("Such as this:`x` or :`y.")),
            ("# -*- x -*-", Some("-*- x -*-.")),
            ("// Copyright 2020 The Authors. All rights reserved.", None),
            ("/* ---- */", None),
            ("", None),
        ];
        for (doc, expected) in cases {
            assert_eq!(first_sentence(doc).as_deref(), expected, "{doc}");
        }
    }

    #[test]
    fn code_keeps_no_trace_of_its_lines() {
        assert_eq!(
            code_on_one_line("fn f(\n    a: [u8; 3],\n    b:  B,\n) -> C"),
            "fn f(a: [u8; 3], b: B) -> C"
        );
        assert_eq!(code_on_one_line("def f( a, ):"), "def f( a, ):");
    }

    #[test]
    fn long_texts_are_cut_between_words() {
        assert_eq!(cut("one two, three", 9), "one two ...");
        assert_eq!(cut("\u{6f22}\u{5b57}", 2), "\u{6f22}\u{5b57}");
        let long = first_sentence(&"word ".repeat(1000)).unwrap_or_default();
        assert!(long.chars().count() <= LONGEST_SENTENCE + 5);
    }
}
