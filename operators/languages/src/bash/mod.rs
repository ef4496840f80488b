//! Bash and what is near to it. Any comment directly above a definition is its documentation.

use std::sync::LazyLock;

use crate::query::{Outliner, Queried, Rules};

/// Bash and what is near to it.
pub(crate) static BASH: Queried = Queried {
    name: "bash",
    extensions: &["sh", "bash", "bats", "ksh", "zsh"],
    file_names: &[
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
    ],
    outliner: LazyLock::new(|| {
        let rules = Rules {
            docs: &["#"],
            marks: &["="],
            public: |seen| !seen.name.starts_with('_'),
            ..Rules::default()
        };
        Outliner::new(tree_sitter_bash::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.sh", include_str!("sample.sh"))];
        insta::assert_snapshot!(BASH.sampled(&samples));
    }
}
