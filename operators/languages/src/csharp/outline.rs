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

use crate::salvage::Salvage;
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

/// The outline of a C# file.
pub(super) fn outline(text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let grammar = &*GRAMMAR;
    let tree = parse(&grammar.language, text, limits)?;
    let mut reader = Reader {
        grammar,
        sketch: Sketch::new(text),
        doc: Pending::default(),
        salvage: Salvage::default(),
    };
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
    salvage: Salvage,
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
            | Kind::PreprocElse
            | Kind::Error => return Some(scope),
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
            Kind::Field | Kind::EventField => self.variables(node, scope, doc.as_ref()),
            _ => return self.definition(node, scope, doc),
        }
        None
    }
}

impl Reader<'_> {
    /// The keyword of a namespace or a type whose body the parser could not make sense of: the name follows.
    fn salvage(&mut self, keyword: Node<'_>, scope: Scope) {
        const KEYWORDS: [&str; 6] = ["namespace", "class", "struct", "record", "enum", "interface"];
        let names = [Kind::Identifier, Kind::QualifiedName];
        let name = self.salvage.behind(keyword, &KEYWORDS);
        let Some(name) = name.filter(|name| names.contains(&self.grammar.kind(*name))) else {
            return;
        };
        let kind = match keyword.kind() {
            "namespace" => {
                let name = uses::dotted(self.sketch.text(name));
                self.sketch.outline.package.get_or_insert(name);
                return;
            }
            "interface" => DefinitionKind::Interface,
            _ => DefinitionKind::Type,
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
        let name =
            self.grammar.field(node, |f| f.name).map(|name| uses::dotted(self.sketch.text(name)));
        if self.sketch.outline.package.is_none() {
            self.sketch.outline.package = name;
        }
    }

    fn import(&mut self, node: Node<'_>) {
        let alias = self.grammar.field(node, |f| f.name);
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
            .grammar
            .field(node, |f| f.body)
            .or_else(|| self.grammar.field(node, |f| f.accessors))
            .or_else(|| self.grammar.field(node, |f| f.value));
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
        let name = self.grammar.field(node, |f| f.name);
        Some(match self.grammar.kind(node) {
            Kind::Namespace => (DefinitionKind::Module, name?),
            Kind::Class | Kind::Struct | Kind::Record | Kind::Enum | Kind::Delegate => {
                (DefinitionKind::Type, name?)
            }
            Kind::Interface => (DefinitionKind::Interface, name?),
            Kind::Method | Kind::Constructor | Kind::Destructor => (DefinitionKind::Method, name?),
            Kind::Operator => (DefinitionKind::Method, self.grammar.field(node, |f| f.operator)?),
            Kind::ConversionOperator => {
                (DefinitionKind::Method, self.grammar.field(node, |f| f.type_)?)
            }
            Kind::Indexer => (DefinitionKind::Method, word("this")?),
            Kind::Property | Kind::Event => (DefinitionKind::Variable, name?),
            Kind::EnumMember => (DefinitionKind::Constant, name?),
            _ => return None,
        })
    }

    /// `int a = 1, b;`
    fn variables(&mut self, node: Node<'_>, scope: Scope, doc: Option<&Range<u32>>) {
        let Some(variables) = self.grammar.child(node, Kind::Variable) else { return };
        let mut cursor = variables.walk();
        let declarators = variables.named_children(&mut cursor);
        let declarators = declarators.filter(|child| self.grammar.kind(*child) == Kind::Variables);
        let names = declarators.filter_map(|declarator| {
            let value = declarator.children(&mut declarator.walk()).find(|c| c.kind() == "=");
            Some((self.grammar.field(declarator, |f| f.name)?, value))
        });
        let names: Vec<_> = names.collect();
        let constant =
            self.has(node, "const") || (self.has(node, "static") && self.has(node, "readonly"));
        let start = self.start(node);
        let public = self.is_public(node, scope.exposed);
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
        self.sketch.define_each(&names, parts, &[";"]);
    }

    /// Where the signature begins.
    fn start(&self, node: Node<'_>) -> u32 {
        let first = self.grammar.start_behind(node, &[Kind::AttributeList]);
        first.unwrap_or(node.start_byte() as u32)
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
