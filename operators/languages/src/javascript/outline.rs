//! What a JavaScript or TypeScript file defines: functions, classes with their members, top-level
//! variables, and TypeScript's interfaces, enums, aliases and namespaces.
//!
//! Definitions are public if they are exported, by `export` or by `module.exports`. Those inside functions
//! and blocks do not count; imports count wherever they stand, `require(".")` and `import(".")`
//! with literals included. A name that is bound to a `require` is an import and no definition.

use std::collections::BTreeSet;
use std::ops::Range;

use backstory_core::{DefinitionKind, Outline};
use tree_sitter::{Node, Tree};

use crate::sketch::{Parts, Sketch};
use crate::syntax::{Hits, Rules, range, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        AbstractClass = "abstract_class_declaration",
        AbstractMethod = "abstract_method_signature",
        Accessibility = "accessibility_modifier",
        Ambient = "ambient_declaration",
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
        Object = "object",
        Pair = "pair",
        PrivateName = "private_property_identifier",
        PropertyIdentifier = "property_identifier",
        PropertySignature = "property_signature",
        PublicField = "public_field_definition",
        Shorthand = "shorthand_property_identifier",
        StatementBlock = "statement_block",
        String = "string",
        TypeAlias = "type_alias_declaration",
        Variable = "variable_declaration",
        VariableDeclarator = "variable_declarator",
    }
    fields {
        arguments = "arguments",
        body = "body",
        declaration = "declaration",
        function = "function",
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
        hits: Hits::find(text, &["require", "import"]),
        sketch: Sketch::new(text),
        doc: None,
        at_start: true,
        exported: BTreeSet::new(),
    };
    walk(tree, &mut reader, Scope::new(Place::Items), limits)?;
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
            Place::Members => self.member(node, scope).or(code),
            Place::Items | Place::Namespace => self.statement(node, scope).or(code),
        }
    }
}

