//! Haskell. Without a list of exports, a module offers all that it defines; an instance is there for everybody.

use std::sync::LazyLock;

use backstory_core::DefinitionKind;

use crate::query::{Outliner, Queried, Rules, Seen};

/// Haskell.
pub(crate) static HASKELL: Queried = Queried {
    name: "haskell",
    extensions: &["hs", "hsc", "hs-boot"],
    file_names: &[],
    outliner: LazyLock::new(|| {
        let rules = Rules {
            docs: &["-- |", "--|", "{-|", "{- |"],
            marks: &["=", " where", "\nwhere"],
            public: is_public,
            clauses: true,
            ..Rules::default()
        };
        Outliner::new(tree_sitter_haskell::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

/// Constructors, fields and methods are offered with their type, or by name.
fn is_public(seen: &Seen<'_>) -> bool {
    let parent = seen.parent.is_some_and(|parent| {
        parent.kind == DefinitionKind::Implementation
            || parent.public && (parent.all || parent.kind == DefinitionKind::Constant)
    });
    seen.kind == DefinitionKind::Implementation || parent || seen.exported.unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("Sample.hs", include_str!("Sample.hs"))];
        insta::assert_snapshot!(HASKELL.sampled(&samples));
    }
}
