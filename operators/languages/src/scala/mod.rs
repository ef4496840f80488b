//! Scala.

mod imports;

use std::sync::LazyLock;

use backstory_core::Outline;

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// Scala.
pub(crate) struct Scala;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
    let rules = Rules {
        docs: &["/**"],
        marks: &["=", "{", ":", " with"],
        imports: imports::read,
        ..Rules::default()
    };
    Outliner::new(tree_sitter_scala::LANGUAGE, include_str!("outline.scm"), rules)
});

impl Language for Scala {
    fn name(&self) -> &'static str {
        "scala"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["scala", "sc"]
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
        let samples = [("sample.scala", include_str!("sample.scala"))];
        insta::assert_snapshot!(sampled(&OUTLINER, "scala", &samples));
    }
}
