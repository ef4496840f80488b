//! What a PHP file imports, and which names it uses without importing them.
//!
//! A `use` statement is an import with the whole name as its path, after `function` or `const` where the
//! statement says so. An `include` or `require` is an import if its path can be told from the text:
//! literals, `__DIR__`, `dirname(__FILE__)` and what is joined from them; the path is then written down as
//! it is from the folder of the file. A constant in it is kept in braces, for whoever knows its value.
//!
//! Classes and functions that are used without a `use` are named in full, functions with `()`.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use backstory_core::Import;
use tree_sitter::{Node, Tree, TreeCursor};

use crate::sketch::Sketch;
use crate::syntax::{text_of, vocabulary};

vocabulary! {
    kinds {
        Argument = "argument",
        Attribute = "attribute",
        BaseClause = "base_clause",
        Binary = "binary_expression",
        Call = "function_call_expression",
        ClassConstant = "class_constant_access_expression",
        Creation = "object_creation_expression",
        Escape = "escape_sequence",
        Include = "include_expression",
        IncludeOnce = "include_once_expression",
        Integer = "integer",
        Interfaces = "class_interface_clause",
        Name = "name",
        NamedType = "named_type",
        Namespace = "namespace_definition",
        NamespaceName = "namespace_name",
        Parenthesized = "parenthesized_expression",
        QualifiedName = "qualified_name",
        QuotedString = "encapsed_string",
        RelativeName = "relative_name",
        Require = "require_expression",
        RequireOnce = "require_once_expression",
        ScopedCall = "scoped_call_expression",
        ScopedProperty = "scoped_property_access_expression",
        Text = "string_content",
        TraitUse = "use_declaration",
        Use = "namespace_use_declaration",
        UseClause = "namespace_use_clause",
        PlainString = "string",
    }
    fields {
        alias = "alias",
        arguments = "arguments",
        body = "body",
        function = "function",
        left = "left",
        name = "name",
        operator = "operator",
        right = "right",
        scope = "scope",
        type_ = "type",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_php::LANGUAGE_PHP));

/// How deep parentheses and calls in the path of an `include` may be nested.
const DEEPEST_PATH: u32 = 16;

/// Adds the imports and the names used to the outline.
pub(super) fn names(tree: &Tree, sketch: &mut Sketch<'_>) {
    let (namespace, imported, uses) = (String::new(), HashMap::new(), BTreeSet::new());
    let mut reader = Reader { sketch, namespace, imported, uses };
    reader.walk(&mut tree.walk());
    let uses = reader.uses.into_iter().collect();
    sketch.outline.uses = uses;
}

struct Reader<'r, 's> {
    sketch: &'r mut Sketch<'s>,
    /// The namespace that is read.
    namespace: String,
    /// Names that `use` gives to classes and namespaces, in lower case, and what they mean.
    imported: HashMap<String, String>,
    uses: BTreeSet<String>,
}

