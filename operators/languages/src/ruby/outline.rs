//! What a Ruby file defines: modules, classes, constants, methods and attributes, with what `private`,
//! `protected` and their like say of them.
//!
//! Definitions inside methods do not count, nor those in blocks, but for blocks that are known to be
//! bodies of classes. Calls that load files count wherever they stand if their text alone says what is
//! loaded. Comments above a definition are its doc; those that speak to Ruby or to a linter are no docs.

mod docs;
mod loads;
mod paths;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Outline};
use tree_sitter::Node;

use crate::files::file_name;
use crate::sketch::{Parts, Pending, Sketch};
use crate::syntax::{Hits, Rules, parse, range, vocabulary, walk};
use crate::{Limits, TooComplex};

vocabulary! {
    kinds {
        Arguments = "argument_list",
        Array = "array",
        Assignment = "assignment",
        Begin = "begin",
        Binary = "binary",
        Block = "block",
        BlockBody = "block_body",
        Body = "body_statement",
        Call = "call",
        Class = "class",
        Comment = "comment",
        Constant = "constant",
        Content = "string_content",
        DoBlock = "do_block",
        Else = "else",
        Elsif = "elsif",
        Ensure = "ensure",
        False = "false",
        File = "file",
        Identifier = "identifier",
        If = "if",
        IfModifier = "if_modifier",
        Interpolation = "interpolation",
        Method = "method",
        Module = "module",
        Nil = "nil",
        Parentheses = "parenthesized_statements",
        Rescue = "rescue",
        Scope = "scope_resolution",
        SingletonClass = "singleton_class",
        SingletonMethod = "singleton_method",
        String = "string",
        StringArray = "string_array",
        Symbol = "simple_symbol",
        Targets = "left_assignment_list",
        Then = "then",
        Unless = "unless",
        UnlessModifier = "unless_modifier",
    }
    fields {
        arguments = "arguments",
        condition = "condition",
        left = "left",
        method = "method",
        name = "name",
        operator = "operator",
        parameters = "parameters",
        receiver = "receiver",
        right = "right",
        superclass = "superclass",
    }
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(tree_sitter_ruby::LANGUAGE));

/// The outline of a Ruby file.
pub(super) fn outline(path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let tree = parse(&GRAMMAR.language, text, limits)?;
    let mut reader = Reader {
        hits: Hits::find(text, &["require", "load", "LOAD_PATH", "$:"]),
        sketch: Sketch::new(text),
        pending: Pending::default(),
        private: vec![false],
        named: HashMap::new(),
        is_gemspec: file_name(path).ends_with(".gemspec"),
        sig: None,
        under: vec![None],
    };
    let scope = Scope {
        owner: None,
        body: 0,
        singleton: false,
        private: false,
        defines: true,
        runs: Runs::Perhaps,
        under: 0,
        outer: None,
    };
    walk(&tree, &mut reader, scope, limits)?;
    reader.sketch.outline.uses.sort_unstable();
    reader.sketch.outline.uses.dedup();
    Ok(reader.sketch.outline)
}

/// Where a statement stands.
#[derive(Clone, Copy)]
struct Scope {
    /// The module or class around it.
    owner: Option<u32>,
    /// The body around it, as an index of [`Reader::private`].
    body: u32,
    /// Whether methods here belong to the class itself.
    singleton: bool,
    /// Whether it is an argument of `private`.
    private: bool,
    /// Whether what is defined here belongs to the file.
    defines: bool,
    runs: Runs,
    /// What Active Support is told of autoloads here, as an index of [`Reader::under`].
    under: u32,
    /// First byte of the statement that this is an argument of.
    outer: Option<u32>,
}

/// Whether a branch runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// As far as its text tells.
    Perhaps,
    /// Except for the first branch in it.
    NotFirst,
    Never,
}

/// What `autoload_under` and `autoload_at` say.
#[derive(Clone)]
enum Under {
    Folder(String),
    Path(String),
}

struct Reader<'s> {
    hits: Hits,
    sketch: Sketch<'s>,
    pending: Pending,
    /// Per body, whether methods defined from here on are private.
    private: Vec<bool>,
    /// Definitions by owner, whether they belong to the class itself, and name.
    named: HashMap<(Option<u32>, bool, &'s str), u32>,
    is_gemspec: bool,
    /// The last signature that Sorbet reads, which stands between a method and its doc.
    sig: Option<Range<u32>>,
    under: Vec<Option<Under>>,
}

