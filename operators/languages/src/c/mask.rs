//! What of a file its parser had better not see: branches of `#if` that break up statements or braces, and
//! macros where the grammar expects none. All of it is replaced by spaces, so every place stays what it was.

use std::borrow::Cow;
use std::ops::Range;

use super::tokens::{Token, is_word};

/// Parts of the names of macros that stand before a declaration and may be left out of it.
const PREFIXES: &[&str] = &[
    "API",
    "ATTR",
    "CALL",
    "CONSTEXPR",
    "DECL",
    "DEPRECATED",
    "DLL",
    "EXPORT",
    "EXTERN",
    "HIDDEN",
    "INLINE",
    "INTERNAL",
    "NODISCARD",
    "NORETURN",
    "PRIVATE",
    "PUBLIC",
    "STATIC",
    "UNUSED",
    "VISIB",
    "WARN",
];

/// Parts of the names of macros that stand for themselves without arguments.
const BLOCKS: &[&str] = &[
    "BEGIN",
    "CLOSE",
    "DECLS",
    "DISABLE",
    "ENABLE",
    "END",
    "NAMESPACE",
    "OPEN",
    "POP",
    "PUSH",
    "Q_",
];

/// Longer arguments of macros are not looked at.
const LONGEST_ARGUMENTS: usize = 1000;

/// What to blank.
#[derive(Default)]
pub(super) struct Mask {
    ranges: Vec<Range<usize>>,
    /// Open groups of branches, the innermost last.
    groups: Vec<Group>,
    /// Groups of which the parser is to see one branch at most.
    awkward: Vec<Group>,
    /// Where a statement begins, and where the macros before it do.
    starts: Vec<(u32, u32)>,
    /// What the next directive does to branches.
    next: Option<(Step, Option<bool>, bool)>,
    /// Open parentheses and square brackets.
    brackets: i64,
    /// Whether a statement cannot begin here.
    inside: bool,
    /// Where the macros before this statement begin.
    lead: Option<usize>,
    /// Whether the last word names a kind of type.
    after_class: bool,
    /// Tokens before this place are arguments of a macro that is blanked.
    blank_to: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Open,
    Next,
    Close,
}

/// The branches from an `#if` to its `#endif`.
struct Group {
    branches: Vec<Branch>,
    awkward: bool,
    /// State of the mask at the `#if`.
    brackets: i64,
    inside: bool,
    end: Range<usize>,
}

struct Branch {
    directive: Range<usize>,
    active: Option<bool>,
    cpp: bool,
    /// Braces and brackets it leaves open.
    braces: i64,
    brackets: i64,
    /// Whether there is code in it.
    code: bool,
}

impl Mask {
    /// Takes note of what the directive that comes next does.
    pub(super) fn branch(&mut self, name: &str, active: Option<bool>, cpp: bool) {
        let step = match name {
            "endif" => Step::Close,
            name if name.starts_with("el") => Step::Next,
            _ => Step::Open,
        };
        self.next = Some((step, active, cpp));
    }

    /// Takes note of a token.
    pub(super) fn token(&mut self, text: &str, token: Token, range: Range<usize>) {
        match token {
            Token::Directive => {
                if let Some((step, active, cpp)) = self.next.take() {
                    self.step(step, active, cpp, range);
                }
                return;
            }
            _ if range.start < self.blank_to => return,
            Token::Word if self.blank_macro(text, &range) => return,
            _ => {}
        }
        if let Some(lead) = self.lead.take() {
            self.starts.push((range.start as u32, lead as u32));
        }
        let word = text.get(range).unwrap_or_default();
        self.after_class = matches!(word, "class" | "struct" | "union" | "enum")
            || (self.after_class && word == "class");
        let braces = match token {
            Token::Sign(b'{') => 1,
            Token::Sign(b'}') => -1,
            _ => 0,
        };
        match token {
            Token::Sign(b'(' | b'[') => self.brackets += 1,
            Token::Sign(b')' | b']') => self.brackets -= 1,
            _ => {}
        }
        self.inside = !matches!(token, Token::Sign(b';' | b'{' | b'}' | b':' | b','));
        if let Some(branch) = self.groups.last_mut().and_then(|group| group.branches.last_mut()) {
            branch.braces += braces;
            branch.code = true;
        }
    }