impl<'s> Reader<'s, '_> {
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
        self.sketch.outline
    }

    fn comment(&mut self, node: Node<'_>) {
        let text = self.sketch.text(node);
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

    /// A declaration with a name of its own.
    fn declaration(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let (kind, place) = match self.grammar.kind(node) {
            Kind::Function | Kind::Generator | Kind::FunctionSignature => {
                (DefinitionKind::Function, Place::Code)
            }
            Kind::Class | Kind::AbstractClass | Kind::Enum => {
                (DefinitionKind::Type, Place::Members)
            }
            Kind::Interface => (DefinitionKind::Interface, Place::Members),
            Kind::TypeAlias => (DefinitionKind::Alias, Place::Code),
            Kind::InternalModule | Kind::Module => (DefinitionKind::Module, Place::Namespace),
            _ => return None,
        };
        let name = self.field(node, |f| f.name)?;
        let body = self.field(node, |f| f.body);
        let owner = self.define(node, kind, name, body, around)?;
        let ambient = around.ambient && place == Place::Namespace;
        (place != Place::Code).then(|| Scope { ambient, ..Scope::inside(owner, place) })
    }

    fn define(
        &mut self,
        node: Node<'_>,
        kind: DefinitionKind,
        name: Node<'_>,
        body: Option<Node<'_>>,
        around: Scope,
    ) -> Option<u32> {
        let (whole, start) = around.outer.unwrap_or_else(|| self.starts(node));
        let parts = Parts {
            kind,
            name,
            whole: whole..node.end_byte() as u32,
            start,
            body,
            doc: around.doc.map(|(start, end)| start..end),
            parent: around.owner,
            public: around.public || around.ambient,
        };
        self.sketch.define(parts, &[";", "=>", "=", ","])
    }

    /// First bytes of a node, with decorators and without.
    fn starts(&self, node: Node<'_>) -> (u32, u32) {
        let mut cursor = node.walk();
        let skipped =
            |child: &Node<'_>| matches!(self.grammar.kind(*child), Kind::Decorator | Kind::Comment);
        let first = node.children(&mut cursor).find(|child| !skipped(child)).unwrap_or(node);
        (node.start_byte() as u32, first.start_byte() as u32)
    }

    fn export(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let clauses = self.children(node, Kind::ExportClause);
        let specifiers =
            || clauses.iter().flat_map(|clause| self.children(*clause, Kind::ExportSpecifier));
        let names: Vec<&'s str> = specifiers()
            .filter_map(|node| self.field(node, |f| f.name))
            .map(|n| self.sketch.text(n))
            .collect();
        if let Some(source) = self.field(node, |f| f.source) {
            let all = clauses.is_empty().then_some("*");
            let names = names.into_iter().chain(all).map(str::to_owned).collect();
            self.sketch.import(literal(self.sketch.text(source)), names, node);
            return None;
        }
        self.exported.extend(names);
        self.exported
            .extend(self.children(node, Kind::Identifier).iter().map(|n| self.sketch.text(*n)));
        if let Some(value) = self.field(node, |f| f.value) {
            return self.export_value(node, value, around);
        }
        if let Some(declaration) = self.field(node, |f| f.declaration)
            && self.field(declaration, |f| f.name).is_none()
            && self.is_function(declaration)
        {
            return self.export_value(node, declaration, around);
        }
        Some(Scope { public: true, ..around })
    }

    /// `export default <value>`.
    fn export_value(&mut self, node: Node<'_>, value: Node<'_>, around: Scope) -> Option<Scope> {
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

    /// A name that gets a value: what the value is says what the name is.
    fn bind(
        &mut self,
        node: Node<'_>,
        name: Node<'_>,
        value: Option<Node<'_>>,
        otherwise: DefinitionKind,
        around: Scope,
    ) -> Scope {
        let in_class = around.place == Place::Members;
        let (kind, body) = match value {
            Some(value) if self.is_function(value) && in_class => {
                (DefinitionKind::Method, self.field(value, |f| f.body))
            }
            Some(value) if self.is_function(value) => {
                let kind = match otherwise {
                    DefinitionKind::Method => DefinitionKind::Method,
                    _ => DefinitionKind::Function,
                };
                (kind, self.field(value, |f| f.body))
            }
            Some(value) if self.is(value, Kind::ClassExpression) => {
                (DefinitionKind::Type, self.field(value, |f| f.body))
            }
            value => (otherwise, value),
        };
        let owner = self.define(node, kind, name, body, around);
        let class = owner.filter(|_| kind == DefinitionKind::Type);
        class.map_or(Scope::new(Place::Code), |owner| Scope::inside(owner, Place::Value))
    }

    fn is_function(&self, node: Node<'_>) -> bool {
        matches!(
            self.grammar.kind(node),
            Kind::ArrowFunction
                | Kind::FunctionExpression
                | Kind::GeneratorExpression
                | Kind::Function
                | Kind::Generator
                | Kind::FunctionSignature
        )
    }

    fn names_itself(&self, node: Node<'_>) -> bool {
        self.is_function(node) || self.is(node, Kind::ClassExpression)
    }

    /// `const a = 1, b = 2;`
    fn variables(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let constant = self.field(node, |f| f.kind).is_some_and(|kind| kind.kind() == "const");
        let otherwise = if constant { DefinitionKind::Constant } else { DefinitionKind::Variable };
        let mut inside = None;
        for (index, declarator) in
            self.children(node, Kind::VariableDeclarator).into_iter().enumerate()
        {
            let Some(name) = self.field(declarator, |f| f.name) else { continue };
            let value = self.field(declarator, |f| f.value);
            if !self.is(name, Kind::Identifier) || value.is_some_and(|value| self.is_require(value))
            {
                continue;
            }
            let around =
                if index == 0 { around } else { Scope { outer: None, doc: None, ..around } };
            let scope = self.bind(declarator, name, value, otherwise, around);
            inside = inside.or((scope.place == Place::Value).then_some(scope));
        }
        inside
    }

    fn is_require(&self, value: Node<'_>) -> bool {
        let function = self.field(value, |f| f.function);
        self.is(value, Kind::Call)
            && function.is_some_and(|node| self.sketch.text(node) == "require")
    }

    /// Assignments that export, and namespaces, which the grammar takes for expressions.
    fn expression(&mut self, node: Node<'_>, around: Scope) -> Option<Scope> {
        let inner = node.named_child(0)?;
        match self.grammar.kind(inner) {
            Kind::InternalModule => Some(Scope { place: Place::Namespace, ..around }),
            Kind::Assignment => self.assignment(inner, around),
            _ => None,
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
            if self.is(value, Kind::Identifier) {
                self.exported.insert(self.sketch.text(value));
                return None;
            }
            let exported = (!self.is_require(value)).then_some(DefinitionKind::Constant)?;
            return Some(self.bind(node, property, Some(value), exported, around));
        }
        if object.ends_with(".prototype") && self.is_function(value) {
            return Some(self.bind(node, property, Some(value), DefinitionKind::Method, around));
        }
        None
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
                let shorthands = self.children(value, Kind::Shorthand);
                let pairs = self.children(value, Kind::Pair);
                let values = pairs.into_iter().filter_map(|pair| self.field(pair, |f| f.value));
                let names =
                    values.filter(|value| self.is(*value, Kind::Identifier)).chain(shorthands);
                let names: Vec<&'s str> = names.map(|name| self.sketch.text(name)).collect();
                self.exported.extend(names);
            }
            _ if self.names_itself(value) => {
                let name = self.field(value, |f| f.name).unwrap_or(property);
                return Some(self.bind(node, name, Some(value), DefinitionKind::Constant, around));
            }
            _ => {}
        }
        None
    }

    /// On the way to the class that a name was bound to.
    fn value(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
        match self.grammar.kind(node) {
            Kind::ClassExpression => Some(Scope { place: Place::Members, ..scope }),
            Kind::Assignment | Kind::VariableDeclarator => Some(scope),
            _ => None,
        }
    }

    /// Looks at a member of a class, an interface or an enum.
    fn member(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
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
    fn is_open_member(&self, node: Node<'_>, name: Node<'_>, scope: Scope) -> bool {
        let modifiers = self.children(node, Kind::Accessibility);
        let private = modifiers.iter().any(|modifier| self.sketch.text(*modifier) == "private");
        scope.owner.is_some() && !private && !self.is(name, Kind::PrivateName)
    }

    /// `import a, { b } from "c"`; `import d = require("e")`.
    fn import(&mut self, node: Node<'_>) {
        let require = self.children(node, Kind::ImportRequire).into_iter().next();
        let Some(source) = self.field(require.unwrap_or(node), |f| f.source) else { return };
        let mut names = vec![];
        for clause in self.children(node, Kind::ImportClause) {
            if !self.children(clause, Kind::Identifier).is_empty() {
                names.push("default".to_owned());
            }
            for group in self.children(clause, Kind::NamedImports) {
                let specifiers = self.children(group, Kind::ImportSpecifier).into_iter();
                let taken = specifiers.filter_map(|specifier| self.field(specifier, |f| f.name));
                names.extend(taken.map(|name| self.sketch.text(name).to_owned()));
            }
        }
        self.sketch.import(literal(self.sketch.text(source)), names, node);
    }

    /// `require("a")` and `import("a")`.
    fn call(&mut self, node: Node<'_>) {
        let Some(function) = self.field(node, |f| f.function) else { return };
        let imports = self.is(function, Kind::ImportFunction)
            || (self.is(function, Kind::Identifier) && self.sketch.text(function) == "require");
        if !imports {
            return;
        }
        let arguments = self.field(node, |f| f.arguments);
        let first = arguments.and_then(|arguments| arguments.named_child(0));
        if let Some(path) = first.filter(|first| self.is(*first, Kind::String)) {
            self.sketch.import(literal(self.sketch.text(path)), vec![], node);
        }
    }
}

/// What is between the quotes.
fn literal(text: &str) -> &str {
    text.trim_matches(['"', '\''])
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
