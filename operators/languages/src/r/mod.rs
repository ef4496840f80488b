//! R. A dot before a name, and `@noRd` or `@keywords internal` in its documentation, keep it in its package.

use std::sync::LazyLock;

use crate::query::{Outliner, Queried, Rules, Seen};

/// R.
pub(crate) static R: Queried = Queried {
    name: "r",
    extensions: &["R", "r"],
    file_names: &[".Rprofile"],
    outliner: LazyLock::new(|| {
        let rules = Rules {
            docs: &["#'"],
            marks: &["<<-", "<-", "="],
            public: is_public,
            ..Rules::default()
        };
        Outliner::new(tree_sitter_r::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

fn is_public(seen: &Seen<'_>) -> bool {
    let documented =
        seen.doc.is_none_or(|doc| !doc.contains("@noRd") && !doc.contains("@keywords internal"));
    documented && !seen.name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.R", include_str!("sample.R"))];
        insta::assert_snapshot!(R.sampled(&samples));
    }
}
