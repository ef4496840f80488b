//! Lua. Any comment directly above a definition is its documentation.

use std::sync::LazyLock;

use backstory_core::Outline;

use crate::query::{Outliner, Rules};
use crate::{Language, Limits, TooComplex};

/// Lua.
pub(crate) struct Lua;

static OUTLINER: LazyLock<Outliner> = LazyLock::new(|| {
    let rules = Rules { docs: &["--"], marks: &["="], ..Rules::default() };
    Outliner::new(tree_sitter_lua::LANGUAGE, include_str!("outline.scm"), rules)
});

impl Language for Lua {
    fn name(&self) -> &'static str {
        "lua"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["lua", "rockspec"]
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[".luacheckrc"]
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
        let samples = [("sample.lua", include_str!("sample.lua"))];
        insta::assert_snapshot!(sampled(&OUTLINER, "lua", &samples));
    }
}
