//! A language that is all data: its names, its grammar and its query.

use std::sync::LazyLock;

use backstory_core::Outline;

use super::Outliner;
use crate::{Language, Limits, TooComplex};

/// A language whose outline is a query, and whose imports are not resolved.
pub(crate) struct Queried {
    pub(crate) name: &'static str,
    pub(crate) extensions: &'static [&'static str],
    pub(crate) file_names: &'static [&'static str],
    pub(crate) outliner: LazyLock<Outliner>,
}

impl Language for Queried {
    fn name(&self) -> &'static str {
        self.name
    }

    fn extensions(&self) -> &'static [&'static str] {
        self.extensions
    }

    fn file_names(&self) -> &'static [&'static str] {
        self.file_names
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        self.outliner.outline(text, limits)
    }
}
