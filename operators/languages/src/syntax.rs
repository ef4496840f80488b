//! The way from text to syntax tree, and one walk over it. Responsible for limits, for reuse of
//! parsers, and for never recursing on hostile input. Knows no language.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU16;
use std::ops::{ControlFlow, Range};

use memchr::memmem;
use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree};

use crate::{Limits, TooComplex};

/// Declares what an outline looks at in one grammar: an enum of node kinds, and the fields of nodes.
///
/// Kinds and fields are looked up once, by name; a name that the grammar lacks is told by `missing`,
/// which every language tests.
macro_rules! vocabulary {
    (
        kinds { $($kind:ident = $word:literal),* $(,)? }
        fields { $($field:ident = $name:literal),* $(,)? }
    ) => {
        /// Node kinds that the outline looks at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Kind { $($kind,)* Other }

        /// Ids of fields.
        #[derive(Clone, Copy)]
        struct Fields { $($field: u16),* }

        /// A grammar with the ids that its generator gave to kinds and fields.
        pub(crate) struct Grammar {
            #[allow(dead_code, reason = "a second look at a tree parses nothing")]
            language: tree_sitter::Language,
            kinds: Vec<Kind>,
            fields: Fields,
        }

        impl Grammar {
            pub(crate) fn new(language: impl Into<tree_sitter::Language>) -> Self {
                let language = language.into();
                let kinds = $crate::syntax::table(&language, Kind::Other, &[$(($word, Kind::$kind)),*]);
                let field = |name: &str| language.field_id_for_name(name).map_or(0, u16::from);
                let fields = Fields { $($field: field($name)),* };
                Self { language, kinds, fields }
            }

            fn kind(&self, node: tree_sitter::Node<'_>) -> Kind {
                self.kinds.get(usize::from(node.kind_id())).copied().unwrap_or(Kind::Other)
            }

            #[cfg(test)]
            fn missing(&self) -> Vec<&'static str> {
                let kinds = [$($word),*].into_iter().filter(|word| self.language.id_for_node_kind(word, true) == 0);
                let fields = [$($name),*].into_iter().filter(|name| self.language.field_id_for_name(name).is_none());
                kinds.chain(fields).collect()
            }
        }
    };
}
pub(crate) use vocabulary;

/// Per node kind id of `language`, the kind that `words` give it.
pub(crate) fn table<K: Copy>(language: &Language, other: K, words: &[(&str, K)]) -> Vec<K> {
    let kind_of = |id| {
        let word = language.node_kind_for_id(id).filter(|_| language.node_kind_is_named(id));
        words.iter().find(|(name, _)| Some(*name) == word).map_or(other, |&(_, kind)| kind)
    };
    (0..language.node_kind_count()).map(|id| kind_of(id as u16)).collect()
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
