//! Matches of a query as byte ranges.

use std::ops::Range;

use backstory_core::DefinitionKind;
use tree_sitter::{Node, QueryMatch};

use super::role::Role;
use super::{Outliner, text};
use crate::syntax::{line, range};

/// What stands before the name of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    Annotation,
    Private,
    Public,
}

/// What one match says, by the byte ranges of its captures.
#[derive(Clone, Debug, Default)]
pub(super) struct Match {
    /// The pattern's place in the query.
    pub(super) pattern: usize,
    pub(super) kind: Option<DefinitionKind>,
    pub(super) word: Option<Range<u32>>,
    /// The definition or the import.
    pub(super) whole: Range<u32>,
    /// The import's line.
    pub(super) line: u32,
    pub(super) name: Option<Range<u32>>,
    /// Where the signature ends.
    pub(super) end: Option<u32>,
    pub(super) start: Option<u32>,
    pub(super) members: bool,
    pub(super) parameters: Option<usize>,
    pub(super) path: Option<Range<u32>>,
    pub(super) imported: Option<Range<u32>>,
    pub(super) alias: Option<Range<u32>>,
    pub(super) exported: bool,
}

fn spanning(first: Option<&Range<u32>>, last: Range<u32>) -> Range<u32> {
    first.map_or(last.start, |first| first.start)..last.end
}

/// Everything that the query found, in no certain order.
#[derive(Default)]
pub(super) struct Matches {
    pub(super) definitions: Vec<Match>,
    pub(super) imports: Vec<Match>,
    pub(super) locals: Vec<Range<u32>>,
    pub(super) comments: Vec<Range<u32>>,
    pub(super) docs: Vec<Range<u32>>,
    pub(super) docs_inside: Vec<Range<u32>>,
    /// Words about the definition around them.
    pub(super) words: Vec<(Word, Range<u32>)>,
    pub(super) exports: Vec<Range<u32>>,
    pub(super) exports_all: Vec<Range<u32>>,
    pub(super) package: Option<Range<u32>>,
}

impl Matches {
    pub(super) fn read(&mut self, outliner: &Outliner, source: &str, found: &QueryMatch<'_, '_>) {
        let mut one = Match { pattern: found.pattern_index, ..Match::default() };
        let mut import = false;
        for capture in found.captures() {
            let (node, place) = (capture.node, range(capture.node));
            match outliner.roles[capture.index as usize] {
                Role::Local => self.locals.push(place),
                Role::Comment => self.comments.push(place),
                Role::Doc => self.docs.push(place),
                Role::DocInside => self.docs_inside.push(place),
                Role::Annotation => self.words.push((Word::Annotation, place)),
                Role::Private => self.words.push((Word::Private, place)),
                Role::Public => self.words.push((Word::Public, place)),
                Role::Export => self.exports.push(place),
                Role::ExportAll => self.exports_all.push(place),
                Role::Package => self.package = self.package.take().or(Some(place)),
                Role::Import => {
                    import = true;
                    (one.whole, one.line) = (place, line(node));
                }
                role => one.read(role, node, place),
            }
        }
        if let Some(word) = &one.word {
            let known =
                outliner.rules.words.iter().find(|(known, ..)| *known == text(source, word));
            let Some(&(_, kind, public)) = known else { return };
            one.kind = Some(kind);
            if !public {
                self.words.push((Word::Private, word.clone()));
            }
        }
        if import {
            self.imports.push(one);
        } else if one.kind.is_some() && one.name.as_ref().is_some_and(|name| !name.is_empty()) {
            self.definitions.push(one);
        }
    }
}

impl Match {
    fn read(&mut self, role: Role, node: Node<'_>, place: Range<u32>) {
        match role {
            Role::Definition(kind) => (self.kind, self.whole) = (Some(kind), place),
            Role::Defined => self.whole = place,
            Role::Word => self.word = Some(place),
            Role::Name => self.name = Some(spanning(self.name.as_ref(), place)),
            Role::Body => self.end = Some(place.start.min(self.end.unwrap_or(u32::MAX))),
            Role::Head => self.end = Some(place.end),
            Role::Start => self.start = Some(place.start),
            Role::Members => self.members = true,
            Role::Parameters => self.parameters = Some(node.named_child_count()),
            Role::ImportPath => self.path = Some(spanning(self.path.as_ref(), place)),
            Role::ImportName => self.imported = Some(place),
            Role::ImportAlias => self.alias = Some(place),
            Role::ImportExported => self.exported = true,
            _ => {}
        }
    }

    /// Adds what another match of the same pattern says of the same thing.
    pub(super) fn merge(&mut self, other: &Self) {
        self.end = [self.end, other.end].into_iter().flatten().min();
        self.start = [self.start, other.start].into_iter().flatten().min();
        self.members |= other.members;
    }
}
