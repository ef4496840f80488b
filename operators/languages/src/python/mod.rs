//! Python.

mod exports;
mod finder;
mod imports;
mod outline;
mod projects;
mod roots;
mod standard;

use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::{Language, Limits, Resolver, TooComplex};

/// Python, with its stub files.
pub(crate) struct Python;

impl Language for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["py", "pyi"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        projects::MANIFESTS
    }

    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        outline::outline(path, text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(imports::Modules::new(repository, outlines)))
    }
}

#[cfg(test)]
mod tests;
