//! What a Go file defines: functions, methods, types with their fields and methods, constants and
//! variables of the package. A method stands beside its type, not inside it.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Import, Outline, When};
use tree_sitter::Node;

use super::constraint::is_active;
use super::uses::uses;
use crate::files::file_name;
use crate::sketch::{MOST_NAMES, Parts, Pending, Sketch};
use crate::syntax::{Rules, children_in, parse, range, trim_end, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        Comment = "comment",
        Const = "const_declaration",
        ConstSpec = "const_spec",
        Dot = "dot",
        Field = "field_declaration",
        FieldList = "field_declaration_list",
        Function = "function_declaration",
        Import = "import_declaration",
        ImportList = "import_spec_list",
        ImportSpec = "import_spec",
        InterfaceType = "interface_type",
        Method = "method_declaration",
        MethodElement = "method_elem",
        Package = "package_clause",
        StructType = "struct_type",
        Type = "type_declaration",
        TypeAlias = "type_alias",
        TypeSpec = "type_spec",
        Var = "var_declaration",
        VarList = "var_spec_list",
        VarSpec = "var_spec",
    }
    fields {
        body = "body",
        name = "name",
        path = "path",
        type_ = "type",
        value = "value",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_go::LANGUAGE));

/// The outline of a Go file.
pub(super) fn outline(path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let grammar = &*GRAMMAR;
    let tree = parse(&grammar.language, text, limits)?;
    let mut reader = Reader {
        grammar,
        sketch: Sketch::new(text),
        doc: Pending::default(),
        imported: HashSet::new(),
    };
    walk(&tree, &mut reader, Scope { owner: None, outer: None }, limits)?;
    let mut outline = reader.sketch.outline;
    outline.uses = uses(&tree, text, &outline);
    if !is_active(file_name(path), text) {
        outline.when = When::Inactive;
        outline.imports.iter_mut().for_each(|import| import.when = When::Inactive);
    }
    Ok(outline)
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The type around it.
    owner: Option<u32>,
    /// The declaration that it is the only part of.
    outer: Option<Outer>,
}

/// A declaration without parentheses.
#[derive(Clone, Copy)]
struct Outer {
    whole: (u32, u32),
    doc: Option<(u32, u32)>,
}

struct Reader<'s> {
    grammar: &'static Grammar,
    sketch: Sketch<'s>,
    doc: Pending,
    /// What is imported, by its path, its name here, and whether with a dot: once is enough.
    imported: HashSet<(String, Option<String>, bool)>,
}

impl<'t> Rules<'t> for Reader<'_> {
    type Scope = Scope;

    fn visit(&mut self, node: Node<'t>, scope: Scope) -> Option<Scope> {
        let kind = self.grammar.kind(node);
        if kind == Kind::Comment {
            // Where lines end with a carriage return, the grammar counts it to the comment.
            let source = self.sketch.source;
            self.doc.add(source, trim_end(source, range(node), &[]));
            return None;
        }
        let doc = self.doc.take_before(self.sketch.source, node.start_byte() as u32);
        match kind {
            Kind::Package => {
                self.sketch.outline.doc = doc;
                let name = node.named_child(0).map(|name| self.sketch.text(name).to_owned());
                self.sketch.outline.package = name.filter(|name| !name.is_empty());
            }
            Kind::Import | Kind::ImportList | Kind::Error => return Some(scope),
            Kind::ImportSpec => self.import(node),
            Kind::Const | Kind::Var | Kind::Type => return Some(self.group(node, doc)),
            Kind::VarList | Kind::FieldList | Kind::InterfaceType | Kind::StructType => {
                return Some(Scope { outer: None, ..scope });
            }
            _ => return self.definitions(node, scope, doc),
        }
        None
    }
}