impl<'t> Rules<'t> for Reader<'_> {
    type Scope = Scope;

    fn visit(&mut self, node: Node<'t>, mut scope: Scope) -> Option<Scope> {
        let kind = GRAMMAR.kind(node);
        if kind == Kind::Comment {
            self.comment(node);
            return None;
        }
        if scope.runs == Runs::NotFirst {
            scope.runs = if kind == Kind::Then { Runs::Never } else { Runs::Perhaps };
        }
        let inside = Scope { private: false, outer: None, ..scope };
        let only_loads = self.hits.any_in(node).then_some(Scope { defines: false, ..inside });
        match kind {
            Kind::Call => return self.call(node, scope).or(only_loads),
            Kind::Assignment if only_loads.is_some() && self.is_gemspec => self.require_paths(node),
            Kind::Binary if only_loads.is_some() => self.shovel(node),
            _ => {}
        }
        if !scope.defines {
            return match kind {
                Kind::If | Kind::IfModifier => only_loads.map(|scope| Self::branches(node, scope)),
                _ => only_loads,
            };
        }
        match kind {
            Kind::Module | Kind::Class => self.container(node, inside),
            Kind::SingletonClass => Some(Scope { singleton: true, body: self.body(), ..inside }),
            Kind::Method | Kind::SingletonMethod => {
                self.method(node, scope);
                only_loads
            }
            Kind::Assignment => self.constants(node, inside).or(only_loads),
            // The `private` of `private def` is about its argument alone.
            Kind::Identifier if !scope.private => {
                self.modifier(node, scope);
                None
            }
            Kind::If | Kind::IfModifier => Some(Self::branches(node, inside)),
            Kind::Body
            | Kind::Block
            | Kind::BlockBody
            | Kind::DoBlock
            | Kind::Begin
            | Kind::Then
            | Kind::Else
            | Kind::Elsif
            | Kind::Ensure
            | Kind::Rescue
            | Kind::Unless
            | Kind::UnlessModifier => Some(Scope { private: scope.private, ..inside }),
            Kind::Arguments if scope.private => {
                Some(Scope { private: true, outer: scope.outer, ..inside })
            }
            _ => only_loads,
        }
    }
}

