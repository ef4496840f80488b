//! An outline in the making: what all languages do alike when they write down a definition or an import.

use std::ops::Range;

use backstory_core::{Definition, DefinitionKind, Import, ImportedName, Outline};
use tree_sitter::Node;

use crate::syntax::{line, range, text_of, trim_end};

/// Longer than the path of any file: nothing that could be resolved.
pub(crate) const LONGEST_PATH: usize = 1024;

/// Longer than any name that is worth looking up.
pub(crate) const LONGEST_NAME: usize = 512;

/// Names that share one signature. Where there are more of them, each stands for itself, so that the
/// outline does not grow with the square of the file.
pub(crate) const MOST_NAMES: usize = 16;

/// An outline in the making.
pub(crate) struct Sketch<'s> {
    /// The file's text.
    pub(crate) source: &'s str,
    /// What is known so far.
    pub(crate) outline: Outline,
}

/// What a definition is made of.
pub(crate) struct Parts<'t> {
    pub(crate) kind: DefinitionKind,
    pub(crate) name: Node<'t>,
    /// All of it.
    pub(crate) whole: Range<u32>,
    /// Where the signature begins.
    pub(crate) start: u32,
    /// Where the body begins; none when there is none.
    pub(crate) body: Option<Node<'t>>,
    pub(crate) doc: Option<Range<u32>>,
    pub(crate) parent: Option<u32>,
    pub(crate) public: bool,
}

impl<'s> Sketch<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self { source, outline: Outline::default() }
    }

    /// The text of a node.
    pub(crate) fn text(&self, node: Node<'_>) -> &'s str {
        text_of(self.source, node)
    }

    /// The kind of a definition that is already there.
    pub(crate) fn kind(&self, definition: u32) -> DefinitionKind {
        self.outline.definitions[definition as usize].kind
    }

    /// Whether a definition that is already there is public.
    pub(crate) fn is_public(&self, definition: u32) -> bool {
        self.outline.definitions[definition as usize].public
    }

    /// Adds a definition whose signature ends before its body, without `marks`; gives its index. A name
    /// that the parser made up for broken code is none. In broken code the body may be outside.
    pub(crate) fn define(&mut self, parts: Parts<'_>, marks: &[&str]) -> Option<u32> {
        if parts.name.byte_range().is_empty() {
            return None;
        }
        let end = parts.body.map_or(u32::MAX, |body| body.start_byte() as u32);
        let end = end.min(parts.whole.end);
        let signature = trim_end(self.source, parts.start..end.max(parts.start), marks);
        self.outline.definitions.push(Definition {
            kind: parts.kind,
            name: range(parts.name),
            signature,
            doc: parts.doc,
            range: parts.whole,
            parent: parts.parent,
            public: parts.public,
        });
        Some(self.outline.definitions.len() as u32 - 1)
    }

    /// Adds what one statement defines under several names, of which each may have a body. What documents the
    /// statement documents the first of them.
    pub(crate) fn define_each<'t>(
        &mut self,
        names: &[(Node<'t>, Option<Node<'t>>)],
        parts: impl Fn(Node<'t>, Option<Node<'t>>) -> Parts<'t>,
        marks: &[&str],
    ) {
        let crowded = names.len() > MOST_NAMES;
        for (place, &(name, body)) in names.iter().enumerate() {
            let mut parts = parts(name, body);
            if crowded {
                parts = Parts { whole: range(name), start: range(name).start, body: None, ..parts };
            }
            parts.doc = parts.doc.filter(|_| place == 0);
            self.define(parts, marks);
        }
    }

    /// Adds an import of names by their own names that `statement` states.
    pub(crate) fn import(
        &mut self,
        path: impl Into<String>,
        names: Vec<String>,
        statement: Node<'_>,
    ) {
        let names = names.into_iter().map(|name| ImportedName { name, alias: None }).collect();
        self.state(Import { path: path.into(), names, ..Import::default() }, statement);
    }

    /// Adds an import that `statement` states, whose line it gets.
    pub(crate) fn state(&mut self, import: Import, statement: Node<'_>) {
        if !import.path.is_empty() && import.path.len() <= LONGEST_PATH {
            self.outline.imports.push(Import { line: line(statement), ..import });
        }
    }
}

/// Comments that may turn out to document what follows them: a group without a blank line in it.
#[derive(Default)]
pub(crate) struct Pending(Option<Range<u32>>);

impl Pending {
    /// Adds a comment, to the group so far if it follows that closely.
    pub(crate) fn add(&mut self, source: &str, comment: Range<u32>) {
        self.0 = match self.0.take() {
            Some(group) if touches(source, &group, &comment) => Some(group.start..comment.end),
            _ => Some(comment),
        };
    }

    /// Starts anew with this comment.
    pub(crate) fn replace(&mut self, comment: Range<u32>) {
        self.0 = Some(comment);
    }

    /// The group, wherever it stands.
    pub(crate) fn take(&mut self) -> Option<Range<u32>> {
        self.0.take()
    }

    /// The group, if it ends on the line above `start` or on the same line.
    pub(crate) fn take_before(&mut self, source: &str, start: u32) -> Option<Range<u32>> {
        self.take().filter(|group| touches(source, group, &(start..start)))
    }
}

/// Whether nothing but white space, and no blank line, is between two ranges.
pub(crate) fn touches(source: &str, before: &Range<u32>, after: &Range<u32>) -> bool {
    let between = source.get(before.end as usize..after.start as usize).unwrap_or("?");
    between.bytes().all(|byte| byte.is_ascii_whitespace())
        && between.bytes().filter(|&byte| byte == b'\n').count() < 2
}
