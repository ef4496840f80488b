//! One sweep over everything that the query found, in the order of the file: what encloses what, which
//! comment documents what, what other files may use.

mod docs;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use backstory_core::{Definition, DefinitionKind, Outline};

use super::matches::{Match, Matches, Word};
use super::{Parent, Rules, Seen, text};
use crate::syntax::trim_end;
use crate::{Limits, TooComplex};

/// What the sweep comes by, in this order where several begin and end together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Comment,
    Doc,
    Import,
    Definition(usize),
    Word(Word),
    DocInside,
    Local,
}

/// Something that the sweep is in.
struct Open {
    place: Range<u32>,
    definition: Option<u32>,
    /// Whether what is defined in it is local.
    local: bool,
}

/// Where a definition can stand: in another one, or in none.
type Owner = Option<u32>;

/// A function by where it stands, its name and the number of its parameters.
type Callable<'s> = (Owner, &'s str, Option<usize>);

pub(super) struct Sweep<'s> {
    source: &'s str,
    rules: &'s Rules,
    limits: Limits,
    exports: Option<HashSet<&'s str>>,
    exports_all: HashSet<&'s str>,
    outline: Outline,
    open: Vec<Open>,
    /// The last comments that document, without a blank line between them.
    comments: Option<Range<u32>>,
    /// What documents the next definition of this owner.
    doc: Option<(Range<u32>, Owner)>,
    /// The first comments of the file, as long as they document nothing else.
    header: Option<Range<u32>>,
    /// Whether the file is past its header.
    begun: bool,
    /// The definition that ended last.
    last: Option<u32>,
    clauses: HashMap<Callable<'s>, u32>,
}

impl<'s> Sweep<'s> {
    pub(super) fn new(
        source: &'s str,
        rules: &'s Rules,
        limits: Limits,
        matches: &Matches,
    ) -> Self {
        let words = |places: &[Range<u32>]| -> HashSet<_> {
            places.iter().map(|place| text(source, place)).collect()
        };
        let (exports, exports_all) = (words(&matches.exports), words(&matches.exports_all));
        let lists = !exports.is_empty() || !exports_all.is_empty();
        Self {
            source,
            rules,
            limits,
            exports: lists.then_some(exports),
            exports_all,
            outline: Outline::default(),
            open: vec![],
            comments: None,
            doc: None,
            header: None,
            begun: false,
            last: None,
            clauses: HashMap::new(),
        }
    }

    /// The next thing in the order of the file.
    pub(super) fn come_by(
        &mut self,
        place: Range<u32>,
        event: Event,
        definition: Option<&Match>,
    ) -> Result<(), TooComplex> {
        self.leave(&place, definition.is_some());
        match (event, self.owner(), definition) {
            (Event::Local, ..) => self.enter(place, None, true)?,
            (Event::DocInside, ..) => self.doc_inside(place),
            (Event::Import, ..) => self.begin(&place),
            (Event::Word(word), ..) => self.word(word, &place),
            (Event::Comment, Some(_), _) => self.comment(place),
            (Event::Doc, Some(owner), _) => self.doc = Some((place, owner)),
            (_, Some(owner), Some(definition)) => self.definition(definition, place, owner)?,
            _ => {}
        }
        Ok(())
    }

    /// The outline of everything that came by.
    pub(super) fn finish(mut self) -> Outline {
        self.leave_header();
        self.outline
    }

    /// Leaves what ends before `place`. Definitions that share a place stand beside each other.
    fn leave(&mut self, place: &Range<u32>, definition: bool) {
        while let Some(open) = self.open.last() {
            let beside = definition && open.definition.is_some() && open.place == *place;
            if open.place.end > place.start && !beside {
                return;
            }
            self.last = open.definition.or(self.last);
            self.open.pop();
        }
    }

    fn enter(
        &mut self,
        place: Range<u32>,
        definition: Option<u32>,
        local: bool,
    ) -> Result<(), TooComplex> {
        self.open.push(Open { place, definition, local });
        let depth = self.limits.depth;
        if self.open.len() > depth as usize { Err(TooComplex::Depth(depth)) } else { Ok(()) }
    }

    /// What encloses whatever comes next; none where all is local.
    fn owner(&self) -> Option<Owner> {
        match self.open.last() {
            None => Some(None),
            Some(open) if open.local => None,
            Some(open) => Some(open.definition),
        }
    }

