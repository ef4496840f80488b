//! R. A dot before a name, and `@noRd` or `@keywords internal` in its documentation, keep it in its package.

use std::sync::LazyLock;

use backstory_core::Outline;

use crate::query::{Outliner, Rules, Seen};
use crate::{Language, Limits, TooComplex};

/// R.
pub(crate) struct R;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
    let rules =
        Rules { docs: &["#'"], marks: &["<<-", "<-", "="], public: is_public, ..Rules::default() };
    Outliner::new(tree_sitter_r::LANGUAGE, include_str!("outline.scm"), rules)
});

impl Language for R {
    fn name(&self) -> &'static str {
        "r"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["R", "r"]
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[".Rprofile"]
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        OUTLINER.outline(text, limits)
    }
}

fn is_public(seen: &Seen<'_>) -> bool {
    let documented =
        seen.doc.is_none_or(|doc| !doc.contains("@noRd") && !doc.contains("@keywords internal"));
    documented && !seen.name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sampled;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.R", include_str!("sample.R"))];
        insta::assert_snapshot!(sampled(&OUTLINER, "r", &samples));
    }
}
