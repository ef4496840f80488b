//! TypeScript and TSX. Outlines and imports are those of JavaScript with a wider grammar.
//!
//! TSX is a grammar of its own: in it `<T>x` opens an element, outside it a cast. An outline knows a text
//! and no file name, so the text decides: the grammar it looks like is tried first, and the other one if
//! that fails.

use std::sync::{Arc, LazyLock};

use backstory_core::{Outline, Repository};
use memchr::memmem;

use crate::javascript::imports::Specifiers;
use crate::javascript::outline::{Grammar, outline};
use crate::syntax::parse;
use crate::{Language, Limits, Resolver, TooComplex};

/// TypeScript, with TSX and declaration files.
pub(crate) struct TypeScript;

static PLAIN: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_typescript::LANGUAGE_TYPESCRIPT));
static TSX: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_typescript::LANGUAGE_TSX));

impl Language for TypeScript {
    fn name(&self) -> &'static str {
        "typescript"
    }

    fn family(&self) -> &'static str {
        "javascript"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ts", "tsx", "mts", "cts"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["tsconfig*.json", "*tsconfig.json"]
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        let (mut first, mut second) = (&*PLAIN, &*TSX);
        if looks_like_tsx(text) {
            std::mem::swap(&mut first, &mut second);
        }
        let tree = parse(first.language(), text, limits)?;
        if tree.root_node().has_error()
            && let Ok(other) = parse(second.language(), text, limits)
            && !other.root_node().has_error()
        {
            return outline(second, &other, text, limits);
        }
        outline(first, &tree, text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(Specifiers::new(repository, outlines)))
    }
}

/// Elements are closed by `</` or `/>`, which hardly anything else in TypeScript holds.
fn looks_like_tsx(text: &str) -> bool {
    ["</", "/>"].iter().any(|mark| memmem::find(text.as_bytes(), mark.as_bytes()).is_some())
}

#[cfg(test)]
mod tests;
