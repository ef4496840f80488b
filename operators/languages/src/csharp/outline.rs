//! What a C# file defines: namespaces in braces, types with their members. Both branches of `#if` count.
//! A namespace for the whole file is its package and no definition.
//!
//! A signature begins behind the attributes. `using A.B` and `using static A.B` have the path `A.B` and the
//! name `*`, `using C = A.B` has no names and an alias; a `global using` is exported.

mod uses;

use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Import, Outline};
use tree_sitter::Node;

use crate::sketch::{Parts, Pending, Sketch};
use crate::syntax::{Rules, parse, range, trim_end, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        Argument = "argument",
        Attribute = "attribute",
        AttributeList = "attribute_list",
        BaseList = "base_list",
        Binary = "binary_expression",
        Class = "class_declaration",
        Comment = "comment",
        ConditionalAccess = "conditional_access_expression",
        ConstantPattern = "constant_pattern",
        Constructor = "constructor_declaration",
        ConversionOperator = "conversion_operator_declaration",
        Declarations = "declaration_list",
        Delegate = "delegate_declaration",
        Destructor = "destructor_declaration",
        Enum = "enum_declaration",
        EnumMember = "enum_member_declaration",
        EnumMembers = "enum_member_declaration_list",
        Event = "event_declaration",
        EventField = "event_field_declaration",
        Field = "field_declaration",
        FileNamespace = "file_scoped_namespace_declaration",
        GenericName = "generic_name",
        Identifier = "identifier",
        Indexer = "indexer_declaration",
        Interface = "interface_declaration",
        Invocation = "invocation_expression",
        MemberAccess = "member_access_expression",
        MemberBinding = "member_binding_expression",
        Method = "method_declaration",
        Modifier = "modifier",
        Namespace = "namespace_declaration",
        Operator = "operator_declaration",
        Parameter = "parameter",
        PreprocElif = "preproc_elif",
        PreprocElse = "preproc_else",
        PreprocIf = "preproc_if",
        Property = "property_declaration",
        QualifiedName = "qualified_name",
        Record = "record_declaration",
        Struct = "struct_declaration",
        TypeArguments = "type_argument_list",
        TypeParameter = "type_parameter",
        Using = "using_directive",
        Variable = "variable_declaration",
        Variables = "variable_declarator",
    }
    fields {
        accessors = "accessors",
        body = "body",
        expression = "expression",
        function = "function",
        name = "name",
        operator = "operator",
        returns = "returns",
        right = "right",
        type_ = "type",
        value = "value",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_c_sharp::LANGUAGE));

/// Variables that share one signature. Where there are more of them, each stands for itself, so that the
/// outline does not grow with the square of the file.
const MOST_NAMES: usize = 16;

/// Keywords in broken code whose surroundings are looked at, which takes longer the more code there is.
const MOST_SALVAGED: u32 = 64;

/// The outline of a C# file.
pub(super) fn outline(text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let grammar = &*GRAMMAR;
    let tree = parse(&grammar.language, text, limits)?;
    let mut reader =
        Reader { grammar, sketch: Sketch::new(text), doc: Pending::default(), salvaged: 0 };
    walk(&tree, &mut reader, Scope { owner: None, exposed: false }, limits)?;
    reader.sketch.outline.uses = uses::uses(grammar, &tree, text);
    Ok(reader.sketch.outline)
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The namespace or type around it.
    owner: Option<u32>,
    /// Whether it is public without saying so: a member of an interface or an enum.
    exposed: bool,
}

struct Reader<'s> {
    grammar: &'static Grammar,
    sketch: Sketch<'s>,
    doc: Pending,
    /// Keywords whose surroundings were looked at.
    salvaged: u32,
}

impl<'t> Rules<'t> for Reader<'_> {
    type Scope = Scope;

    fn visit(&mut self, node: Node<'t>, scope: Scope) -> Option<Scope> {
        let kind = self.grammar.kind(node);
        match kind {
            Kind::Comment => {
                self.comment(node);
                return None;
            }
            Kind::Declarations
            | Kind::EnumMembers
            | Kind::PreprocIf
            | Kind::PreprocElif
            | Kind::PreprocElse => return Some(scope),
            _ if node.is_error() => return Some(scope),
            _ if !node.is_named() => {
                self.salvage(node, scope);
                return None;
            }
            _ => {}
        }
        let doc = self.doc.take_before(self.sketch.source, node.start_byte() as u32);
        match kind {
            Kind::FileNamespace => self.package(node),
            Kind::Using => self.import(node),
            Kind::Field | Kind::EventField => self.variables(node, scope, doc),
            _ => return self.definition(node, scope, doc),
        }
        None
    }
}