    fn definition(
        &mut self,
        one: &Match,
        place: Range<u32>,
        owner: Owner,
    ) -> Result<(), TooComplex> {
        let (Some(kind), Some(name)) = (one.kind, one.name.clone()) else { return Ok(()) };
        // The grammar of shells has it in the name: `alias ll='ls -l'`.
        let equals: &[_] = if kind == DefinitionKind::Alias { &["="] } else { &[] };
        let name = trim_end(self.source, name, equals);
        let clause = (owner, text(self.source, &name), one.parameters);
        if self.rules.clauses && is_callable(kind) {
            let next = self.outline.definitions.len() as u32;
            let known = *self.clauses.entry(clause).or_insert(next);
            if known != next {
                if self.last == Some(known) {
                    self.outline.definitions[known as usize].range.end = place.end;
                }
                return self.enter(place, Some(known), true);
            }
        }
        let signature = self.signature(one, &place);
        if signature.is_empty() || name.is_empty() {
            return Ok(());
        }
        let doc = self.doc_of(&place, owner);
        let parent = owner.map(|owner| &self.outline.definitions[owner as usize]);
        let kind = match (kind, parent.map(|parent| parent.kind)) {
            (DefinitionKind::Function, Some(parent)) if has_methods(parent) => {
                DefinitionKind::Method
            }
            (kind, _) => kind,
        };
        let public = self.is_public(&name, kind, doc.as_ref(), owner);
        let range = place.clone();
        let new = Definition { kind, name, signature, doc, range, parent: owner, public };
        self.outline.definitions.push(new);
        let index = self.outline.definitions.len() as u32 - 1;
        self.enter(place, Some(index), !(one.members || has_members(kind)))
    }

    fn signature(&self, one: &Match, place: &Range<u32>) -> Range<u32> {
        let end = one.end.filter(|end| *end > place.start && *end <= place.end);
        let end = end.unwrap_or(place.end);
        trim_end(self.source, place.start..end, self.rules.marks)
    }

    /// A word before the name of the definition around it, or of several that share a place.
    fn word(&mut self, word: Word, place: &Range<u32>) {
        let Some(Open { place: around, .. }) = self.open.last() else { return };
        let definitions = self.outline.definitions.iter_mut().rev();
        for definition in definitions.take_while(|definition| definition.range == *around) {
            if place.start > definition.name.start {
                continue;
            }
            match word {
                Word::Private => definition.public = false,
                Word::Public => definition.public = true,
                Word::Annotation => {
                    let rest = text(self.source, &(place.end..definition.signature.end));
                    let spaces = rest.len() - rest.trim_start().len();
                    if spaces < rest.len() {
                        definition.signature.start = place.end + spaces as u32;
                    }
                }
            }
        }
    }

    fn is_public(
        &self,
        name: &Range<u32>,
        kind: DefinitionKind,
        doc: Option<&Range<u32>>,
        owner: Owner,
    ) -> bool {
        let name = text(self.source, name);
        let parent = owner.map(|owner| &self.outline.definitions[owner as usize]);
        (self.rules.public)(&Seen {
            name,
            kind,
            doc: doc.map(|doc| text(self.source, doc)),
            exported: self
                .exports
                .as_ref()
                .map(|listed| listed.contains(name) || self.exports_all.contains(name)),
            parent: parent.map(|parent| Parent {
                kind: parent.kind,
                public: parent.public,
                all: self.exports_all.contains(parent.name(self.source)),
            }),
        })
    }
}

fn is_callable(kind: DefinitionKind) -> bool {
    use DefinitionKind as Kind;
    matches!(kind, Kind::Function | Kind::Constant | Kind::Variable | Kind::Macro)
}

/// Whether what is defined in it belongs to it, and is not local.
fn has_members(kind: DefinitionKind) -> bool {
    use DefinitionKind as Kind;
    matches!(kind, Kind::Type | Kind::Interface | Kind::Implementation | Kind::Module)
}

/// Whether a function is called a method in it: in tables of functions too, and in functions that make
/// types.
fn has_methods(kind: DefinitionKind) -> bool {
    use DefinitionKind as Kind;
    matches!(
        kind,
        Kind::Type | Kind::Interface | Kind::Implementation | Kind::Variable | Kind::Function
    )
}
