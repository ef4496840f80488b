//! Types that the grammar takes for something else: those whose body it could make nothing of, those without
//! one behind a modifier that it does not know, and those whose body it gives to the expression before it.

use std::ops::Range;

use backstory_core::DefinitionKind;
use tree_sitter::Node;

use super::{Kind, Reader, Scope};
use crate::sketch::Parts;

impl Reader<'_> {
    /// Whether this ends where a type ends, and so holds its body.
    pub(super) fn is_misread(&self, node: Node<'_>) -> bool {
        let parent = node.parent().map(|parent| self.grammar.kind(parent));
        match self.grammar.kind(node) {
            Kind::Call => parent == Some(Kind::Delegation),
            Kind::AnnotatedLambda => parent == Some(Kind::Call),
            _ => parent == Some(Kind::AnnotatedLambda),
        }
    }

    /// The keyword of a type whose body the parser could not make sense of: the name follows.
    pub(super) fn salvage(&mut self, keyword: Node<'_>, scope: Scope) {
        let name = self.salvage.behind(keyword, &["class", "interface", "object"]);
        if let Some(name) = name.filter(|name| self.grammar.kind(*name) == Kind::Identifier) {
            self.bare_type(keyword, name, keyword.start_byte()..name.end_byte(), scope);
        }
    }

    /// `annotation class A` with nothing behind it is read like `a to b`, and `open class A protected
    /// constructor() { .. }` behind two annotations like `a to b to c { .. }`.
    pub(super) fn misread_type(
        &mut self,
        mut node: Node<'_>,
        scope: Scope,
        doc: Option<Range<u32>>,
    ) {
        let is_keyword = |node: Node<'_>| {
            let keyword = node.child(1).map(|keyword| self.sketch.text(keyword));
            matches!(keyword, Some("class" | "interface" | "object"))
        };
        while !is_keyword(node)
            && let Some(first) = node.child(0).filter(|n| self.grammar.kind(*n) == Kind::Infix)
        {
            node = first;
        }
        if let (Some(keyword), Some(name)) = (node.child(1), node.child(2)) {
            let place = self.bare_type(keyword, name, node.byte_range(), scope);
            if let Some(place) = place {
                self.sketch.outline.definitions[place as usize].doc = doc;
            }
        }
    }

    /// A type without members.
    fn bare_type(
        &mut self,
        keyword: Node<'_>,
        name: Node<'_>,
        whole: Range<usize>,
        scope: Scope,
    ) -> Option<u32> {
        let kind = match self.sketch.text(keyword) {
            "interface" => DefinitionKind::Interface,
            "class" | "object" => DefinitionKind::Type,
            _ => return None,
        };
        let whole = whole.start as u32..whole.end as u32;
        let (parent, start) = (scope.owner, whole.start);
        let parts = Parts { kind, name, whole, start, body: None, doc: None, parent, public: true };
        self.sketch.define(parts, &[])
    }

    /// The body of `class A : B by c { .. }`.
    pub(super) fn misread_body<'t>(&self, node: Node<'t>) -> Option<Node<'t>> {
        let specifiers = self.grammar.child(node, Kind::DelegationSpecifiers)?;
        let count = specifiers.named_child_count() as u32;
        let last = specifiers.named_child(count.checked_sub(1)?)?;
        let call = self.grammar.child(self.grammar.child(last, Kind::Delegation)?, Kind::Call)?;
        self.grammar.child(call, Kind::AnnotatedLambda)
    }
}
