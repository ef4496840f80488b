//! Ruby.

mod features;
mod imports;
mod outline;

use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::{Language, Limits, Resolver, TooComplex};

/// Ruby, with its files for gems, Rack and Rake.
pub(crate) struct Ruby;

impl Language for Ruby {
    fn name(&self) -> &'static str {
        "ruby"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["gemspec", "rake", "rb", "rbw", "ru"]
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[
            "Appraisals",
            "Brewfile",
            "Capfile",
            "Dangerfile",
            "Fastfile",
            "Gemfile",
            "Guardfile",
            "Podfile",
            "Rakefile",
            "Thorfile",
            "Vagrantfile",
            "rakefile",
        ]
    }

    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        outline::outline(path, text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        Some(Box::new(imports::LoadPath::new(repository, outlines)))
    }
}

#[cfg(test)]
mod tests;
