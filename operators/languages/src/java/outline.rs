//! What a Java file defines: types with their members, and modules. Local and anonymous classes, and the
//! bodies of enum constants, are not definitions.
//!
//! What a type or member is preceded by belongs to it; its signature begins behind the annotations in
//! front of the first modifier. `import a.b.C` has the path `a.b.C` and no names, `import a.b.*` the path
//! `a.b` and the name `*`. For static imports the path is the type, and the name is the member's.

mod uses;

use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Outline};
use tree_sitter::Node;

use super::names;
use crate::sketch::{Parts, Pending, Sketch};
use crate::syntax::{Rules, children_in, parse, range, trim_end, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        Annotation = "annotation",
        AnnotationBody = "annotation_type_body",
        AnnotationElement = "annotation_type_element_declaration",
        AnnotationType = "annotation_type_declaration",
        BlockComment = "block_comment",
        Class = "class_declaration",
        ClassBody = "class_body",
        CompactConstructor = "compact_constructor_declaration",
        Constant = "constant_declaration",
        Constructor = "constructor_declaration",
        Enum = "enum_declaration",
        EnumBody = "enum_body",
        EnumConstant = "enum_constant",
        EnumMembers = "enum_body_declarations",
        Field = "field_declaration",
        FieldAccess = "field_access",
        Identifier = "identifier",
        Import = "import_declaration",
        Interface = "interface_declaration",
        InterfaceBody = "interface_body",
        LineComment = "line_comment",
        MarkerAnnotation = "marker_annotation",
        Method = "method_declaration",
        MethodInvocation = "method_invocation",
        MethodReference = "method_reference",
        Modifiers = "modifiers",
        Module = "module_declaration",
        Package = "package_declaration",
        Provides = "provides_module_directive",
        Record = "record_declaration",
        RecordPattern = "record_pattern",
        ScopedIdentifier = "scoped_identifier",
        ScopedType = "scoped_type_identifier",
        TypeIdentifier = "type_identifier",
        TypeParameter = "type_parameter",
        Uses = "uses_module_directive",
    }
    fields {
        body = "body",
        declarator = "declarator",
        name = "name",
        object = "object",
        value = "value",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_java::LANGUAGE));

/// The outline of a Java file.
pub(super) fn outline(text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let grammar = &*GRAMMAR;
    let tree = parse(&grammar.language, text, limits)?;
    let mut reader = Reader { grammar, sketch: Sketch::new(text), doc: Pending::default() };
    walk(&tree, &mut reader, Scope { owner: None, exposed: false }, limits)?;
    if !reader.sketch.outline.definitions.is_empty() {
        // Only a file that is about its package documents it; elsewhere this is a license.
        reader.sketch.outline.doc = None;
    }
    reader.sketch.outline.uses = uses::uses(grammar, &tree, text);
    Ok(reader.sketch.outline)
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The type around it.
    owner: Option<u32>,
    /// Whether it is public without saying so: a member of an interface.
    exposed: bool,
}

struct Reader<'s> {
    grammar: &'static Grammar,
    sketch: Sketch<'s>,
    doc: Pending,
}

impl<'t> Rules<'t> for Reader<'_> {
    type Scope = Scope;

    fn visit(&mut self, node: Node<'t>, scope: Scope) -> Option<Scope> {
        let kind = self.grammar.kind(node);
        match kind {
            Kind::BlockComment if self.sketch.text(node).starts_with("/**") => {
                self.doc.replace(trim_end(self.sketch.source, range(node), &[]));
                return None;
            }
            Kind::BlockComment | Kind::LineComment => return None,
            Kind::ClassBody
            | Kind::InterfaceBody
            | Kind::AnnotationBody
            | Kind::EnumBody
            | Kind::EnumMembers
            | Kind::Error => return Some(scope),
            _ if !node.is_named() => return None,
            _ => {}
        }
        let doc = self.doc.take();
        match kind {
            Kind::Package => {
                self.sketch.outline.package = self.name_in(node).map(|name| self.dotted(name));
                self.sketch.outline.doc = doc;
            }
            Kind::Import => self.import(node),
            Kind::Field | Kind::Constant => self.variables(node, scope, doc.as_ref()),
            _ => return self.definition(node, scope, doc),
        }
        None
    }
}

