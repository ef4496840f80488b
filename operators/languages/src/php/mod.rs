//! PHP.

mod composer;
mod imports;
mod names;
mod outline;

use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::{Language, Limits, Resolver, TooComplex};

/// PHP, alone or between pieces of HTML.
pub(crate) struct Php;

impl Language for Php {
    fn name(&self) -> &'static str {
        "php"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["php", "phtml"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["composer.json"]
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        outline::outline(text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(imports::Names::new(repository, outlines)))
    }
}

#[cfg(test)]
mod tests;
