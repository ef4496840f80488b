//! Calls that load files, and what puts folders on the load path.

use backstory_core::{Import, ImportedName, When};
use tree_sitter::Node;

use super::super::imports::AUTOLOADED;
use super::paths::{Path, path, word};
use super::{Fields, GRAMMAR, Kind, Reader, Runs, Scope, Under};
use crate::sketch::LONGEST_PATH;

/// Of a list of folders, so many are read.
const MOST_FOLDERS: usize = 64;

impl Reader<'_> {
    /// Reads a call that may load something.
    pub(super) fn load(&mut self, node: Node<'_>, method: &str, scope: Scope) {
        let receiver = Self::field(node, |f| f.receiver);
        let receiver = receiver.map(|receiver| self.sketch.text(receiver));
        let of_kernel = matches!(receiver, None | Some("Kernel" | "Object" | "::Kernel" | "self"));
        match method {
            "require" | "gem_original_require" if of_kernel => {
                if let Some(path) = self.argument(node, 0) {
                    self.loaded(node, from_start(path), vec![], scope);
                }
            }
            "require_dependency" if of_kernel => {
                if let Some(path) = self.argument(node, 0) {
                    let path = from_start(path);
                    let is_name = !path.starts_with(['/', '.']);
                    let path = if is_name { format!("{AUTOLOADED}{path}") } else { path };
                    self.loaded(node, path, vec![], scope);
                }
            }
            "load" if of_kernel => {
                if let Some(path) = self.argument(node, 0) {
                    let path = from_start(path);
                    let seen = if path.starts_with(['/', '.']) { path } else { format!("/{path}") };
                    self.loaded(node, seen, vec![], scope);
                }
            }
            "require_relative" if of_kernel => {
                if let Some(path) = self.argument(node, 0) {
                    self.loaded(node, path.relative(), vec![], scope);
                }
            }
            "autoload" => self.autoload(node, scope),
            "unshift" | "push" | "prepend" | "append" if is_load_path(receiver) => {
                for argument in Self::arguments(node).into_iter().take(MOST_FOLDERS) {
                    self.folder(argument);
                }
            }
            _ => {}
        }
    }

    fn argument(&self, node: Node<'_>, at: usize) -> Option<Path> {
        Self::arguments(node).get(at).and_then(|argument| path(self.sketch.source, *argument))
    }

    fn autoload(&mut self, node: Node<'_>, scope: Scope) {
        let arguments = Self::arguments(node);
        let name = arguments.first().and_then(|name| word(self.sketch.source, *name));
        let Some(name) = name else { return };
        let path = match arguments.get(1) {
            Some(second) => path(self.sketch.source, *second).map(from_start),
            None => self.constant(&name, scope),
        };
        if let Some(path) = path {
            self.loaded(node, path, vec![ImportedName { name, alias: None }], scope);
        }
    }

    /// `::A::B` for `autoload :B` in `module A`.
    fn constant(&self, name: &str, scope: Scope) -> Option<String> {
        let mut parts = vec![name];
        match &self.under[scope.under as usize] {
            Some(Under::Path(path)) => return Some(format!("::{path}")),
            Some(Under::Folder(folder)) => parts.push(folder),
            None => {}
        }
        let (mut next, mut length) = (scope.owner, 0);
        while let Some(owner) = next {
            let definition = &self.sketch.outline.definitions[owner as usize];
            let name = definition.name(self.sketch.source);
            length += name.len();
            if length > LONGEST_PATH {
                return None;
            }
            parts.push(name);
            next = definition.parent;
        }
        parts.reverse();
        Some(format!("::{}", parts.join("::")))
    }

    fn loaded(&mut self, node: Node<'_>, path: String, names: Vec<ImportedName>, scope: Scope) {
        let when = if scope.runs == Runs::Never { When::Inactive } else { When::Always };
        self.sketch.state(Import { path, names, when, ..Import::default() }, node);
    }

    /// Enters what `autoload_under` or `autoload_at` says.
    pub(super) fn autoloads_under(
        &mut self,
        node: Node<'_>,
        method: &str,
        scope: Scope,
    ) -> Option<Scope> {
        let first = Self::arguments(node).into_iter().next()?;
        let said = word(self.sketch.source, first)?;
        let under = if method == "autoload_at" { Under::Path(said) } else { Under::Folder(said) };
        self.under.push(Some(under));
        Some(Scope { under: self.under.len() as u32 - 1, ..scope })
    }

    /// `spec.require_paths = ["lib"]` in a gemspec.
    pub(super) fn require_paths(&mut self, node: Node<'_>) {
        let attribute =
            Self::field(node, |f| f.left).and_then(|left| Self::field(left, |f| f.method));
        let attribute = attribute.map(|method| self.sketch.text(method));
        let Some(right) = Self::field(node, |f: &Fields| f.right) else { return };
        if !matches!(attribute, Some("require_paths" | "require_path")) {
            return;
        }
        match GRAMMAR.kind(right) {
            Kind::Array => {
                let paths: Vec<_> =
                    right.named_children(&mut right.walk()).take(MOST_FOLDERS).collect();
                for path in paths {
                    self.folder(path);
                }
            }
            Kind::StringArray => {
                let words = self.sketch.text(right).trim_start_matches(['%', 'w', 'W']);
                let words =
                    words.trim_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
                let words = words.split_whitespace().take(MOST_FOLDERS).map(str::to_owned);
                self.sketch.outline.uses.extend(words);
            }
            _ => self.folder(right),
        }
    }

    /// `$LOAD_PATH << "lib"`.
    pub(super) fn shovel(&mut self, node: Node<'_>) {
        let text =
            |field: fn(&Fields) -> u16| Self::field(node, field).map(|part| self.sketch.text(part));
        if text(|f| f.operator) == Some("<<")
            && is_load_path(text(|f| f.left))
            && let Some(right) = Self::field(node, |f| f.right)
        {
            self.folder(right);
        }
    }

    /// A folder that is put on the load path.
    fn folder(&mut self, node: Node<'_>) {
        if let Some(path) = path(self.sketch.source, node) {
            let path = path.written();
            if !path.is_empty() && path.len() <= LONGEST_PATH {
                self.sketch.outline.uses.push(path);
            }
        }
    }
}

/// A path that may be seen from where the program was started begins with a slash.
fn from_start(path: Path) -> String {
    if path.is_here() {
        return path.written();
    }
    let text = path.written();
    if text.starts_with("./") || text.starts_with("../") { format!("/{text}") } else { text }
}

fn is_load_path(receiver: Option<&str>) -> bool {
    matches!(receiver, Some("$LOAD_PATH" | "$:" | "::LOAD_PATH"))
}
