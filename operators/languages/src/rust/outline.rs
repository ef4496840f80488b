//! What a Rust file defines: items, and the members of traits, impls, structs and enums.
//!
//! `mod x;` is a definition, since it has a signature, and an import, since it needs a file. As an import
//! its path is `mod x`, or `#[path = "file.rs"] mod x`. Paths of imports are relative to the file:
//! `super::x` in `mod tests { .. }` reads `self::x`. Items inside functions are not definitions, items
//! made by macros are not seen.

use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Outline};
use tree_sitter::Node;

use crate::sketch::{LONGEST_PATH, Parts, Pending, Sketch};
use crate::syntax::{Hits, Rules, parse, range, text_of, trim_end, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        AssociatedType = "associated_type",
        Attribute = "attribute_item",
        BlockComment = "block_comment",
        Const = "const_item",
        DeclarationList = "declaration_list",
        Enum = "enum_item",
        EnumVariant = "enum_variant",
        EnumVariantList = "enum_variant_list",
        ExternCrate = "extern_crate_declaration",
        Field = "field_declaration",
        FieldList = "field_declaration_list",
        ForeignMod = "foreign_mod_item",
        Function = "function_item",
        FunctionSignature = "function_signature_item",
        GenericType = "generic_type",
        Impl = "impl_item",
        LineComment = "line_comment",
        Macro = "macro_definition",
        Mod = "mod_item",
        ReferenceType = "reference_type",
        ScopedType = "scoped_type_identifier",
        ScopedUseList = "scoped_use_list",
        Static = "static_item",
        Struct = "struct_item",
        Trait = "trait_item",
        Type = "type_item",
        TupleFields = "ordered_field_declaration_list",
        Union = "union_item",
        Use = "use_declaration",
        UseAs = "use_as_clause",
        UseList = "use_list",
        UseWildcard = "use_wildcard",
        Visibility = "visibility_modifier",
    }
    fields {
        argument = "argument",
        body = "body",
        list = "list",
        name = "name",
        path = "path",
        target = "trait",
        type_ = "type",
        value = "value",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_rust::LANGUAGE));

/// Imports in groups or inline modules nested deeper than this are not looked at.
const DEEPEST_USE: usize = 64;

/// The outline of a Rust file.
pub(super) fn outline(text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let grammar = &*GRAMMAR;
    let tree = parse(&grammar.language, text, limits)?;
    let mut reader = Reader {
        grammar,
        hits: Hits::find(text, &["use ", "extern crate "]),
        sketch: Sketch::new(text),
        doc: Pending::default(),
        attributes: None,
    };
    walk(&tree, &mut reader, Scope { owner: None, place: Place::Items }, limits)?;
    Ok(reader.sketch.outline)
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The definition around it.
    owner: Option<u32>,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among items; each says itself whether it is public.
    Items,
    /// Among members that are as public as what they belong to.
    Members,
    /// Among members of a trait's implementation, all public.
    TraitImpl,
    /// In code.
    Code,
}

struct Reader<'s> {
    grammar: &'static Grammar,
    hits: Hits,
    sketch: Sketch<'s>,
    doc: Pending,
    /// First byte of the attributes above the next item.
    attributes: Option<u32>,
}

impl<'t> Rules<'t> for Reader<'_> {
    type Scope = Scope;

    fn visit(&mut self, node: Node<'t>, scope: Scope) -> Option<Scope> {
        let kind = self.grammar.kind(node);
        match kind {
            Kind::LineComment | Kind::BlockComment => {
                self.comment(node, scope);
                return None;
            }
            Kind::Attribute => {
                self.attributes.get_or_insert(node.start_byte() as u32);
                return None;
            }
            _ => {}
        }
        let doc = self.doc.take();
        let attributes = self.attributes.take();
        let code =
            self.hits.any_in(node).then_some(Scope { owner: scope.owner, place: Place::Code });
        match kind {
            Kind::Use => self.imports(node, scope),
            Kind::ExternCrate => {
                if let Some(name) = self.field(node, |f| f.name) {
                    self.sketch.import(self.sketch.text(name), vec![], node);
                }
            }
            _ if scope.place == Place::Code => return code,
            Kind::DeclarationList | Kind::EnumVariantList | Kind::FieldList | Kind::ForeignMod => {
                return Some(scope);
            }
            _ => return self.item(node, scope, doc, attributes).or(code),
        }
        None
    }
}

