//! The names that a C# file uses: what the import of a namespace can be about.
//!
//! `Name` is a type, `` Name`2 `` one with two arguments, `.Name` a method called behind a dot, which may be an
//! extension, `A.B.Name` a name written with its namespace or a part of it. Where a variable or property
//! could be meant as well, a name counts if it begins with a capital and the file declares nothing that is called so. An
//! attribute is named with the `Attribute` at its end.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree, TreeCursor};

use super::{Grammar, Kind};
use crate::sketch::LONGEST_NAME;
use crate::syntax::{survey, text_of};

/// The names, sorted and without doubles.
pub(super) fn uses(grammar: &'static Grammar, tree: &Tree, source: &str) -> Vec<String> {
    let mut reader = Reader { grammar, source, sets: Sets::default() };
    survey(tree, |cursor| reader.visit(cursor));
    reader.sets.finish()
}

#[derive(Default)]
struct Sets<'s> {
    /// Names of types, with how many arguments they have.
    types: BTreeSet<(&'s str, u32)>,
    /// Names that a type or a variable may have.
    plain: BTreeSet<&'s str>,
    /// Names with dots.
    paths: BTreeSet<&'s str>,
    attributes: BTreeSet<&'s str>,
    methods: BTreeSet<&'s str>,
    /// Names of variables and members, and of type parameters.
    declared: BTreeSet<&'s str>,
    parameters: BTreeSet<&'s str>,
}

impl Sets<'_> {
    fn finish(self) -> Vec<String> {
        let mut names = BTreeSet::new();
        for (name, arguments) in self.types {
            match arguments {
                0 if self.parameters.contains(name) => {}
                0 => drop(names.insert(name.to_owned())),
                _ => drop(names.insert(format!("{name}`{arguments}"))),
            }
        }
        names.extend(self.plain.difference(&self.declared).map(|name| (*name).to_owned()));
        names.extend(self.attributes.iter().map(|name| match name.strip_suffix("Attribute") {
            Some(_) => (*name).to_owned(),
            None => format!("{name}Attribute"),
        }));
        names.extend(self.methods.iter().map(|name| format!(".{name}")));
        names.extend(self.paths.into_iter().map(dotted));
        names.into_iter().collect()
    }
}

struct Reader<'s> {
    grammar: &'static Grammar,
    source: &'s str,
    sets: Sets<'s>,
}

impl<'s> Reader<'s> {
    /// Looks at one node; says whether to look at those below it.
    fn visit(&mut self, cursor: &TreeCursor<'_>) -> bool {
        let node = cursor.node();
        let fields = &self.grammar.fields;
        let field = |id: u16| node.child_by_field_id(id);
        let kind = self.grammar.kind(node);
        match kind {
            Kind::Using | Kind::FileNamespace => return false,
            Kind::Identifier => {
                let field = cursor.field_id().map_or(0, u16::from);
                if field != 0 && [fields.type_, fields.returns, fields.right].contains(&field) {
                    self.type_name(node);
                }
                return false;
            }
            Kind::QualifiedName => {
                let whole = self.text(node);
                let leftmost = whole.split(['.', '<']).next().unwrap_or(whole).trim();
                if !leftmost.contains(':') && leftmost.len() <= LONGEST_NAME {
                    self.sets.types.insert((leftmost, 0));
                }
                self.path(whole);
                return whole.len() > LONGEST_NAME || whole.contains('<');
            }
            Kind::GenericName => self.generic(node),
            Kind::BaseList | Kind::TypeArguments => {
                let mut cursor = node.walk();
                node.named_children(&mut cursor).for_each(|child| self.type_name(child));
            }
            Kind::Attribute => self.attribute(field(fields.name)),
            Kind::TypeParameter => {
                let name = field(fields.name).map(|name| self.text(name));
                self.sets.parameters.extend(name);
                return false;
            }
            Kind::MemberAccess => self.member_access(node),
            Kind::Invocation => self.invocation(field(fields.function)),
            Kind::ConstantPattern => self.constant(node.named_child(0)),
            Kind::Argument => self.plain(node.named_child(0)),
            Kind::Parameter | Kind::Property | Kind::Variables | Kind::Event => {
                self.sets
                    .declared
                    .extend(field(fields.name).map(|name| text_of(self.source, name)));
            }
            _ => {}
        }
        true
    }

