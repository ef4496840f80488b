//! What a Python file defines: classes, functions and methods, and the variables of modules and classes.
//!
//! Definitions under a top-level `if`, `try` or `with` count; those inside functions, and under
//! `if __name__ == ...`, do not. Imports count wherever they stand, and are marked where the condition
//! around them says that they do not run. What an `__init__.py` imports from elsewhere, and what any
//! file imports with a star, it offers to others too.

mod conditions;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Import, ImportedName, Outline};
use tree_sitter::Node;

use crate::files::file_name;
use conditions::{Truth, truth};

use crate::sketch::{Parts, Sketch};
use crate::syntax::{Hits, Rules, children_in, parse, range, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        AliasedImport = "aliased_import",
        Assignment = "assignment",
        Attribute = "attribute",
        Block = "block",
        Boolean = "boolean_operator",
        Call = "call",
        Class = "class_definition",
        Comment = "comment",
        Comparison = "comparison_operator",
        Decorated = "decorated_definition",
        DottedName = "dotted_name",
        Elif = "elif_clause",
        Else = "else_clause",
        Except = "except_clause",
        Expression = "expression_statement",
        False = "false",
        Finally = "finally_clause",
        Function = "function_definition",
        FutureImport = "future_import_statement",
        Identifier = "identifier",
        If = "if_statement",
        Import = "import_statement",
        ImportFrom = "import_from_statement",
        Integer = "integer",
        None = "none",
        Not = "not_operator",
        Parenthesized = "parenthesized_expression",
        PatternList = "pattern_list",
        String = "string",
        True = "true",
        Try = "try_statement",
        TypeAlias = "type_alias_statement",
        WildcardImport = "wildcard_import",
        With = "with_statement",
    }
    fields {
        alias = "alias",
        alternative = "alternative",
        annotation = "type",
        argument = "argument",
        attribute = "attribute",
        body = "body",
        condition = "condition",
        consequence = "consequence",
        left = "left",
        module_name = "module_name",
        name = "name",
        operator = "operator",
        right = "right",
        superclasses = "superclasses",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_python::LANGUAGE));

/// The outline of a Python file.
pub(super) fn outline(path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let grammar = &*GRAMMAR;
    let tree = parse(&grammar.language, text, limits)?;
    let hits = Hits::find(text, &["import"]);
    let mut reader = Reader {
        grammar,
        hits,
        sketch: Sketch::new(text),
        is_init: file_name(path).starts_with("__init__."),
        branches: HashMap::new(),
        checking: vec![],
    };
    reader.sketch.outline.doc = reader.docstring(tree.root_node());
    let scope = Scope { owner: None, defines: true, outer: None, inner: false, truth: Truth::TRUE };
    walk(&tree, &mut reader, scope, limits)?;
    Ok(reader.sketch.outline)
}

/// Where a statement stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The class around it.
    owner: Option<u32>,
    /// Whether names assigned here are the module's or class's own.
    defines: bool,
    /// First byte of the decorators above it.
    outer: Option<u32>,
    /// Whether this is inside a function or class.
    inner: bool,
    /// Whether this runs.
    truth: Truth,
}

struct Reader<'s> {
    grammar: &'static Grammar,
    hits: Hits,
    sketch: Sketch<'s>,
    is_init: bool,
    /// Of branches with imports in them that are still to come, whether they run; by the node's id.
    branches: HashMap<usize, Truth>,
    /// What `TYPE_CHECKING` is called here, besides its own name.
    checking: Vec<String>,
}

impl<'t> Rules<'t> for Reader<'_> {
    type Scope = Scope;

    fn visit(&mut self, node: Node<'t>, mut scope: Scope) -> Option<Scope> {
        let kind = self.grammar.kind(node);
        if !self.branches.is_empty()
            && let Some(truth) = self.branches.remove(&node.id())
        {
            scope.truth = scope.truth.and(truth);
        }
        let inside = Scope { outer: None, ..scope };
        let has_imports = self.hits.any_in(node);
        if kind == Kind::If && has_imports {
            self.conditions(node);
        }
        let inner = scope.inner || matches!(kind, Kind::Class | Kind::Function);
        let only_imports = has_imports.then_some(Scope { defines: false, inner, ..inside });
        match kind {
            Kind::Import | Kind::ImportFrom | Kind::FutureImport => self.import(node, scope),
            _ if !scope.defines => return only_imports,
            Kind::Decorated => {
                return Some(Scope { outer: Some(node.start_byte() as u32), ..scope });
            }
            Kind::Class => {
                let owner = self.definition(node, scope)?;
                return Some(Scope { owner: Some(owner), inner, ..inside });
            }
            Kind::Function => {
                self.definition(node, scope);
                return only_imports;
            }
            Kind::TypeAlias => self.alias(node, scope),
            Kind::Expression => {
                self.assignments(node, scope);
                return only_imports;
            }
            Kind::If if self.is_main_guard(node) => return only_imports,
            Kind::If
            | Kind::Elif
            | Kind::Else
            | Kind::Try
            | Kind::Except
            | Kind::Finally
            | Kind::With
            | Kind::Block => return Some(inside),
            _ => return only_imports,
        }
        None
    }
}