impl Reader<'_> {
    /// The first child that is a name.
    fn name_in<'t>(&self, node: Node<'t>) -> Option<Node<'t>> {
        let is_name = |node: &Node<'_>| {
            matches!(self.grammar.kind(*node), Kind::Identifier | Kind::ScopedIdentifier)
        };
        node.named_children(&mut node.walk()).find(is_name)
    }

    /// A name with dots, as it would be without white space and comments.
    fn dotted(&self, name: Node<'_>) -> String {
        names::dotted(self.sketch.text(name))
    }

    fn import(&mut self, node: Node<'_>) {
        let Some(mut name) = self.name_in(node) else { return };
        let has = |word: &str| node.children(&mut node.walk()).any(|child| child.kind() == word);
        let mut names = vec![];
        if has("asterisk") {
            names.push("*".to_owned());
        } else if has("static")
            && let (Some(owner), Some(member)) =
                (name.child(0), self.grammar.field(name, |f| f.name))
        {
            names.push(self.sketch.text(member).to_owned());
            name = owner;
        }
        self.sketch.import(self.dotted(name), names, node);
    }

    /// A type, a method or a module. A scope if there are members in it.
    fn definition(
        &mut self,
        node: Node<'_>,
        scope: Scope,
        doc: Option<Range<u32>>,
    ) -> Option<Scope> {
        let kind = self.grammar.kind(node);
        let definition = match kind {
            Kind::Class | Kind::Enum | Kind::Record => DefinitionKind::Type,
            Kind::Interface | Kind::AnnotationType => DefinitionKind::Interface,
            Kind::Method
            | Kind::Constructor
            | Kind::CompactConstructor
            | Kind::AnnotationElement => DefinitionKind::Method,
            Kind::EnumConstant => DefinitionKind::Constant,
            Kind::Module => DefinitionKind::Module,
            _ => return None,
        };
        let body = match kind {
            Kind::AnnotationElement => None,
            _ => self.grammar.field(node, |f| f.body),
        };
        let modifiers = self.modifiers(node);
        let always = scope.exposed || matches!(kind, Kind::EnumConstant | Kind::Module);
        let parts = Parts {
            kind: definition,
            name: self.grammar.field(node, |f| f.name)?,
            whole: range(node),
            start: self.start(node, modifiers),
            body,
            doc,
            parent: scope.owner,
            public: Self::is_public(modifiers, always),
        };
        let owner = self.sketch.define(parts, &[";"])?;
        let has_members = matches!(definition, DefinitionKind::Type | DefinitionKind::Interface);
        let exposed = definition == DefinitionKind::Interface;
        has_members.then_some(Scope { owner: Some(owner), exposed })
    }

    /// `int a = 1, b;`
    fn variables(&mut self, node: Node<'_>, scope: Scope, doc: Option<&Range<u32>>) {
        let modifiers = self.modifiers(node);
        let declarators = children_in(node, self.grammar.fields.declarator).into_iter();
        let names = declarators.filter_map(|declarator| {
            let name = self.grammar.field(declarator, |f| f.name)?;
            Some((name, self.grammar.field(declarator, |f| f.value)))
        });
        let names: Vec<_> = names.collect();
        let kind = Self::kind_of_variable(modifiers, scope);
        let start = self.start(node, modifiers);
        let public = Self::is_public(modifiers, scope.exposed);
        let parts = |name, body| Parts {
            kind,
            name,
            whole: range(node),
            start,
            body,
            doc: doc.cloned(),
            parent: scope.owner,
            public,
        };
        self.sketch.define_each(&names, parts, &["=", ";"]);
    }

    fn kind_of_variable(modifiers: Option<Node<'_>>, scope: Scope) -> DefinitionKind {
        if scope.exposed || (has(modifiers, "static") && has(modifiers, "final")) {
            DefinitionKind::Constant
        } else {
            DefinitionKind::Variable
        }
    }

    fn modifiers<'t>(&self, node: Node<'t>) -> Option<Node<'t>> {
        node.child(0).filter(|child| self.grammar.kind(*child) == Kind::Modifiers)
    }

    /// Where the signature begins.
    fn start(&self, node: Node<'_>, modifiers: Option<Node<'_>>) -> u32 {
        let skipped = [Kind::Annotation, Kind::MarkerAnnotation, Kind::Modifiers];
        let start_in = |node| self.grammar.start_behind(node, &skipped);
        let modifier = modifiers.and_then(start_in);
        modifier.or_else(|| start_in(node)).unwrap_or(node.start_byte() as u32)
    }

    fn is_public(modifiers: Option<Node<'_>>, always: bool) -> bool {
        has(modifiers, "public")
            || has(modifiers, "protected")
            || (always && !has(modifiers, "private"))
    }
}

/// Whether there is a modifier.
fn has(modifiers: Option<Node<'_>>, word: &str) -> bool {
    let has = |node: Node<'_>| node.children(&mut node.walk()).any(|child| child.kind() == word);
    modifiers.is_some_and(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
    }
}
