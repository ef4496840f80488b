//! What a C or C++ file defines: functions (declared or defined), types with their members, aliases,
//! namespaces, macros, and variables outside functions.
//!
//! Both languages are read alike, each by its own grammar. What a macro hides from the grammar is not seen; what
//! stands in several branches of `#if` counts in each that the parser sees. A comment right before a
//! definition documents it, and so does one behind a member or constant on its line. The file's own doc is
//! the first comment that documents nothing else and is no license.

mod definitions;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::Outline;
use tree_sitter::Node;

use super::conditions::Dialect;
use super::mask::Mask;
use super::scan::scan;
use crate::sketch::{MOST_NAMES, Pending, Sketch};
use crate::syntax::{Rules, parse, range, trim_end, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        Access = "access_specifier",
        Alias = "alias_declaration",
        Class = "class_specifier",
        Comment = "comment",
        Concept = "concept_definition",
        Declaration = "declaration",
        DeclarationList = "declaration_list",
        Define = "preproc_def",
        DefineFunction = "preproc_function_def",
        Elif = "preproc_elif",
        ElifDef = "preproc_elifdef",
        Else = "preproc_else",
        Enum = "enum_specifier",
        Enumerator = "enumerator",
        EnumeratorList = "enumerator_list",
        Field = "field_declaration",
        FieldList = "field_declaration_list",
        Function = "function_definition",
        FunctionDeclarator = "function_declarator",
        If = "preproc_if",
        Include = "preproc_include",
        IfDef = "preproc_ifdef",
        InitDeclarator = "init_declarator",
        Initializers = "field_initializer_list",
        Linkage = "linkage_specification",
        Namespace = "namespace_definition",
        NamespaceAlias = "namespace_alias_definition",
        Parenthesized = "parenthesized_declarator",
        Pointer = "pointer_declarator",
        Qualified = "qualified_identifier",
        Reference = "reference_declarator",
        Attributed = "attributed_declarator",
        Storage = "storage_class_specifier",
        Struct = "struct_specifier",
        Template = "template_declaration",
        TemplateFunction = "template_function",
        TemplateType = "template_type",
        TypeDefinition = "type_definition",
        TypeQualifier = "type_qualifier",
        Union = "union_specifier",
    }
    fields {
        body = "body",
        declarator = "declarator",
        name = "name",
        type_ = "type",
        value = "value",
    }
}

static C: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_c::LANGUAGE));
static CPP: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_cpp::LANGUAGE));

/// Parts of a declarator around its name are looked through this deep.
const DEEPEST_NAME: usize = 64;

/// The outline of a file. `header` tells whether its definitions are for other files.
pub(super) fn outline(
    text: &str,
    dialect: Dialect,
    header: bool,
    limits: Limits,
) -> Result<Outline, TooComplex> {
    let scan = scan(text, dialect);
    let grammar = if scan.cpp { &*CPP } else { &*C };
    let masked = scan.mask.apply(text);
    let tree = parse(&grammar.language, &masked, limits)?;
    let mut sketch = Sketch::new(text);
    sketch.outline.imports = scan.imports;
    sketch.outline.package = scan.module;
    let mut reader = Reader {
        grammar,
        sketch,
        mask: &scan.mask,
        header,
        doc: Pending::default(),
        last: None,
        last_row: usize::MAX,
        access: HashMap::new(),
    };
    let scope = Scope { owner: None, outer: None, guard: None, hidden: false, known: false };
    walk(&tree, &mut reader, scope, limits)?;
    Ok(reader.sketch.outline)
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Scope<'t> {
    /// The definition around it.
    owner: Option<u32>,
    /// What belongs to the same definition and begins before it: `template <..>`.
    outer: Option<Outer>,
    /// The name in the `#ifndef` around it.
    guard: Option<Node<'t>>,
    /// Whether it is in a namespace without a name.
    hidden: bool,
    /// Whether `owner` is the definition of the very type that comes next.
    known: bool,
}

#[derive(Clone, Copy)]
struct Outer {
    start: u32,
    end: u32,
    doc: Option<(u32, u32)>,
}

struct Reader<'s> {
    grammar: &'static Grammar,
    sketch: Sketch<'s>,
    mask: &'s Mask,
    header: bool,
    doc: Pending,
    /// A definition that a comment behind it may document.
    last: Option<u32>,
    /// The line on which the last node ends.
    last_row: usize,
    /// Whether members that come next are public, per type.
    access: HashMap<u32, bool>,
}

impl<'t> Rules<'t> for Reader<'_> {
    type Scope = Scope<'t>;

    fn visit(&mut self, node: Node<'t>, scope: Scope<'t>) -> Option<Scope<'t>> {
        let kind = self.grammar.kind(node);
        if kind == Kind::Comment {
            self.comment(node);
            return None;
        }
        if !node.is_named() {
            self.last_row = node.end_position().row;
            if node.kind() == "}" {
                self.last = None;
            }
            return None;
        }
        let inner = self.node(node, kind, scope);
        self.last_row = if inner.is_some() { usize::MAX } else { node.end_position().row };
        inner
    }
}

