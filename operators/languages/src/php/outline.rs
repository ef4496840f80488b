//! What a PHP file defines: namespaces, classes, interfaces, traits, enums and their members, functions,
//! constants. Definitions under a condition count like others; those inside a function do not.
//!
//! The only namespace of a file, if it has no braces, is the package of the file; others are modules with
//! what is in them.

use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Outline};
use tree_sitter::{Node, Tree};

use super::names::names;
use crate::sketch::{Parts, Pending, Sketch};
use crate::syntax::{Rules, parse, range, trim_end, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        AttributeList = "attribute_list",
        Binary = "binary_expression",
        Block = "compound_statement",
        Call = "function_call_expression",
        Catch = "catch_clause",
        Class = "class_declaration",
        ColonBlock = "colon_block",
        Comment = "comment",
        ConstElement = "const_element",
        Constants = "const_declaration",
        Declare = "declare_statement",
        Else = "else_clause",
        ElseIf = "else_if_clause",
        Enum = "enum_declaration",
        EnumCase = "enum_case",
        EnumMembers = "enum_declaration_list",
        Expression = "expression_statement",
        Function = "function_definition",
        Hooks = "property_hook_list",
        If = "if_statement",
        Interface = "interface_declaration",
        Members = "declaration_list",
        Method = "method_declaration",
        Namespace = "namespace_definition",
        PhpTag = "php_tag",
        Promotion = "property_promotion_parameter",
        Properties = "property_declaration",
        PropertyElement = "property_element",
        Text = "string_content",
        Trait = "trait_declaration",
        Try = "try_statement",
        Use = "namespace_use_declaration",
        VariableName = "variable_name",
        Visibility = "visibility_modifier",
    }
    fields {
        arguments = "arguments",
        body = "body",
        default = "default_value",
        function = "function",
        name = "name",
        parameters = "parameters",
        value = "value",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_php::LANGUAGE_PHP));

/// What may stand between a signature and what follows it.
const MARKS: &[&str] = &["=", ";", ",", "=>", "{"];

/// The outline of a PHP file.
pub(super) fn outline(text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let tree = parse(&GRAMMAR.language, text, limits)?;
    let (sketch, namespaces) = (Sketch::new(text), namespaces(&tree));
    let mut reader = Reader { sketch, doc: Pending::default(), namespaces, module: None };
    walk(&tree, &mut reader, Scope { owner: None }, limits)?;
    let mut sketch = reader.sketch;
    names(&tree, &mut sketch);
    Ok(sketch.outline)
}

/// Where the namespaces without braces begin, and where the last one ends.
fn namespaces(tree: &Tree) -> Vec<u32> {
    let (root, mut cursor) = (tree.root_node(), tree.walk());
    let all = root.children(&mut cursor).filter(|node| GRAMMAR.kind(*node) == Kind::Namespace);
    let open = all.filter(|node| node.child_by_field_id(GRAMMAR.fields.body).is_none());
    open.map(|node| node.start_byte() as u32).chain([root.end_byte() as u32]).collect()
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The definition around it.
    owner: Option<u32>,
}

struct Reader<'s> {
    sketch: Sketch<'s>,
    doc: Pending,
    /// See [`namespaces`].
    namespaces: Vec<u32>,
    /// The namespace without braces that is read.
    module: Option<u32>,
}

