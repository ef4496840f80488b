//! Elixir. What is defined with `defp`, `defmacrop`, `defguardp` or `@typep` is private, and attributes are.

use std::sync::LazyLock;

use backstory_core::{DefinitionKind, Outline};

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// Elixir.
pub(crate) struct Elixir;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
    let rules = Rules { marks: &[","], clauses: true, words: WORDS, ..Rules::default() };
    Outliner::new(tree_sitter_elixir::LANGUAGE, include_str!("outline.scm"), rules)
});

const WORDS: &[(&str, DefinitionKind, bool)] = &[
    ("def", DefinitionKind::Function, true),
    ("defdelegate", DefinitionKind::Function, true),
    ("defguard", DefinitionKind::Macro, true),
    ("defguardp", DefinitionKind::Macro, false),
    ("defimpl", DefinitionKind::Implementation, true),
    ("defmacro", DefinitionKind::Macro, true),
    ("defmacrop", DefinitionKind::Macro, false),
    ("defmodule", DefinitionKind::Module, true),
    ("defp", DefinitionKind::Function, false),
    ("defprotocol", DefinitionKind::Interface, true),
];

impl Language for Elixir {
    fn name(&self) -> &'static str {
        "elixir"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ex", "exs"]
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        OUTLINER.outline(text, limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sampled;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.ex", include_str!("sample.ex"))];
        insta::assert_snapshot!(sampled(&OUTLINER, "elixir", &samples));
    }
}
