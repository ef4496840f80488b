//! Declarations, and names that get a value.

use backstory_core::DefinitionKind;
use tree_sitter::Node;

use super::{Kind, Place, Reader, Scope};
use crate::sketch::Parts;

impl Reader<'_, '_> {
    /// A declaration with a name of its own.
    pub(super) fn declaration(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let (kind, place) = match self.grammar.kind(node) {
            Kind::Function | Kind::Generator | Kind::FunctionSignature => {
                (DefinitionKind::Function, Place::Code)
            }
            Kind::Class | Kind::AbstractClass | Kind::Enum => {
                (DefinitionKind::Type, Place::Members)
            }
            Kind::Interface => (DefinitionKind::Interface, Place::Members),
            Kind::TypeAlias => (DefinitionKind::Alias, Place::Code),
            Kind::InternalModule | Kind::Module => (DefinitionKind::Module, Place::Namespace),
            _ => return None,
        };
        let name = self.field(node, |f| f.name)?;
        let body = self.field(node, |f| f.body);
        let owner = self.define(node, kind, name, body, around)?;
        let ambient = around.ambient && place == Place::Namespace;
        (place != Place::Code).then(|| Scope { ambient, ..Scope::inside(owner, place) })
    }

    pub(super) fn define(
        &mut self,
        node: Node<'_>,
        kind: DefinitionKind,
        name: Node<'_>,
        body: Option<Node<'_>>,
        around: Scope,
    ) -> Option<u32> {
        let (whole, start) = around.outer.unwrap_or_else(|| self.starts(node));
        let parts = Parts {
            kind,
            name,
            whole: whole..node.end_byte() as u32,
            start,
            body,
            doc: around.doc.map(|(start, end)| start..end),
            parent: around.owner,
            public: around.public || around.ambient,
        };
        self.sketch.define(parts, &[";", "=>", "=", ",", ":"])
    }

    /// First bytes of a node, with decorators and without.
    pub(super) fn starts(&self, node: Node<'_>) -> (u32, u32) {
        let mut cursor = node.walk();
        let skipped =
            |child: &Node<'_>| matches!(self.grammar.kind(*child), Kind::Decorator | Kind::Comment);
        let first = node.children(&mut cursor).find(|child| !skipped(child)).unwrap_or(node);
        (node.start_byte() as u32, first.start_byte() as u32)
    }

    /// A name that gets a value: what the value is says what the name is.
    pub(super) fn bind(
        &mut self,
        node: Node<'_>,
        name: Node<'_>,
        value: Option<Node<'_>>,
        otherwise: DefinitionKind,
        around: Scope,
    ) -> Scope {
        let in_class = around.place == Place::Members;
        let (kind, body) = match value {
            Some(value) if self.is_function(value) && in_class => {
                (DefinitionKind::Method, self.field(value, |f| f.body))
            }
            Some(value) if self.is_function(value) => {
                let kind = match otherwise {
                    DefinitionKind::Method => DefinitionKind::Method,
                    _ => DefinitionKind::Function,
                };
                (kind, self.field(value, |f| f.body))
            }
            Some(value) if self.is(value, Kind::ClassExpression) => {
                (DefinitionKind::Type, self.field(value, |f| f.body))
            }
            value => (otherwise, value),
        };
        let owner = self.define(node, kind, name, body, around);
        let class = owner.filter(|_| kind == DefinitionKind::Type);
        class.map_or(Scope::new(Place::Code), |owner| Scope::inside(owner, Place::Value))
    }

    pub(super) fn is_function(&self, node: Node<'_>) -> bool {
        matches!(
            self.grammar.kind(node),
            Kind::ArrowFunction
                | Kind::FunctionExpression
                | Kind::GeneratorExpression
                | Kind::Function
                | Kind::Generator
                | Kind::FunctionSignature
        )
    }

    pub(super) fn names_itself(&self, node: Node<'_>) -> bool {
        self.is_function(node) || self.is(node, Kind::ClassExpression)
    }

    /// `const a = 1, b = 2;`
    pub(super) fn variables(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let constant = self.field(node, |f| f.kind).is_some_and(|kind| kind.kind() == "const");
        let otherwise = if constant { DefinitionKind::Constant } else { DefinitionKind::Variable };
        let mut inside = None;
        let declarators = self.children(node, Kind::VariableDeclarator);
        for (index, declarator) in declarators.into_iter().enumerate() {
            let Some(name) = self.field(declarator, |f| f.name) else { continue };
            let value = self.field(declarator, |f| f.value);
            if let Some(value) = value.filter(|value| self.is_require(*value)) {
                self.bind_required(name, value, around.public);
                continue;
            }
            if !self.is(name, Kind::Identifier) {
                continue;
            }
            let around =
                if index == 0 { around } else { Scope { outer: None, doc: None, ..around } };
            let scope = self.bind(declarator, name, value, otherwise, around);
            inside = inside.or((scope.place == Place::Value).then_some(scope));
        }
        inside
    }

    /// On the way to the class that a name was bound to.
    pub(super) fn value(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
        match self.grammar.kind(node) {
            Kind::ClassExpression => Some(Scope { place: Place::Members, ..scope }),
            Kind::Assignment | Kind::VariableDeclarator => Some(scope),
            _ => None,
        }
    }
}