impl<'t> Rules<'t> for Reader<'_> {
    type Scope = Scope;

    fn visit(&mut self, node: Node<'t>, scope: Scope) -> Option<Scope> {
        let kind = GRAMMAR.kind(node);
        if kind == Kind::Comment {
            let comment = trim_end(self.sketch.source, range(node), &[]);
            if self.sketch.text(node).starts_with("/**") {
                self.doc.replace(comment);
            } else {
                self.doc.take();
            }
            return None;
        }
        if kind == Kind::PhpTag || !node.is_named() {
            return None;
        }
        let doc = self.doc.take();
        let near = doc.clone().filter(|doc| self.is_near(doc, node));
        let scope = Scope { owner: scope.owner.or(self.module) };
        match kind {
            Kind::Namespace => return self.namespace(node, doc),
            Kind::Use | Kind::Declare => self.file_doc(doc),
            Kind::Class | Kind::Trait | Kind::Enum => {
                return self.owner(node, DefinitionKind::Type, scope, near);
            }
            Kind::Interface => return self.owner(node, DefinitionKind::Interface, scope, near),
            Kind::Function => drop(self.define(node, DefinitionKind::Function, scope, near)),
            Kind::Method => {
                self.define(node, DefinitionKind::Method, scope, near);
                self.promoted(node, scope);
            }
            Kind::Constants => self.elements(node, Kind::ConstElement, scope, near),
            Kind::Properties => self.elements(node, Kind::PropertyElement, scope, near),
            Kind::EnumCase => drop(self.define(node, DefinitionKind::Constant, scope, near)),
            Kind::Call => self.constant(node, scope, near),
            Kind::Expression | Kind::Binary => {
                // What documents a statement documents the constant that it defines.
                if let Some(doc) = near {
                    self.doc.replace(doc);
                }
                return Some(scope);
            }
            Kind::If
            | Kind::Else
            | Kind::ElseIf
            | Kind::Block
            | Kind::ColonBlock
            | Kind::Members
            | Kind::EnumMembers
            | Kind::Error
            | Kind::Try
            | Kind::Catch => {
                return Some(scope);
            }
            _ => {}
        }
        None
    }
}

