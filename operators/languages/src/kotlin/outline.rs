//! What a Kotlin file defines: types with their members, functions, variables and aliases. What is inside
//! functions is not a definition. The class that `@file:JvmName` names is a module, since Java sees the
//! functions of the file in it.
//!
//! A signature begins behind the annotations in front of the first modifier. `import a.b.c as d` has the
//! path `a.b.c`, no names and an alias; `import a.b.*` the path `a.b` and the name `*`.

mod misread;
mod uses;

use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Import, Outline};
use tree_sitter::Node;

use crate::java::names::dotted;
use crate::salvage::Salvage;
use crate::sketch::{Parts, Pending, Sketch};
use crate::syntax::{Rules, parse, range, trim_end, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        AnnotatedExpression = "annotated_expression",
        AnnotatedLambda = "annotated_lambda",
        Annotation = "annotation",
        BlockComment = "block_comment",
        Call = "call_expression",
        CallableReference = "callable_reference",
        Class = "class_declaration",
        ClassBody = "class_body",
        ClassParameter = "class_parameter",
        ClassParameters = "class_parameters",
        Companion = "companion_object",
        Constructor = "secondary_constructor",
        Delegate = "property_delegate",
        Delegation = "explicit_delegation",
        DelegationSpecifier = "delegation_specifier",
        DelegationSpecifiers = "delegation_specifiers",
        Entry = "enum_entry",
        EnumBody = "enum_class_body",
        FileAnnotation = "file_annotation",
        Function = "function_declaration",
        FunctionBody = "function_body",
        Getter = "getter",
        Identifier = "identifier",
        Import = "import",
        Infix = "infix_expression",
        Lambda = "lambda_literal",
        LineComment = "line_comment",
        Modifiers = "modifiers",
        Navigation = "navigation_expression",
        Object = "object_declaration",
        Package = "package_header",
        Parameter = "parameter",
        PrimaryConstructor = "primary_constructor",
        Property = "property_declaration",
        QualifiedIdentifier = "qualified_identifier",
        Setter = "setter",
        StringContent = "string_content",
        TypeAlias = "type_alias",
        UserType = "user_type",
        ValueArgument = "value_argument",
        Variable = "variable_declaration",
        Variables = "multi_variable_declaration",
    }
    fields {
        name = "name",
        type_ = "type",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_kotlin_ng::LANGUAGE));

/// Open angle brackets with which the parser still comes to an end soon: its time grows with their square,
/// which its steps do not show.
const MOST_BRACKETS: u32 = 5000;

/// The outline of a Kotlin file.
pub(super) fn outline(text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let grammar = &*GRAMMAR;
    if brackets(text) > MOST_BRACKETS {
        return Err(TooComplex::Depth(MOST_BRACKETS));
    }
    let tree = parse(&grammar.language, text, limits)?;
    let mut reader = Reader {
        grammar,
        sketch: Sketch::new(text),
        doc: Pending::default(),
        salvage: Salvage::default(),
    };
    walk(&tree, &mut reader, Scope { owner: None }, limits)?;
    reader.sketch.outline.uses = uses::uses(grammar, &tree, text);
    Ok(reader.sketch.outline)
}

/// The most angle brackets that are open at once, between braces.
fn brackets(text: &str) -> u32 {
    let (mut open, mut most) = (0_u32, 0);
    for byte in text.bytes() {
        match byte {
            b'<' => {
                open += 1;
                most = most.max(open);
            }
            b'>' => open = open.saturating_sub(1),
            b'{' | b'}' => open = 0,
            _ => {}
        }
    }
    most
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The type around it.
    owner: Option<u32>,
}

struct Reader<'s> {
    grammar: &'static Grammar,
    sketch: Sketch<'s>,
    doc: Pending,
    salvage: Salvage,
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
            | Kind::EnumBody
            | Kind::PrimaryConstructor
            | Kind::AnnotatedExpression
            | Kind::ClassParameters
            | Kind::Error => return Some(scope),
            // The grammar takes the body of `class A : B by c { .. }` for an argument of `c`.
            Kind::DelegationSpecifiers | Kind::DelegationSpecifier | Kind::Delegation => {
                return scope.owner.map(|_| scope);
            }
            Kind::Call | Kind::AnnotatedLambda | Kind::Lambda => {
                return scope.owner.filter(|_| self.is_misread(node)).map(|_| scope);
            }
            _ if !node.is_named() => {
                self.salvage(node, scope);
                return None;
            }
            _ => {}
        }
        let doc = self.doc.take();
        match kind {
            Kind::Package => {
                let name = self.grammar.child(node, Kind::QualifiedIdentifier);
                self.sketch.outline.package = name.map(|name| dotted(self.sketch.text(name)));
            }
            Kind::Import => self.import(node),
            Kind::FileAnnotation => self.facade(node),
            Kind::Infix => self.misread_type(node, scope, doc),
            Kind::Property => self.variables(node, scope, doc.as_ref()),
            _ => return self.definition(node, scope, doc),
        }
        None
    }
}

