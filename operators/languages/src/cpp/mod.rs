//! C++, CUDA included.

use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::{Language, Limits, Resolver, TooComplex, c};

/// C++.
pub(crate) struct Cpp;

impl Language for Cpp {
    fn name(&self) -> &'static str {
        "cpp"
    }

    fn family(&self) -> &'static str {
        "c"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[
            "C", "H", "c++", "cc", "ccm", "cpp", "cppm", "cu", "cuh", "cxx", "cxxm", "h++", "hh", "hpp", "hxx", "icc",
            "ino", "inl", "ipp", "ixx", "tcc", "tpp", "txx",
        ]
    }

    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
        c::cpp_outline(path, text, limits)
    }

    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        c::C.resolver(repository, outlines)
    }
}

#[cfg(test)]
mod tests;
