//! Outlines by query: for languages whose outline is a list of patterns over the syntax tree, in a file
//! `outline.scm` beside the language. Responsible for reading the matches; `nest` and `sweep` make an
//! outline of them. A language that is nothing else is a [`Queried`].
//!
//! Each pattern is about one thing, and says so with captures of this vocabulary:
//!
//! | capture | what it is |
//! |---|---|
//! | `@definition.KIND` | a definition; `KIND` is a name of [`DefinitionKind`] |
//! | `@definition` | a definition whose kind, and perhaps who may use it, [`Rules::words`] tell by its `@word` |
//! | `@name` | its name, without which it is none; from the first to the last if there are several |
//! | `@body` | what the signature ends before |
//! | `@head` | what the signature ends with, where there is no node for the body |
//! | `@start` | a token before the definition that it begins with: `and` in OCaml |
//! | `@annotation` | a part before the name that the signature begins after |
//! | `@members` | says that what is defined in it are its members, though it is a variable or a function |
//! | `@private`, `@public` | a word before the name that says who may use it |
//! | `@parameters` | what tells functions of one name apart: they have different numbers of these |
//! | `@local` | something in which all definitions are local |
//! | `@comment` | a comment: documents what it stands on, if it begins as the language's [`Rules::docs`] say |
//! | `@doc` | documents the next definition beside it, whatever is between |
//! | `@doc.inside` | documents the definition that it stands in, or the file |
//! | `@export` | a name that the file offers to others |
//! | `@export.all` | a type that the file offers with all that is in it |
//! | `@import` | an import |
//! | `@import.path` | where it imports from, as written; without it, [`Rules::imports`] reads the text |
//! | `@import.name` | a name that it takes from there |
//! | `@import.alias` | the new name of that, or of the whole if the pattern has no `@import.name` |
//! | `@import.exported` | a word that says that it offers to others what it imports |
//! | `@package` | the package or namespace of the file |
//! | `@_...` | something that a predicate asks about |
//!
//! `@annotation`, `@private` and `@public` may have a pattern of their own, and are then about the definition
//! that they stand in. Several names in one declaration are several matches, and several names in one import too. Where
//! patterns match one node, the first of the file decides: the special stands above the general, and a
//! declaration that imports is no definition.

mod language;
mod matches;
mod nest;
mod role;
mod sweep;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::ops::{ControlFlow, Range};

use backstory_core::{DefinitionKind, Import, Outline};
use tree_sitter::{
    Language, Query, QueryCursor, QueryCursorOptions, QueryCursorState, QueryError,
    StreamingIterator, Tree,
};

use crate::syntax::{FREE_STEPS, parse};
use crate::{Limits, TooComplex};
pub(crate) use language::Queried;
use matches::Matches;
use role::Role;

#[cfg(test)]
pub(crate) use tests::sampled;

/// What the query of a language cannot say.
pub(crate) struct Rules {
    /// How comments begin that are documentation.
    pub(crate) docs: &'static [&'static str],
    /// Whether a comment below a definition, with a blank line after it, is its documentation.
    pub(crate) docs_below: bool,
    /// What is cut off the end of signatures.
    pub(crate) marks: &'static [&'static str],
    /// Whether other files may use a definition that no capture tells this of.
    pub(crate) public: fn(&Seen<'_>) -> bool,
    /// Whether functions of one name are written as several clauses.
    pub(crate) clauses: bool,
    /// The words of languages that define everything by calls, with the kind of what they define and
    /// whether other files may use it.
    pub(crate) words: &'static [(&'static str, DefinitionKind, bool)],
    /// Reads an import without a path from its text.
    pub(crate) imports: fn(&str) -> Vec<Import>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            docs: &[],
            docs_below: false,
            marks: &[],
            public: |_| true,
            clauses: false,
            words: &[],
            imports: |_| vec![],
        }
    }
}

