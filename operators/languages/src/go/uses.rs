//! Which names a Go file uses without declaring them itself: `local.Name` for what it takes from imported
//! packages, and bare names for what other files of its own package declare (or those it imports with a
//! dot).
//!
//! Follows Go's scopes, so that a parameter or variable that has the name of an imported package is not
//! taken for the package. A name means the innermost declaration whose scope it stands in; the scope of a
//! variable begins after its declaration, that of a parameter with the body of the function.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Outline};
use tree_sitter::{Node, Tree, TreeCursor};

use crate::syntax::{text_of, vocabulary};

vocabulary! {
    kinds {
        Alias = "type_alias",
        Array = "array_type",
        Block = "block",
        Communication = "communication_case",
        CompositeLiteral = "composite_literal",
        ConstSpec = "const_spec",
        DefaultCase = "default_case",
        ExpressionCase = "expression_case",
        ExpressionList = "expression_list",
        ExpressionSwitch = "expression_switch_statement",
        For = "for_statement",
        Function = "function_declaration",
        FunctionLiteral = "func_literal",
        GenericType = "generic_type",
        Identifier = "identifier",
        If = "if_statement",
        ImplicitArray = "implicit_length_array_type",
        Import = "import_declaration",
        LiteralElement = "literal_element",
        Map = "map_type",
        Method = "method_declaration",
        Package = "package_clause",
        Parameter = "parameter_declaration",
        QualifiedType = "qualified_type",
        Range = "range_clause",
        Receive = "receive_statement",
        Selector = "selector_expression",
        ShortVar = "short_var_declaration",
        Slice = "slice_type",
        TypeArguments = "type_arguments",
        TypeCase = "type_case",
        TypeIdentifier = "type_identifier",
        TypeParameter = "type_parameter_declaration",
        TypeSpec = "type_spec",
        TypeSwitch = "type_switch_statement",
        VarSpec = "var_spec",
        Variadic = "variadic_parameter_declaration",
    }
    fields {
        alias = "alias",
        field = "field",
        key = "key",
        left = "left",
        name = "name",
        operand = "operand",
        package = "package",
        parameters = "parameters",
        receiver = "receiver",
        result = "result",
        type_ = "type",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_go::LANGUAGE));

/// Names that every file knows, without those that packages are wont to declare themselves.
const UNIVERSE: &[&str] = &[
    "_",
    "any",
    "append",
    "bool",
    "byte",
    "cap",
    "close",
    "comparable",
    "complex",
    "complex128",
    "complex64",
    "copy",
    "delete",
    "error",
    "false",
    "float32",
    "float64",
    "imag",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "iota",
    "len",
    "make",
    "new",
    "nil",
    "panic",
    "print",
    "println",
    "real",
    "recover",
    "rune",
    "string",
    "true",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uintptr",
];

/// The names that the file of this tree uses and neither declares itself nor has from the language, sorted.
pub(super) fn uses(tree: &Tree, source: &str, outline: &Outline) -> Vec<String> {
    let mut reader = Reader::new(source);
    let mut cursor = tree.walk();
    reader.walk(&mut cursor);
    let imported = likely_names(outline);
    let top = outline.top_level().filter(|definition| definition.kind != DefinitionKind::Method);
    let declared: BTreeSet<&str> = top.map(|definition| definition.name(source)).collect();
    let bare = reader.bare.iter().filter(|name| !declared.contains(**name));
    let bare =
        bare.filter(|name| UNIVERSE.binary_search(name).is_err() && !imported.contains(**name));
    let selectors = reader.selectors.iter().filter(|(base, _)| !declared.contains(base));
    let selectors = selectors.map(|(base, name)| format!("{base}.{name}"));
    let mut uses: Vec<String> = bare.map(|name| (*name).to_owned()).chain(selectors).collect();
    uses.sort_unstable();
    uses
}

/// The names that imported packages most likely have in the file.
fn likely_names(outline: &Outline) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for import in &outline.imports {
        names.extend(import.alias.as_deref());
        let ends = import.path.rsplit('/').take(2);
        names.extend(ends.flat_map(|end| end.split(['-', '.']).chain([end])));
    }
    names
}

/// A scope that is open.
struct Scope<'t> {
    /// The node that opened it.
    node: usize,
    /// How many names were declared outside of it.
    outside: usize,
    /// The name to declare in each clause of it: `x` of `switch x := y.(type)`.
    alias: Option<Node<'t>>,
}

struct Reader<'s, 't> {
    source: &'s str,
    bare: BTreeSet<&'s str>,
    selectors: BTreeSet<(&'s str, &'s str)>,
    scopes: Vec<Scope<'t>>,
    /// What the node that is visited is in.
    around: Vec<Node<'t>>,
    /// Names declared in open scopes, in the order of their declaration.
    declared: Vec<&'s str>,
    /// How often each of them is.
    count: HashMap<&'s str, u32>,
}

