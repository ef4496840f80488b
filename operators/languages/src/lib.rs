//! What Backstory knows of source languages. Everything about one language (its files, its grammar, its
//! definitions and docs, what its imports mean) is in one folder, and in the one line that registers it
//! in [`all`].
//!
//! Responsible for judging paths, for outlines and for resolving imports to files of the same
//! repository. Not responsible for the order that follows from them, nor for reading anything.
//!
//! To add a language, copy the folder of the one that is nearest, declare it below, and name it in
//! `REGISTRY`.

mod files;
mod go;
mod javascript;
mod python;
mod rust;
mod sketch;
mod syntax;
mod typescript;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use backstory_core::{FileClass, Import, Outline, Repository};

/// Every language, by name.
static REGISTRY: &[&dyn Language] =
    &[&go::Go, &javascript::JavaScript, &python::Python, &rust::Rust, &typescript::TypeScript];

/// One source language.
pub trait Language: Send + Sync {
    /// Its name, as in [`backstory_core::SourceFile::language`].
    fn name(&self) -> &'static str;

    /// Endings of its file names, without the dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Names of files that say how its imports are to be understood. One `*` may stand for anything.
    fn manifests(&self) -> &'static [&'static str] {
        &[]
    }

    /// What a text in this language defines and imports. Broken code gives what can be recognised.
    fn outline(&self, text: &str, limits: Limits) -> Result<Outline, TooComplex>;

    /// Learns what is needed to resolve the imports of files in this language.
    fn resolver<'a>(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
    ) -> Box<dyn Resolver + 'a>;
}

/// Knows which files of one repository its imports mean. Files are named by their index in
/// [`Repository::files`].
pub trait Resolver {
    /// Adds to `found` the files that `import`, which stands in `file`, means. Nothing is found for code
    /// outside the repository.
    fn resolve(&self, file: u32, import: &Import, found: &mut Vec<u32>);

    /// Adds to `found` the files that `file` needs without saying so.
    fn implied(&self, _file: u32, _found: &mut Vec<u32>) {}
}

/// How much work one file may be. Counted in steps, not in time, so that it is the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the parser per byte; a hundred thousand steps are free. Ordinary code takes 0.4 to 1.3.
    pub steps_per_byte: u32,
    /// How deep definitions, and blocks with imports in them, may be nested.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps_per_byte: 20, depth: 10_000 }
    }
}

/// A file that is more work than the limits allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooComplex {
    /// The parser took too many steps.
    #[error("parsing takes more than {0} steps")]
    Steps(u64),
    /// Nested too deeply.
    #[error("nested more than {0} deep")]
    Depth(u32),
    /// Four gibibytes or more.
    #[error("4 GiB or larger")]
    Size,
}

/// Every language, sorted by name.
pub fn all() -> &'static [&'static dyn Language] {
    REGISTRY
}

/// The language of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Language> {
    REGISTRY.iter().copied().find(|language| language.name() == name)
}

/// Judges a file by its path, see [`backstory_core::Classify`]. A file that is source is not context.
pub fn classify(path: &str) -> FileClass {
    let name = path.rsplit('/').next().unwrap_or(path);
    let has_extension = |language: &&&dyn Language| {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|extension| language.extensions().contains(&extension))
    };
    if let Some(language) = REGISTRY.iter().find(has_extension) {
        return FileClass::Source(language.name());
    }
    let mut manifests = REGISTRY.iter().flat_map(|language| language.manifests());
    if is_prose(name) || manifests.any(|pattern| matches(pattern, name)) {
        return FileClass::Context;
    }
    FileClass::Other
}

/// Whether this is a README, a license or a notice that people read.
fn is_prose(name: &str) -> bool {
    const STEMS: [&str; 5] = ["README", "LICENSE", "LICENCE", "COPYING", "NOTICE"];
    const NOT_TEXT: [&str; 9] = ["gif", "html", "jpeg", "jpg", "pdf", "png", "svg", "ico", "webp"];
    let upper = name.to_ascii_uppercase();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    STEMS.iter().any(|stem| upper.starts_with(stem))
        && !extension.is_some_and(|extension| NOT_TEXT.contains(&&*extension))
}

/// Whether `name` is what `pattern` says.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

/// The outline of a text in the language of this name; an empty one for a language nobody registered.
pub fn outline(language: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex> {
    by_name(language)
        .map_or_else(|| Ok(Outline::default()), |language| language.outline(text, limits))
}

/// The resolvers of all languages that one repository is written in.
pub struct Resolvers<'a> {
    repository: &'a Repository,
    outlines: &'a [Arc<Outline>],
    by_language: Vec<(&'static str, Box<dyn Resolver + 'a>)>,
}

impl<'a> Resolvers<'a> {
    /// Learns what is needed; `outlines` has one entry per file.
    pub fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let used = |language: &&&dyn Language| {
            repository.files.iter().any(|file| file.language == language.name())
        };
        let by_language = REGISTRY
            .iter()
            .filter(used)
            .map(|language| (language.name(), language.resolver(repository, outlines)))
            .collect();
        Self { repository, outlines, by_language }
    }

    /// The files that `import`, which stands in `file`, means: sorted, without doubles.
    pub fn resolve(&self, file: u32, import: &Import) -> Vec<u32> {
        let mut found = vec![];
        if let Some(resolver) = self.of(file) {
            resolver.resolve(file, import, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The files that `file` depends on: sorted, without itself, without doubles.
    pub fn dependencies(&self, file: u32) -> Vec<u32> {
        let mut found = vec![];
        if let Some(resolver) = self.of(file) {
            for import in &self.outlines[file as usize].imports {
                resolver.resolve(file, import, &mut found);
            }
            resolver.implied(file, &mut found);
        }
        found.retain(|&other| other != file);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn of(&self, file: u32) -> Option<&dyn Resolver> {
        let name = self.repository.files[file as usize].language;
        self.by_language
            .iter()
            .find(|(language, _)| *language == name)
            .map(|(_, resolver)| &**resolver)
    }
}
