//! JavaScript, and what TypeScript shares with it.

pub(crate) mod imports;
pub(crate) mod outline;

use std::sync::{Arc, LazyLock};

use backstory_core::{Outline, Repository};

use crate::syntax::parse;
use crate::{Language, Limits, Resolver, TooComplex};
use outline::Grammar;

/// JavaScript, with JSX.
pub(crate) struct JavaScript;

static GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_javascript::LANGUAGE));

/// Endings of file names, in the order in which they are tried behind a name without one.
pub(crate) const EXTENSIONS: &[&str] = &["js", "jsx", "mjs", "cjs"];

impl Language for JavaScript {
    fn name(&self) -> &'static str {
        "javascript"
    }

    fn extensions(&self) -> &'static [&'static str] {
        EXTENSIONS
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["package.json", "jsconfig*.json"]
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        let tree = parse(GRAMMAR.language(), text, limits)?;
        outline::outline(&GRAMMAR, &tree, text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        _outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        let extensions = [EXTENSIONS, crate::typescript::EXTENSIONS].concat();
        Some(Box::new(imports::Specifiers::new(repository, extensions)))
    }
}

#[cfg(test)]
mod tests;
