//! SQL. Any comment directly above a statement is its documentation.

use std::sync::LazyLock;

use crate::query::{Outliner, Queried, Rules};

/// SQL.
pub(crate) static SQL: Queried = Queried {
    name: "sql",
    extensions: &["sql"],
    file_names: &[],
    outliner: LazyLock::new(|| {
        let rules = Rules {
            docs: &["--", "/*"],
            marks: &["(", ";", " AS", " as", "\nAS", "\nas"],
            ..Rules::default()
        };
        Outliner::new(tree_sitter_sequel::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.sql", include_str!("sample.sql"))];
        insta::assert_snapshot!(SQL.sampled(&samples));
    }
}