    fn step(&mut self, step: Step, active: Option<bool>, cpp: bool, directive: Range<usize>) {
        let (brackets, inside) = (self.brackets, self.inside);
        if step == Step::Open {
            let awkward = brackets != 0 || inside;
            let end = directive.end..directive.end;
            self.groups.push(Group { branches: vec![], awkward, brackets, inside, end });
        }
        let Some(group) = self.groups.last_mut() else { return };
        if let Some(branch) = group.branches.last_mut() {
            branch.brackets = brackets - group.brackets;
            group.awkward |= branch.braces != 0 || branch.brackets != 0 || (branch.code && inside);
        }
        if step == Step::Close {
            group.end = directive;
            return self.close();
        }
        (self.brackets, self.inside) = (group.brackets, group.inside);
        let (braces, brackets, code) = (0, 0, false);
        group.branches.push(Branch { directive, active, cpp, braces, brackets, code });
    }

    fn close(&mut self) {
        let Some(group) = self.groups.pop() else { return };
        let chosen = group.chosen(true).and_then(|chosen| group.branches.get(chosen));
        self.brackets = group.brackets + chosen.map_or(0, |branch| branch.brackets);
        let braces = chosen.map_or(0, |branch| branch.braces);
        let code = group.branches.iter().any(|branch| branch.code);
        if let Some(around) = self.groups.last_mut().and_then(|outer| outer.branches.last_mut()) {
            around.code |= code;
            around.braces += braces;
        }
        if group.awkward || group.branches.first().is_some_and(|first| first.cpp) {
            self.awkward.push(group);
        }
    }

    /// Settles what is blanked, now that the language is known.
    pub(super) fn finish(&mut self, cpp: bool) {
        for group in std::mem::take(&mut self.awkward) {
            let chosen = group.chosen(cpp);
            let ends = group.branches.iter().skip(1).map(|branch| branch.directive.start);
            let ends = ends.chain([group.end.start]).collect::<Vec<_>>();
            for (at, (branch, end)) in group.branches.iter().zip(ends).enumerate() {
                let end = if chosen == Some(at) { branch.directive.end } else { end };
                self.ranges.push(branch.directive.start..end);
            }
            self.ranges.push(group.end);
        }
    }

    /// Blanks a macro that the grammar does not expect.
    fn blank_macro(&mut self, text: &str, range: &Range<usize>) -> bool {
        let word = text.get(range.clone()).unwrap_or_default();
        if (self.inside && !self.after_class) || !is_macro(word) {
            return false;
        }
        let (arguments, rest) = Rest { text: text.as_bytes(), at: range.end }.arguments();
        let end = arguments.as_ref().map_or(range.end, |arguments| arguments.end);
        let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
        let blank = if self.after_class {
            rest.begins_word() && !rest.begins_with(b"final")
        } else if rest.ends_line() {
            let next = rest.skip(true);
            match arguments {
                Some(_) if next.begins_word() => !next.begins_call(),
                Some(_) => matches!(next.byte(), b'#' | b'}' | b'~' | b'/'),
                None => has(BLOCKS),
            }
        } else if rest.begins_word() && has(PREFIXES) {
            let lead = *self.lead.get_or_insert(range.start);
            if let Some(arguments) = arguments.filter(|arguments| is_type(&text[arguments.clone()]))
            {
                self.starts.push((arguments.start as u32 + 1, lead as u32));
                self.ranges.push(range.start..arguments.start + 1);
                self.ranges.push(end - 1..end);
                self.blank_to = end;
                return true;
            }
            true
        } else {
            false
        };
        if blank {
            self.ranges.push(range.start..end);
            self.blank_to = end;
        }
        blank
    }

