//! Dart. A leading underscore keeps a name in its library.

use std::sync::LazyLock;

use backstory_core::Outline;

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// Dart.
pub(crate) struct Dart;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
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
});

impl Language for Dart {
    fn name(&self) -> &'static str {
        "dart"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["dart"]
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
        let samples = [
            ("sample.dart", include_str!("sample.dart")),
            ("price.g.dart", "part of 'sample.dart';\n\nString _name() => '';\n"),
        ];
        insta::assert_snapshot!(sampled(&OUTLINER, "dart", &samples));
    }
}
