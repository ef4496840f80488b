//! Zig. Fields have no word for who may use them: everybody may.

use std::sync::LazyLock;

use backstory_core::Outline;

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// Zig.
pub(crate) struct Zig;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
    let rules =
        Rules { docs: &["///"], marks: &["=", "{", ";"], public: |_| false, ..Rules::default() };
    Outliner::new(tree_sitter_zig::LANGUAGE, include_str!("outline.scm"), rules)
});

impl Language for Zig {
    fn name(&self) -> &'static str {
        "zig"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["zig"]
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
        let samples = [("sample.zig", include_str!("sample.zig"))];
        insta::assert_snapshot!(sampled(&OUTLINER, "zig", &samples));
    }
}
