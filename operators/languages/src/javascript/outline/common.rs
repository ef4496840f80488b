//! What modules of `CommonJS` offer, by `exports` and `module.exports`; and methods that are put into prototypes.

use backstory_core::{DefinitionKind, ImportedName};
use tree_sitter::Node;

use super::{Bound, Kind, Place, Reader, Scope};

impl Reader<'_, '_> {
    /// Assignments that export, and namespaces, which the grammar takes for expressions.
    pub(super) fn expression(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let inner = node.named_child(0)?;
        match self.grammar.kind(inner) {
            Kind::InternalModule => Some(Scope { place: Place::Namespace, ..around }),
            Kind::Assignment => self.assignment(inner, around),
            Kind::Call => {
                self.export_star(inner);
                None
            }
            Kind::Parenthesized => {
                self.rest_of_require(inner);
                None
            }
            _ => None,
        }
    }

    /// `__exportStar(require("./a"), exports)`, which `export *` is compiled to.
    fn export_star(&mut self, node: Node<'_>) {
        let function = self.field(node, |f| f.function).map(|function| self.sketch.text(function));
        let is_star = function.is_some_and(|name| {
            ["__exportStar", "__export"].contains(&name.rsplit('.').next().unwrap_or_default())
        });
        let arguments = self.field(node, |f| f.arguments).filter(|_| is_star);
        if let Some(module) = arguments.and_then(|arguments| arguments.named_child(0)) {
            self.offer_required(module, vec!["*".into()], None);
        }
    }

    /// `module.exports = ..`, `exports.name = ..` and `Type.prototype.name = ..`.
    fn assignment(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let left = self.field(node, |f| f.left).filter(|left| self.is(*left, Kind::Member))?;
        let value = self.field(node, |f| f.right)?;
        let property = self.field(left, |f| f.property)?;
        let object = self.sketch.text(self.field(left, |f| f.object)?);
        let around = Scope { public: true, ..around };
        if self.sketch.text(left) == "module.exports" {
            return self.module_exports(node, property, value, around);
        }
        if object == "exports" || object == "module.exports" {
            return self.offer(node, property, value, around);
        }
        if object.ends_with(".prototype") && self.is_function(value) {
            return Some(self.bind(node, property, Some(value), DefinitionKind::Method, around));
        }
        None
    }

    /// A name that is exported with a value, by `exports.name = value` or `{ name: value }`.
    fn offer(
        &mut self,
        node: Node<'_>,
        name: Node<'_>,
        value: Node<'_>,
        around: Scope,
    ) -> Option<Scope> {
        let text = self.sketch.text(name);
        match self.grammar.kind(value) {
            Kind::Identifier => {
                self.exported.insert(self.sketch.text(value));
                None
            }
            Kind::Call if self.is_require(value) => {
                self.offer_required(value, vec![], Some(text.to_owned()));
                None
            }
            Kind::Member if self.is_part_of_required(value) => {
                let object = self.field(value, |f| f.object)?;
                let part = self.sketch.text(self.field(value, |f| f.property)?);
                let alias = (part != text).then(|| text.to_owned());
                self.offer_required(object, vec![ImportedName { name: part.into(), alias }], None);
                None
            }
            _ => Some(self.bind(node, name, Some(value), DefinitionKind::Constant, around)),
        }
    }

    fn is_part_of_required(&self, node: Node<'_>) -> bool {
        self.field(node, |f| f.object).is_some_and(|object| self.is_require(object))
    }

    fn offer_required(&mut self, call: Node<'_>, names: Vec<ImportedName>, alias: Option<String>) {
        self.bound.insert(call.start_byte(), Bound { names, alias, exported: true });
    }

    fn module_exports(
        &mut self,
        node: Node<'_>,
        property: Node<'_>,
        value: Node<'_>,
        around: Scope,
    ) -> Option<Scope> {
        match self.grammar.kind(value) {
            Kind::Identifier => drop(self.exported.insert(self.sketch.text(value))),
            Kind::Object => {
                return Some(Scope { place: Place::Offered, outer: None, doc: None, ..around });
            }
            Kind::Call if self.is_require(value) => {
                self.offer_required(value, vec!["*".into()], None);
            }
            _ if self.names_itself(value) => {
                let name = self.field(value, |f| f.name).unwrap_or(property);
                return Some(self.bind(node, name, Some(value), DefinitionKind::Constant, around));
            }
            _ => {}
        }
        None
    }

    /// Looks at a member of the object that a module is.
    pub(super) fn offered(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
        let doc = self.doc.take().map(|doc| (doc.start, doc.end));
        let around = Scope { doc, ..scope };
        match self.grammar.kind(node) {
            Kind::Assignment | Kind::Object => Some(scope),
            Kind::Shorthand => {
                self.exported.insert(self.sketch.text(node));
                None
            }
            Kind::Pair => {
                let key = self.field(node, |f| f.key);
                let key = key.filter(|key| self.is(*key, Kind::PropertyIdentifier))?;
                self.offer(node, key, self.field(node, |f| f.value)?, around)
            }
            Kind::Method => {
                let name = self.field(node, |f| f.name)?;
                let body = self.field(node, |f| f.body);
                self.define(node, DefinitionKind::Function, name, body, around);
                None
            }
            _ => None,
        }
    }
}
