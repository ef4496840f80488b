//! The way from text to syntax tree, and one walk over it. Responsible for limits, for reuse of
//! parsers, and for never recursing on hostile input. Knows no language.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU16;
use std::ops::{ControlFlow, Range};

use memchr::memmem;
use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree, TreeCursor};

use crate::{Limits, TooComplex};

/// Declares what an outline looks at in one grammar: an enum of node kinds, the fields of nodes, and the
/// [`Grammar`] of both.
macro_rules! vocabulary {
    (
        kinds { $($kind:ident = $word:literal),* $(,)? }
        fields { $($field:ident = $name:literal),* $(,)? }
    ) => {
        /// Node kinds that the outline looks at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            $($kind,)*
            /// Text that the parser could make nothing of.
            Error,
            Other,
        }

        /// Ids of fields.
        #[derive(Clone, Copy)]
        pub(crate) struct Fields { $($field: u16),* }

        pub(crate) type Grammar = $crate::syntax::Grammar<Kind, Fields>;

        impl $crate::syntax::Vocabulary for Kind {
            type Fields = Fields;
            const ERROR: Self = Self::Error;
            const OTHER: Self = Self::Other;
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$kind)),*];

            fn fields(mut id: impl FnMut(&'static str) -> u16) -> Fields {
                Fields { $($field: id($name)),* }
            }
        }
    };
}
pub(crate) use vocabulary;

/// What `vocabulary!` declares.
pub(crate) trait Vocabulary: Copy + PartialEq + 'static {
    type Fields;
    const ERROR: Self;
    const OTHER: Self;
    /// What each kind is called in the grammar.
    const WORDS: &'static [(&'static str, Self)];

    /// All fields, of which `id` tells the ids.
    fn fields(id: impl FnMut(&'static str) -> u16) -> Self::Fields;
}

/// A grammar with the ids that its generator gave to the kinds and fields of a vocabulary. They are looked up
/// once, by name; a name that the grammar lacks is told by `missing`, which every language tests.
pub(crate) struct Grammar<K, F> {
    pub(crate) language: Language,
    pub(crate) fields: F,
    /// By id.
    kinds: Vec<K>,
}

impl<K: Vocabulary> Grammar<K, K::Fields> {
    pub(crate) fn new(language: impl Into<Language>) -> Self {
        let language = language.into();
        let fields = K::fields(|name| language.field_id_for_name(name).map_or(0, u16::from));
        let kind_of = |id| {
            let word = language.node_kind_for_id(id).filter(|_| language.node_kind_is_named(id));
            let known = K::WORDS.iter().find(|(name, _)| Some(*name) == word);
            known.map_or(K::OTHER, |&(_, kind)| kind)
        };
        let kinds = (0..language.node_kind_count()).map(|id| kind_of(id as u16)).collect();
        Self { language, fields, kinds }
    }

    /// The kind of a node. The ids of errors are beyond those of the grammar.
    pub(crate) fn kind(&self, node: Node<'_>) -> K {
        self.kinds.get(usize::from(node.kind_id())).copied().unwrap_or(K::ERROR)
    }

    /// The child that a field names.
    pub(crate) fn field<'t>(
        &self,
        node: Node<'t>,
        field: impl Fn(&K::Fields) -> u16,
    ) -> Option<Node<'t>> {
        node.child_by_field_id(field(&self.fields))
    }

    /// The first child of this kind.
    pub(crate) fn child<'t>(&self, node: Node<'t>, kind: K) -> Option<Node<'t>> {
        node.named_children(&mut node.walk()).find(|child| self.kind(*child) == kind)
    }

    /// Where the first child begins that is neither of these kinds nor a comment.
    pub(crate) fn start_behind(&self, node: Node<'_>, skipped: &[K]) -> Option<u32> {
        let is_skipped =
            |child: &Node<'_>| skipped.contains(&self.kind(*child)) || child.is_extra();
        let first = node.children(&mut node.walk()).find(|child| !is_skipped(child));
        first.map(|child| child.start_byte() as u32)
    }

    #[cfg(test)]
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let kinds = K::WORDS.iter().map(|(word, _)| *word);
        let mut missing: Vec<_> =
            kinds.filter(|word| self.language.id_for_node_kind(word, true) == 0).collect();
        K::fields(|name| {
            let id = self.language.field_id_for_name(name).map_or(0, u16::from);
            if id == 0 {
                missing.push(name);
            }
            id
        });
        missing
    }
}

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// Steps that any file may take, however short it is.
pub(crate) const FREE_STEPS: u64 = 100_000;

/// tree-sitter asks whether to go on after this many steps.
const STEPS_PER_QUESTION: u64 = 100;

/// Bytes that the parser may read per step that it may take. Ordinary code is read once or twice, but some
/// grammars look ahead to the end of the line at every token, which costs no steps.
const READ_PER_STEP: u64 = 4;

/// The parser gets the text in pieces of this many bytes, so that reading it again can be seen.
const PIECE: usize = 1024;

/// Parses `text`. Counts the parser's own steps and what it reads instead of time, so that equal texts
/// have equal outcomes on every machine.
pub(crate) fn parse(language: &Language, text: &str, limits: Limits) -> Result<Tree, TooComplex> {
    parse_part(language, text, None, limits)
}

