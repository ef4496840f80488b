//! Where comments are, by the language of a file, without a grammar.

use std::ops::Range;

/// How a language marks comments.
pub(crate) struct Syntax {
    /// What begins a comment that ends with its line.
    lines: &'static [&'static str],
    /// What begins and ends others.
    blocks: &'static [(&'static str, &'static str)],
    /// What begins and ends a text that says what a comment would, where one stands alone at the top.
    texts: &'static [&'static str],
}

const SLASHES: Syntax = Syntax { lines: &["//"], blocks: &[("/*", "*/")], texts: &[] };
const HASH: Syntax = Syntax { lines: &["#"], blocks: &[], texts: &[] };
const DASHES: Syntax = Syntax { lines: &["--"], blocks: &[], texts: &[] };

impl Syntax {
    /// That of a language, by the name it has in [`backstory_core::SourceFile::language`]; of one that nothing is
    /// known of, that of most.
    pub(crate) fn of(language: &str) -> Self {
        match language {
            "python" => Self { texts: &["\"\"\"", "'''"], ..HASH },
            "awk" | "bash" | "crystal" | "elixir" | "graphql" | "perl" | "r" | "tcl" => HASH,
            "coffeescript" => Self { blocks: &[("###", "###")], ..HASH },
            "julia" => Self { blocks: &[("#=", "=#")], ..HASH },
            "nim" => Self { blocks: &[("#[", "]#")], ..HASH },
            "nix" => Self { blocks: SLASHES.blocks, ..HASH },
            "powershell" => Self { blocks: &[("<#", "#>")], ..HASH },
            "ruby" => Self { blocks: &[("=begin", "=end")], ..HASH },
            "ada" | "vhdl" => DASHES,
            "elm" | "haskell" => Self { blocks: &[("{-", "-}")], ..DASHES },
            "lua" => Self { blocks: &[("--[[", "]]")], ..DASHES },
            "sql" => Self { blocks: SLASHES.blocks, ..DASHES },
            "clojure" | "elisp" | "lisp" | "racket" | "scheme" => {
                Self { lines: &[";"], blocks: &[("#|", "|#")], texts: &[] }
            }
            "assembly" => Self { lines: &[";", "#", "//"], ..SLASHES },
            "astro" | "svelte" | "vue" => {
                Self { blocks: &[("<!--", "-->"), ("/*", "*/")], ..SLASHES }
            }
            "css" => Self { lines: &[], ..SLASHES },
            "erlang" => Self { lines: &["%"], blocks: &[], texts: &[] },
            "fortran" => Self { lines: &["!"], blocks: &[], texts: &[] },
            "fsharp" | "pascal" => Self { blocks: &[("(*", "*)")], ..SLASHES },
            "ocaml" => Self { lines: &[], blocks: &[("(*", "*)")], texts: &[] },
            "php" => Self { lines: &["//", "#"], ..SLASHES },
            "vim" => Self { lines: &["\""], blocks: &[], texts: &[] },
            "visual-basic" => Self { lines: &["'"], blocks: &[], texts: &[] },
            _ => SLASHES,
        }
    }

    /// The bytes of the comment that `rest` begins with, to the end of its line at most where that ends it.
    pub(crate) fn comment(&self, rest: &str) -> Option<usize> {
        let line = || self.lines.iter().any(|mark| rest.starts_with(mark));
        self.block(rest).or_else(|| line().then(|| rest.find('\n').unwrap_or(rest.len())))
    }

    fn block(&self, rest: &str) -> Option<usize> {
        let (open, close) = self.blocks.iter().find(|(open, _)| rest.starts_with(open))?;
        enclosed(rest, open, close)
    }

    fn text(&self, rest: &str) -> Option<usize> {
        let quotes = self.texts.iter().find(|quotes| rest.starts_with(**quotes))?;
        enclosed(rest, quotes, quotes)
    }

    /// The bytes of the comments at the start of `rest` that follow each other line by line, and are all docs or
    /// all none.
    fn lines(&self, rest: &str) -> Option<usize> {
        let kind = |line: &str| {
            let line = line.trim_start();
            let comment = self.lines.iter().any(|mark| line.starts_with(mark));
            (comment && self.block(line).is_none()).then(|| is_doc(line))
        };
        let docs = kind(rest)?;
        let same = |line: &&str| kind(line) == Some(docs);
        let bytes = rest.split_inclusive('\n').take_while(same).map(str::len).sum();
        Some(rest[..bytes].trim_end().len())
    }
}

fn enclosed(rest: &str, open: &str, close: &str) -> Option<usize> {
    let inner = rest[open.len()..].find(close)?;
    Some(open.len() + inner + close.len())
}

/// Docs of what follows or of what they stand in; a rule drawn with slashes is none.
fn is_doc(line: &str) -> bool {
    line.starts_with("//!") || line.starts_with("///") && !line.starts_with("////")
}

/// A comment at the top of a file.
pub(crate) struct Block {
    pub(crate) range: Range<usize>,
    /// Whether it is a text that stands for a comment.
    pub(crate) is_text: bool,
}

/// The comments at the top of a file.
pub(crate) struct Leading {
    pub(crate) blocks: Vec<Block>,
    /// Where something else starts; the end of the file if nothing does.
    pub(crate) end: usize,
}

impl Leading {
    /// Linear in the comments.
    pub(crate) fn of(syntax: &Syntax, text: &str) -> Self {
        let mut blocks = vec![];
        let mut end = opening(text);
        loop {
            end += blank(&text[end..]);
            let rest = &text[end..];
            let comment = syntax.block(rest).or_else(|| syntax.lines(rest));
            let Some(bytes) = comment.or_else(|| syntax.text(rest)) else { break };
            blocks.push(Block { range: end..end + bytes, is_text: comment.is_none() });
            end += bytes;
        }
        Self { blocks, end }
    }
}

/// The bytes of what has to come first of all: a mark of byte order, what runs a script, the tag of PHP.
fn opening(text: &str) -> usize {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = |rest: &str| rest.find('\n').unwrap_or(rest.len());
    if rest.starts_with("#!") && !rest.starts_with("#![") {
        rest = &rest[line(rest)..];
    }
    let tag = rest.trim_start().strip_prefix("<?php");
    text.len() - tag.unwrap_or(rest).len()
}

fn blank(rest: &str) -> usize {
    rest.len() - rest.trim_start().len()
}