impl Reader<'_> {
    fn field<'t>(&self, node: Node<'t>, field: impl Fn(&Fields) -> u16) -> Option<Node<'t>> {
        node.child_by_field_id(field(&self.grammar.fields))
    }

    fn child<'t>(&self, node: Node<'t>, kind: Kind) -> Option<Node<'t>> {
        node.named_children(&mut node.walk()).find(|child| self.grammar.kind(*child) == kind)
    }

    /// The keyword of a namespace or a type whose body the parser could not make sense of: the name follows.
    fn salvage(&mut self, keyword: Node<'_>, scope: Scope) {
        let is_keyword = matches!(
            keyword.kind(),
            "namespace" | "class" | "struct" | "record" | "enum" | "interface"
        );
        if !is_keyword || self.salvaged == MOST_SALVAGED {
            return;
        }
        self.salvaged += 1;
        let is_broken = |parent: Node<'_>| parent.is_error();
        let name = keyword.next_named_sibling().filter(|name| {
            let names = [Kind::Identifier, Kind::QualifiedName];
            names.contains(&self.grammar.kind(*name)) && keyword.parent().is_some_and(is_broken)
        });
        let (kind, name) = match (keyword.kind(), name) {
            ("namespace", Some(name)) => {
                let name = uses::dotted(self.sketch.text(name));
                self.sketch.outline.package.get_or_insert(name);
                return;
            }
            ("class" | "struct" | "record" | "enum", Some(name)) => (DefinitionKind::Type, name),
            ("interface", Some(name)) => (DefinitionKind::Interface, name),
            _ => return,
        };
        let whole = keyword.start_byte() as u32..name.end_byte() as u32;
        let (parent, start) = (scope.owner, whole.start);
        let parts = Parts { kind, name, whole, start, body: None, doc: None, parent, public: true };
        self.sketch.define(parts, &[]);
    }

    fn comment(&mut self, node: Node<'_>) {
        let text = self.sketch.text(node);
        let comment = trim_end(self.sketch.source, range(node), &[]);
        if text.starts_with("///") && !text.starts_with("////") {
            self.doc.add(self.sketch.source, comment);
        } else if text.starts_with("/**") && text.len() > 4 {
            self.doc.replace(comment);
        }
    }

    /// The namespace of a file, or the first one in it.
    fn package(&mut self, node: Node<'_>) {
        let name = self.field(node, |f| f.name).map(|name| uses::dotted(self.sketch.text(name)));
        if self.sketch.outline.package.is_none() {
            self.sketch.outline.package = name;
        }
    }

    fn import(&mut self, node: Node<'_>) {
        let alias = self.field(node, |f| f.name);
        let mut cursor = node.walk();
        let mut named = node.named_children(&mut cursor);
        let target = named.find(|child| Some(*child) != alias && !child.is_extra());
        let has = |word: &str| node.children(&mut node.walk()).any(|child| child.kind() == word);
        let Some(target) = target else { return };
        let path = uses::dotted(self.sketch.text(target));
        let path = path.strip_prefix("global::").unwrap_or(&path);
        let import = Import {
            path: path.split('<').next().unwrap_or_default().to_owned(),
            names: if alias.is_none() { vec!["*".into()] } else { vec![] },
            alias: alias.map(|alias| self.sketch.text(alias).to_owned()),
            exported: has("global"),
            ..Import::default()
        };
        self.sketch.state(import, node);
    }

    /// A namespace, a type or a member with one name. A scope if there are members in it.
    fn definition(
        &mut self,
        node: Node<'_>,
        scope: Scope,
        doc: Option<Range<u32>>,
    ) -> Option<Scope> {
        let (kind, name) = self.kind_and_name(node)?;
        if kind == DefinitionKind::Module {
            self.package(node);
        }
        let body = self
            .field(node, |f| f.body)
            .or_else(|| self.field(node, |f| f.accessors))
            .or_else(|| self.field(node, |f| f.value));
        let parts = Parts {
            kind,
            name,
            whole: range(node),
            start: self.start(node),
            body,
            doc,
            parent: scope.owner,
            public: kind == DefinitionKind::Module || self.is_public(node, scope.exposed),
        };
        let owner = self.sketch.define(parts, &["=", ";"])?;
        let exposed =
            kind == DefinitionKind::Interface || matches!(self.grammar.kind(node), Kind::Enum);
        has_members(kind).then_some(Scope { owner: Some(owner), exposed })
    }

    fn kind_and_name<'t>(&self, node: Node<'t>) -> Option<(DefinitionKind, Node<'t>)> {
        let word = |word: &str| node.children(&mut node.walk()).find(|child| child.kind() == word);
        let name = self.field(node, |f| f.name);
        Some(match self.grammar.kind(node) {
            Kind::Namespace => (DefinitionKind::Module, name?),
            Kind::Class | Kind::Struct | Kind::Record | Kind::Enum | Kind::Delegate => {
                (DefinitionKind::Type, name?)
            }
            Kind::Interface => (DefinitionKind::Interface, name?),
            Kind::Method | Kind::Constructor | Kind::Destructor => (DefinitionKind::Method, name?),
            Kind::Operator => (DefinitionKind::Method, self.field(node, |f| f.operator)?),
            Kind::ConversionOperator => (DefinitionKind::Method, self.field(node, |f| f.type_)?),
            Kind::Indexer => (DefinitionKind::Method, word("this")?),
            Kind::Property | Kind::Event => (DefinitionKind::Variable, name?),
            Kind::EnumMember => (DefinitionKind::Constant, name?),
            _ => return None,
        })
    }

    /// `int a = 1, b;`
    fn variables(&mut self, node: Node<'_>, scope: Scope, mut doc: Option<Range<u32>>) {
        let Some(variables) = self.child(node, Kind::Variable) else { return };
        let mut cursor = variables.walk();
        let declarators = variables.named_children(&mut cursor);
        let declarators = declarators.filter(|child| self.grammar.kind(*child) == Kind::Variables);
        let declarators: Vec<_> = declarators.collect();
        let crowded = declarators.len() > MOST_NAMES;
        let constant =
            self.has(node, "const") || (self.has(node, "static") && self.has(node, "readonly"));
        for declarator in declarators {
            let Some(name) = self.field(declarator, |f| f.name) else { continue };
            let whole = if crowded { range(name) } else { range(node) };
            let mut cursor = declarator.walk();
            let value = declarator.children(&mut cursor).find(|child| child.kind() == "=");
            let parts = Parts {
                kind: if constant { DefinitionKind::Constant } else { DefinitionKind::Variable },
                name,
                start: if crowded { whole.start } else { self.start(node) },
                whole,
                body: value.filter(|_| !crowded),
                doc: doc.take(),
                parent: scope.owner,
                public: self.is_public(node, scope.exposed),
            };
            self.sketch.define(parts, &[";"]);
        }
    }

    /// Where the signature begins.
    fn start(&self, node: Node<'_>) -> u32 {
        let mut cursor = node.walk();
        let first = node
            .children(&mut cursor)
            .find(|child| self.grammar.kind(*child) != Kind::AttributeList && !child.is_extra());
        first.map_or(node.start_byte(), |child| child.start_byte()) as u32
    }

    fn is_public(&self, node: Node<'_>, exposed: bool) -> bool {
        let public = self.has(node, "public") || self.has(node, "protected");
        public || (exposed && !self.has(node, "private") && !self.has(node, "internal"))
    }

    /// Whether there is a modifier.
    fn has(&self, node: Node<'_>, word: &str) -> bool {
        let is_it = |child: Node<'_>| {
            self.grammar.kind(child) == Kind::Modifier && self.sketch.text(child) == word
        };
        node.named_children(&mut node.walk()).any(is_it)
    }
}

/// Whether there are members in what is of this kind.
fn has_members(kind: DefinitionKind) -> bool {
    use DefinitionKind::{Interface, Module, Type};
    matches!(kind, Type | Interface | Module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
    }
}
