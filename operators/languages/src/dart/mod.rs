//! Dart. A leading underscore keeps a name in its library.

use std::sync::LazyLock;

use crate::query::{Outliner, Queried, Rules};

/// Dart.
pub(crate) static DART: Queried = Queried {
    name: "dart",
    extensions: &["dart"],
    file_names: &[],
    outliner: LazyLock::new(|| {
        let rules = Rules {
            docs: &["///", "/**"],
            marks: &["=", "{", ";", "=>"],
            public: |seen| {
                !seen.name.trim_start_matches(|c| c != '.').starts_with("._")
                    && !seen.name.starts_with('_')
            },
            ..Rules::default()
        };
        Outliner::new(tree_sitter_dart::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [
            ("sample.dart", include_str!("sample.dart")),
            ("price.g.dart", "part of 'sample.dart';\n\nString _name() => '';\n"),
        ];
        insta::assert_snapshot!(DART.sampled(&samples));
    }
}
