//! SQL. Any comment directly above a statement is its documentation.

use std::sync::LazyLock;

use backstory_core::Outline;

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// SQL.
pub(crate) struct Sql;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
    let rules = Rules {
        docs: &["--", "/*"],
        marks: &["(", ";", " AS", " as", "\nAS", "\nas"],
        ..Rules::default()
    };
    Outliner::new(tree_sitter_sequel::LANGUAGE, include_str!("outline.scm"), rules)
});

impl Language for Sql {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["sql"]
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
        let samples = [("sample.sql", include_str!("sample.sql"))];
        insta::assert_snapshot!(sampled(&OUTLINER, "sql", &samples));
    }
}
