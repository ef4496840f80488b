//! What a Rust file imports: `use`, `mod x;`, `extern crate`, and `include!` of a file that it names.
//!
//! The path of `mod x;` is `mod x`, or `#[path = "file.rs"] mod x`; that of an include is
//! `include!("file.rs")`. Inline modules, and blocks with imports in them, are the scope of an import:
//! `tests`, or `tests::{2}` in the second such block. Items given to a macro among items are taken to be
//! what the macro makes, as `cfg_if!` and its kin do; one that takes nothing makes what its definition says,
//! if that is above it in the file.

use std::collections::HashMap;

use backstory_core::{Import, ImportedName, When};
use tree_sitter::Node;

use super::{Kind, Place, Reader, Scope};
use crate::rust::cfg::{attributes, holds, named_after};
use crate::sketch::LONGEST_PATH;
use crate::syntax::text_of;

/// Imports in groups or modules nested deeper than this are not looked at.
const DEEPEST_USE: usize = 64;

/// Macros in macros that are looked at.
const DEEPEST_MACRO: u32 = 8;

/// What is known of imports besides the imports.
#[derive(Default)]
pub(super) struct Uses {
    /// Modules and blocks: the one around it, and its name. They are counted from 1, 0 is the file.
    around: Vec<(u32, String)>,
    blocks: u32,
    /// Macros of this file that take nothing: what they make.
    made: HashMap<String, tree_sitter::Range>,
    /// What was given to macros and is to be looked at.
    pub(super) parts: Vec<(tree_sitter::Range, Scope)>,
}

impl Uses {
    fn enter(&mut self, name: String, scope: Scope) -> Scope {
        self.around.push((scope.around, name));
        Scope { around: self.around.len() as u32, ..scope }
    }

    /// The names around, the outermost first; none if that is too much.
    fn scope(&self, mut around: u32) -> Option<String> {
        let (mut names, mut length) = (vec![], 0);
        while around > 0 {
            let (outer, name) = &self.around[around as usize - 1];
            length += name.len() + 2;
            if names.len() == DEEPEST_USE || length > LONGEST_PATH {
                return None;
            }
            names.push(&**name);
            around = *outer;
        }
        names.reverse();
        Some(names.join("::"))
    }
}

/// A leaf of a `use` tree. One outside a group has no name of its own.
struct Leaf {
    path: String,
    name: Option<String>,
    alias: Option<String>,
}