impl Reader<'_> {
    /// Whether a doc comment stands right above a node.
    fn is_near(&self, doc: &Range<u32>, node: Node<'_>) -> bool {
        let mut pending = Pending::default();
        pending.replace(doc.clone());
        pending.take_before(self.sketch.source, node.start_byte() as u32).is_some()
    }

    /// The first doc comment, if it stands above what is no definition.
    fn file_doc(&mut self, doc: Option<Range<u32>>) {
        if self.sketch.outline.doc.is_none() && self.sketch.outline.definitions.is_empty() {
            self.sketch.outline.doc = doc;
        }
    }

    fn namespace(&mut self, node: Node<'_>, doc: Option<Range<u32>>) -> Option<Scope> {
        self.file_doc(doc);
        let name = node.child_by_field_id(GRAMMAR.fields.name);
        let body = node.child_by_field_id(GRAMMAR.fields.body);
        let start = node.start_byte() as u32;
        let next = self.namespaces.partition_point(|begin| *begin <= start);
        let end = self.namespaces.get(next).copied();
        if body.is_none() && self.namespaces.len() == 2 {
            self.sketch.outline.package = name.map(|name| self.sketch.text(name).to_owned());
            return None;
        }
        let own = range(node);
        let whole =
            if body.is_some() { own.clone() } else { start..end.unwrap_or(own.end).max(own.end) };
        let module = name.and_then(|name| {
            let (kind, doc) = (DefinitionKind::Module, None);
            let parts = Parts { kind, name, whole, start, body, doc, parent: None, public: true };
            let module = self.sketch.define(parts, MARKS)?;
            if body.is_none() {
                let signature = trim_end(self.sketch.source, own, MARKS);
                self.sketch.outline.definitions[module as usize].signature = signature;
            }
            Some(module)
        });
        self.module = module.filter(|_| body.is_none());
        body.map(|_| Scope { owner: module })
    }

    /// A definition that has members.
    fn owner(
        &mut self,
        node: Node<'_>,
        kind: DefinitionKind,
        scope: Scope,
        doc: Option<Range<u32>>,
    ) -> Option<Scope> {
        let owner = self.define(node, kind, scope, doc)?;
        Some(Scope { owner: Some(owner) })
    }

    fn define(
        &mut self,
        node: Node<'_>,
        kind: DefinitionKind,
        scope: Scope,
        doc: Option<Range<u32>>,
    ) -> Option<u32> {
        let fields = GRAMMAR.fields;
        let name = node.child_by_field_id(fields.name)?;
        let value = node.child_by_field_id(fields.value);
        let body = node.child_by_field_id(fields.body).or(value);
        let (start, public) = self.start_and_visibility(node);
        let parent = scope.owner;
        let parts = Parts { kind, name, whole: range(node), start, body, doc, parent, public };
        self.sketch.define(parts, MARKS)
    }

    /// Where a signature begins, behind attributes, and whether anybody may use what it is of.
    fn start_and_visibility(&self, node: Node<'_>) -> (u32, bool) {
        let mut cursor = node.walk();
        let (mut start, mut public) = (node.start_byte(), true);
        let mut attributes = true;
        for child in node.children(&mut cursor) {
            match GRAMMAR.kind(child) {
                Kind::AttributeList | Kind::Comment => continue,
                Kind::Visibility => {
                    public &= self.sketch.text(child).eq_ignore_ascii_case("public");
                }
                _ => {}
            }
            if attributes {
                (start, attributes) = (child.start_byte(), false);
            }
        }
        (start as u32, public)
    }

    /// The constants or properties of one declaration.
    fn elements(&mut self, node: Node<'_>, element: Kind, scope: Scope, doc: Option<Range<u32>>) {
        let mut cursor = node.walk();
        let all: Vec<_> = node.named_children(&mut cursor).collect();
        let elements: Vec<_> =
            all.iter().filter(|child| GRAMMAR.kind(**child) == element).collect();
        let hooks = all.iter().find(|child| GRAMMAR.kind(**child) == Kind::Hooks).copied();
        let (first, public) = self.start_and_visibility(node);
        let mut doc = doc;
        for one in &elements {
            let single = elements.len() == 1;
            let Some(name) = one.named_child(0) else { continue };
            let name =
                if element == Kind::PropertyElement { name.named_child(0) } else { Some(name) };
            let Some(name) = name else { continue };
            let value = one.named_child(1);
            let is_constant = element == Kind::ConstElement;
            let parts = Parts {
                kind: if is_constant { DefinitionKind::Constant } else { DefinitionKind::Variable },
                name,
                whole: if single { range(node) } else { range(**one) },
                start: if single { first } else { one.start_byte() as u32 },
                body: value.or(hooks.filter(|_| single)),
                doc: doc.take(),
                parent: scope.owner,
                public,
            };
            self.sketch.define(parts, MARKS);
        }
    }

    /// Parameters of a constructor that are properties, too.
    fn promoted(&mut self, method: Node<'_>, scope: Scope) {
        let Some(parameters) = method.child_by_field_id(GRAMMAR.fields.parameters) else { return };
        let mut cursor = parameters.walk();
        for node in parameters.named_children(&mut cursor) {
            if GRAMMAR.kind(node) != Kind::Promotion {
                continue;
            }
            let name = node.child_by_field_id(GRAMMAR.fields.name);
            let name = name.and_then(|name| {
                if GRAMMAR.kind(name) == Kind::VariableName {
                    Some(name)
                } else {
                    name.named_child(0)
                }
            });
            let Some(name) = name.and_then(|name| name.named_child(0)) else { continue };
            let (start, public) = self.start_and_visibility(node);
            let mut inner = node.walk();
            let hooks =
                node.named_children(&mut inner).find(|node| GRAMMAR.kind(*node) == Kind::Hooks);
            let body = node.child_by_field_id(GRAMMAR.fields.default).or(hooks);
            let (kind, parent) = (DefinitionKind::Variable, scope.owner);
            let whole = range(node);
            let parts = Parts { kind, name, whole, start, body, doc: None, parent, public };
            self.sketch.define(parts, MARKS);
        }
    }

    /// `define('NAME', 1)`.
    fn constant(&mut self, node: Node<'_>, scope: Scope, doc: Option<Range<u32>>) {
        let fields = GRAMMAR.fields;
        let function = node.child_by_field_id(fields.function);
        if !function.is_some_and(|name| self.sketch.text(name).eq_ignore_ascii_case("define")) {
            return;
        }
        let first = node.child_by_field_id(fields.arguments).and_then(|all| all.named_child(0));
        let text =
            first.and_then(|first| first.named_child(0)).and_then(|text| text.named_child(0));
        let Some(name) = text.filter(|text| GRAMMAR.kind(*text) == Kind::Text) else { return };
        let (kind, whole, start) =
            (DefinitionKind::Constant, range(node), node.start_byte() as u32);
        let parent = scope.owner;
        let parts = Parts { kind, name, whole, start, body: None, doc, parent, public: true };
        self.sketch.define(parts, &[]);
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
