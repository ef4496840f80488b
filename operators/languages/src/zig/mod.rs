//! Zig. Fields have no word for who may use them: everybody may.

use std::sync::LazyLock;

use crate::query::{Outliner, Queried, Rules};

/// Zig.
pub(crate) static ZIG: Queried = Queried {
    name: "zig",
    extensions: &["zig"],
    file_names: &[],
    outliner: LazyLock::new(|| {
        let rules = Rules {
            docs: &["///"],
            marks: &["=", "{", ";"],
            public: |_| false,
            ..Rules::default()
        };
        Outliner::new(tree_sitter_zig::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.zig", include_str!("sample.zig"))];
        insta::assert_snapshot!(ZIG.sampled(&samples));
    }
}
