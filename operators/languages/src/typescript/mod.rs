//! TypeScript and TSX. Outlines and imports are those of JavaScript with a wider grammar.
//!
//! TSX is a grammar of its own: in it `<T>x` opens an element, outside it a cast. The ending of the file name
//! decides; without one, what the text looks like. The other grammar is tried if that one fails.

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
pub(crate) static TSX: LazyLock<Grammar> =
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

    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        let (mut first, mut second) = (&*PLAIN, &*TSX);
        let is_tsx = match path.rsplit_once('.') {
            Some((_, ending)) => ending == "tsx",
            None => looks_like_tsx(text),
        };
        if is_tsx {
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
