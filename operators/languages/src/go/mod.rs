//! Go.

mod constraint;
mod imports;
mod modules;
mod outline;
mod uses;

use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::{Language, Limits, Resolver, TooComplex};

/// Go.
pub(crate) struct Go;

impl Language for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["go"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["go.mod", "go.work"]
    }

    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        outline::outline(path, text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(imports::Packages::new(repository, outlines)))
    }
}

#[cfg(test)]
mod tests;
