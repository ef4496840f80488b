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
            "C", "H", "c++", "cc", "ccm", "cpp", "cppm", "cu", "cuh", "cxx", "cxxm", "h++", "hh",
            "hpp", "hxx", "icc", "ino", "inl", "ipp", "ixx", "tcc", "tpp", "txx",
        ]
    }

    fn claims(&self, path: &str) -> bool {
        is_header_without_ending(path)
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

/// Whether a file is a header like `include/vector` or `Eigen/Core`: a plain name in an include folder.
fn is_header_without_ending(path: &str) -> bool {
    const OTHERS: [&str; 24] = [
        "AUTHORS",
        "BUILD",
        "CHANGELOG",
        "CHANGES",
        "CODEOWNERS",
        "CREDITS",
        "ChangeLog",
        "DEPS",
        "Dockerfile",
        "Doxyfile",
        "HACKING",
        "INSTALL",
        "Jamfile",
        "Jamroot",
        "Kbuild",
        "Kconfig",
        "MAINTAINERS",
        "NEWS",
        "OWNERS",
        "SConscript",
        "SConstruct",
        "THANKS",
        "TODO",
        "VERSION",
    ];
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let file = OTHERS.contains(&name) || name.to_ascii_lowercase().contains("makefile");
    plain && !file && folder.split('/').any(|part| matches!(part, "include" | "Eigen"))
}

#[cfg(test)]
mod tests;