impl Reader<'_> {
    fn field(node: Node<'_>, field: impl Fn(&Fields) -> u16) -> Option<Node<'_>> {
        node.child_by_field_id(field(&GRAMMAR.fields))
    }

    /// A new body, in which everything is public until it says otherwise.
    fn body(&mut self) -> u32 {
        self.private.push(false);
        self.private.len() as u32 - 1
    }

    /// `if false`: the only condition that is decided here.
    fn branches(node: Node<'_>, scope: Scope) -> Scope {
        let condition = Self::field(node, |f| f.condition).map(|node| GRAMMAR.kind(node));
        let never = matches!(condition, Some(Kind::False | Kind::Nil));
        let runs = match GRAMMAR.kind(node) {
            _ if !never || scope.runs == Runs::Never => scope.runs,
            Kind::IfModifier => Runs::Never,
            _ => Runs::NotFirst,
        };
        Scope { runs, ..scope }
    }

    fn container(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
        let name = Self::field(node, |f| f.name)?;
        let (kind, end) = match GRAMMAR.kind(node) {
            Kind::Module => (DefinitionKind::Module, name),
            _ => (DefinitionKind::Type, Self::field(node, |f| f.superclass).unwrap_or(name)),
        };
        let owner = self.define(kind, node, name, end, scope, true);
        self.pending = Pending::default();
        Some(Scope { owner: owner.or(scope.owner), body: self.body(), singleton: false, ..scope })
    }

    fn method(&mut self, node: Node<'_>, scope: Scope) {
        let Some(name) = Self::field(node, |f| f.name) else { return };
        let of_class = GRAMMAR.kind(node) == Kind::SingletonMethod;
        // What stands after `private` alone is about methods of instances.
        let public = of_class || !(scope.private || self.private[scope.body as usize]);
        let kind = match scope.owner {
            None if !of_class => DefinitionKind::Function,
            _ => DefinitionKind::Method,
        };
        let end = Self::field(node, |f| f.parameters).unwrap_or(name);
        let scope = Scope { singleton: scope.singleton || of_class, ..scope };
        self.define(kind, node, name, end, scope, public && !scope.private);
    }

    /// `A = 1`, `A, B = 1, 2`, `A = Struct.new(:a) do ... end`.
    fn constants(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
        let left = Self::field(node, |f| f.left)?;
        let right = Self::field(node, |f| f.right);
        let targets = match GRAMMAR.kind(left) {
            Kind::Constant | Kind::Scope => vec![left],
            Kind::Targets => left.named_children(&mut left.walk()).collect(),
            _ => vec![],
        };
        let made = right.filter(|right| left == targets.first().copied().unwrap_or(*right));
        let is_type = made.is_some_and(|right| self.makes_type(right));
        let kind = if is_type { DefinitionKind::Type } else { DefinitionKind::Constant };
        let mut owner = None;
        for name in targets {
            if matches!(GRAMMAR.kind(name), Kind::Constant | Kind::Scope) {
                let whole = if name == left { node } else { name };
                let end = made.filter(|_| is_type).and_then(|right| Self::header(right));
                owner = self.define(kind, whole, name, end.unwrap_or(name), scope, true);
            }
        }
        let body = is_type.then(|| self.body());
        body.map(|body| Scope { owner, body, singleton: false, ..scope })
    }

    /// Whether this is `Struct.new`, `Class.new` and the like.
    fn makes_type(&self, node: Node<'_>) -> bool {
        let text =
            |field: fn(&Fields) -> u16| Self::field(node, field).map(|part| self.sketch.text(part));
        GRAMMAR.kind(node) == Kind::Call
            && matches!(
                (text(|f| f.receiver), text(|f| f.method)),
                (Some("Struct" | "Class" | "Module"), Some("new")) | (Some("Data"), Some("define"))
            )
    }

    /// The last part of a call before its block.
    fn header(call: Node<'_>) -> Option<Node<'_>> {
        Self::field(call, |f| f.arguments).or(Self::field(call, |f| f.method))
    }

    /// Adds a definition whose signature ends with `end`; gives its index.
    fn define(
        &mut self,
        kind: DefinitionKind,
        node: Node<'_>,
        name: Node<'_>,
        end: Node<'_>,
        scope: Scope,
        public: bool,
    ) -> Option<u32> {
        let whole = range(node);
        let outer = scope.outer.filter(|outer| *outer < whole.start);
        let parts = Parts {
            kind,
            name,
            start: whole.start,
            doc: self.doc_before(outer.unwrap_or(whole.start)),
            whole: outer.unwrap_or(whole.start)..whole.end,
            body: None,
            parent: scope.owner,
            public,
        };
        let index = self.sketch.define(parts, &["="])?;
        let definition = &mut self.sketch.outline.definitions[index as usize];
        definition.signature.end = (end.end_byte() as u32).clamp(definition.name.end, whole.end);
        if GRAMMAR.kind(name) == Kind::Symbol {
            definition.name.start += 1;
        }
        let text =
            self.sketch.source.get(definition.name.start as usize..definition.name.end as usize);
        self.named.insert((scope.owner, scope.singleton, text.unwrap_or_default()), index);
        Some(index)
    }

    /// `private` and the like without arguments.
    fn modifier(&mut self, node: Node<'_>, scope: Scope) {
        let private = match self.sketch.text(node) {
            "private" | "protected" => true,
            "public" | "module_function" => false,
            _ => return,
        };
        self.private[scope.body as usize] = private;
    }

    fn call(&mut self, node: Node<'_>, scope: Scope) -> Option<Scope> {
        let method = self.sketch.text(Self::field(node, |f| f.method)?);
        if self.hits.any_in(node) {
            self.load(node, method, scope);
        }
        let inside = Scope { private: false, outer: None, ..scope };
        if scope.defines && self.makes_type(node) {
            return Some(inside);
        }
        let receiver = Self::field(node, |f| f.receiver);
        if receiver.is_some_and(|receiver| self.sketch.text(receiver) != "self") {
            return None;
        }
        match method {
            "autoload_under" | "autoload_at" => self.autoloads_under(node, method, inside),
            _ if !scope.defines => None,
            "private" | "protected" => {
                self.hide(node, scope, scope.singleton);
                let outer = scope.outer.or(Some(node.start_byte() as u32));
                Some(Scope { private: true, outer, ..scope })
            }
            "private_class_method" => {
                self.hide(node, scope, true);
                let outer = scope.outer.or(Some(node.start_byte() as u32));
                Some(Scope { private: true, outer, ..scope })
            }
            "sig" => {
                self.sig = Some(range(node));
                None
            }
            "private_constant" => {
                self.hide(node, scope, false);
                None
            }
            "attr_reader" | "attr_writer" | "attr_accessor" | "attr" => {
                self.attributes(node, scope);
                None
            }
            "class_methods" => Some(Scope { singleton: true, body: self.body(), ..inside }),
            "included" | "prepended" | "eager_autoload" => {
                Some(Scope { body: self.body(), ..inside })
            }
            _ => None,
        }
    }

    fn attributes(&mut self, node: Node<'_>, scope: Scope) {
        let public = !(scope.private || self.private[scope.body as usize]);
        let mut start = Some(node.start_byte() as u32);
        let doc = self.doc_before(scope.outer.or(start).unwrap_or_default());
        let scope = Scope { outer: None, ..scope };
        for name in Self::arguments(node) {
            if GRAMMAR.kind(name) != Kind::Symbol {
                continue;
            }
            let index = self.define(DefinitionKind::Variable, name, name, name, scope, public);
            if let Some(index) = index {
                let definition = &mut self.sketch.outline.definitions[index as usize];
                definition.doc.clone_from(&doc);
                // Of several names, the first shows how they are defined.
                let start = start.take().unwrap_or(definition.range.start);
                (definition.signature.start, definition.range.start) = (start, start);
            }
        }
    }

    /// `private :a, :b`.
    fn hide(&mut self, node: Node<'_>, scope: Scope, singleton: bool) {
        for name in Self::arguments(node) {
            let Some(name) = self.sketch.text(name).strip_prefix(':') else { continue };
            if let Some(index) = self.named.get(&(scope.owner, singleton, name)) {
                self.sketch.outline.definitions[*index as usize].public = false;
            }
        }
    }

    fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
        let list = Self::field(call, |f| f.arguments);
        list.map_or(vec![], |list| list.named_children(&mut list.walk()).collect())
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
