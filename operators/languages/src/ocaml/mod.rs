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

/// Whether a file is an interface.
fn is_interface(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension == "mli")
}

impl Language for OCaml {
    fn name(&self) -> &'static str {
        "ocaml"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ml", "mli"]
    }

    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        let outliner = if is_interface(path) { &INTERFACE } else { &IMPLEMENTATION };
        outliner.outline(text, limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sampled_by;

    #[test]
    fn definitions_and_imports() {
        let samples =
            [("sample.ml", include_str!("sample.ml")), ("sample.mli", include_str!("sample.mli"))];
        let outliner = |path: &str| if is_interface(path) { &*INTERFACE } else { &*IMPLEMENTATION };
        insta::assert_snapshot!(sampled_by(outliner, "ocaml", &samples));
    }
}