    fn attribute(&mut self, name: Option<Node<'_>>) {
        let Some(name) = name else { return };
        match self.grammar.kind(name) {
            Kind::Identifier => drop(self.sets.attributes.insert(self.text(name))),
            Kind::QualifiedName => self.path(self.text(name)),
            _ => {}
        }
    }

    /// `Name<A, B>`; without arguments between the commas in `typeof(Name<,>)`.
    fn generic(&mut self, node: Node<'_>) {
        let (Some(name), Some(arguments)) = (node.named_child(0), node.named_child(1)) else {
            return;
        };
        let mut cursor = arguments.walk();
        let commas = arguments.children(&mut cursor).filter(|child| child.kind() == ",").count();
        self.sets.types.insert((self.text(name), commas as u32 + 1));
    }

    /// `Type.Member`, `A.B.Type`
    fn member_access(&mut self, node: Node<'_>) {
        let object = node.child_by_field_id(self.grammar.fields.expression);
        self.plain(object);
        let is_access = |node: &Node<'_>| self.grammar.kind(*node) == Kind::MemberAccess;
        if object.as_ref().is_some_and(is_access) {
            let text = self.text(node);
            let is_name = |part: &str| {
                let part = part.trim();
                part.starts_with(char::is_uppercase)
                    && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            };
            if text.len() <= LONGEST_NAME && text.split('.').all(is_name) {
                self.path(text);
            }
        }
    }

    /// `x.Method()`, `x?.Method()`, `x.Method<T>()`
    fn invocation(&mut self, function: Option<Node<'_>>) {
        let Some(mut function) = function else { return };
        if self.grammar.kind(function) == Kind::ConditionalAccess {
            let count = function.named_child_count() as u32;
            let last = count.checked_sub(1).and_then(|last| function.named_child(last));
            let Some(last) = last else { return };
            function = last;
        }
        if !matches!(self.grammar.kind(function), Kind::MemberAccess | Kind::MemberBinding) {
            return;
        }
        let Some(mut name) = function.child_by_field_id(self.grammar.fields.name) else { return };
        if self.grammar.kind(name) == Kind::GenericName
            && let Some(first) = name.named_child(0)
        {
            name = first;
        }
        self.sets.methods.insert(self.text(name));
    }

    /// `x is A && y` is read like `x is (A && y)`.
    fn constant(&mut self, node: Option<Node<'_>>) {
        let mut node = node;
        while let Some(whole) = node.filter(|node| self.grammar.kind(*node) == Kind::Binary) {
            node = whole.child(0);
        }
        self.plain(node);
    }

    /// A name that may be a type's or a variable's.
    fn plain(&mut self, node: Option<Node<'_>>) {
        let is_name = |node: &Node<'_>| self.grammar.kind(*node) == Kind::Identifier;
        let name = node.filter(is_name).map(|node| self.text(node));
        self.sets.plain.extend(name.filter(|name| name.starts_with(char::is_uppercase)));
    }

    fn type_name(&mut self, node: Node<'_>) {
        if self.grammar.kind(node) == Kind::Identifier {
            self.sets.types.insert((self.text(node), 0));
        }
    }

    fn path(&mut self, text: &'s str) {
        let path = text.split('<').next().unwrap_or(text);
        let path = path.strip_prefix("global::").unwrap_or(path);
        if path.len() <= LONGEST_NAME && path.contains('.') {
            self.sets.paths.insert(path);
        }
    }

    fn text(&self, node: Node<'_>) -> &'s str {
        text_of(self.source, node)
    }
}

/// A name with dots, without the white space in it.
pub(super) fn dotted(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}
