//! The names that a Kotlin file uses: what an import of a whole package can be about.
//!
//! Names of types, of what is called, and of what stands behind a dot, since it may be an extension; other
//! names if the file does not declare a variable called so. With its package where that is written out.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use super::{Grammar, Kind};
use crate::java::names::{dotted, is_package, outermost};
use crate::sketch::LONGEST_NAME;
use crate::syntax::{survey, text_of};

/// The names, sorted and without doubles.
pub(super) fn uses(grammar: &'static Grammar, tree: &Tree, source: &str) -> Vec<String> {
    let mut reader = Reader::new(grammar, source);
    survey(tree, |cursor| reader.visit(cursor.node()));
    reader.finish()
}

struct Reader<'s> {
    grammar: &'static Grammar,
    source: &'s str,
    /// Names that no variable of the file can be meant by.
    names: BTreeSet<&'s str>,
    /// Other names.
    plain: BTreeSet<&'s str>,
    /// Names of variables and arguments.
    declared: BTreeSet<&'s str>,
}

impl<'s> Reader<'s> {
    fn new(grammar: &'static Grammar, source: &'s str) -> Self {
        let none = BTreeSet::new;
        Self { grammar, source, names: none(), plain: none(), declared: none() }
    }

    fn finish(mut self) -> Vec<String> {
        self.names.extend(self.plain.difference(&self.declared));
        self.names.into_iter().map(dotted).collect()
    }

    /// Looks at one node; says whether to look at those below it.
    fn visit(&mut self, node: Node<'_>) -> bool {
        let kind = self.grammar.kind(node);
        match kind {
            Kind::Package | Kind::Import => return false,
            Kind::Identifier => {
                let name = self.text(node);
                if name.len() <= LONGEST_NAME {
                    self.plain.insert(name);
                }
            }
            Kind::UserType => self.user_type(node),
            Kind::Call | Kind::CallableReference => self.name(node.child(0)),
            Kind::Infix => self.name(node.child(1)),
            Kind::Navigation => self.navigation(node),
            Kind::Variable | Kind::Parameter | Kind::ClassParameter => {
                let name = self.grammar.child(node, Kind::Identifier);
                self.declared.extend(name.map(|name| self.text(name)));
            }
            Kind::ValueArgument if node.child(1).is_some_and(|child| child.kind() == "=") => {
                self.declared.extend(node.child(0).map(|name| self.text(name)));
            }
            _ => {}
        }
        if kind == Kind::CallableReference {
            self.name(node.child(node.child_count().saturating_sub(1)));
        }
        true
    }

    /// `Outer.Inner<T>` or `a.b.Outer`.
    fn user_type(&mut self, node: Node<'_>) {
        self.name(node.named_child(0));
        let text = self.text(node);
        let text = text.get(..LONGEST_NAME).unwrap_or(text);
        let path = text.split('<').next().unwrap_or(text);
        if path.len() <= LONGEST_NAME && path.contains('.') && path.starts_with(char::is_lowercase)
        {
            self.names.insert(outermost(path));
        }
    }

    /// `a.b`
    fn navigation(&mut self, node: Node<'_>) {
        let last = node.child(node.child_count().saturating_sub(1));
        self.name(last);
        let (Some(first), Some(last)) = (node.child(0), last) else { return };
        if self.grammar.kind(first) == Kind::Navigation
            && self.text(last).starts_with(char::is_uppercase)
            && node.byte_range().len() <= LONGEST_NAME
            && is_package(self.text(first))
        {
            self.names.insert(self.text(node));
        }
    }

    fn name(&mut self, node: Option<Node<'_>>) {
        let is_name = |node: &Node<'_>| self.grammar.kind(*node) == Kind::Identifier;
        let name = node.filter(is_name).map(|node| self.text(node));
        self.names.extend(name.filter(|name| name.len() <= LONGEST_NAME));
    }

    fn text(&self, node: Node<'_>) -> &'s str {
        text_of(self.source, node)
    }
}
