//! JavaScript, and what TypeScript shares with it.

mod configs;
pub(crate) mod imports;
mod json;
pub(crate) mod outline;
mod packages;
mod patterns;
mod reexports;
mod tree;
mod versions;
mod workspaces;

use std::sync::{Arc, LazyLock};

use backstory_core::{Outline, Repository};

use tree_sitter::Tree;

use crate::syntax::parse;
use crate::typescript::TSX;
use crate::{Language, Limits, Resolver, TooComplex};
use outline::Grammar;

/// JavaScript, with JSX.
pub(crate) struct JavaScript;

static GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_javascript::LANGUAGE));

impl Language for JavaScript {
    fn name(&self) -> &'static str {
        "javascript"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["js", "jsx", "mjs", "cjs"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["package.json", "jsconfig*.json", "lerna.json", "pnpm-workspace.yaml"]
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        let tree = parse(GRAMMAR.language(), text, limits)?;
        // Types that are checked by Flow look like TypeScript's.
        if tree.root_node().has_error()
            && let Ok(typed) = parse(TSX.language(), text, limits)
            && errors(&typed) < errors(&tree)
        {
            return outline::outline(&TSX, &typed, text, limits);
        }
        outline::outline(&GRAMMAR, &tree, text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(imports::Specifiers::new(repository, outlines)))
    }
}

/// How many pieces of a text the parser could not place.
fn errors(tree: &Tree) -> usize {
    let (mut cursor, mut count) = (tree.walk(), 0);
    loop {
        let node = cursor.node();
        count += usize::from(node.is_error() || node.is_missing());
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return count;
            }
        }
    }
}

#[cfg(test)]
mod tests;
