//! What conditions say of themselves: whether `cfg(..)` holds on 64-bit Linux, as far as the text tells.
//!
//! The system is known. Features, tests and whatever a build script may set are not: they may hold.
//! Marks that people set for special builds (`loom`, `docsrs`, `tokio_unstable`) do not.

use std::iter::Peekable;
use std::str::CharIndices;

/// What nobody sets for an ordinary build.
const SPECIAL: [&str; 9] =
    ["clippy", "doc", "docsrs", "doctest", "fuzzing", "kani", "loom", "rustfmt", "shuttle"];

/// What rustc and Cargo set or not as they are asked to: <https://doc.rust-lang.org/reference/conditional-compilation.html>.
const ITS_OWN: [&str; 6] = [
    "debug_assertions",
    "overflow_checks",
    "proc_macro",
    "target_thread_local",
    "test",
    "ub_checks",
];

/// Conditions nested deeper than this are taken as unknown.
const DEEPEST: u32 = 32;

/// What the attributes above an item say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// A condition is known not to hold.
    pub(super) inactive: bool,
    /// Files named by `path`, and whether the condition for that holds; flags that neither rustc nor Cargo
    /// sets by itself are taken as not set there.
    pub(super) paths: Vec<(String, Option<bool>)>,
}

/// Reads the attributes in a text that holds nothing else but comments.
pub(super) fn attributes(text: &str) -> Attributes {
    let mut reader = Reader::new(text);
    let mut found = Attributes::default();
    while let Some(token) = reader.tokens.next() {
        if token == Token::Mark('[') {
            reader.meta(Given { holds: Some(true), by_default: Some(true) }, 0, &mut found);
        }
    }
    found
}

/// Whether the condition in `text`, such as `all(unix, test)`, holds.
pub(super) fn holds(text: &str) -> Option<bool> {
    Reader::new(text).condition(0)
}

/// Whether the condition holds that a macro is named after: `cfg_windows`, `cfg_not_loom`.
pub(super) fn named_after(name: &str) -> Option<bool> {
    let condition = name.strip_prefix("cfg_")?;
    match condition.strip_prefix("not_") {
        Some(condition) => flag(condition).map(|holds| !holds),
        None => flag(condition),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'s> {
    Word(&'s str),
    Text(&'s str),
    Mark(char),
}

/// The words, strings and marks of a text.
#[derive(Clone)]
struct Tokens<'s> {
    text: &'s str,
    rest: Peekable<CharIndices<'s>>,
}

impl<'s> Tokens<'s> {
    fn new(text: &'s str) -> Self {
        Self { text, rest: text.char_indices().peekable() }
    }

    fn skip_to(&mut self, end: usize) {
        while self.rest.next_if(|(at, _)| *at < end).is_some() {}
    }
}

impl<'s> Iterator for Tokens<'s> {
    type Item = Token<'s>;

    fn next(&mut self) -> Option<Token<'s>> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        loop {
            let (at, c) = self.rest.next()?;
            let rest = &self.text[at..];
            if rest.starts_with("//") {
                self.skip_to(rest.find('\n').map_or(self.text.len(), |end| at + end));
            } else if rest.starts_with("/*") {
                self.skip_to(rest.find("*/").map_or(self.text.len(), |end| at + end + 2));
            } else if c == '"' {
                let end = rest[1..].find('"').map_or(self.text.len(), |end| at + 1 + end);
                self.skip_to(end + 1);
                return Some(Token::Text(&self.text[at + 1..end]));
            } else if is_word(c) {
                let end = rest.find(|c| !is_word(c)).map_or(self.text.len(), |end| at + end);
                self.skip_to(end);
                return Some(Token::Word(&self.text[at..end]));
            } else if !c.is_whitespace() {
                return Some(Token::Mark(c));
            }
        }
    }
}

/// Whether the conditions around an attribute hold, and whether they do if nobody sets a flag of their own.
#[derive(Clone, Copy)]
struct Given {
    holds: Option<bool>,
    by_default: Option<bool>,
}

struct Reader<'s> {
    tokens: Peekable<Tokens<'s>>,
    /// Flags that are no rule of rustc or Cargo are taken as not set.
    by_default: bool,
}

impl<'s> Reader<'s> {
    fn new(text: &'s str) -> Self {
        Self { tokens: Tokens::new(text).peekable(), by_default: false }
    }

    fn take(&mut self, mark: char) -> bool {
        self.tokens.next_if_eq(&Token::Mark(mark)).is_some()
    }

    /// One attribute.
    fn meta(&mut self, given: Given, depth: u32, found: &mut Attributes) {
        match self.tokens.next_if(|token| matches!(token, Token::Word(_))) {
            Some(Token::Word("cfg")) if self.take('(') => {
                found.inactive |= given.holds == Some(true) && self.condition(0) == Some(false);
                self.leave();
            }
            Some(Token::Word("path")) if self.take('=') => {
                if let Some(Token::Text(path)) = self.tokens.next() {
                    found.paths.push((path.to_owned(), given.by_default));
                }
            }
            Some(Token::Word("cfg_attr")) if depth < DEEPEST && self.take('(') => {
                let mut unset = Self { tokens: self.tokens.clone(), by_default: true };
                let by_default = and(given.by_default, unset.condition(0));
                let given = Given { holds: and(given.holds, self.condition(0)), by_default };
                while self.next_in_list() {
                    self.meta(given, depth + 1, found);
                }
            }
            _ => {}
        }
    }

