//! Elixir. What is defined with `defp`, `defmacrop`, `defguardp` or `@typep` is private, and attributes are.

use std::sync::LazyLock;

use backstory_core::DefinitionKind;

use crate::query::{Outliner, Queried, Rules};

/// Elixir.
pub(crate) static ELIXIR: Queried = Queried {
    name: "elixir",
    extensions: &["ex", "exs"],
    file_names: &[],
    outliner: LazyLock::new(|| {
        let rules = Rules { marks: &[","], clauses: true, words: WORDS, ..Rules::default() };
        Outliner::new(tree_sitter_elixir::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.ex", include_str!("sample.ex"))];
        insta::assert_snapshot!(ELIXIR.sampled(&samples));
    }
}