impl Reader<'_> {
    fn node<'t>(&mut self, node: Node<'t>, kind: Kind, scope: Scope<'t>) -> Option<Scope<'t>> {
        let start = self.mask.start(node.start_byte() as u32);
        match kind {
            Kind::If | Kind::IfDef | Kind::Elif | Kind::ElifDef | Kind::Else => {
                let doc = self.doc.take();
                if let Some(doc) = doc {
                    self.offer_file_doc(doc);
                }
                let guard = self.field(node, |f| f.name);
                return Some(Scope { guard, outer: None, ..scope });
            }
            Kind::Linkage
            | Kind::DeclarationList
            | Kind::FieldList
            | Kind::EnumeratorList
            | Kind::Error => {
                return Some(Scope { outer: None, ..scope });
            }
            _ => {}
        }
        let doc = self.doc_before(start);
        match kind {
            Kind::Include => {
                if let Some(doc) = doc {
                    self.offer_file_doc(doc);
                }
                None
            }
            Kind::Access => {
                if let Some(owner) = scope.owner {
                    let public = self.sketch.text(node).starts_with("public");
                    self.access.insert(owner, public);
                }
                None
            }
            Kind::Template => {
                let outer = outer(node, start, doc, scope);
                Some(Scope { outer: Some(outer), ..scope })
            }
            Kind::Namespace if self.field(node, |f| f.name).is_none() => {
                Some(Scope { hidden: true, outer: None, ..scope })
            }
            _ => {
                let outer = outer(node, start, doc, scope);
                self.definition(node, kind, Scope { outer: Some(outer), ..scope })
            }
        }
    }

    fn field<'t>(&self, node: Node<'t>, field: impl Fn(&Fields) -> u16) -> Option<Node<'t>> {
        node.child_by_field_id(field(&self.grammar.fields))
    }

    fn comment(&mut self, node: Node<'_>) {
        let source = self.sketch.source;
        let comment = trim_end(source, range(node), &[]);
        let text = source.get(comment.start as usize..comment.end as usize).unwrap_or_default();
        let marked = ["///<", "//!<", "/**<", "/*!<"].iter().any(|mark| text.starts_with(mark));
        if marked || node.start_position().row == self.last_row {
            if let Some(last) = self.last {
                self.sketch.outline.definitions[last as usize].doc.get_or_insert(comment);
            }
            return;
        }
        let before = self.doc.take();
        let start = comment.start;
        if let Some(before) = before {
            self.doc.replace(before.clone());
            self.doc.add(source, comment);
            let group = self.doc.take();
            if group.as_ref().is_some_and(|group| group.start == start) {
                self.offer_file_doc(before);
            }
            if let Some(group) = group {
                self.doc.replace(group);
            }
        } else {
            self.doc.replace(comment);
        }
    }

    /// The comment above a node that begins at `start`. One that stands apart may document the file.
    fn doc_before(&mut self, start: u32) -> Option<Range<u32>> {
        let group = self.doc.take()?;
        self.doc.replace(group.clone());
        let doc = self.doc.take_before(self.sketch.source, start);
        if doc.is_none() {
            self.offer_file_doc(group);
        }
        doc
    }

    fn offer_file_doc(&mut self, comment: Range<u32>) {
        let text = self.sketch.source.get(comment.start as usize..comment.end as usize);
        let lower = text.unwrap_or_default().to_ascii_lowercase();
        let license = ["copyright", "license", "spdx-"].iter().any(|word| lower.contains(word));
        let marked = ["@file", "\\file"].iter().any(|word| lower.contains(word));
        if self.sketch.outline.definitions.is_empty() && (marked || !license) {
            self.sketch.outline.doc.get_or_insert(comment);
        }
    }
}

/// All of a definition: what it begins with may be further out.
fn outer(node: Node<'_>, start: u32, doc: Option<Range<u32>>, scope: Scope<'_>) -> Outer {
    let doc = doc.map(|doc| (doc.start, doc.end));
    match scope.outer {
        Some(outer) => Outer { doc: outer.doc.or(doc), ..outer },
        None => Outer { start, end: node.end_byte() as u32, doc },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammars_have_every_word() {
        assert_eq!(CPP.missing(), Vec::<&str>::new());
        let only_cpp = [
            "access_specifier",
            "alias_declaration",
            "class_specifier",
            "concept_definition",
            "field_initializer_list",
        ];
        let only_cpp =
            only_cpp.iter().chain(&["namespace_definition", "namespace_alias_definition"]);
        let only_cpp = only_cpp.chain(&["qualified_identifier", "reference_declarator"]);
        let only_cpp =
            only_cpp.chain(&["template_declaration", "template_function", "template_type"]);
        assert_eq!(C.missing(), only_cpp.copied().collect::<Vec<_>>());
    }
}