/// Parses one part of `text` as if it stood alone, such as what a macro is given. Places in the tree are
/// those in `text`.
pub(crate) fn parse_part(
    language: &Language,
    text: &str,
    part: Option<tree_sitter::Range>,
    limits: Limits,
) -> Result<Tree, TooComplex> {
    if u32::try_from(text.len()).is_err() {
        return Err(TooComplex::Size);
    }
    let size = part.as_ref().map_or(text.len(), |part| part.end_byte - part.start_byte);
    let allowed = FREE_STEPS + u64::from(limits.steps_per_byte) * size as u64;
    let mut steps = 0;
    let mut count = |_: &ParseState| {
        steps += STEPS_PER_QUESTION;
        if steps > allowed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut count);
    let unread = Cell::new(allowed * READ_PER_STEP);
    let mut next = |offset: usize, _| {
        let rest = text.as_bytes().get(offset..).unwrap_or_default();
        let piece = &rest[..rest.len().min(PIECE)];
        unread.set(unread.get().saturating_sub(piece.len() as u64));
        if unread.get() == 0 { &[] } else { piece }
    };
    PARSER.with_borrow_mut(|parser| {
        parser.set_language(language).map_err(|_| TooComplex::Steps(allowed))?;
        let parts = part.as_slice();
        parser.set_included_ranges(parts).map_err(|_| TooComplex::Steps(allowed))?;
        let tree = parser.parse_with_options(&mut next, None, Some(options));
        parser.reset();
        let _ = parser.set_included_ranges(&[]);
        tree.filter(|_| unread.get() > 0).ok_or(TooComplex::Steps(allowed))
    })
}

/// What a language sees in a tree.
pub(crate) trait Rules<'t> {
    /// What the children of a node are told of where they stand.
    type Scope: Copy;

    /// Looks at one node. Its children are looked at if a scope for them is returned.
    fn visit(&mut self, node: Node<'t>, scope: Self::Scope) -> Option<Self::Scope>;
}

/// Visits the children of the root, in document order, and whatever `rules` want to see below them.
pub(crate) fn walk<'t, R: Rules<'t>>(
    tree: &'t Tree,
    rules: &mut R,
    scope: R::Scope,
    limits: Limits,
) -> Result<(), TooComplex> {
    let mut cursor = tree.walk();
    let mut scopes = vec![scope];
    if !cursor.goto_first_child() {
        return Ok(());
    }
    while let Some(&scope) = scopes.last() {
        if let Some(inner) = rules.visit(cursor.node(), scope)
            && cursor.goto_first_child()
        {
            scopes.push(inner);
            if scopes.len() > limits.depth as usize {
                return Err(TooComplex::Depth(limits.depth));
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            scopes.pop();
            if !cursor.goto_parent() {
                return Ok(());
            }
            if scopes.is_empty() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Looks at all nodes, in document order; `visit` says whether to look at those below one.
pub(crate) fn survey<'t>(tree: &'t Tree, mut visit: impl FnMut(&TreeCursor<'t>) -> bool) {
    let mut cursor = tree.walk();
    loop {
        if visit(&cursor) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The places of some words in a text: subtrees without any of them cannot hold an import.
pub(crate) struct Hits(Vec<u32>);

impl Hits {
    /// All places of all `words`.
    pub(crate) fn find(text: &str, words: &[&str]) -> Self {
        let places = |word: &&str| memmem::find_iter(text.as_bytes(), *word).collect::<Vec<_>>();
        let mut hits: Vec<u32> = words.iter().flat_map(places).map(|place| place as u32).collect();
        hits.sort_unstable();
        Self(hits)
    }

    /// Whether one of the words begins inside `node`.
    pub(crate) fn any_in(&self, node: Node<'_>) -> bool {
        let next = self.0.partition_point(|&hit| (hit as usize) < node.start_byte());
        self.0.get(next).is_some_and(|&hit| (hit as usize) < node.end_byte())
    }
}

/// The named children of `node` that the field of this id names; none for an id of 0.
pub(crate) fn children_in(node: Node<'_>, field: u16) -> Vec<Node<'_>> {
    let Some(field) = NonZeroU16::new(field) else { return vec![] };
    let mut cursor = node.walk();
    node.children_by_field_id(field, &mut cursor).filter(Node::is_named).collect()
}

/// A node's bytes.
pub(crate) fn range(node: Node<'_>) -> Range<u32> {
    node.start_byte() as u32..node.end_byte() as u32
}

/// A node's text.
pub(crate) fn text_of<'s>(source: &'s str, node: Node<'_>) -> &'s str {
    source.get(node.byte_range()).unwrap_or_default()
}

/// The line a node begins on, from 1.
pub(crate) fn line(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}

/// `range` without the white space and the `marks` at its end.
pub(crate) fn trim_end(source: &str, range: Range<u32>, marks: &[&str]) -> Range<u32> {
    let mut text = source.get(range.start as usize..range.end as usize).unwrap_or_default();
    loop {
        text = text.trim_end();
        match marks.iter().find_map(|mark| text.strip_suffix(mark)) {
            Some(rest) => text = rest,
            None => return range.start..range.start + text.len() as u32,
        }
    }
}