    /// Goes behind the next comma; false at the end of the list, which it leaves.
    fn next_in_list(&mut self) -> bool {
        let mut open = 0;
        for token in self.tokens.by_ref() {
            match token {
                Token::Mark(',') if open == 0 => return true,
                Token::Mark(')' | ']' | '}') if open == 0 => return false,
                Token::Mark('(' | '[' | '{') => open += 1,
                Token::Mark(')' | ']' | '}') => open -= 1,
                _ => {}
            }
        }
        false
    }

    fn leave(&mut self) {
        while self.next_in_list() {}
    }

    fn condition(&mut self, depth: u32) -> Option<bool> {
        let Some(Token::Word(word)) = self.tokens.next_if(|token| matches!(token, Token::Word(_)))
        else {
            return None;
        };
        if self.take('=') {
            return match self.tokens.next() {
                Some(Token::Text(value)) => setting(word, value),
                _ => None,
            };
        }
        if !self.take('(') {
            let is_known = !self.by_default || ITS_OWN.contains(&word);
            return flag(word).or_else(|| (!is_known).then_some(false));
        }
        let mut inner = vec![];
        while depth < DEEPEST && matches!(self.tokens.peek(), Some(Token::Word(_))) {
            inner.push(self.condition(depth + 1));
            if !self.next_in_list() {
                return combine(word, &inner);
            }
        }
        self.leave();
        combine(word, &inner)
    }
}

fn combine(word: &str, inner: &[Option<bool>]) -> Option<bool> {
    match (word, inner) {
        ("not", [one]) => one.map(|holds| !holds),
        ("all", inner) => inner.iter().copied().fold(Some(true), and),
        ("any", inner) => {
            let none = inner.iter().map(|one| one.map(|holds| !holds)).fold(Some(true), and);
            none.map(|holds| !holds)
        }
        _ => None,
    }
}

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn flag(word: &str) -> Option<bool> {
    match word {
        "true" | "unix" => Some(true),
        "false" | "windows" => Some(false),
        _ if SPECIAL.contains(&word) || word.contains("unstable") => Some(false),
        _ => None,
    }
}

fn setting(word: &str, value: &str) -> Option<bool> {
    let known = match word {
        "target_os" => "linux",
        "target_family" => "unix",
        "target_arch" => "x86_64",
        "target_env" => "gnu",
        "target_vendor" => "unknown",
        "target_pointer_width" => "64",
        "target_endian" => "little",
        "panic" => "unwind",
        "target_has_atomic" => return Some(["8", "16", "32", "64", "ptr"].contains(&value)),
        _ => return None,
    };
    Some(known == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_known_as_far_as_the_system_decides() {
        for active in ["unix", "not(windows)", "any(unix, feature = \"x\")", "all()", "not(loom)"] {
            assert_eq!(holds(active), Some(true), "{active}");
        }
        for inactive in [
            "windows",
            "all(feature = \"x\", target_os = \"macos\")",
            "not(any(unix, test))",
            "any()",
            "target_arch = \"wasm32\"",
            "all(any(test, x), not(target_pointer_width = \"64\"),)",
        ] {
            assert_eq!(holds(inactive), Some(false), "{inactive}");
        }
        for unknown in ["test", "feature = \"std\"", "all(unix, test)", "has_it", "", "(", "not()"]
        {
            assert_eq!(holds(unknown), None, "{unknown}");
        }
        assert_eq!(holds(&"not(".repeat(100_000)), None);
    }

    #[test]
    fn attributes_are_read_without_comments() {
        let inactive = |text| attributes(text).inactive;
        assert!(inactive("#[cfg(windows)] #[doc = \"x\"]"));
        assert!(inactive("#[allow(x)]\n#[cfg_attr(unix, cfg(windows))]"));
        assert!(!inactive("// #[cfg(windows)]\n#[cfg(unix)]"));
        assert!(!inactive("#[doc = \"#[cfg(windows)]\"] /* #[cfg(windows)] */"));
        let text = "#[path = \"a.rs\"] #[cfg_attr(windows, path = \"b.rs\")] \
                    #[cfg_attr(feature = \"x\", path = \"c.rs\", doc(x))]";
        let paths = [("a.rs", Some(true)), ("b.rs", Some(false)), ("c.rs", None)];
        assert_eq!(attributes(text).paths, paths.map(|(path, when)| (path.to_owned(), when)));
        let text = "#[cfg_attr(from_git, path = \"a.rs\")] #[cfg_attr(not(from_git), path = \"b.rs\")] \
                    #[cfg_attr(all(not(from_git), test), path = \"c.rs\")]";
        let paths = [("a.rs", Some(false)), ("b.rs", Some(true)), ("c.rs", None)];
        assert_eq!(attributes(text).paths, paths.map(|(path, when)| (path.to_owned(), when)));
    }
}
