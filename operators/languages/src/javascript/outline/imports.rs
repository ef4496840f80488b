//! Imports: `import` in all its forms, types of the form `import("./a").T` included; `require("./a")`; the
//! lists of `define(["./a"], ..)` and `require(["./a"], ..)`; `/// <reference path="a" />` before everything
//! else. What is imported must be stated by a literal. `require.resolve`, `jest.mock` and the like import
//! nothing.

use backstory_core::{Import, ImportedName};
use tree_sitter::Node;

use super::{Bound, Kind, Reader};

impl<'s> Reader<'s, '_> {
    /// `import a, { b as c } from "d"`; `import * as e from "f"`; `import g = require("h")`.
    pub(super) fn import(&mut self, node: Node<'_>) {
        let require = self.children(node, Kind::ImportRequire).into_iter().next();
        let Some(source) = self.field(require.unwrap_or(node), |f| f.source) else { return };
        let (mut names, mut alias) = (vec![], None);
        if let Some(require) = require {
            alias = self.children(require, Kind::Identifier).into_iter().next();
        }
        for clause in self.children(node, Kind::ImportClause) {
            for default in self.children(clause, Kind::Identifier) {
                let alias = Some(self.sketch.text(default).to_owned());
                names.push(ImportedName { name: "default".into(), alias });
            }
            for space in self.children(clause, Kind::NamespaceImport) {
                alias = self.children(space, Kind::Identifier).into_iter().next();
            }
            for group in self.children(clause, Kind::NamedImports) {
                let specifiers = self.children(group, Kind::ImportSpecifier).into_iter();
                names.extend(specifiers.filter_map(|specifier| self.specified(specifier)));
            }
        }
        let alias = alias.map(|alias| self.sketch.text(alias).to_owned());
        let path = literal(self.sketch.text(source)).to_owned();
        self.sketch.state(Import { path, names, alias, ..Import::default() }, node);
    }

    /// `export import a = require("b")`, which the grammar ends before the bracket.
    pub(super) fn cut_require(&mut self, alias: Node<'_>) {
        if let [name, .., value] = *self.children(alias, Kind::Identifier)
            && self.sketch.text(value) == "require"
        {
            self.cut = Some((value.end_byte(), self.sketch.text(name).to_owned()));
        }
    }

    /// The rest of it, the statement `("b")`.
    pub(super) fn rest_of_require(&mut self, brackets: Node<'_>) {
        let cut = self.cut.take().filter(|(end, _)| *end == brackets.start_byte());
        let path = brackets.named_child(0).and_then(|path| self.literal(path));
        if let (Some((_, alias)), Some(path)) = (cut, path) {
            let (path, alias) = (path.to_owned(), Some(alias));
            let import = Import { path, alias, exported: true, ..Import::default() };
            self.sketch.state(import, brackets);
        }
    }

    /// `a` or `a as b` between braces.
    pub(super) fn specified(&self, specifier: Node<'_>) -> Option<ImportedName> {
        let text = |node| literal(self.sketch.text(node)).to_owned();
        let name = text(self.field(specifier, |f| f.name)?);
        let alias = self.field(specifier, |f| f.alias).map(text).filter(|alias| *alias != name);
        Some(ImportedName { name, alias })
    }

    pub(super) fn is_require(&self, value: Node<'_>) -> bool {
        let function = self.field(value, |f| f.function);
        self.is(value, Kind::Call)
            && function.is_some_and(|node| self.sketch.text(node) == "require")
    }

    /// Remembers what the variable `name` takes from `call`, a `require` that is not looked at yet.
    pub(super) fn bind_required(&mut self, name: Node<'_>, call: Node<'_>, exported: bool) {
        let text = |node: Node<'_>| self.sketch.text(node).to_owned();
        let taken = |node: Node<'_>| match self.grammar.kind(node) {
            Kind::ShorthandPattern => Some(ImportedName { name: text(node), alias: None }),
            Kind::PairPattern => {
                let key = self.field(node, |f| f.key)?;
                let value = self.field(node, |f| f.value)?;
                let alias = self.is(value, Kind::Identifier).then(|| text(value));
                Some(ImportedName { name: literal(self.sketch.text(key)).to_owned(), alias })
            }
            _ => None,
        };
        let bound = match self.grammar.kind(name) {
            Kind::Identifier => Bound { alias: Some(text(name)), ..Bound::default() },
            Kind::ObjectPattern => {
                let names = name.named_children(&mut name.walk()).filter_map(taken).collect();
                Bound { names, ..Bound::default() }
            }
            _ => return,
        };
        self.bound.insert(call.start_byte(), Bound { exported, ..bound });
    }

    /// `require("a")`, `import("a")`, `define(["a"], ..)`.
    pub(super) fn call(&mut self, node: Node<'_>) {
        let Some(function) = self.field(node, |f| f.function) else { return };
        let name = match self.grammar.kind(function) {
            Kind::ImportFunction => "import",
            Kind::Identifier => self.sketch.text(function),
            _ => return,
        };
        if !matches!(name, "import" | "require" | "define" | "requirejs") {
            return;
        }
        let Some(arguments) = self.field(node, |f| f.arguments) else { return };
        let mut cursor = arguments.walk();
        let mut arguments = arguments
            .named_children(&mut cursor)
            .filter(|argument| !self.is(*argument, Kind::Comment));
        let first = arguments.next();
        if let (Some(path), true) = (first.and_then(|one| self.literal(one)), name != "define") {
            let Bound { names, alias, exported } =
                self.bound.remove(&node.start_byte()).unwrap_or_default();
            let path = path.to_owned();
            self.sketch.state(Import { path, names, alias, exported, ..Import::default() }, node);
            return;
        }
        // A name may go before the list.
        let mut lists =
            first.into_iter().chain(arguments).take(if name == "define" { 2 } else { 1 });
        if let Some(list) = lists.find(|one| name != "import" && self.is(*one, Kind::Array)) {
            self.list(list);
        }
    }

    /// The list of what an AMD module is made from.
    fn list(&mut self, list: Node<'_>) {
        for item in list.named_children(&mut list.walk()) {
            let path = self.literal(item).unwrap_or_default().to_owned();
            if !matches!(&*path, "require" | "exports" | "module") {
                self.sketch.state(Import { path, ..Import::default() }, item);
            }
        }
    }

    /// What a literal says, be it a template without substitutions.
    fn literal(&self, node: Node<'_>) -> Option<&'s str> {
        let is_literal = match self.grammar.kind(node) {
            Kind::String => true,
            Kind::Template => self.children(node, Kind::Substitution).is_empty(),
            _ => false,
        };
        is_literal.then(|| literal(self.sketch.text(node)))
    }

    /// `/// <reference path="a.d.ts" />`, where a path needs no dot before it.
    pub(super) fn directive(&mut self, comment: &str, node: Node<'_>) {
        let directive = comment.trim_start_matches('/').trim_start().strip_prefix("<reference");
        let attribute = |name: &str| {
            let (_, rest) = directive?.split_once(name)?;
            let value = rest.trim_start().strip_prefix('=')?.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            value[1..].split(quote).next()
        };
        let path = match (attribute(" path"), attribute(" types")) {
            (Some(path), _) if !path.starts_with(['.', '/']) => format!("./{path}"),
            (Some(path), _) => path.to_owned(),
            (_, Some(path)) if path.starts_with('.') => path.to_owned(),
            _ => return,
        };
        self.sketch.state(Import { path, ..Import::default() }, node);
    }
}

/// What is between the quotes.
pub(super) fn literal(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}
