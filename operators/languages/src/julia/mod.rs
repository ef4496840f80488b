//! Julia. Where a file lists no exports, names with an underscore before them are for the package itself.

use std::sync::LazyLock;

use backstory_core::DefinitionKind;

use crate::query::{Outliner, Queried, Rules, Seen};

/// Julia.
pub(crate) static JULIA: Queried = Queried {
    name: "julia",
    extensions: &["jl"],
    file_names: &[],
    outliner: LazyLock::new(|| {
        let rules = Rules { marks: &["="], public: is_public, ..Rules::default() };
        Outliner::new(tree_sitter_julia::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

/// What belongs to a type is as public as that, and a method of another module's function as that module.
fn is_public(seen: &Seen<'_>) -> bool {
    match (seen.parent, seen.exported) {
        (Some(parent), _) if parent.kind == DefinitionKind::Type => parent.public,
        (None, _) if seen.kind == DefinitionKind::Module => true,
        (_, Some(exported)) => exported || seen.name.contains('.'),
        (_, None) => !seen.name.starts_with('_'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [
            ("sample.jl", include_str!("sample.jl")),
            ("script.jl", "\"What is left.\"\n_total = 1\nmost = 2\n"),
        ];
        insta::assert_snapshot!(JULIA.sampled(&samples));
    }
}