impl Reader<'_> {
    /// Enters a block.
    pub(super) fn block(&mut self, scope: Scope) -> Scope {
        self.uses.blocks += 1;
        self.uses.enter(format!("{{{}}}", self.uses.blocks), scope)
    }

    /// A module; gives the scope inside if it is here.
    pub(super) fn module(
        &mut self,
        node: Node<'_>,
        above: Option<u32>,
        scope: Scope,
    ) -> Option<Scope> {
        let name = plain(self.sketch.text(self.field(node, |f| f.name)?));
        if self.field(node, |f| f.body).is_some() {
            return Some(self.uses.enter(name, scope));
        }
        let above = above.map_or("", |_| self.attributes_of(node, above));
        let paths = attributes(above).paths;
        let is_named = paths.iter().any(|(_, holds)| *holds == Some(true));
        for (path, holds) in paths {
            let when = if holds == Some(false) { When::Inactive } else { scope.when };
            let path = format!("#[path = \"{path}\"] mod {name}");
            self.import(Import { path, when, ..Import::default() }, node, scope);
        }
        if !is_named {
            let path = format!("mod {name}");
            self.import(Import { path, when: scope.when, ..Import::default() }, node, scope);
        }
        Some(scope)
    }

    fn import(&mut self, import: Import, node: Node<'_>, scope: Scope) {
        if let Some(around) = self.uses.scope(scope.around) {
            self.sketch.state(Import { scope: around, ..import }, node);
        }
    }

    pub(super) fn extern_crate(&mut self, node: Node<'_>, scope: Scope) {
        let Some(name) = self.field(node, |f| f.name) else { return };
        let path = plain(self.sketch.text(name));
        let alias = self.field(node, |f| f.alias).map(|alias| plain(self.sketch.text(alias)));
        let exported = self.is_exported(node);
        let import = Import { path, alias, exported, when: scope.when, ..Import::default() };
        self.import(import, node, scope);
    }

    /// Whether others may use what an item names.
    fn is_exported(&self, node: Node<'_>) -> bool {
        let first =
            node.named_child(0).filter(|child| self.grammar.kind(*child) == Kind::Visibility);
        first.is_some_and(|node| !self.sketch.text(node).contains("self"))
    }

    /// `use a::{b, c::*};` is two imports: `b` from `a`, everything from `a::c`.
    pub(super) fn imports(&mut self, statement: Node<'_>, scope: Scope) {
        let Some(tree) = self.field(statement, |f| f.argument) else { return };
        let exported = self.is_exported(statement);
        let mut last: Option<Import> = None;
        for Leaf { path, name, alias } in self.use_leaves(tree) {
            let one = name.map(|name| ImportedName { name, alias: alias.clone() });
            if let (Some(before), Some(one)) = (&mut last, &one)
                && before.path == path
                && !before.names.is_empty()
            {
                before.names.push(one.clone());
                continue;
            }
            let alias = alias.filter(|_| one.is_none());
            let names = one.into_iter().collect();
            let when = scope.when;
            let next = Import { path, names, alias, exported, when, ..Import::default() };
            if let Some(done) = last.replace(next) {
                self.import(done, statement, scope);
            }
        }
        if let Some(done) = last {
            self.import(done, statement, scope);
        }
    }

    fn use_leaves(&self, tree: Node<'_>) -> Vec<Leaf> {
        let mut leaves = vec![];
        let mut open = vec![(tree, String::new(), 0, None)];
        while let Some((node, prefix, depth, alias)) = open.pop() {
            let path = || self.field(node, |f| f.path).map(|path| self.path_text(path));
            match self.grammar.kind(node) {
                Kind::ScopedUseList | Kind::UseList if depth == DEEPEST_USE => {}
                Kind::ScopedUseList => {
                    let prefix = extend(&prefix, &path().unwrap_or_default());
                    if prefix.len() > LONGEST_PATH {
                        continue;
                    }
                    let list = self.field(node, |f| f.list);
                    open.extend(list.map(|list| (list, prefix, depth, None)));
                }
                Kind::UseList => {
                    let mut cursor = node.walk();
                    let from = open.len();
                    let children = node.named_children(&mut cursor);
                    open.extend(children.map(|child| (child, prefix.clone(), depth + 1, None)));
                    open[from..].reverse();
                }
                Kind::UseAs => {
                    let alias = self.field(node, |f| f.alias).map(|alias| self.path_text(alias));
                    let path = self.field(node, |f| f.path);
                    open.extend(path.map(|path| (path, prefix, depth, alias)));
                }
                Kind::UseWildcard => {
                    let path = node.named_child(0).map(|path| self.path_text(path));
                    let path = extend(&prefix, &path.unwrap_or_default());
                    leaves.push(Leaf { path, name: Some("*".to_owned()), alias: None });
                }
                Kind::LineComment | Kind::BlockComment => {}
                _ => leaves.push(self.leaf(node, &prefix, depth, alias)),
            }
        }
        leaves
    }

    /// A path without a group or `*`.
    fn leaf(&self, node: Node<'_>, prefix: &str, depth: usize, alias: Option<String>) -> Leaf {
        let text = self.path_text(node);
        if depth == 0 {
            return Leaf { path: text, name: None, alias };
        }
        let (path, name) = text.rsplit_once("::").unwrap_or(("", &text));
        Leaf { path: extend(prefix, path), name: Some(name.to_owned()), alias }
    }

    fn path_text(&self, node: Node<'_>) -> String {
        plain(text_of(self.sketch.source, node))
    }

    /// A rule of a macro; of interest if it takes nothing and makes imports.
    pub(super) fn macro_rule(&mut self, node: Node<'_>) {
        let taken = self.field(node, |f| f.left).map(|taken| self.sketch.text(taken));
        let name = node.parent().and_then(|node| self.field(node, |f| f.name));
        if let (Some("()"), Some(name)) = (taken, name)
            && let Some(part) = self.field(node, |f| f.right).and_then(|made| self.inside(made))
        {
            self.uses.made.insert(self.sketch.text(name).to_owned(), part);
        }
    }

    /// What a macro is given, if it may be items.
    pub(super) fn macro_call(&mut self, node: Node<'_>, scope: Scope) {
        let Some(name) = self.field(node, |f| f.macro_) else { return };
        let is_item = matches!(scope.place, Place::Items | Place::Hidden);
        if scope.macros == DEEPEST_MACRO {
            return;
        }
        if !self.hits.any_in(node) {
            // Once only: it would be the same each time.
            if is_item && let Some(part) = self.uses.made.remove(self.sketch.text(name)) {
                self.look_at(part, scope);
            }
            return;
        }
        let mut cursor = node.walk();
        let mut children = node.named_children(&mut cursor);
        let Some(given) = children.find(|child| self.grammar.kind(*child) == Kind::TokenTree)
        else {
            return;
        };
        let name = plain(self.sketch.text(name));
        match name.rsplit("::").next().unwrap_or_default() {
            "include" => self.include(node, given, scope),
            "cfg_if" | "cfg_select" | "cfg_match" => self.branches(given, scope),
            name if is_item => {
                let inactive = named_after(name) == Some(false);
                let when = if inactive { When::Inactive } else { scope.when };
                self.part(given, Scope { when, ..scope });
            }
            _ => {}
        }
    }

    fn include(&mut self, node: Node<'_>, given: Node<'_>, scope: Scope) {
        let mut cursor = given.walk();
        let mut inner = given.named_children(&mut cursor);
        let (Some(literal), None) = (inner.next(), inner.next()) else { return };
        if self.grammar.kind(literal) == Kind::StringLiteral {
            let path = format!("include!({})", self.sketch.text(literal));
            self.import(Import { path, when: scope.when, ..Import::default() }, node, scope);
        }
    }

    /// The branches of `cfg_if!` and its kin: the first whose condition holds counts.
    fn branches(&mut self, given: Node<'_>, scope: Scope) {
        let mut cursor = given.walk();
        let mut from = given.start_byte() + 1;
        let mut is_decided = false;
        let children: Vec<_> = given.named_children(&mut cursor).collect();
        for branch in children {
            let text = self.sketch.text(branch);
            if self.grammar.kind(branch) != Kind::TokenTree || !text.starts_with('{') {
                continue;
            }
            let before = self.sketch.source.get(from..branch.start_byte()).unwrap_or_default();
            from = branch.end_byte();
            let condition = match before.find("cfg(") {
                Some(at) => holds(&before[at + "cfg(".len()..]),
                None if before.contains("else") || before.contains('_') => Some(true),
                None => holds(before.trim_start_matches(|c: char| c == ',' || c.is_whitespace())),
            };
            let inactive = is_decided || condition == Some(false);
            let when = if inactive { When::Inactive } else { scope.when };
            is_decided |= condition == Some(true);
            self.part(branch, Scope { when, ..scope });
        }
    }

    /// What is between the brackets of `given` is to be looked at.
    fn part(&mut self, given: Node<'_>, scope: Scope) {
        if let Some(part) = self.inside(given) {
            self.look_at(part, scope);
        }
    }

    fn look_at(&mut self, part: tree_sitter::Range, scope: Scope) {
        let macros = scope.macros + 1;
        self.uses.parts.push((part, Scope { place: Place::Hidden, macros, ..scope }));
    }

    /// What is between the brackets of `given`, if there may be imports in it.
    fn inside(&self, given: Node<'_>) -> Option<tree_sitter::Range> {
        if !self.hits.any_in(given) || given.end_byte() < given.start_byte() + 2 {
            return None;
        }
        let mut part = given.range();
        part.start_byte += 1;
        part.start_point.column += 1;
        part.end_byte -= 1;
        part.end_point.column = part.end_point.column.saturating_sub(1);
        Some(part)
    }
}

/// A path without spaces and without the marks of raw identifiers.
fn plain(path: &str) -> String {
    path.split_whitespace().map(|part| part.replace("r#", "")).collect()
}

fn extend(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", path) => path.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}::{path}"),
    }
}