impl Reader<'_> {
    /// Looks at an item. A scope if there are items or members in it.
    fn item(
        &mut self,
        node: Node<'_>,
        scope: Scope,
        doc: Option<Range<u32>>,
        attributes: Option<u32>,
    ) -> Option<Scope> {
        let kind = self.item_kind(node, scope)?;
        let public = self.is_public(node, scope, attributes);
        let owner = self.definition(node, kind, scope, doc, public)?;
        if kind == DefinitionKind::Module && self.field(node, |f| f.body).is_none() {
            self.module_file(node, attributes, scope);
        }
        let place = self.place_inside(node);
        (place != Place::Code).then_some(Scope { owner: Some(owner), place })
    }

    fn field<'t>(&self, node: Node<'t>, field: impl Fn(&Fields) -> u16) -> Option<Node<'t>> {
        node.child_by_field_id(field(&self.grammar.fields))
    }

    fn comment(&mut self, node: Node<'_>, scope: Scope) {
        let source = self.sketch.source;
        // A line comment with a doc in it ends behind its line break.
        let comment = trim_end(source, range(node), &[]);
        match comment_kind(self.sketch.text(node)) {
            Comment::Outer => self.doc.add(source, comment),
            Comment::Inner => {
                let doc = match scope.owner {
                    Some(owner) => &mut self.sketch.outline.definitions[owner as usize].doc,
                    None => &mut self.sketch.outline.doc,
                };
                let mut group = Pending::default();
                match doc.take() {
                    Some(start) => {
                        group.replace(start.clone());
                        group.add(source, comment);
                        let joined = group.take().filter(|joined| joined.start == start.start);
                        *doc = joined.or(Some(start));
                    }
                    None => *doc = Some(comment),
                }
            }
            Comment::Plain => {}
        }
    }

    /// What an item is; none for what is not an item.
    fn item_kind(&self, node: Node<'_>, scope: Scope) -> Option<DefinitionKind> {
        let owner = scope.owner.map(|owner| self.sketch.kind(owner));
        let in_type =
            matches!(owner, Some(DefinitionKind::Interface | DefinitionKind::Implementation));
        Some(match self.grammar.kind(node) {
            Kind::Function | Kind::FunctionSignature if in_type => DefinitionKind::Method,
            Kind::Function | Kind::FunctionSignature => DefinitionKind::Function,
            Kind::Struct | Kind::Enum | Kind::Union => DefinitionKind::Type,
            Kind::Trait => DefinitionKind::Interface,
            Kind::Impl => DefinitionKind::Implementation,
            Kind::Const | Kind::Static | Kind::EnumVariant => DefinitionKind::Constant,
            Kind::Type | Kind::AssociatedType => DefinitionKind::Alias,
            Kind::Field => DefinitionKind::Variable,
            Kind::Mod => DefinitionKind::Module,
            Kind::Macro => DefinitionKind::Macro,
            _ => return None,
        })
    }

    /// Where the children of an item stand.
    fn place_inside(&self, node: Node<'_>) -> Place {
        match self.grammar.kind(node) {
            Kind::Impl if self.field(node, |f| f.target).is_some() => Place::TraitImpl,
            Kind::Mod | Kind::Struct | Kind::Union | Kind::Impl => Place::Items,
            Kind::Trait | Kind::Enum => Place::Members,
            _ => Place::Code,
        }
    }

    fn is_public(&self, node: Node<'_>, scope: Scope, attributes: Option<u32>) -> bool {
        match self.grammar.kind(node) {
            Kind::Impl => return true,
            Kind::Macro => return self.attributes_of(node, attributes).contains("macro_export"),
            _ => {}
        }
        match scope.place {
            Place::TraitImpl => true,
            Place::Members => scope.owner.is_none_or(|owner| self.sketch.is_public(owner)),
            _ => {
                let first = node.named_child(0);
                let visibility =
                    first.filter(|child| self.grammar.kind(*child) == Kind::Visibility);
                visibility.is_some_and(|node| !self.sketch.text(node).contains("self"))
            }
        }
    }

    /// The attributes above an item, as written.
    fn attributes_of(&self, node: Node<'_>, attributes: Option<u32>) -> &str {
        let start = attributes.map_or(node.start_byte(), |start| start as usize);
        self.sketch.source.get(start..node.start_byte()).unwrap_or_default()
    }

    fn definition(
        &mut self,
        node: Node<'_>,
        kind: DefinitionKind,
        scope: Scope,
        doc: Option<Range<u32>>,
        public: bool,
    ) -> Option<u32> {
        let name = match self.grammar.kind(node) {
            Kind::Impl => self.type_name(self.field(node, |f| f.type_)?),
            _ => self.field(node, |f| f.name)?,
        };
        let body = match self.grammar.kind(node) {
            // What is in the parentheses or braces is needed to make a value.
            Kind::EnumVariant => self.field(node, |f| f.value),
            Kind::Const | Kind::Static => self.field(node, |f| f.value),
            Kind::Macro => node.child(2),
            _ => {
                self.field(node, |f| f.body).filter(|b| self.grammar.kind(*b) != Kind::TupleFields)
            }
        };
        let whole = range(node);
        let start = whole.start;
        let parts = Parts { kind, name, whole, start, body, doc, parent: scope.owner, public };
        self.sketch.define(parts, &[";", "="])
    }

    /// The name in a type: `Map` of `&'a std::Map<K, V>`.
    fn type_name<'t>(&self, mut node: Node<'t>) -> Node<'t> {
        loop {
            let inner = match self.grammar.kind(node) {
                Kind::GenericType | Kind::ReferenceType => self.field(node, |f| f.type_),
                Kind::ScopedType => self.field(node, |f| f.name),
                _ => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => return node,
            }
        }
    }

    /// Names of the inline modules around a node, the outermost first; none if there are too many.
    fn inline_modules(&self, scope: Scope) -> Option<Vec<String>> {
        let mut names = vec![];
        let mut next = scope.owner;
        while let Some(owner) = next {
            let definition = &self.sketch.outline.definitions[owner as usize];
            if definition.kind == DefinitionKind::Module {
                names.push(plain(definition.name(self.sketch.source)));
            }
            if names.len() > DEEPEST_USE {
                return None;
            }
            next = definition.parent;
        }
        names.reverse();
        Some(names)
    }

    /// `mod x;`
    fn module_file(&mut self, node: Node<'_>, attributes: Option<u32>, scope: Scope) {
        let Some(name) = self.field(node, |f| f.name) else { return };
        let Some(mut path) = self.inline_modules(scope) else { return };
        path.push(plain(self.sketch.text(name)));
        let module = path.join("::");
        let files: Vec<String> =
            paths_in(self.attributes_of(node, attributes)).map(str::to_owned).collect();
        for file in &files {
            self.sketch.import(format!("#[path = \"{file}\"] mod {module}"), vec![], node);
        }
        if files.is_empty() {
            self.sketch.import(format!("mod {module}"), vec![], node);
        }
    }

    /// `use a::{b, c::*};` is two imports: `b` from `a`, everything from `a::c`.
    fn imports(&mut self, statement: Node<'_>, scope: Scope) {
        let Some(tree) = self.field(statement, |f| f.argument) else { return };
        let Some(inline) = self.inline_modules(scope) else { return };
        let mut last: Option<(String, Vec<String>)> = None;
        for (path, name) in self.use_leaves(tree) {
            let path = from_file(path, &inline);
            match (&mut last, name) {
                (Some((before, names)), Some(name)) if *before == path => names.push(name),
                (_, name) => {
                    if let Some((path, names)) = last.take() {
                        self.sketch.import(path, names, statement);
                    }
                    last = Some((path, name.into_iter().collect()));
                }
            }
        }
        if let Some((path, names)) = last {
            self.sketch.import(path, names, statement);
        }
    }

    /// Path and name of every leaf of a `use` tree. Leaves outside a group have no name of their own.
    fn use_leaves(&self, tree: Node<'_>) -> Vec<(String, Option<String>)> {
        let mut leaves = vec![];
        let mut open = vec![(tree, String::new(), 0)];
        while let Some((node, prefix, depth)) = open.pop() {
            let path = || self.field(node, |f| f.path).map(|path| self.path_text(path));
            match self.grammar.kind(node) {
                Kind::ScopedUseList | Kind::UseList if depth == DEEPEST_USE => {}
                Kind::ScopedUseList => {
                    let prefix = extend(&prefix, &path().unwrap_or_default());
                    if prefix.len() > LONGEST_PATH {
                        continue;
                    }
                    open.extend(self.field(node, |f| f.list).map(|list| (list, prefix, depth)));
                }
                Kind::UseList => {
                    let mut cursor = node.walk();
                    let from = open.len();
                    let children = node.named_children(&mut cursor);
                    open.extend(children.map(|child| (child, prefix.clone(), depth + 1)));
                    open[from..].reverse();
                }
                Kind::UseAs => {
                    open.extend(self.field(node, |f| f.path).map(|path| (path, prefix, depth)));
                }
                Kind::UseWildcard => {
                    let path = node.named_child(0).map(|path| self.path_text(path));
                    let path = extend(&prefix, &path.unwrap_or_default());
                    leaves.push((path, Some("*".to_owned())));
                }
                Kind::LineComment | Kind::BlockComment => {}
                _ if depth == 0 => leaves.push((self.path_text(node), None)),
                _ => {
                    let text = self.path_text(node);
                    let (path, name) = text.rsplit_once("::").unwrap_or(("", &text));
                    leaves.push((extend(&prefix, path), Some(name.to_owned())));
                }
            }
        }
        leaves
    }

    fn path_text(&self, node: Node<'_>) -> String {
        plain(text_of(self.sketch.source, node))
    }
}

