//! Swift. What has no modifier can be used in its whole module, and so by other files.

use std::sync::LazyLock;

use backstory_core::Outline;

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// Swift.
pub(crate) struct Swift;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
    let rules = Rules { docs: &["///", "/**"], marks: &["=", "{"], ..Rules::default() };
    Outliner::new(tree_sitter_swift::LANGUAGE, include_str!("outline.scm"), rules)
});

impl Language for Swift {
    fn name(&self) -> &'static str {
        "swift"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["swift"]
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
        let samples = [("sample.swift", include_str!("sample.swift"))];
        insta::assert_snapshot!(sampled(&OUTLINER, "swift", &samples));
    }
}