impl Reader<'_> {
    fn import(&mut self, node: Node<'_>) {
        let Some(name) = self.grammar.child(node, Kind::QualifiedIdentifier) else { return };
        let all = node.children(&mut node.walk()).any(|child| child.kind() == "*");
        let import = Import {
            path: dotted(self.sketch.text(name)),
            names: if all { vec!["*".into()] } else { vec![] },
            alias: self
                .grammar
                .child(node, Kind::Identifier)
                .map(|alias| self.sketch.text(alias).into()),
            ..Import::default()
        };
        self.sketch.state(import, node);
    }

    /// `@file:JvmName("Name")`
    fn facade(&mut self, node: Node<'_>) {
        if !self.sketch.text(node).contains("JvmName") {
            return;
        }
        let mut inner = node;
        while self.grammar.kind(inner) != Kind::StringContent {
            let count = inner.named_child_count() as u32;
            let Some(last) = count.checked_sub(1).and_then(|last| inner.named_child(last)) else {
                return;
            };
            inner = last;
        }
        let parts = Parts {
            kind: DefinitionKind::Module,
            name: inner,
            whole: range(node),
            start: node.start_byte() as u32,
            body: None,
            doc: None,
            parent: None,
            public: true,
        };
        self.sketch.define(parts, &[]);
    }

    /// Everything that has one name. A scope if there are members in it.
    fn definition(
        &mut self,
        node: Node<'_>,
        scope: Scope,
        doc: Option<Range<u32>>,
    ) -> Option<Scope> {
        let (kind, name) = self.kind_and_name(node, scope)?;
        let modifiers = self.grammar.child(node, Kind::Modifiers);
        let bodies = [Kind::ClassBody, Kind::EnumBody, Kind::FunctionBody];
        let mut cursor = node.walk();
        let is_body = |child: &Node<'_>| {
            bodies.contains(&self.grammar.kind(*child)) || child.kind() == "block"
        };
        let body = node.named_children(&mut cursor).find(is_body);
        let parts = Parts {
            kind,
            name,
            whole: range(node),
            start: self.start(node, modifiers),
            body: body.or_else(|| self.misread_body(node)),
            doc,
            parent: scope.owner,
            public: self.is_public(modifiers),
        };
        let owner = self.sketch.define(parts, &["=", ";", ","])?;
        let has_members = matches!(kind, DefinitionKind::Type | DefinitionKind::Interface);
        has_members.then_some(Scope { owner: Some(owner) })
    }

    fn kind_and_name<'t>(
        &self,
        node: Node<'t>,
        scope: Scope,
    ) -> Option<(DefinitionKind, Node<'t>)> {
        let word = |word: &str| node.children(&mut node.walk()).find(|child| child.kind() == word);
        let name = self.grammar.field(node, |f| f.name);
        Some(match self.grammar.kind(node) {
            Kind::Class if word("interface").is_some() => (DefinitionKind::Interface, name?),
            Kind::Class | Kind::Object => (DefinitionKind::Type, name?),
            Kind::Companion => (DefinitionKind::Type, name.or_else(|| word("companion"))?),
            Kind::Function if scope.owner.is_some() => (DefinitionKind::Method, name?),
            Kind::Function => (DefinitionKind::Function, name?),
            Kind::Constructor => (DefinitionKind::Method, word("constructor")?),
            Kind::TypeAlias => (DefinitionKind::Alias, self.grammar.field(node, |f| f.type_)?),
            Kind::Entry => (DefinitionKind::Constant, self.grammar.child(node, Kind::Identifier)?),
            Kind::ClassParameter if word("val").or_else(|| word("var")).is_some() => {
                (DefinitionKind::Variable, self.grammar.child(node, Kind::Identifier)?)
            }
            _ => return None,
        })
    }

    /// `val a = 1`, `var b: Int by c`, `val (a, b) = c`.
    fn variables(&mut self, node: Node<'_>, scope: Scope, doc: Option<&Range<u32>>) {
        let modifiers = self.grammar.child(node, Kind::Modifiers);
        let several = self.grammar.child(node, Kind::Variables);
        let holder = several.unwrap_or(node);
        let mut cursor = holder.walk();
        let variables = holder
            .named_children(&mut cursor)
            .filter(|child| self.grammar.kind(*child) == Kind::Variable)
            .filter_map(|variable| self.grammar.child(variable, Kind::Identifier));
        let ends_signature = |child: &Node<'_>| {
            let kinds = [Kind::Getter, Kind::Setter, Kind::Delegate];
            child.kind() == "=" || kinds.contains(&self.grammar.kind(*child))
        };
        let body = node.children(&mut node.walk()).find(ends_signature);
        let names: Vec<_> = variables.map(|name| (name, body)).collect();
        let constant = modifiers.is_some_and(|node| self.has(node, &["const"]));
        let start = self.start(node, modifiers);
        let public = self.is_public(modifiers);
        let parts = |name, body| Parts {
            kind: if constant { DefinitionKind::Constant } else { DefinitionKind::Variable },
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

    /// Where the signature begins.
    fn start(&self, node: Node<'_>, modifiers: Option<Node<'_>>) -> u32 {
        let skipped = [Kind::Annotation, Kind::Modifiers];
        let start_in = |node| self.grammar.start_behind(node, &skipped);
        let modifier = modifiers.and_then(start_in);
        modifier.or_else(|| start_in(node)).unwrap_or(node.start_byte() as u32)
    }

    fn is_public(&self, modifiers: Option<Node<'_>>) -> bool {
        modifiers.is_none_or(|modifiers| !self.has(modifiers, &["private", "internal"]))
    }

    fn has(&self, modifiers: Node<'_>, words: &[&str]) -> bool {
        let mut cursor = modifiers.walk();
        modifiers.named_children(&mut cursor).any(|child| words.contains(&self.sketch.text(child)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
    }
}
