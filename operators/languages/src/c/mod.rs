//! C, and what C++ shares with it.

mod conditions;
mod expression;
mod folders;
mod includes;
mod macros;
mod mask;
mod outline;
mod scan;
mod system;
mod tokens;

use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::{Language, Limits, Resolver, TooComplex};

/// C. Headers are C by their path, whatever is in them; their text decides which grammar reads them.
pub(crate) struct C;

impl Language for C {
    fn name(&self) -> &'static str {
        "c"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["c", "def", "h", "inc", "xbm", "xpm"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        folders::MANIFESTS
    }

    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        let source = path.rsplit_once('.').is_some_and(|(_, ending)| ending == "c");
        let dialect = if source { conditions::Dialect::C } else { conditions::Dialect::Either };
        outline::outline(text, dialect, !source, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(includes::Includes::new(repository, outlines)))
    }
}

/// The outline of a C++ file.
pub(crate) fn cpp_outline(path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    let header = !matches!(ending, Some("cc" | "cpp" | "cxx" | "c++" | "C" | "cu" | "ino"));
    outline::outline(text, conditions::Dialect::Cpp, header, limits)
}

#[cfg(test)]
mod tests;
