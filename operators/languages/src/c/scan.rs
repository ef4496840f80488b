//! What a C or C++ file says line by line: what it includes, which of the two languages it is, and which parts
//! of it would lead a parser astray.
//!
//! Includes are read from the directives themselves and not from a syntax tree, since a branch of `#if` that
//! opens a brace and does not close it would take the tree's order away. An include in a branch that is not
//! taken is inactive: for sure, or because nothing in the file defines what it asks for, as where a build turns
//! a feature on; whether another file of the repository does is asked later (see `macros`). The path of an import is written `x.h` for a quoted include, `<x.h>` for one in
//! angle brackets, with `include_next ` before it for that directive, and `module x` for `import x;`.

use backstory_core::{Import, When};

use super::conditions::{Conditions, Dialect};
use super::mask::Mask;
use super::tokens::{Token, Tokens, directive, is_word};
use crate::sketch::LONGEST_PATH;

/// A macro whose value is a macro is looked up this often.
const LONGEST_CHAIN: usize = 8;

/// What was found.
pub(super) struct Scan {
    pub(super) imports: Vec<Import>,
    /// The module that the file belongs to.
    pub(super) module: Option<String>,
    pub(super) cpp: bool,
    pub(super) mask: Mask,
}

/// Reads a text. A header that turns out to be C++ is read as such.
pub(super) fn scan(text: &str, dialect: Dialect) -> Scan {
    let scan = scan_as(text, dialect);
    let asks = || memchr::memmem::find(text.as_bytes(), b"__cplusplus").is_some();
    if dialect == Dialect::Either && scan.cpp && asks() {
        return scan_as(text, Dialect::Cpp);
    }
    scan
}

fn scan_as(text: &str, dialect: Dialect) -> Scan {
    let mut scanner = Scanner {
        text,
        conditions: Conditions::new(dialect),
        mask: Mask::default(),
        words: Words::default(),
        cpp: dialect == Dialect::Cpp,
        modules: dialect == Dialect::Cpp,
        imports: vec![],
        module: None,
        line: 1,
        counted: 0,
    };
    for (token, range) in Tokens::new(text) {
        let piece = text.get(range.clone()).unwrap_or_default();
        if token == Token::Directive {
            scanner.directive(piece, range.start);
        } else {
            scanner.code(token, piece, range.start);
        }
        scanner.mask.token(text, token, range);
    }
    let mut mask = scanner.mask;
    mask.finish(scanner.cpp);
    Scan { imports: scanner.imports, module: scanner.module, cpp: scanner.cpp, mask }
}

struct Scanner<'s> {
    text: &'s str,
    conditions: Conditions,
    mask: Mask,
    words: Words<'s>,
    cpp: bool,
    modules: bool,
    imports: Vec<Import>,
    module: Option<String>,
    /// The line of the byte `counted`.
    line: u32,
    counted: usize,
}

/// The last words and signs of code since the last statement or brace ended, as far as they matter.
#[derive(Default)]
struct Words<'s> {
    first: &'s str,
    last: &'s str,
    /// How many there were.
    count: usize,
    /// Where the first one begins.
    start: usize,
}

impl<'s> Scanner<'s> {
    fn line_at(&mut self, place: usize) -> u32 {
        let between = &self.text.as_bytes()[self.counted..place];
        self.line += memchr::memchr_iter(b'\n', between).count() as u32;
        self.counted = place;
        self.line
    }

    fn directive(&mut self, piece: &str, start: usize) {
        let (name, rest) = directive(piece);
        let name = &*name;
        match name {
            "include" | "include_next" | "import" => {
                let prefix = if name == "include_next" { "include_next " } else { "" };
                if let Some(path) = self.path(&rest) {
                    self.add(format!("{prefix}{path}"), start);
                }
            }
            "if" | "ifdef" | "ifndef" | "elif" | "elifdef" | "elifndef" | "else" | "endif" => {
                self.conditions.note(name, &rest);
                self.mask.branch(name, self.conditions.active(), self.conditions.in_cpp());
            }
            _ => self.conditions.note(name, &rest),
        }
        self.words = Words::default();
    }

