//! What `export` offers.

use backstory_core::{DefinitionKind, Import};
use tree_sitter::Node;

use super::imports::literal;
use super::{Kind, Reader, Scope};

impl<'s> Reader<'s, '_> {
    pub(super) fn export(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let clauses = self.children(node, Kind::ExportClause);
        if let Some(source) = self.field(node, |f| f.source) {
            self.export_from(node, source, &clauses);
            return None;
        }
        let specifiers =
            clauses.iter().flat_map(|clause| self.children(*clause, Kind::ExportSpecifier));
        let names: Vec<&'s str> = specifiers
            .filter_map(|node| self.field(node, |f| f.name))
            .map(|name| self.sketch.text(name))
            .collect();
        self.exported.extend(names);
        self.exported
            .extend(self.children(node, Kind::Identifier).iter().map(|n| self.sketch.text(*n)));
        let declaration = self.field(node, |f| f.declaration);
        if let Some(alias) = declaration.filter(|alias| self.is(*alias, Kind::ImportAlias)) {
            self.cut_require(alias);
            return None;
        }
        if let Some(value) = self.field(node, |f| f.value) {
            return self.export_value(node, value, around);
        }
        if let Some(declaration) = declaration
            && self.field(declaration, |f| f.name).is_none()
            && self.is_function(declaration)
        {
            return self.export_value(node, declaration, around);
        }
        Some(Scope { public: true, ..around })
    }

    /// `export .. from "./a"`.
    fn export_from(&mut self, node: Node<'_>, source: Node<'_>, clauses: &[Node<'_>]) {
        let space = self.children(node, Kind::NamespaceExport).into_iter().next();
        let alias = space.and_then(|space| space.named_child(0));
        let mut names: Vec<_> = clauses
            .iter()
            .flat_map(|clause| self.children(*clause, Kind::ExportSpecifier))
            .filter_map(|specifier| self.specified(specifier))
            .collect();
        if clauses.is_empty() && alias.is_none() {
            names.push("*".into());
        }
        let alias = alias.map(|alias| literal(self.sketch.text(alias)).to_owned());
        let path = literal(self.sketch.text(source)).to_owned();
        let import = Import { path, names, alias, exported: true, ..Import::default() };
        self.sketch.state(import, node);
    }

    /// `export default <value>`.
    pub(super) fn export_value(
        &mut self,
        node: Node<'_>,
        value: Node<'_>,
        around: Scope,
    ) -> Option<Scope> {
        if self.is(value, Kind::Identifier) {
            self.exported.insert(self.sketch.text(value));
            return None;
        }
        let mut cursor = node.walk();
        let default = node.children(&mut cursor).find(|child| child.kind() == "default")?;
        let name = self.field(value, |f| f.name).filter(|_| self.names_itself(value));
        let around = Scope { public: true, ..around };
        Some(self.bind(
            node,
            name.unwrap_or(default),
            Some(value),
            DefinitionKind::Constant,
            around,
        ))
    }
}
