//! Swift. What has no modifier can be used in its whole module, and so by other files.

use std::sync::LazyLock;

use crate::query::{Outliner, Queried, Rules};

/// Swift.
pub(crate) static SWIFT: Queried = Queried {
    name: "swift",
    extensions: &["swift"],
    file_names: &[],
    outliner: LazyLock::new(|| {
        let rules = Rules { docs: &["///", "/**"], marks: &["=", "{"], ..Rules::default() };
        Outliner::new(tree_sitter_swift::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.swift", include_str!("sample.swift"))];
        insta::assert_snapshot!(SWIFT.sampled(&samples));
    }
}
