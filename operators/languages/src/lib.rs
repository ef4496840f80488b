//! What Backstory knows of source languages. Everything about one language (its files, its grammar, its
//! definitions and docs, what its imports mean) is in one folder, and in the one line that registers it
//! in [`all`].
//!
//! Responsible for judging paths, for outlines and for resolving imports to files of the same
//! repository. Not responsible for the order that follows from them, nor for reading anything.
//!
//! To add a language, copy the folder of the one that is nearest and name it in `languages!`. For most that is
//! a query, a sample and a few lines of data (see [`query`]). A language without a grammar is a line in
//! [`opaque`]: its files are written like others, in no known order.

mod files;
mod found;
mod opaque;
mod query;
mod salvage;
mod sketch;
mod syntax;

#[cfg(any(test, fuzzing))]
#[cfg_attr(fuzzing, expect(dead_code, reason = "fuzzing needs its checks alone"))]
pub mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use backstory_core::{Edge, FileClass, Import, Outline, Repository, Unresolved};

use found::Collector;
pub use found::Found;

/// Declares the folder of each language and registers what it holds. Sorted by name.
macro_rules! languages {
    ($($folder:ident: $language:ident),* $(,)?) => {
        $(mod $folder;)*
        /// Every language, by name.
        static REGISTRY: &[&dyn Language] = &[$(&$folder::$language),*];
    };
}

languages! {
    bash: BASH,
    c: C,
    cpp: Cpp,
    csharp: CSharp,
    dart: DART,
    elixir: ELIXIR,
    go: Go,
    haskell: HASKELL,
    java: Java,
    javascript: JavaScript,
    julia: JULIA,
    kotlin: Kotlin,
    lua: LUA,
    ocaml: OCaml,
    php: Php,
    python: Python,
    r: R,
    ruby: Ruby,
    rust: Rust,
    scala: SCALA,
    sql: SQL,
    swift: SWIFT,
    typescript: TypeScript,
    zig: ZIG,
}

/// One source language.
pub trait Language: Send + Sync {
    /// Its name, as in [`backstory_core::SourceFile::language`].
    fn name(&self) -> &'static str;

    /// The language whose resolver serves this one too, for those whose files import each other.
    fn family(&self) -> &'static str {
        self.name()
    }

    /// Endings of its file names, without the dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Whole names of its files that have no such ending, such as `Rakefile`.
    fn file_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a file is of this language by more of its path than its name. Asked only for files of which
    /// nothing else is known.
    fn claims(&self, _path: &str) -> bool {
        false
    }

    /// Names of files that say how its imports are to be understood. One `*` may stand for anything.
    fn manifests(&self) -> &'static [&'static str] {
        &[]
    }

    /// What a text in this language defines and imports. `path` may tell dialects apart. Broken code gives
    /// what can be recognised.
    fn outline(&self, path: &str, text: &str, limits: Limits) -> Result<Outline, TooComplex>;

    /// Learns what is needed to resolve the imports of files of this family; none for a language whose
    /// imports are not resolved. Must depend on paths, outlines and context alone, never on the bodies of
    /// files.
    fn resolver<'a>(
        &self,
        _repository: &'a Repository,
        _outlines: &'a [Arc<Outline>],
    ) -> Option<Box<dyn Resolver + 'a>> {
        None
    }
}

/// Knows which files of one repository its imports mean. Files are named by their index in
/// [`Repository::files`].
pub trait Resolver: Sync {
    /// Says to `found` which files `import`, which stands in `file`, means; or, if it should mean a file of
    /// this repository and there is none, why. Says nothing of code outside the repository.
    fn resolve(&self, file: u32, import: &Import, found: &mut Found);

    /// Says to `found` which files `file` needs without an import.
    fn implied(&self, _file: u32, _found: &mut Found) {}
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
    /// The query of the outline has too many matches under way.
    #[error("more than {0} definitions are under way at once")]
    Matches(u32),
    /// Four gibibytes or more.
    #[error("4 GiB or larger")]
    Size,
}

/// Every language, sorted by name.
pub fn all() -> &'static [&'static dyn Language] {
    REGISTRY
}

/// The names of all languages that a file can be in, also of those without a grammar: sorted.
pub fn names() -> Vec<&'static str> {
    let known = REGISTRY.iter().map(|language| language.name());
    let mut names: Vec<_> = known.chain(opaque::names()).collect();
    names.sort_unstable();
    names.dedup();
    names
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
    let has_name = |language: &&&dyn Language| language.file_names().contains(&name);
    if let Some(language) = REGISTRY.iter().find(has_name).or(REGISTRY.iter().find(has_extension)) {
        return FileClass::Source(language.name());
    }
    let mut manifests = REGISTRY.iter().flat_map(|language| language.manifests());
    if is_prose(name) || manifests.any(|pattern| matches(pattern, name)) {
        return FileClass::Context;
    }
    let claimed = || REGISTRY.iter().find(|language| language.claims(path));
    let language = opaque::language(name).or_else(|| claimed().map(|language| language.name()));
    language.map_or(FileClass::Other, FileClass::Source)
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

/// The outline of a text in the language of this name; an empty one for a language that has no grammar.
pub fn outline(
    language: &str,
    path: &str,
    text: &str,
    limits: Limits,
) -> Result<Outline, TooComplex> {
    let language = by_name(language);
    language.map_or_else(|| Ok(Outline::default()), |language| language.outline(path, text, limits))
}

/// The resolvers of all languages that one repository is written in.
pub struct Resolvers<'a> {
    repository: &'a Repository,
    outlines: &'a [Arc<Outline>],
    /// By family.
    resolvers: Vec<(&'static str, Box<dyn Resolver + 'a>)>,
}

impl<'a> Resolvers<'a> {
    /// Learns what is needed; `outlines` has one entry per file.
    pub fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let mut names: Vec<_> = repository.files.iter().map(|file| file.language).collect();
        names.sort_unstable();
        names.dedup();
        let mut resolvers = Vec::<(_, Box<dyn Resolver + 'a>)>::new();
        for language in names.into_iter().filter_map(by_name) {
            let family = language.family();
            if resolvers.iter().all(|(known, _)| *known != family)
                && let Some(resolver) = language.resolver(repository, outlines)
            {
                resolvers.push((family, resolver));
            }
        }
        Self { repository, outlines, resolvers }
    }

    /// What `file` depends on, sorted, and which of its imports should have led somewhere and did not.
    pub fn edges(&self, file: u32) -> (Vec<Edge>, Vec<Unresolved>) {
        let mut collector = Collector::new(file);
        if let Some(resolver) = self.of(file) {
            for (index, import) in self.outlines[file as usize].imports.iter().enumerate() {
                resolver.resolve(file, import, collector.import(index as u32, import.when));
            }
            resolver.implied(file, collector.implied());
        }
        collector.finish()
    }

    fn of(&self, file: u32) -> Option<&dyn Resolver> {
        let family = by_name(self.repository.files[file as usize].language)?.family();
        let found = self.resolvers.iter().find(|(known, _)| *known == family);
        found.map(|(_, resolver)| &**resolver)
    }
}