impl<'s, 't> Reader<'s, 't> {
    fn new(source: &'s str) -> Self {
        let (bare, selectors) = (BTreeSet::new(), BTreeSet::new());
        let (scopes, around, declared) = (vec![], vec![], vec![]);
        Self { source, bare, selectors, scopes, around, declared, count: HashMap::new() }
    }

    /// Visits every node when its turn comes and again when all below it was seen.
    fn walk(&mut self, cursor: &mut TreeCursor<'t>) {
        loop {
            let node = cursor.node();
            if self.enter(node, cursor.field_id().map_or(0, u16::from)) && cursor.goto_first_child()
            {
                self.around.push(node);
                continue;
            }
            loop {
                self.leave(cursor.node());
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return;
                }
                self.around.pop();
            }
        }
    }

    /// Whether to look at what is below `node`, which is in this field of its parent.
    fn enter(&mut self, node: Node<'t>, field: u16) -> bool {
        let fields = GRAMMAR.fields;
        match GRAMMAR.kind(node) {
            Kind::Import | Kind::Package => return false,
            Kind::Identifier | Kind::TypeIdentifier if field != fields.name => {
                self.bare(node);
                if self.around.last().is_some_and(Node::is_error) {
                    self.broken_selector(node);
                }
            }
            Kind::Selector => return self.selector(node),
            Kind::QualifiedType => {
                let part = |field| node.child_by_field_id(field);
                self.used(part(fields.package), part(fields.name));
                return false;
            }
            Kind::LiteralElement if field == fields.key => return self.is_expression(node),
            // What is on the left of `:=` is declared, not used.
            Kind::ExpressionList if field == fields.left || field == fields.alias => {
                return !self.around.last().copied().is_some_and(declares);
            }
            Kind::Function | Kind::FunctionLiteral | Kind::Method => {
                self.open(node);
                self.receiver(node);
            }
            Kind::If | Kind::For | Kind::ExpressionSwitch | Kind::Communication => self.open(node),
            Kind::TypeSwitch => {
                self.open(node);
                if let Some(scope) = self.scopes.last_mut() {
                    let alias = node.child_by_field_id(fields.alias);
                    scope.alias = alias.and_then(|list| list.named_child(0));
                }
            }
            Kind::ExpressionCase | Kind::DefaultCase | Kind::TypeCase => self.clause(node),
            Kind::Block => {
                self.open(node);
                self.parameters();
            }
            Kind::TypeSpec | Kind::Alias => {
                self.declare_names(node);
                self.open(node);
            }
            Kind::TypeParameter => self.declare_names(node),
            _ => {}
        }
        true
    }

    fn leave(&mut self, node: Node<'t>) {
        match GRAMMAR.kind(node) {
            Kind::VarSpec | Kind::ConstSpec => self.declare_names(node),
            Kind::ShortVar | Kind::Range | Kind::Receive if declares(node) => {
                if let Some(left) = node.child_by_field_id(GRAMMAR.fields.left) {
                    self.declare_all(left);
                }
            }
            _ => {}
        }
        if self.scopes.last().is_some_and(|scope| scope.node == node.id()) {
            self.close();
        }
    }

    fn open(&mut self, node: Node<'t>) {
        let outside = self.declared.len();
        self.scopes.push(Scope { node: node.id(), outside, alias: None });
    }

    fn close(&mut self) {
        let Some(scope) = self.scopes.pop() else { return };
        for name in self.declared.drain(scope.outside..) {
            if let Some(count) = self.count.get_mut(name) {
                *count -= 1;
            }
        }
    }

    /// Declares a name in the innermost scope. What the file declares at its top is known from elsewhere.
    fn declare(&mut self, name: Node<'_>) {
        if !self.scopes.is_empty() {
            let name = text_of(self.source, name);
            self.declared.push(name);
            *self.count.entry(name).or_default() += 1;
        }
    }

    fn declare_names(&mut self, node: Node<'_>) {
        for name in crate::syntax::children_in(node, GRAMMAR.fields.name) {
            self.declare(name);
        }
    }

    /// Declares the identifiers in a list.
    fn declare_all(&mut self, list: Node<'_>) {
        let mut cursor = list.walk();
        for name in list.named_children(&mut cursor) {
            if GRAMMAR.kind(name) == Kind::Identifier {
                self.declare(name);
            }
        }
    }

    /// Opens the scope of one clause of a switch.
    fn clause(&mut self, node: Node<'t>) {
        let alias = self.scopes.last().and_then(|scope| scope.alias);
        self.open(node);
        if let Some(name) = alias {
            self.declare(name);
        }
    }

    /// The type parameters that a receiver names: `K` in `func (m *Map[K]) Get()`.
    fn receiver(&mut self, node: Node<'_>) {
        let Some(receiver) = node.child_by_field_id(GRAMMAR.fields.receiver) else { return };
        let parameter = receiver.named_child(0);
        let mut type_ =
            parameter.and_then(|parameter| parameter.child_by_field_id(GRAMMAR.fields.type_));
        while let Some(inner) = type_.filter(|type_| GRAMMAR.kind(*type_) != Kind::GenericType) {
            type_ = inner.named_child(0);
        }
        let mut below = type_.and_then(|generic| generic.named_child(1));
        if below.is_none_or(|arguments| GRAMMAR.kind(arguments) != Kind::TypeArguments) {
            return;
        }
        // Each argument is wrapped in a node of its own.
        let Some(arguments) = below.take() else { return };
        let mut cursor = arguments.walk();
        for argument in arguments.named_children(&mut cursor) {
            let name = argument.named_child(0).unwrap_or(argument);
            if GRAMMAR.kind(name) == Kind::TypeIdentifier {
                self.declare(name);
            }
        }
    }

    /// Declares the parameters and results of the function whose body this is.
    fn parameters(&mut self) {
        let Some(function) = self.around.last().copied() else { return };
        if !matches!(GRAMMAR.kind(function), Kind::Function | Kind::FunctionLiteral | Kind::Method)
        {
            return;
        }
        let fields = GRAMMAR.fields;
        for field in [fields.receiver, fields.parameters, fields.result] {
            let Some(list) = function.child_by_field_id(field) else { continue };
            let mut cursor = list.walk();
            for parameter in list.named_children(&mut cursor) {
                if matches!(GRAMMAR.kind(parameter), Kind::Parameter | Kind::Variadic) {
                    self.declare_names(parameter);
                }
            }
        }
    }

    /// Whether the key of an element may be an expression: in a map or an array, not in a struct. Where a
    /// name alone tells the type, a bare key is taken for a field.
    fn is_expression(&self, key: Node<'_>) -> bool {
        let bare = key.named_child(0).is_some_and(|key| GRAMMAR.kind(key) == Kind::Identifier);
        // Around it are the element, all elements in braces, and the literal.
        let literal = self.around.iter().rev().nth(2);
        let literal = literal.filter(|literal| GRAMMAR.kind(**literal) == Kind::CompositeLiteral);
        let type_ = literal.and_then(|literal| literal.child_by_field_id(GRAMMAR.fields.type_));
        !bare
            || type_.is_some_and(|type_| {
                matches!(
                    GRAMMAR.kind(type_),
                    Kind::Map | Kind::Array | Kind::Slice | Kind::ImplicitArray
                )
            })
    }

    fn is_local(&self, name: &str) -> bool {
        self.count.get(name).is_some_and(|count| *count > 0)
    }

    fn bare(&mut self, node: Node<'_>) {
        let name = text_of(self.source, node);
        if !name.is_empty() && !self.is_local(name) {
            self.bare.insert(name);
        }
    }

    /// `base.name`; whether to look deeper.
    fn selector(&mut self, node: Node<'_>) -> bool {
        let part = |field| node.child_by_field_id(field);
        let base = part(GRAMMAR.fields.operand);
        let is_name = base.is_some_and(|base| GRAMMAR.kind(base) == Kind::Identifier);
        if is_name {
            self.used(base, part(GRAMMAR.fields.field));
        }
        !is_name
    }

    /// `base.name` in code that the grammar does not understand.
    fn broken_selector(&mut self, base: Node<'_>) {
        let after = self.source.get(base.end_byte()..).and_then(|rest| rest.strip_prefix('.'));
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let name = after.map(|rest| &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]);
        let before = self.source.get(..base.start_byte()).unwrap_or_default();
        let text = text_of(self.source, base);
        if let Some(name) = name.filter(|name| name.starts_with(char::is_uppercase))
            && !before.ends_with('.')
            && !self.is_local(text)
        {
            self.selectors.insert((text, name));
        }
    }

    fn used(&mut self, base: Option<Node<'_>>, name: Option<Node<'_>>) {
        let (Some(base), Some(name)) = (base, name) else { return };
        let (base, name) = (text_of(self.source, base), text_of(self.source, name));
        if base.is_empty() || self.is_local(base) {
            return;
        }
        self.bare.insert(base);
        if name.starts_with(char::is_uppercase) {
            self.selectors.insert((base, name));
        }
    }
}

/// Whether a statement declares what is on the left: by `:=`, or as the name of a type switch.
fn declares(statement: Node<'_>) -> bool {
    let mut cursor = statement.walk();
    statement.children(&mut cursor).any(|child| child.kind() == ":=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
        assert!(UNIVERSE.is_sorted());
    }
}