enum Comment {
    Outer,
    Inner,
    Plain,
}

fn comment_kind(text: &str) -> Comment {
    let is_outer = |mark: &str, more: char| {
        text.strip_prefix(mark).is_some_and(|rest| !rest.starts_with([more, '/']))
    };
    if text.starts_with("//!") || text.starts_with("/*!") {
        Comment::Inner
    } else if is_outer("/**", '*')
        || text.strip_prefix("///").is_some_and(|rest| !rest.starts_with('/'))
    {
        Comment::Outer
    } else {
        Comment::Plain
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

/// A path that stands in the inline modules `inline`, as it would read at the top of the file.
fn from_file(path: String, inline: &[String]) -> String {
    let mut parts: Vec<&str> = path.split("::").collect();
    if inline.is_empty() || !matches!(parts.first(), Some(&"self" | &"super")) {
        return path;
    }
    parts.retain(|part| *part != "self");
    let ups = parts.iter().take_while(|part| **part == "super").count();
    let left = inline.len().saturating_sub(ups);
    let mut start = vec!["super"; ups.saturating_sub(inline.len())];
    if start.is_empty() {
        start.push("self");
        start.extend(inline[..left].iter().map(String::as_str));
    }
    start.into_iter().chain(parts[ups..].iter().copied()).collect::<Vec<_>>().join("::")
}

/// The values of `path = ".."` in attributes, also inside `cfg_attr`.
fn paths_in(attributes: &str) -> impl Iterator<Item = &str> {
    attributes.match_indices("path").filter_map(|(at, word)| {
        let boundary = attributes[..at].ends_with(['[', ' ', ',', '(', '\t', '\n']);
        let value = attributes[at + word.len()..].trim_start().strip_prefix('=')?;
        let (value, _) = value.trim_start().strip_prefix('"')?.split_once('"')?;
        boundary.then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
    }

    #[test]
    fn paths_in_inline_modules_are_told_from_the_file() {
        let from = |path: &str, inline: &[&str]| {
            from_file(path.to_owned(), &inline.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(from("super::x", &["tests"]), "self::x");
        assert_eq!(from("super::super::x", &["tests"]), "super::x");
        assert_eq!(from("super::x", &["a", "b"]), "self::a::x");
        assert_eq!(from("self::x", &["a"]), "self::a::x");
        assert_eq!(from("crate::x", &["a"]), "crate::x");
        assert_eq!(from("super::x", &[]), "super::x");
    }
}
