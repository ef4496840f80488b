//! What a JavaScript or TypeScript file defines: functions, classes with their members, top-level
//! variables, and TypeScript's interfaces, enums, aliases and namespaces.
//!
//! Definitions are public if they are exported, by `export` or by `module.exports`. Those inside functions
//! and blocks do not count; imports count wherever they stand, see [`imports`]. A name that is bound to a
//! `require` is an import and no definition.

mod common;
mod definitions;
mod exports;
mod imports;
mod members;
mod recover;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use backstory_core::{ImportedName, Outline};
use tree_sitter::{Node, Tree};

use crate::sketch::Sketch;
use crate::syntax::{Hits, Rules, range, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        AbstractClass = "abstract_class_declaration",
        AbstractMethod = "abstract_method_signature",
        Accessibility = "accessibility_modifier",
        Ambient = "ambient_declaration",
        Array = "array",
        ArrowFunction = "arrow_function",
        Assignment = "assignment_expression",
        Call = "call_expression",
        Class = "class_declaration",
        ClassBody = "class_body",
        ClassExpression = "class",
        Comment = "comment",
        Decorator = "decorator",
        Enum = "enum_declaration",
        EnumAssignment = "enum_assignment",
        EnumBody = "enum_body",
        Export = "export_statement",
        ExportClause = "export_clause",
        ExportSpecifier = "export_specifier",
        Expression = "expression_statement",
        Field = "field_definition",
        Function = "function_declaration",
        FunctionExpression = "function_expression",
        FunctionSignature = "function_signature",
        Generator = "generator_function_declaration",
        GeneratorExpression = "generator_function",
        HashBang = "hash_bang_line",
        Identifier = "identifier",
        Import = "import_statement",
        ImportAlias = "import_alias",
        ImportClause = "import_clause",
        ImportFunction = "import",
        ImportRequire = "import_require_clause",
        ImportSpecifier = "import_specifier",
        Interface = "interface_declaration",
        InterfaceBody = "interface_body",
        InternalModule = "internal_module",
        Lexical = "lexical_declaration",
        Member = "member_expression",
        Method = "method_definition",
        MethodSignature = "method_signature",
        Module = "module",
        NamedImports = "named_imports",
        NamespaceExport = "namespace_export",
        NamespaceImport = "namespace_import",
        Object = "object",
        ObjectPattern = "object_pattern",
        Pair = "pair",
        PairPattern = "pair_pattern",
        Parenthesized = "parenthesized_expression",
        PrivateName = "private_property_identifier",
        PropertyIdentifier = "property_identifier",
        PropertySignature = "property_signature",
        PublicField = "public_field_definition",
        Shorthand = "shorthand_property_identifier",
        ShorthandPattern = "shorthand_property_identifier_pattern",
        StatementBlock = "statement_block",
        String = "string",
        Substitution = "template_substitution",
        Template = "template_string",
        TypeAlias = "type_alias_declaration",
        Variable = "variable_declaration",
        VariableDeclarator = "variable_declarator",
    }
    fields {
        alias = "alias",
        arguments = "arguments",
        body = "body",
        declaration = "declaration",
        function = "function",
        key = "key",
        kind = "kind",
        left = "left",
        name = "name",
        object = "object",
        property = "property",
        right = "right",
        source = "source",
        value = "value",
    }
}

impl Grammar {
    /// What to parse with.
    pub(crate) fn language(&self) -> &tree_sitter::Language {
        &self.language
    }
}

/// The outline of a parsed file.
pub(crate) fn outline(
    grammar: &Grammar,
    tree: &Tree,
    text: &str,
    limits: Limits,
) -> Result<Outline, TooComplex> {
    let mut reader = Reader {
        grammar,
        hits: Hits::find(text, &["require", "import", "define("]),
        sketch: Sketch::new(text),
        doc: None,
        at_start: true,
        exported: BTreeSet::new(),
        bound: BTreeMap::new(),
        cut: None,
    };
    walk(tree, &mut reader, Scope::new(Place::Items), limits)?;
    if tree.root_node().has_error() {
        reader.recover(tree);
    }
    Ok(reader.finish())
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The definition around it.
    owner: Option<u32>,
    place: Place,
    /// Whether an `export` is directly around it.
    public: bool,
    /// Whether a `declare` is somewhere around it: then everything is public.
    ambient: bool,
    /// First bytes of the statement around it: with decorators, and without.
    outer: Option<(u32, u32)>,
    /// The doc comment before that statement.
    doc: Option<(u32, u32)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among statements at the top of a file.
    Items,
    /// In a namespace, around its block or in it.
    Namespace,
    /// Among members of a class, an interface or an enum.
    Members,
    /// On the way to a class that is a value.
    Value,
    /// On the way to the members of an object that is exported, or among them.
    Offered,
    /// In code.
    Code,
}

impl Scope {
    fn new(place: Place) -> Self {
        Self { owner: None, place, public: false, ambient: false, outer: None, doc: None }
    }

    /// Among the members of `owner`.
    fn inside(owner: u32, place: Place) -> Self {
        Self { owner: Some(owner), ..Self::new(place) }
    }
}

