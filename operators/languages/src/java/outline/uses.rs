//! The types that a Java file names: what an import of a whole package can be about.
//!
//! Names of types, with the package where it is written out: `List`, `java.util.List`. Of a nested type
//! only the outermost name counts. In expressions, where a variable could be meant as well, names that
//! begin with a small letter do not count. Type parameters are not types of any file.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use super::{Grammar, Kind};
use crate::java::names::{dotted, is_package, outermost};
use crate::sketch::LONGEST_NAME;
use crate::syntax::{survey, text_of};

/// The names, sorted and without doubles.
pub(super) fn uses(grammar: &'static Grammar, tree: &Tree, source: &str) -> Vec<String> {
    let mut reader =
        Reader { grammar, source, names: BTreeSet::new(), parameters: BTreeSet::new() };
    survey(tree, |cursor| reader.visit(cursor.node()));
    let Reader { names, parameters, .. } = reader;
    names.difference(&parameters).map(|name| dotted(name)).collect()
}

struct Reader<'s> {
    grammar: &'static Grammar,
    source: &'s str,
    names: BTreeSet<&'s str>,
    parameters: BTreeSet<&'s str>,
}

impl<'s> Reader<'s> {
    /// Looks at one node; says whether to look at those below it.
    fn visit(&mut self, node: Node<'_>) -> bool {
        match self.grammar.kind(node) {
            Kind::Package | Kind::Import => false,
            Kind::TypeIdentifier => {
                self.add(self.text(node));
                false
            }
            Kind::TypeParameter => {
                let mut cursor = node.walk();
                let mut children = node.named_children(&mut cursor);
                let is_name = |node: &Node<'_>| self.grammar.kind(*node) == Kind::TypeIdentifier;
                let name = children.find(is_name).map(|name| self.text(name));
                self.parameters.extend(name);
                true
            }
            Kind::ScopedType => self.scoped_type(node),
            Kind::Annotation | Kind::MarkerAnnotation => {
                let name = node.child_by_field_id(self.grammar.fields.name);
                if let Some(name) = name {
                    self.add(outermost(self.text(name)));
                }
                true
            }
            Kind::FieldAccess => self.field_access(node),
            Kind::MethodInvocation => {
                self.expression(node.child_by_field_id(self.grammar.fields.object));
                true
            }
            Kind::MethodReference | Kind::RecordPattern => {
                self.expression(node.child(0));
                true
            }
            Kind::Uses | Kind::Provides => {
                let mut cursor = node.walk();
                for name in node.named_children(&mut cursor) {
                    self.add(self.text(name));
                }
                false
            }
            _ => true,
        }
    }

    /// `Outer.Inner` or `a.b.Outer.Inner`. With annotations or arguments in it, its parts tell.
    fn scoped_type(&mut self, node: Node<'_>) -> bool {
        let text = self.text(node);
        // Long names are looked at part by part, so that none is read more than once.
        let is_plain = text.len() <= LONGEST_NAME && !text.contains(['<', '@']);
        if is_plain {
            self.add(outermost(text));
        }
        !is_plain
    }

    /// `Type.field` or `a.b.Type`.
    fn field_access(&mut self, node: Node<'_>) -> bool {
        let object = node.child_by_field_id(self.grammar.fields.object);
        self.expression(object);
        let is_path = |node: Node<'_>| self.grammar.kind(node) == Kind::FieldAccess;
        if let (Some(object), Some(field)) =
            (object, node.child(node.child_count().saturating_sub(1)))
            && is_path(object)
            && self.text(field).starts_with(char::is_uppercase)
            && self.text(node).len() <= LONGEST_NAME
            && is_package(self.text(object))
        {
            self.add(self.text(node));
            return false;
        }
        true
    }

    /// A name that may be a type's or a variable's.
    fn expression(&mut self, node: Option<Node<'_>>) {
        let is_name = |node: &Node<'_>| self.grammar.kind(*node) == Kind::Identifier;
        if let Some(name) = node.filter(is_name).map(|node| self.text(node))
            && !name.starts_with(char::is_lowercase)
        {
            self.add(name);
        }
    }

    fn text(&self, node: Node<'_>) -> &'s str {
        text_of(self.source, node)
    }

    fn add(&mut self, name: &'s str) {
        if !name.is_empty() && name.len() <= LONGEST_NAME && name != "var" {
            self.names.insert(name);
        }
    }
}
