//! Imports in code that the grammar does not understand, found by their words: `from "a"` or `import "a"` behind
//! an `import` or `export` at the start of a line, `import("a")` and `require("a")` anywhere outside of strings
//! and comments. Only looked for where the parser has met an error.

use std::collections::HashSet;

use backstory_core::Import;
use tree_sitter::{Node, Tree};

use super::Reader;

/// How many places are looked at in one file.
const MOST_PLACES: usize = 1000;

/// How long a statement is, up to the end of what it imports from.
const LONGEST_STATEMENT: usize = 10_000;

impl Reader<'_, '_> {
    /// Adds what was not found in the tree.
    pub(super) fn recover(&mut self, tree: &Tree) {
        let found = &self.sketch.outline.imports;
        let mut known: HashSet<String> = found.iter().map(|import| import.path.clone()).collect();
        let source = self.sketch.source;
        let places = ["import", "require", "export"].into_iter().flat_map(|word| {
            source.match_indices(word).map(|(at, word)| (at, at + word.len())).take(MOST_PLACES)
        });
        let mut recovered = vec![];
        for (start, end) in places {
            let Some(path) = stated(source, start, end).filter(|path| !known.contains(*path))
            else {
                continue;
            };
            let node = tree.root_node().descendant_for_byte_range(start, end);
            if let Some(node) = node.filter(|node| is_code(*node)) {
                known.insert(path.to_owned());
                recovered.push((path.to_owned(), node));
            }
        }
        if recovered.is_empty() {
            return;
        }
        for (path, node) in recovered {
            self.sketch.state(Import { path, ..Import::default() }, node);
        }
        self.sketch.outline.imports.sort_by_key(|import| import.line);
    }
}

/// Whether a node can hold a keyword.
fn is_code(node: Node<'_>) -> bool {
    !matches!(
        node.kind(),
        "comment" | "string" | "string_fragment" | "template_string" | "regex_pattern" | "jsx_text"
    )
}

/// What is imported by the word at these bytes.
fn stated(source: &str, start: usize, end: usize) -> Option<&str> {
    let before = source[..start].chars().next_back().unwrap_or('\n');
    let mut last = source.len().min(end + LONGEST_STATEMENT);
    while !source.is_char_boundary(last) {
        last -= 1;
    }
    let rest = &source[end..last];
    if before.is_alphanumeric() || matches!(before, '_' | '$' | '.') {
        return None;
    }
    if let Some(argument) = rest.strip_prefix('(') {
        return quoted(argument.trim_start()).filter(|_| &source[start..end] != "export");
    }
    if before != '\n' || &source[start..end] == "require" {
        return None;
    }
    let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
    let statement = rest.split(';').next().unwrap_or_default();
    let at = statement.find(['"', '\''])?;
    let (head, literal) = (statement.get(..at)?.trim_end(), statement.get(at..)?);
    // A declaration has one of these before it gets to any literal.
    let is_clause = head.ends_with("from") && !head.contains(['=', '(', ':', '<', '[']);
    let is_import = is_clause || (head.is_empty() && &source[start..end] == "import");
    quoted(literal).filter(|_| is_import)
}

/// The string literal that `text` begins with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let line = text[1..].lines().next()?;
    let (inside, _) = line.split_once(quote)?;
    Some(inside)
}
