//! Lua. Any comment directly above a definition is its documentation.

use std::sync::LazyLock;

use crate::query::{Outliner, Queried, Rules};

/// Lua.
pub(crate) static LUA: Queried = Queried {
    name: "lua",
    extensions: &["lua", "rockspec"],
    file_names: &[".luacheckrc"],
    outliner: LazyLock::new(|| {
        let rules = Rules { docs: &["--"], marks: &["="], ..Rules::default() };
        Outliner::new(tree_sitter_lua::LANGUAGE, include_str!("outline.scm"), rules)
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_imports() {
        let samples = [("sample.lua", include_str!("sample.lua"))];
        insta::assert_snapshot!(LUA.sampled(&samples));
    }
}
