//! Which path an expression is, where its text alone says: strings, sums and joins of strings, and what
//! begins at the file itself.

use tree_sitter::Node;

use super::{GRAMMAR, Kind};
use crate::syntax::text_of;

/// An expression nested deeper than this is no path.
const DEPTH: u32 = 12;

/// A path that an expression makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// Whether it begins at the folder of the file.
    here: bool,
    /// Whether it is the file itself; then `text` begins below it, as if it were a folder.
    file: bool,
    text: String,
}

impl Path {
    fn plain(text: impl Into<String>) -> Self {
        Self { here: false, file: false, text: text.into() }
    }

    /// Whether it begins at the folder of the file.
    pub(super) fn is_here(&self) -> bool {
        self.here
    }

    /// As `require_relative` takes it: from the folder of the file.
    pub(super) fn relative(self) -> String {
        Self { here: true, ..self }.written()
    }

    /// What it is as an import: a path from the folder of the file begins with a dot.
    pub(super) fn written(self) -> String {
        if !self.here {
            return self.text;
        }
        let mut text = self.text.trim_start_matches('/');
        if self.file {
            // The file is no folder: the first step up leads to where it is.
            match text.strip_prefix("..") {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                    text = rest.trim_start_matches('/');
                }
                _ => return String::new(),
            }
        }
        match text {
            ".." | "." => text.to_owned(),
            _ if text.starts_with("../") || text.starts_with("./") => text.to_owned(),
            _ => format!("./{text}"),
        }
    }

    fn parent(self) -> Option<Self> {
        match (self.file, self.here) {
            (true, _) if self.text.is_empty() => Some(Self { file: false, ..self }),
            (_, true) => Some(self.join(Self::plain(".."))),
            _ => None,
        }
    }

    fn join(mut self, other: Self) -> Self {
        if other.here {
            return other;
        }
        if !self.text.is_empty() && !self.text.ends_with('/') && !other.text.starts_with('/') {
            self.text.push('/');
        }
        self.append(&other.text)
    }

    fn append(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }
}

/// The path that an expression is.
pub(super) fn path(source: &str, node: Node<'_>) -> Option<Path> {
    Expression { source }.path(node, DEPTH)
}

/// A string or symbol without anything computed in it.
pub(super) fn word(source: &str, node: Node<'_>) -> Option<String> {
    match GRAMMAR.kind(node) {
        Kind::Symbol => text_of(source, node).strip_prefix(':').map(str::to_owned),
        Kind::String => path(source, node).filter(|path| !path.here).map(|path| path.text),
        _ => None,
    }
}

struct Expression<'s> {
    source: &'s str,
}

impl Expression<'_> {
    fn text(&self, node: Node<'_>) -> &str {
        text_of(self.source, node)
    }

    fn path(&self, node: Node<'_>, depth: u32) -> Option<Path> {
        let depth = depth.checked_sub(1)?;
        match GRAMMAR.kind(node) {
            Kind::String => self.string(node, depth),
            Kind::Identifier if self.text(node) == "__dir__" => {
                Some(Path { here: true, ..Path::plain("") })
            }
            Kind::File | Kind::Constant | Kind::Identifier if self.text(node) == "__FILE__" => {
                Some(Path { here: true, file: true, text: String::new() })
            }
            Kind::Binary => {
                let left = self.path(node.child_by_field_id(GRAMMAR.fields.left)?, depth)?;
                let right = self.path(node.child_by_field_id(GRAMMAR.fields.right)?, depth)?;
                let operator = self.text(node.child_by_field_id(GRAMMAR.fields.operator)?);
                (operator == "+" && !right.here).then(|| left.append(&right.text))
            }
            Kind::Parentheses if node.named_child_count() == 1 => {
                self.path(node.named_child(0)?, depth)
            }
            Kind::Call => self.call(node, depth),
            _ => None,
        }
    }

    fn string(&self, node: Node<'_>, depth: u32) -> Option<Path> {
        let mut path = Path::plain("");
        for (index, part) in node.named_children(&mut node.walk()).enumerate() {
            match GRAMMAR.kind(part) {
                Kind::Content => path = path.append(self.text(part)),
                Kind::Interpolation if part.named_child_count() == 1 => {
                    let inner = self.path(part.named_child(0)?, depth)?;
                    path = match index {
                        0 => inner,
                        _ if inner.here => return None,
                        _ => path.append(&inner.text),
                    };
                }
                _ => return None,
            }
        }
        Some(path)
    }

    fn call(&self, node: Node<'_>, depth: u32) -> Option<Path> {
        let fields = &GRAMMAR.fields;
        let method = self.text(node.child_by_field_id(fields.method)?);
        let receiver = node.child_by_field_id(fields.receiver);
        let arguments = node.child_by_field_id(fields.arguments);
        let mut arguments = arguments.map_or(vec![], |list| {
            list.named_children(&mut list.walk()).take(16).collect::<Vec<_>>()
        });
        let of_file = receiver.is_some_and(|receiver| self.text(receiver) == "File");
        match (method, &*arguments) {
            ("__dir__", []) if receiver.is_none() => Some(Path { here: true, ..Path::plain("") }),
            ("to_s", []) => self.path(receiver?, depth),
            ("dirname", [of]) if of_file => self.path(*of, depth)?.parent(),
            ("expand_path" | "absolute_path" | "realpath", [path]) if of_file => {
                self.path(*path, depth)
            }
            ("expand_path" | "absolute_path" | "realpath", [path, from]) if of_file => {
                Some(self.path(*from, depth)?.join(self.path(*path, depth)?))
            }
            ("join", [_, ..]) if of_file => {
                let first = self.path(arguments.remove(0), depth)?;
                let rest = arguments.into_iter().map(|part| self.path(part, depth));
                rest.collect::<Option<Vec<_>>>()
                    .map(|rest| rest.into_iter().fold(first, Path::join))
            }
            _ => None,
        }
    }
}
