//! What a Rust file defines: items, and the members of traits, impls, structs and enums.
//!
//! `mod x;` is a definition, since it has a signature, and an import, since it needs a file. Items inside
//! functions are not definitions, nor are those given to macros.

mod uses;

use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Outline, When};
use tree_sitter::Node;

use uses::Uses;

use super::cfg::attributes;
use crate::sketch::{Parts, Pending, Sketch};
use crate::syntax::{Hits, Rules, parse, parse_part, range, trim_end, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        AssociatedType = "associated_type",
        Attribute = "attribute_item",
        Block = "block",
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
        InnerAttribute = "inner_attribute_item",
        LineComment = "line_comment",
        Macro = "macro_definition",
        MacroCall = "macro_invocation",
        MacroRule = "macro_rule",
        Mod = "mod_item",
        ReferenceType = "reference_type",
        ScopedType = "scoped_type_identifier",
        ScopedUseList = "scoped_use_list",
        Statement = "expression_statement",
        Static = "static_item",
        StringLiteral = "string_literal",
        Struct = "struct_item",
        TokenTree = "token_tree",
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
        alias = "alias",
        argument = "argument",
        body = "body",
        left = "left",
        list = "list",
        macro_ = "macro",
        name = "name",
        path = "path",
        right = "right",
        target = "trait",
        type_ = "type",
        value = "value",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_rust::LANGUAGE));

/// The outline of a Rust file.
pub(super) fn outline(text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let grammar = &*GRAMMAR;
    let tree = parse(&grammar.language, text, limits)?;
    let mut reader = Reader {
        grammar,
        hits: Hits::find(text, &["use ", "mod ", "extern crate ", "include!"]),
        sketch: Sketch::new(text),
        doc: Pending::default(),
        attributes: None,
        uses: Uses::default(),
        inactive: false,
    };
    walk(&tree, &mut reader, Scope::top(), limits)?;
    while let Some((part, scope)) = reader.uses.parts.pop() {
        // What a macro is given need not be Rust.
        let Ok(tree) = parse_part(&grammar.language, text, Some(part), limits) else { continue };
        if !tree.root_node().has_error() {
            walk(&tree, &mut reader, scope, limits)?;
        }
    }
    let mut outline = reader.sketch.outline;
    outline.imports.sort_by_key(|import| import.line);
    if reader.inactive {
        outline.imports.iter_mut().for_each(|import| import.when = When::Inactive);
    }
    Ok(outline)
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The definition around it.
    owner: Option<u32>,
    place: Place,
    /// The module or block around it that imports are told apart by, see [`Uses`].
    around: u32,
    /// How many macros it is given to.
    macros: u32,
    /// Whether the conditions around it hold.
    when: When,
}

impl Scope {
    fn top() -> Self {
        Self { owner: None, place: Place::Items, around: 0, macros: 0, when: When::Always }
    }
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
    /// Among items that are no definitions: given to a macro, or in a function.
    Hidden,
}

struct Reader<'s> {
    grammar: &'static Grammar,
    hits: Hits,
    sketch: Sketch<'s>,
    doc: Pending,
    /// First byte of the attributes above the next item.
    attributes: Option<u32>,
    uses: Uses,
    /// The whole file is for another system.
    inactive: bool,
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
            Kind::InnerAttribute => {
                let is_file = scope.around == 0 && scope.macros == 0;
                self.inactive |= is_file && attributes(self.sketch.text(node)).inactive;
                return None;
            }
            _ => {}
        }
        let doc = self.doc.take();
        let attributes = self.attributes.take();
        let scope = Scope { when: self.when(node, attributes, scope), ..scope };
        let code = self.hits.any_in(node).then_some(Scope { place: Place::Code, ..scope });
        match kind {
            Kind::Use => self.imports(node, scope),
            Kind::ExternCrate => self.extern_crate(node, scope),
            Kind::MacroCall => self.macro_call(node, scope),
            Kind::MacroRule => self.macro_rule(node),
            Kind::Mod if matches!(scope.place, Place::Code | Place::Hidden) => {
                return self.module(node, attributes, Scope { place: Place::Hidden, ..scope });
            }
            Kind::Block => return code.map(|code| self.block(code)),
            Kind::DeclarationList if scope.place == Place::Hidden => return Some(scope),
            // `name!();` among items.
            Kind::Statement if scope.place != Place::Code => return Some(scope),
            _ if matches!(scope.place, Place::Code | Place::Hidden) => return code,
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
        let scope = match kind {
            DefinitionKind::Module => self.module(node, attributes, scope)?,
            _ => scope,
        };
        let place = self.place_inside(node);
        (place != Place::Code).then_some(Scope { owner: Some(owner), place, ..scope })
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

    /// Whether the conditions above and around a node hold.
    fn when(&self, node: Node<'_>, above: Option<u32>, scope: Scope) -> When {
        let text = above.map_or("", |_| self.attributes_of(node, above));
        if attributes(text).inactive { When::Inactive } else { scope.when }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_word() {
        assert_eq!(GRAMMAR.missing(), Vec::<&str>::new());
    }
}