/// What can be known of a definition to judge whether other files may use it.
pub(crate) struct Seen<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: DefinitionKind,
    pub(crate) doc: Option<&'a str>,
    /// Whether the file says that it offers this name; none if it says nothing of what it offers.
    pub(crate) exported: Option<bool>,
    pub(crate) parent: Option<Parent>,
}

/// The definition around another one.
#[derive(Clone, Copy)]
pub(crate) struct Parent {
    pub(crate) kind: DefinitionKind,
    pub(crate) public: bool,
    /// Whether the file offers it with all that is in it.
    pub(crate) all: bool,
}

/// A grammar with its query.
pub(crate) struct Outliner {
    language: Language,
    /// An error if it is wrong, which a test finds.
    query: Result<Query, QueryError>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test says which line finds nothing"))]
    source: &'static str,
    /// What each capture of the query is.
    roles: Vec<Role>,
    rules: Rules,
}

thread_local! {
    static CURSOR: RefCell<QueryCursor> = RefCell::new(QueryCursor::new());
}

/// Matches that may be under way at once: ordinary code has a few dozen.
const MOST_MATCHES: u32 = 4096;

/// tree-sitter asks whether to go on after this much work.
const WORK_PER_QUESTION: u64 = 1000;

impl Outliner {
    pub(crate) fn new(language: impl Into<Language>, source: &'static str, rules: Rules) -> Self {
        let language = language.into();
        let query = Query::new(&language, source);
        let names = query.as_ref().map_or(&[][..], Query::capture_names);
        let meanings = names.iter().map(|name| Role::of(name)).collect();
        Self { language, query, source, roles: meanings, rules }
    }

    /// The outline of a text.
    pub(crate) fn outline(&self, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        let Ok(query) = &self.query else {
            return Ok(Outline::opaque("the query of its language is wrong"));
        };
        let tree = parse(&self.language, text, limits)?;
        let mut matches = Matches::default();
        each(query, &tree, text, limits, |found| matches.read(self, text, found))?;
        nest::outline(matches, text, &self.rules, limits)
    }
}

/// Gives every match to `read`. Counts tree-sitter's own work, so that equal texts have equal outcomes.
fn each(
    query: &Query,
    tree: &Tree,
    text: &str,
    limits: Limits,
    mut read: impl FnMut(&tree_sitter::QueryMatch<'_, '_>),
) -> Result<(), TooComplex> {
    let allowed = FREE_STEPS + u64::from(limits.steps_per_byte) * text.len() as u64;
    let steps = Cell::new(0);
    if work_in_errors(tree) > allowed {
        return Err(TooComplex::Steps(allowed));
    }
    let mut count = |_: &QueryCursorState| {
        steps.set(steps.get() + WORK_PER_QUESTION);
        if steps.get() > allowed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = QueryCursorOptions::new().progress_callback(&mut count);
    CURSOR.with_borrow_mut(|cursor| {
        cursor.set_match_limit(MOST_MATCHES);
        let root = tree.root_node();
        let mut found = cursor.matches_with_options(query, root, text.as_bytes(), options);
        while let Some(found) = found.next() {
            read(found);
        }
        drop(found);
        if steps.get() > allowed {
            return Err(TooComplex::Steps(allowed));
        }
        if cursor.did_exceed_match_limit() {
            return Err(TooComplex::Matches(MOST_MATCHES));
        }
        Ok(())
    })
}

/// Work that tree-sitter does not count: at every node it looks for a later sibling with a name. Only in
/// errors can there be many siblings without one, and then the work is their square.
fn work_in_errors(tree: &Tree) -> u64 {
    let (mut cursor, mut work, mut run) = (tree.walk(), 0, 0_u64);
    loop {
        let node = cursor.node();
        run = if node.is_named() { 0 } else { run + 1 };
        work += run;
        if node.has_error() && cursor.goto_first_child() {
            run = 0;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return work;
            }
            run = 0;
        }
    }
}

fn text<'s>(source: &'s str, place: &Range<u32>) -> &'s str {
    source.get(place.start as usize..place.end as usize).unwrap_or_default()
}
