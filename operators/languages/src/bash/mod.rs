//! Bash and what is near to it. Any comment directly above a definition is its documentation.

use std::sync::LazyLock;

use backstory_core::Outline;

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// Bash and what is near to it.
pub(crate) struct Bash;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
    let rules = Rules {
        docs: &["#"],
        marks: &["="],
        public: |seen| !seen.name.starts_with('_'),
        ..Rules::default()
    };
    Outliner::new(tree_sitter_bash::LANGUAGE, include_str!("outline.scm"), rules)
});

impl Language for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["sh", "bash", "bats", "ksh", "zsh"]
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[
            ".bashrc",
            ".bash_profile",
            ".bash_aliases",
            ".bash_logout",
            ".profile",
            ".zshrc",
            ".zshenv",
            ".zprofile",
            "PKGBUILD",
            "APKBUILD",
        ]
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
        let samples = [("sample.sh", include_str!("sample.sh"))];
        insta::assert_snapshot!(sampled(&OUTLINER, "bash", &samples));
    }
}
