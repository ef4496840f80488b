//! Kotlin. Its files and those of Java import each other, so one resolver serves both.

mod outline;

use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::java::imports::Imports;
use crate::{Language, Limits, Resolver, TooComplex};

/// Kotlin, with scripts.
pub(crate) struct Kotlin;

impl Language for Kotlin {
    fn name(&self) -> &'static str {
        "kotlin"
    }

    fn family(&self) -> &'static str {
        "java"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["kt", "kts"]
    }

    fn outline(&self, _path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        outline::outline(text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(Imports::new(repository, outlines)))
    }
}

#[cfg(test)]
mod tests;