    /// What an include names: itself, or by a macro that this file defines.
    fn path(&self, rest: &str) -> Option<String> {
        let mut rest = rest;
        for _ in 0..LONGEST_CHAIN {
            if let Some(quoted) = rest.strip_prefix('"') {
                return Some(quoted.split_once('"')?.0.trim().to_owned());
            }
            if let Some(angle) = rest.strip_prefix('<') {
                return Some(format!("<{}>", angle.split_once('>')?.0.trim()));
            }
            let end = rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len());
            rest = self.conditions.value_of(&rest[..end])?;
        }
        None
    }

    fn add(&mut self, path: String, start: usize) {
        if path.is_empty() || path.len() > LONGEST_PATH {
            return;
        }
        let inactive = self.conditions.active() != Some(true);
        let when = if inactive { When::Inactive } else { When::Always };
        let line = self.line_at(start);
        self.imports.push(Import { path, when, line, ..Import::default() });
    }

    /// Looks for signs of C++, and for its modules.
    fn code(&mut self, token: Token, piece: &'s str, start: usize) {
        match token {
            Token::Word | Token::Literal => {
                if self.words.count == 0 {
                    (self.words.first, self.words.start) = (piece, start);
                }
                self.words.last = piece;
                self.words.count += 1;
            }
            Token::Sign(sign) => {
                self.cpp |= self.is_cpp(sign, start) && !self.conditions.in_cpp();
                if sign == b';' && self.modules {
                    self.module_statement(start);
                }
                if matches!(sign, b';' | b'{' | b'}') {
                    self.words = Words::default();
                } else {
                    self.words.count += 1;
                }
            }
            Token::Directive => {}
        }
    }

    /// Whether what comes before a sign is C++ and can hardly be C.
    fn is_cpp(&self, sign: u8, start: usize) -> bool {
        let Words { first, last, count, .. } = self.words;
        let next = self.text.as_bytes().get(start + 1).copied();
        match sign {
            b':' => {
                (count == 1 && matches!(last, "public" | "private" | "protected"))
                    || (next == Some(b':') && count > 0 && first != "asm")
                    || (first == "class" && count >= 2)
            }
            b'<' => count == 1 && first == "template",
            b'{' => {
                matches!(first, "namespace" | "class")
                    || (count >= 2 && first == "inline" && last == "namespace")
            }
            b';' => first == "class" && count == 2 || first == "using" && count >= 2,
            _ => false,
        }
    }

    /// `import x;`, `export import x;`, `module x;`, `export module x:y;`.
    fn module_statement(&mut self, end: usize) {
        if !matches!(self.words.first, "import" | "export" | "module") || self.words.count > 64 {
            return;
        }
        let start = self.words.start;
        let statement = self.text.get(start..end).unwrap_or_default();
        let rest = statement.strip_prefix("export").unwrap_or(statement).trim_start();
        let (word, name) =
            rest.split_at(rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len()));
        let name: String = name.split_whitespace().collect();
        let is_name = |byte: u8| is_word(byte) || matches!(byte, b'.' | b':');
        if name.is_empty() || !(name.bytes().all(is_name) || name.starts_with(['"', '<'])) {
            return;
        }
        match (word, name.starts_with(['"', '<'])) {
            ("import", true) => self.add(name.trim_matches('"').to_owned(), start),
            ("import", false) => {
                let whole = self.module.as_deref().and_then(|module| module.split(':').next());
                let whole = whole.filter(|_| name.starts_with(':')).unwrap_or_default();
                self.add(format!("module {whole}{name}"), start);
            }
            ("module", false) if name != ":private" => self.module = Some(name),
            _ => {}
        }
    }
}