impl<'s> Reader<'_, 's> {
    fn walk(&mut self, cursor: &mut TreeCursor<'_>) {
        let mut depth = 0_usize;
        loop {
            if self.visit(cursor.node()) && cursor.goto_first_child() {
                depth += 1;
                continue;
            }
            while !cursor.goto_next_sibling() {
                if depth == 0 || !cursor.goto_parent() {
                    return;
                }
                depth -= 1;
            }
        }
    }

    /// Whether to look at what is below.
    fn visit(&mut self, node: Node<'_>) -> bool {
        let fields = GRAMMAR.fields;
        match GRAMMAR.kind(node) {
            Kind::Namespace => {
                let name = node.child_by_field_id(fields.name);
                self.namespace = name.map_or("", |name| self.text(name)).to_owned();
                self.imported.clear();
            }
            Kind::Use => {
                self.statement(node);
                return false;
            }
            Kind::Include | Kind::IncludeOnce | Kind::Require | Kind::RequireOnce => {
                let named = node.named_child(0);
                let mut path = named.and_then(|path| self.path(path, 0));
                let is_literal = named.is_some_and(|path| {
                    matches!(GRAMMAR.kind(path), Kind::PlainString | Kind::QuotedString)
                });
                if let Some(path) =
                    path.as_mut().filter(|path| is_literal && path.starts_with("./"))
                {
                    // Only what begins at the folder of the file begins with a dot.
                    path.drain(..2);
                }
                if let Some(path) = path.filter(|path| !path.is_empty()) {
                    self.sketch.state(Import { path, ..Import::default() }, node);
                }
            }
            Kind::NamedType | Kind::Creation | Kind::Attribute | Kind::ClassConstant => {
                self.class(node.named_child(0));
            }
            Kind::ScopedCall | Kind::ScopedProperty => {
                self.class(node.child_by_field_id(fields.scope));
            }
            Kind::BaseClause | Kind::Interfaces | Kind::TraitUse => {
                let mut cursor = node.walk();
                node.named_children(&mut cursor).for_each(|name| self.class(Some(name)));
            }
            Kind::Binary => {
                let operator = node.child_by_field_id(fields.operator);
                if operator.is_some_and(|operator| operator.kind() == "instanceof") {
                    self.class(node.child_by_field_id(fields.right));
                }
            }
            Kind::Call => self.function(node.child_by_field_id(fields.function)),
            _ => {}
        }
        true
    }

    fn text(&self, node: Node<'_>) -> &'s str {
        text_of(self.sketch.source, node)
    }

    fn statement(&mut self, node: Node<'_>) {
        let fields = GRAMMAR.fields;
        let kind = node.child_by_field_id(fields.type_);
        let mut cursor = node.walk();
        let prefix =
            node.named_children(&mut cursor).find(|n| GRAMMAR.kind(*n) == Kind::NamespaceName);
        let prefix = prefix.map(|prefix| format!("{}\\", self.text(prefix))).unwrap_or_default();
        let list = node.child_by_field_id(fields.body).unwrap_or(node);
        let mut cursor = list.walk();
        for clause in list.named_children(&mut cursor) {
            if GRAMMAR.kind(clause) == Kind::UseClause {
                self.clause(clause, &prefix, kind);
            }
        }
    }

    /// One name of a `use` statement.
    fn clause(&mut self, clause: Node<'_>, prefix: &str, kind: Option<Node<'_>>) {
        let fields = GRAMMAR.fields;
        let mut cursor = clause.walk();
        let is_name = |n: &Node<'_>| matches!(GRAMMAR.kind(*n), Kind::Name | Kind::QualifiedName);
        let Some(name) = clause.named_children(&mut cursor).find(is_name) else { return };
        let written = format!("{prefix}{}", self.text(name));
        let name = squeezed(&written);
        let alias = clause.child_by_field_id(fields.alias).map(|alias| self.text(alias).to_owned());
        let kind = clause.child_by_field_id(fields.type_).or(kind);
        let path = if let Some(kind) = kind {
            format!("{} {name}", self.text(kind).to_ascii_lowercase())
        } else {
            let last = name.rsplit('\\').next().unwrap_or_default();
            let local = alias.as_deref().unwrap_or(last).to_lowercase();
            self.imported.insert(local, name.clone());
            name
        };
        self.sketch.state(Import { path, alias, ..Import::default() }, clause);
    }

    /// A name in a place where only a class can be meant.
    fn class(&mut self, name: Option<Node<'_>>) {
        let Some(name) = name else { return };
        let is_name =
            matches!(GRAMMAR.kind(name), Kind::Name | Kind::QualifiedName | Kind::RelativeName);
        let written = self.text(name);
        let is_special =
            ["self", "static", "parent"].iter().any(|word| written.eq_ignore_ascii_case(word));
        if !is_name || is_special {
            return;
        }
        let written = squeezed(written);
        let first = written.split('\\').next().unwrap_or_default();
        if first == written && self.imported.contains_key(&first.to_lowercase()) {
            return;
        }
        let full = self.full(&written, self.text(name).starts_with('\\'));
        self.uses.insert(full);
    }

    fn function(&mut self, name: Option<Node<'_>>) {
        let Some(name) = name else { return };
        if matches!(GRAMMAR.kind(name), Kind::Name | Kind::QualifiedName | Kind::RelativeName) {
            let text = self.text(name);
            let full = self.full(&squeezed(text), text.starts_with('\\'));
            self.uses.insert(format!("{full}()"));
        }
    }

    /// The full name of what is written, by the rules of the language.
    fn full(&self, written: &str, absolute: bool) -> String {
        let own = |rest: &str| match &*self.namespace {
            "" => rest.to_owned(),
            namespace => format!("{namespace}\\{rest}"),
        };
        match written.split_once('\\') {
            _ if absolute => written.to_owned(),
            Some((first, rest)) if first.eq_ignore_ascii_case("namespace") => own(rest),
            Some((first, rest)) => match self.imported.get(&first.to_lowercase()) {
                Some(path) => format!("{path}\\{rest}"),
                None => own(written),
            },
            None => own(written),
        }
    }

    /// The value of an expression that is a path; `.` is the folder of the file.
    fn path(&self, node: Node<'_>, depth: u32) -> Option<String> {
        if depth > DEEPEST_PATH {
            return None;
        }
        let mut parts = vec![];
        let mut rest = Some(node);
        while let Some(node) = rest.take() {
            if GRAMMAR.kind(node) == Kind::Binary {
                let part = |field| node.child_by_field_id(field);
                part(GRAMMAR.fields.operator).filter(|operator| operator.kind() == ".")?;
                parts.push(self.part(part(GRAMMAR.fields.right)?, depth)?);
                rest = part(GRAMMAR.fields.left);
            } else {
                parts.push(self.part(node, depth)?);
            }
        }
        parts.reverse();
        Some(parts.concat())
    }

    fn part(&self, node: Node<'_>, depth: u32) -> Option<String> {
        match GRAMMAR.kind(node) {
            Kind::PlainString | Kind::QuotedString => self.literal(node),
            Kind::Parenthesized => self.path(node.named_child(0)?, depth + 1),
            Kind::Binary => self.path(node, depth + 1),
            Kind::Name => Some(match self.text(node) {
                name if name.eq_ignore_ascii_case("__DIR__") => ".".to_owned(),
                name if name.eq_ignore_ascii_case("__FILE__") => "./?".to_owned(),
                "DIRECTORY_SEPARATOR" => "/".to_owned(),
                name => format!("{{{name}}}"),
            }),
            Kind::Call => self.folder(node, depth),
            _ => None,
        }
    }

    /// A string without variables.
    fn literal(&self, node: Node<'_>) -> Option<String> {
        let mut cursor = node.walk();
        let mut text = String::new();
        for part in node.named_children(&mut cursor) {
            match GRAMMAR.kind(part) {
                Kind::Text => text.push_str(self.text(part)),
                Kind::Escape if matches!(self.text(part), "\\\\" | "\\'" | "\\\"" | "\\$") => {
                    text.push_str(&self.text(part)[1..]);
                }
                _ => return None,
            }
        }
        (!text.contains(['{', '}'])).then_some(text)
    }

    /// `dirname(path)` and `dirname(path, levels)`.
    fn folder(&self, call: Node<'_>, depth: u32) -> Option<String> {
        let function = call.child_by_field_id(GRAMMAR.fields.function)?;
        let name = self.text(function).trim_start_matches('\\');
        if !name.eq_ignore_ascii_case("dirname") {
            return None;
        }
        let arguments = call.child_by_field_id(GRAMMAR.fields.arguments)?;
        let argument = |at| {
            let argument = arguments.named_child(at)?;
            if GRAMMAR.kind(argument) == Kind::Argument { argument.named_child(0) } else { None }
        };
        let mut path = self.path(argument(0)?, depth + 1)?;
        let levels = match argument(1) {
            None => 1,
            Some(levels) if GRAMMAR.kind(levels) == Kind::Integer => {
                self.text(levels).parse::<u8>().ok()?
            }
            Some(_) => return None,
        };
        for _ in 0..levels {
            path = above(&path)?;
        }
        Some(path)
    }
}

/// The folder that a path is in.
fn above(path: &str) -> Option<String> {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        _ if path == "." => Some("..".to_owned()),
        _ if path == ".." || path.ends_with("/..") => Some(format!("{path}/..")),
        Some((folder, _)) => Some(folder.to_owned()),
        None => None,
    }
}

/// A name without a slash before it, and without the space that may stand in it.
fn squeezed(name: &str) -> String {
    name.trim_start_matches('\\').chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
    }

    #[test]
    fn folders_of_folders() {
        let folders = ["./?", ".", "..", "../..", "./a/b/", "a/b", "a"].map(above);
        let expected =
            [Some("."), Some(".."), Some("../.."), Some("../../.."), Some("./a"), Some("a"), None];
        assert_eq!(folders.each_ref().map(Option::as_deref), expected);
    }
}