struct Reader<'s, 'g> {
    grammar: &'g Grammar,
    hits: Hits,
    sketch: Sketch<'s>,
    /// The last doc comment, if nothing but other comments came behind it.
    doc: Option<Range<u32>>,
    /// Whether nothing but comments came so far.
    at_start: bool,
    /// Names exported by statements of their own.
    exported: BTreeSet<&'s str>,
    /// What calls of `require` that are still to come are bound to, by their first byte.
    bound: BTreeMap<usize, Bound>,
    /// Where a `require` ends whose argument the grammar takes for the next statement, and what it is bound to.
    cut: Option<(usize, String)>,
}

/// What is made of a module that is required.
#[derive(Default)]
struct Bound {
    names: Vec<ImportedName>,
    alias: Option<String>,
    exported: bool,
}

impl<'t> Rules<'t> for Reader<'_, '_> {
    type Scope = Scope;

    fn visit(&mut self, node: Node<'t>, scope: Scope) -> Option<Scope> {
        let kind = self.grammar.kind(node);
        let code = self.hits.any_in(node).then_some(Scope::new(Place::Code));
        match kind {
            Kind::Comment => {
                self.comment(node);
                return None;
            }
            Kind::HashBang => return None,
            Kind::Import => {
                self.take_doc(node, scope, false);
                self.import(node);
                return None;
            }
            Kind::Call => {
                self.call(node);
                return code;
            }
            _ => {}
        }
        match scope.place {
            Place::Code => code,
            Place::Value => self.value(node, scope).or(code),
            Place::Offered => self.offered(node, scope).or(code),
            Place::Members => self.member(node, scope).or(code),
            Place::Items | Place::Namespace => self.statement(node, scope).or(code),
        }
    }
}

impl Reader<'_, '_> {
    fn field<'t>(&self, node: Node<'t>, field: impl Fn(&Fields) -> u16) -> Option<Node<'t>> {
        node.child_by_field_id(field(&self.grammar.fields))
    }

    fn is(&self, node: Node<'_>, kind: Kind) -> bool {
        self.grammar.kind(node) == kind
    }

    fn children<'t>(&self, node: Node<'t>, kind: Kind) -> Vec<Node<'t>> {
        node.named_children(&mut node.walk()).filter(|child| self.is(*child, kind)).collect()
    }

    /// The outline, with what was exported by name marked so.
    fn finish(mut self) -> Outline {
        if let Some(doc) = self.doc.take().filter(|_| self.at_start) {
            self.sketch.outline.doc.get_or_insert(doc);
        }
        for definition in &mut self.sketch.outline.definitions {
            let name = definition.name(self.sketch.source);
            definition.public |= definition.parent.is_none() && self.exported.contains(name);
        }
        for import in &mut self.sketch.outline.imports {
            let local = import.names.iter().map(|name| name.alias.as_ref().unwrap_or(&name.name));
            let mut local = local.chain(&import.alias);
            import.exported |= local.any(|name| self.exported.contains(&**name));
        }
        self.sketch.outline
    }

    fn comment(&mut self, node: Node<'_>) {
        let text = self.sketch.text(node);
        if self.at_start && text.starts_with("///") {
            self.directive(text, node);
        }
        if text.starts_with("/**") && !text.starts_with("/**/") {
            let before = self.doc.replace(range(node));
            // Of two doc comments at the start of a file, the first is the file's own.
            if let Some(before) = before.filter(|_| self.at_start) {
                self.sketch.outline.doc.get_or_insert(before);
            }
        }
    }

    /// The doc comment of `node`. What is left at the start of a file is the file's own.
    fn take_doc(&mut self, node: Node<'_>, scope: Scope, documented: bool) -> Option<Range<u32>> {
        let doc = self.doc.take();
        let at_start = std::mem::take(&mut self.at_start);
        if let Some((start, end)) = scope.doc {
            return Some(start..end);
        }
        let doc = doc?;
        let between = self.sketch.source.get(doc.end as usize..node.start_byte());
        if documented && !between.is_none_or(has_blank_line) {
            return Some(doc);
        }
        if at_start {
            self.sketch.outline.doc.get_or_insert(doc);
        }
        None
    }

    /// Looks at a statement. None if there is nothing in it but, maybe, code with imports.
    fn statement(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
        let kind = self.grammar.kind(node);
        let documented = !matches!(kind, Kind::Other | Kind::StatementBlock | Kind::Decorator);
        let doc = self.take_doc(node, scope, documented);
        let (whole, start) = scope.outer.unwrap_or_else(|| self.starts(node));
        let around = Scope {
            outer: Some((whole, start)),
            doc: doc.as_ref().map(|doc| (doc.start, doc.end)),
            ..scope
        };
        match kind {
            Kind::Export => self.export(node, around),
            Kind::Ambient => Some(Scope { place: Place::Namespace, ambient: true, ..around }),
            Kind::StatementBlock if scope.place == Place::Namespace => {
                Some(Scope { outer: None, doc: None, ..scope })
            }
            Kind::Lexical | Kind::Variable => self.variables(node, around),
            Kind::Expression => self.expression(node, around),
            _ => self.declaration(node, around),
        }
    }
}

fn has_blank_line(text: &str) -> bool {
    let mut lines = text.split('\n').skip(1).peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_some() && line.trim().is_empty() {
            return true;
        }
    }
    false
}

/// The words of these languages that their grammars lack.
#[cfg(test)]
pub(crate) fn missing(grammar: &Grammar) -> Vec<&'static str> {
    grammar.missing()
}