impl Reader<'_> {
    fn field<'t>(&self, node: Node<'t>, field: impl Fn(&Fields) -> u16) -> Option<Node<'t>> {
        node.child_by_field_id(field(&self.grammar.fields))
    }

    fn is_main_guard(&self, node: Node<'_>) -> bool {
        let condition = self.field(node, |f| f.condition);
        condition.is_some_and(|condition| self.sketch.text(condition).contains("__name__"))
    }

    /// The string that a module, class or function begins with.
    fn docstring(&self, body: Node<'_>) -> Option<Range<u32>> {
        let mut cursor = body.walk();
        let mut statements = body.named_children(&mut cursor);
        let first = statements.find(|node| self.grammar.kind(*node) != Kind::Comment)?;
        let string = match self.grammar.kind(first) {
            Kind::Expression if first.named_child_count() == 1 => first.named_child(0)?,
            _ => return None,
        };
        let prefix = self.sketch.text(string).split(['"', '\'']).next()?;
        let plain = prefix.is_empty() || prefix.eq_ignore_ascii_case("r");
        (plain && self.grammar.kind(string) == Kind::String).then(|| range(string))
    }

    /// A class or a function.
    fn definition(&mut self, node: Node<'_>, scope: Scope) -> Option<u32> {
        let name = self.field(node, |f| f.name)?;
        let body = self.field(node, |f| f.body);
        let kind = match self.grammar.kind(node) {
            Kind::Class if self.is_protocol(node) => DefinitionKind::Interface,
            Kind::Class => DefinitionKind::Type,
            _ if scope.owner.is_some() => DefinitionKind::Method,
            _ => DefinitionKind::Function,
        };
        let whole = range(node);
        let parts = Parts {
            kind,
            name,
            start: whole.start,
            whole: scope.outer.unwrap_or(whole.start)..whole.end,
            // A comment may stand between the colon and the body.
            body: Self::colon(node).or(body),
            doc: body.and_then(|body| self.docstring(body)),
            parent: scope.owner,
            public: is_public(self.sketch.text(name)),
        };
        self.sketch.define(parts, &[":"])
    }

    /// The colon before the body.
    fn colon(node: Node<'_>) -> Option<Node<'_>> {
        node.children(&mut node.walk()).filter(|child| child.kind() == ":").last()
    }

    fn is_protocol(&self, node: Node<'_>) -> bool {
        let bases = self.field(node, |f| f.superclasses).map(|bases| self.sketch.text(bases));
        let is_protocol = |base: &str| {
            let name = base.split('[').next().unwrap_or(base).trim();
            name == "Protocol" || name.ends_with(".Protocol")
        };
        bases.is_some_and(|bases| bases.trim_matches(['(', ')']).split(',').any(is_protocol))
    }

    fn alias(&mut self, node: Node<'_>, scope: Scope) {
        if let Some(name) = self.field(node, |f| f.left) {
            self.variable(node, name, None, DefinitionKind::Alias, scope);
        }
    }

    /// `a = b = 1`, `a: int`, `a, b = 1, 2`.
    fn assignments(&mut self, statement: Node<'_>, scope: Scope) {
        let mut next = statement.named_child(0);
        while let Some(node) = next.filter(|node| self.grammar.kind(*node) == Kind::Assignment) {
            let (Some(left), right) = (self.field(node, |f| f.left), self.field(node, |f| f.right))
            else {
                return;
            };
            let annotation = self.field(node, |f| f.annotation);
            let alias =
                annotation.is_some_and(|node| self.sketch.text(node).ends_with("TypeAlias"));
            for name in self.targets(left) {
                let kind = match self.sketch.text(name) {
                    _ if alias => DefinitionKind::Alias,
                    name if is_constant(name) => DefinitionKind::Constant,
                    _ => DefinitionKind::Variable,
                };
                // Of several names, each stands for itself.
                let (whole, value) = if name == left { (node, right) } else { (name, None) };
                self.variable(whole, name, value.filter(|_| !alias), kind, scope);
            }
            next = right;
        }
    }

    fn targets<'t>(&self, left: Node<'t>) -> Vec<Node<'t>> {
        let is_name = |node: &Node<'_>| self.grammar.kind(*node) == Kind::Identifier;
        match self.grammar.kind(left) {
            Kind::Identifier => vec![left],
            Kind::PatternList => left.named_children(&mut left.walk()).filter(is_name).collect(),
            _ => vec![],
        }
    }

    fn variable(
        &mut self,
        whole: Node<'_>,
        name: Node<'_>,
        value: Option<Node<'_>>,
        kind: DefinitionKind,
        scope: Scope,
    ) {
        let parts = Parts {
            kind,
            name,
            whole: range(whole),
            start: whole.start_byte() as u32,
            body: value,
            doc: None,
            parent: scope.owner,
            public: is_public(self.sketch.text(name)),
        };
        self.sketch.define(parts, &["="]);
    }

    /// Learns which branches of an `if` run.
    fn conditions(&mut self, statement: Node<'_>) {
        let mut before = Truth::TRUE;
        let clauses = children_in(statement, self.grammar.fields.alternative);
        for clause in std::iter::once(statement).chain(clauses) {
            let condition = self.field(clause, |f| f.condition).map_or(Truth::TRUE, |condition| {
                truth(self.sketch.source, condition, &self.checking)
            });
            let branch = if clause == statement {
                self.field(clause, |f| f.consequence)
            } else {
                Some(clause)
            };
            if let Some(branch) = branch.filter(|branch| self.hits.any_in(*branch)) {
                self.branches.insert(branch.id(), before.and(condition));
            }
            before = before.and(condition.not());
        }
    }

    fn import(&mut self, statement: Node<'_>, scope: Scope) {
        let names = children_in(statement, self.grammar.fields.name);
        let names: Vec<ImportedName> = names.into_iter().map(|name| self.imported(name)).collect();
        let import = Import { when: scope.truth.when(), ..Import::default() };
        match self.grammar.kind(statement) {
            Kind::Import => {
                for ImportedName { name, alias } in names {
                    let import = Import { path: name, alias, ..import.clone() };
                    self.sketch.state(import, statement);
                }
            }
            Kind::FutureImport => {
                let import = Import { path: "__future__".to_owned(), names, ..import };
                self.sketch.state(import, statement);
            }
            _ => self.import_from(statement, names, scope, import),
        }
    }

    fn import_from(
        &mut self,
        statement: Node<'_>,
        mut names: Vec<ImportedName>,
        scope: Scope,
        import: Import,
    ) {
        let module = self.field(statement, |f| f.module_name);
        let path = module.map_or(String::new(), |node| without_spaces(self.sketch.text(node)));
        let mut cursor = statement.walk();
        let mut children = statement.named_children(&mut cursor);
        let all = children.any(|child| self.grammar.kind(child) == Kind::WildcardImport);
        if all {
            names = vec!["*".into()];
        }
        let checking = names.iter().filter(|name| name.name == "TYPE_CHECKING");
        self.checking.extend(checking.filter_map(|name| name.alias.clone()));
        let exported = !scope.inner && (all || self.is_init);
        self.sketch.state(Import { path, names, exported, ..import }, statement);
    }

    /// The name that is imported, and the one it gets.
    fn imported(&self, node: Node<'_>) -> ImportedName {
        let text = |node: Node<'_>| without_spaces(self.sketch.text(node));
        match self.grammar.kind(node) {
            Kind::AliasedImport => ImportedName {
                name: text(self.field(node, |f| f.name).unwrap_or(node)),
                alias: self.field(node, |f| f.alias).map(text),
            },
            _ => ImportedName { name: text(node), alias: None },
        }
    }
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

/// No leading underscore, or a name of Python's own such as `__init__`.
fn is_public(name: &str) -> bool {
    !name.starts_with('_') || (name.len() > 4 && name.starts_with("__") && name.ends_with("__"))
}

fn is_constant(name: &str) -> bool {
    name.contains(|c: char| c.is_uppercase()) && !name.contains(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
    }
}