    /// Where a statement begins that without its macros begins at `start`.
    pub(super) fn start(&self, start: u32) -> u32 {
        let found = self.starts.binary_search_by_key(&start, |(start, _)| *start);
        found.map_or(start, |at| self.starts[at].1)
    }

    /// The text without what is masked.
    pub(super) fn apply<'s>(&self, text: &'s str) -> Cow<'s, str> {
        if self.ranges.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut bytes = text.as_bytes().to_vec();
        let mut done = 0;
        let mut ranges = self.ranges.clone();
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        for range in ranges {
            for byte in &mut bytes[range.start.max(done)..range.end.max(done)] {
                if !matches!(byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
            done = done.max(range.end);
        }
        String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
    }
}

impl Group {
    /// The branch that the parser is to see.
    fn chosen(&self, cpp: bool) -> Option<usize> {
        let first = self.branches.first()?;
        if first.cpp && !cpp {
            return (self.branches.len() > 1).then_some(1);
        }
        let is = |state| self.branches.iter().position(|branch| branch.active == state);
        if first.cpp { Some(0) } else { is(Some(true)).or(is(None)) }
    }
}

/// What follows a word.
#[derive(Clone, Copy)]
struct Rest<'s> {
    text: &'s [u8],
    at: usize,
}

impl Rest<'_> {
    fn byte(self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(b'\n')
    }

    /// Behind white space, line breaks too if `lines`.
    fn skip(mut self, lines: bool) -> Self {
        while self.at < self.text.len()
            && (matches!(self.byte(), b' ' | b'\t' | b'\r') || (lines && self.byte() == b'\n'))
        {
            self.at += 1;
        }
        self
    }

    /// The parentheses that come next, if any, and what follows.
    fn arguments(self) -> (Option<Range<usize>>, Self) {
        let open = self.skip(false);
        if open.byte() != b'(' {
            return (None, open);
        }
        let mut depth = 0;
        for (at, byte) in self.text.iter().enumerate().skip(open.at).take(LONGEST_ARGUMENTS) {
            depth += match byte {
                b'(' => 1,
                b')' => -1,
                _ => 0,
            };
            if depth == 0 {
                return (Some(open.at..at + 1), Self { at: at + 1, ..self }.skip(false));
            }
        }
        (None, open)
    }

    fn begins_word(self) -> bool {
        is_word(self.byte()) && !self.byte().is_ascii_digit()
    }

    fn begins_with(self, word: &[u8]) -> bool {
        self.text[self.at..].starts_with(word)
            && !self.text.get(self.at + word.len()).is_some_and(|byte| is_word(*byte))
    }

    fn ends_line(self) -> bool {
        self.byte() == b'\n'
            || (self.byte() == b'/' && matches!(self.text.get(self.at + 1), Some(b'/' | b'*')))
    }

    /// Whether a name and parentheses come next, as in a definition whose type is on the line before.
    fn begins_call(self) -> bool {
        let length = self.text[self.at..]
            .iter()
            .take(LONGEST_ARGUMENTS)
            .take_while(|byte| is_word(**byte))
            .count();
        let word = &self.text[self.at..self.at + length];
        let after = Self { at: self.at + length, ..self }.skip(false);
        after.byte() == b'(' && !std::str::from_utf8(word).is_ok_and(is_macro)
    }
}

/// Whether parentheses hold nothing but the name of a type.
fn is_type(arguments: &str) -> bool {
    let inner = arguments.get(1..arguments.len().saturating_sub(1)).unwrap_or_default();
    inner.starts_with(|c: char| c.is_alphabetic())
        && inner.bytes().all(|byte| is_word(byte) || matches!(byte, b' ' | b'*'))
}

/// Whether a name is written as macros are.
fn is_macro(word: &str) -> bool {
    let is_loud = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    word.len() >= 3
        && word.bytes().all(is_loud)
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
}
