//! Members of classes, interfaces and enums.

use backstory_core::DefinitionKind;
use tree_sitter::Node;

use super::{Kind, Reader, Scope};

impl Reader<'_, '_> {
    /// Looks at a member of a class, an interface or an enum.
    pub(super) fn member(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
        let doc = self.doc.take();
        let kind = self.grammar.kind(node);
        if let Kind::ClassBody | Kind::InterfaceBody | Kind::EnumBody = kind {
            return Some(scope);
        }
        let name = match kind {
            Kind::Field => self.field(node, |f| f.property)?,
            // Only members of enums are bare names.
            Kind::PropertyIdentifier => node,
            Kind::Method
            | Kind::MethodSignature
            | Kind::AbstractMethod
            | Kind::PublicField
            | Kind::PropertySignature
            | Kind::EnumAssignment => self.field(node, |f| f.name)?,
            _ => return None,
        };
        let around = Scope {
            doc: doc.map(|doc| (doc.start, doc.end)),
            public: self.is_open_member(node, name, scope),
            ..scope
        };
        match kind {
            Kind::Method | Kind::MethodSignature | Kind::AbstractMethod => {
                let body = self.field(node, |f| f.body);
                self.define(node, DefinitionKind::Method, name, body, around);
            }
            _ => {
                let constant = matches!(kind, Kind::EnumAssignment | Kind::PropertyIdentifier);
                let otherwise =
                    if constant { DefinitionKind::Constant } else { DefinitionKind::Variable };
                let value = self.field(node, |f| f.value);
                self.bind(node, name, value, otherwise, around);
            }
        }
        None
    }

    /// Members are open unless they say otherwise.
    pub(super) fn is_open_member(&self, node: Node<'_>, name: Node<'_>, scope: Scope) -> bool {
        let modifiers = self.children(node, Kind::Accessibility);
        let private = modifiers.iter().any(|modifier| self.sketch.text(*modifier) == "private");
        scope.owner.is_some() && !private && !self.is(name, Kind::PrivateName)
    }
}
