//! Java, and what it shares with other languages of its platform: packages and their files.

mod layout;
mod outline;
mod packages;

pub(crate) mod imports;
pub(crate) mod names;

use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::{Language, Limits, Resolver, TooComplex};

/// Java.
pub(crate) struct Java;

/// Files that say where a module begins, and which other modules it sees.
pub(crate) const MANIFESTS: &[&str] = &["pom.xml", "*.gradle", "build.xml"];

impl Language for Java {
    fn name(&self) -> &'static str {
        "java"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["java"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        MANIFESTS
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        outline::outline(text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(imports::Imports::new(repository, outlines)))
    }
}

#[cfg(test)]
mod tests;
