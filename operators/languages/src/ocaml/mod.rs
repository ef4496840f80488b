//! OCaml, implementations and interfaces.

use std::sync::LazyLock;

use backstory_core::Outline;
use tree_sitter::Language as Grammar;

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// OCaml.
pub(crate) struct OCaml;

static IMPLEMENTATION: LazyLock<Outliner> =
    LazyLock::new(|| outliner(tree_sitter_ocaml::LANGUAGE_OCAML));
static INTERFACE: LazyLock<Outliner> =
    LazyLock::new(|| outliner(tree_sitter_ocaml::LANGUAGE_OCAML_INTERFACE));

fn outliner(grammar: impl Into<Grammar>) -> Outliner {
    let rules = Rules {
        docs: &["(**"],
        docs_below: true,
        marks: &["=", ":", "->", " private", " sig"],
        public: |seen| !seen.name.starts_with('_'),
        ..Rules::default()
    };
    Outliner::new(grammar, include_str!("outline.scm"), rules)
}

fn outliner_of(path: &str) -> &'static Outliner {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    if extension == Some("mli") { &INTERFACE } else { &IMPLEMENTATION }
}

impl Language for OCaml {
    fn name(&self) -> &'static str {
        "ocaml"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ml", "mli"]
    }

    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        outliner_of(path).outline(text, limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sampled;

    #[test]
    fn definitions_and_imports() {
        let samples =
            [("sample.ml", include_str!("sample.ml")), ("sample.mli", include_str!("sample.mli"))];
        insta::assert_snapshot!(sampled(outliner_of, "ocaml", &samples));
    }
}
