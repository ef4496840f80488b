//! JavaScript, and what TypeScript shares with it.

mod configs;
pub(crate) mod imports;
mod json;
pub(crate) mod outline;
mod packages;
mod patterns;
mod reexports;
mod tree;
mod workspaces;

use std::sync::{Arc, LazyLock};

use backstory_core::{Outline, Repository};

use crate::syntax::parse;
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

#[cfg(test)]
mod tests;