impl Reader<'_> {
    fn field<'t>(&self, node: Node<'t>, field: impl Fn(&Fields) -> u16) -> Option<Node<'t>> {
        node.child_by_field_id(field(&self.grammar.fields))
    }

    /// `const`, `var` and `type` declare one thing, or several in parentheses.
    fn group(&self, node: Node<'_>, doc: Option<Range<u32>>) -> Scope {
        let mut cursor = node.walk();
        let grouped = node
            .children(&mut cursor)
            .any(|child| child.kind() == "(" || self.grammar.kind(child) == Kind::VarList);
        let whole = (node.start_byte() as u32, node.end_byte() as u32);
        let doc = doc.map(|doc| (doc.start, doc.end));
        Scope { owner: None, outer: (!grouped).then_some(Outer { whole, doc }) }
    }

    /// Everything that `node` gives a name to. A scope if there are members in it.
    fn definitions(
        &mut self,
        node: Node<'_>,
        scope: Scope,
        doc: Option<Range<u32>>,
    ) -> Option<Scope> {
        let (kind, body) = self.kind_and_body(node)?;
        let (whole, mut doc) = match scope.outer {
            Some(Outer { whole, doc }) => (whole.0..whole.1, doc.map(|(start, end)| start..end)),
            None => (range(node), doc),
        };
        let names = self.names(node);
        let crowded = names.len() > MOST_NAMES;
        let mut owner = None;
        for name in names {
            let whole = if crowded { range(name) } else { whole.clone() };
            let parts = Parts {
                kind,
                name,
                start: whole.start,
                whole,
                body: body.filter(|_| !crowded),
                doc: doc.take(),
                parent: scope.owner,
                public: self.sketch.text(name).starts_with(char::is_uppercase),
            };
            owner = self.sketch.define(parts, &["="]).or(owner);
        }
        let has_members = matches!(kind, DefinitionKind::Type | DefinitionKind::Interface);
        owner.filter(|_| has_members).map(|owner| Scope { owner: Some(owner), outer: None })
    }

    /// What a node defines, and where its body begins.
    fn kind_and_body<'t>(&self, node: Node<'t>) -> Option<(DefinitionKind, Option<Node<'t>>)> {
        let type_ = self.field(node, |f| f.type_);
        let structure = type_.filter(|type_| self.grammar.kind(*type_) == Kind::StructType);
        let interface = type_.filter(|type_| self.grammar.kind(*type_) == Kind::InterfaceType);
        Some(match self.grammar.kind(node) {
            Kind::Function => (DefinitionKind::Function, self.field(node, |f| f.body)),
            Kind::Method => (DefinitionKind::Method, self.field(node, |f| f.body)),
            Kind::MethodElement => (DefinitionKind::Method, None),
            Kind::TypeSpec if interface.is_some() => (DefinitionKind::Interface, block(interface)),
            Kind::TypeSpec => (DefinitionKind::Type, block(structure)),
            Kind::TypeAlias => (DefinitionKind::Alias, None),
            Kind::ConstSpec => (DefinitionKind::Constant, self.field(node, |f| f.value)),
            Kind::VarSpec => (DefinitionKind::Variable, self.field(node, |f| f.value)),
            Kind::Field => (DefinitionKind::Variable, None),
            _ => return None,
        })
    }

    /// The names that a declaration gives, without the blank one.
    fn names<'t>(&self, node: Node<'t>) -> Vec<Node<'t>> {
        let mut names = children_in(node, self.grammar.fields.name);
        names.retain(|name| self.sketch.text(*name) != "_");
        names
    }

    fn import(&mut self, node: Node<'_>) {
        let Some(path) = self.field(node, |f| f.path) else { return };
        let path = self.sketch.text(path).trim_matches(['"', '`']).to_owned();
        let name = self.field(node, |f| f.name);
        let all = name.is_some_and(|name| self.grammar.kind(name) == Kind::Dot);
        let names = if all { vec!["*".into()] } else { vec![] };
        let alias = name.filter(|_| !all).map(|name| self.sketch.text(name).to_owned());
        if self.imported.insert((path.clone(), alias.clone(), all)) {
            self.sketch.state(Import { path, names, alias, ..Import::default() }, node);
        }
    }
}

/// The braces of a struct or an interface.
fn block(type_: Option<Node<'_>>) -> Option<Node<'_>> {
    type_?.child(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
    }
}
