//! What in a thought is a name.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use crate::tokens::{is_word, words};

/// Words that a thought may use in any file: key words, built-in values and types of usual languages, and
/// names of the trade.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let keywords = "as async await bool boolean break case catch char class const continue def default \
        defer del do double dyn elif else enum except export extends extern false False finally float fn \
        for func function go if impl import in int interface is lambda let long loop match mod module mut \
        namespace new nil None NULL null nullptr object override package pass private protected pub \
        public raise return self Self short signed static str string String struct super switch this \
        throw throws trait true True try type typedef typeof undefined union unsafe unsigned use using \
        var virtual void where while with yield";
    let sized = "f32 f64 float32 float64 i8 i16 i32 i64 i128 int8 int16 int32 int64 u8 u16 u32 u64 u128 \
        uint8 uint16 uint32 uint64 usize isize size_t uint8_t uint16_t uint32_t uint64_t int8_t int16_t \
        int32_t int64_t";
    let trade = "ASCII FIXME GitHub GraphQL HTML HTTP HTTPS JSON JavaScript MySQL NOTE POSIX PostgreSQL \
        README REST SHA1 SHA256 SQLite TODO TOML TypeScript UTF8 UUID YAML iOS macOS utf8";
    [keywords, sized, trade].into_iter().flat_map(str::split_whitespace).collect()
});

/// What may join the words of a path, and how many bytes of it at most.
const JOINTS: [char; 4] = ['/', '.', '-', '@'];
const LONGEST_JOINT: usize = 4;

/// Something that a thought calls by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name<'t> {
    Word(&'t str),
    /// At least two words.
    Path(&'t str),
}

impl<'t> Name<'t> {
    pub(crate) fn text(self) -> &'t str {
        match self {
            Self::Word(text) | Self::Path(text) => text,
        }
    }
}

/// All names in a thought, in order.
pub(crate) fn names(thought: &str) -> Vec<Name<'_>> {
    let words: Vec<_> = words(thought).collect();
    let mut code = code(thought).into_iter().peekable();
    let mut names = vec![];
    for run in words.chunk_by(|a, b| is_joint(&thought[a.end..b.start])) {
        let (start, end) = (run[0].start, run[run.len() - 1].end);
        while code.next_if(|code| code.end <= start).is_some() {}
        // A joint holds no backtick, so that all of the run is code or none.
        let is_code = code.peek().is_some_and(|code| code.start <= start && end <= code.end);
        let path = is_path(thought, run, is_code);
        if path {
            names.push(Name::Path(&thought[start..end]));
        }
        let told = |word: &&Range<usize>| {
            let text = &thought[(*word).clone()];
            let used = is_code || is_used(&thought[..word.start], &thought[word.end..]);
            can_name(text) && (looks_like_code(text) || used && !path)
        };
        names.extend(run.iter().filter(told).map(|word| Name::Word(&thought[word.clone()])));
    }
    names
}

/// Where code is in a thought: between backticks on one line, and in fences of three or more of them, the
/// last of which may stay open.
fn code(thought: &str) -> Vec<Range<usize>> {
    let mut found = vec![];
    let mut at = 0;
    while let Some(open) = thought[at..].find('`').map(|open| at + open) {
        let start = past(thought, open, |c| c == '`');
        let rest = &thought[start..];
        let (start, end) = if start - open >= 3 {
            // The language of a fence is no name.
            let end = rest.find("```").map_or(thought.len(), |length| start + length);
            (past(thought, start, char::is_alphanumeric), end)
        } else {
            match rest.find(['`', '\n']) {
                Some(length) if rest[length..].starts_with('`') => (start, start + length),
                _ => {
                    at = start;
                    continue;
                }
            }
        };
        found.push(start..end);
        at = past(thought, end, |c| c == '`');
    }
    found
}

/// The first place from `at` on that holds something else.
fn past(text: &str, at: usize, same: impl Fn(char) -> bool) -> usize {
    text[at..].find(|c| !same(c)).map_or(text.len(), |length| at + length)
}

pub(crate) fn is_joint(between: &str) -> bool {
    (1..=LONGEST_JOINT).contains(&between.len()) && between.chars().all(|c| JOINTS.contains(&c))
}

/// Whether a run of joined words is a path: it has a slash, and an extension, a slash before it, or
/// backticks around it, which `and/or` has not.
fn is_path(thought: &str, run: &[Range<usize>], is_code: bool) -> bool {
    let mut joints = run.windows(2).map(|pair| &thought[pair[0].end..pair[1].start]);
    let slash = joints.clone().any(|joint| joint.contains('/'));
    let extension = joints.next_back() == Some(".");
    let rooted = thought[..run[0].start].ends_with('/');
    let letters = thought[run[0].start..run[run.len() - 1].end].chars().any(char::is_alphabetic);
    slash && letters && (extension || rooted || is_code)
}

/// Whether a word stands in prose as only code does: called or qualified. `item(s)` is not called.
fn is_used(before: &str, after: &str) -> bool {
    let called = after.starts_with('(') && !after.starts_with("(s)") && !after.starts_with("(es)");
    let signs = [".", "::", "->"];
    let qualifies =
        |sign: &str| after.strip_prefix(sign).is_some_and(|rest| rest.starts_with(is_word));
    let belongs =
        |sign: &str| before.strip_suffix(sign).is_some_and(|rest| rest.ends_with(is_word));
    called || signs.into_iter().any(|by| qualifies(by) || belongs(by))
}

fn can_name(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|first| !first.is_numeric())
        && chars.next().is_some()
        && word.chars().any(char::is_alphabetic)
        && !COMMON.contains(word)
}

/// Whether a word is an identifier by its looks alone.
fn looks_like_code(word: &str) -> bool {
    let any = |is: fn(char) -> bool| word.chars().any(is);
    // `URLs` is as good a word as `URL`.
    let singular = word.strip_suffix('s').unwrap_or(word);
    let acronym = singular.chars().all(char::is_uppercase);
    let inner_capital = word.chars().skip(1).any(char::is_uppercase);
    let capitals = word.chars().all(char::is_uppercase) && word.chars().nth(3).is_some();
    let mixed = inner_capital && any(char::is_lowercase) && !acronym;
    word.contains('_') || any(char::is_numeric) || mixed || capitals
}

#[cfg(test)]
mod tests;
