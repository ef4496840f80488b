//! Scala.

mod imports;

use std::sync::LazyLock;

use crate::query::{Outliner, Queried, Rules};

/// Scala.
pub(crate) static SCALA: Queried = Queried {
    name: "scala",
    extensions: &["scala", "sc"],
    file_names: &[],
    outliner: LazyLock::new(|| {
        let rules = Rules {
            docs: &["/**"],
            marks: &["=", "{", ":", " with"],
            imports: imports::read,
            ..Rules::default()
        };
        Outliner::new(tree_sitter_scala::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.scala", include_str!("sample.scala"))];
        insta::assert_snapshot!(SCALA.sampled(&samples));
    }
}
