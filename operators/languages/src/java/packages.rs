//! The packages of a repository, and which files define which names in them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use backstory_core::{Definition, DefinitionKind, Outline, Repository};

use super::layout::Layout;
use crate::files::file_name;

/// Files that define one name, more than anybody has on purpose: of more, only the nearest by path are
/// looked at.
const MOST_CANDIDATES: usize = 64;

/// A file that defines a name at its top level.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Candidate {
    file: u32,
    /// Whether files of other packages may use it.
    public: bool,
    /// Whether it is a type, and so means one file; functions of one name can be in several.
    is_type: bool,
    /// Whether it stands in for what common code declares.
    actual: bool,
}

/// What a name has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Something that files of other packages may use.
    pub(super) public: bool,
    /// A type.
    pub(super) types: bool,
}

impl Wanted {
    pub(super) const ANY: Self = Self { public: false, types: false };

    fn is(self, candidate: Candidate) -> bool {
        (candidate.public || !self.public) && (candidate.is_type || !self.types)
    }
}

/// The names of one package. Only looked up, never iterated into what is found.
type Names<'a> = HashMap<Cow<'a, str>, Vec<Candidate>>;

/// All packages.
pub(super) struct Packages<'a> {
    layout: Layout<'a>,
    packages: HashMap<&'a str, Names<'a>>,
}

impl<'a> Packages<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let mut packages = HashMap::<_, Names<'_>>::new();
        for (index, (file, outline)) in repository.files.iter().zip(outlines).enumerate() {
            if !matches!(file.language, "java" | "kotlin") {
                continue;
            }
            let names = packages.entry(outline.package.as_deref().unwrap_or_default()).or_default();
            let mut add = |name: Cow<'a, str>, candidate: Candidate| {
                let known = names.entry(name).or_default();
                if known.last() != Some(&candidate) {
                    known.push(candidate);
                }
            };
            for definition in outline.top_level() {
                let candidate = candidate(index as u32, definition, &file.text);
                add(Cow::Borrowed(definition.name(&file.text)), candidate);
                if file.language == "kotlin" && !candidate.is_type {
                    add(Cow::Owned(facade(&file.path)), Candidate { is_type: true, ..candidate });
                }
            }
        }
        Self { layout: Layout::new(repository, outlines), packages }
    }

    /// Whether any file says that it belongs to this package.
    pub(super) fn has(&self, package: &str) -> bool {
        self.packages.contains_key(package)
    }

    /// The names that `package` defines among the sorted `names`.
    pub(super) fn defined<'n>(&self, package: &str, names: &'n [String]) -> Vec<&'n str> {
        let Some(defined) = self.packages.get(package) else { return vec![] };
        let mut found: Vec<&str> = if names.len() <= defined.len() {
            names.iter().map(|name| &**name).filter(|name| defined.contains_key(*name)).collect()
        } else {
            let place =
                |name: &Cow<'_, str>| names.binary_search_by(|known| known.as_str().cmp(name));
            defined.keys().filter_map(|name| place(name).ok()).map(|at| &*names[at]).collect()
        };
        found.sort_unstable();
        found
    }

    /// The files that `name` of `package` means in the file `from`: the nearest one that defines a type of
    /// this name, and what stands beside the nearest function of this name and is called so as well.
    pub(super) fn named(&self, from: u32, package: &str, name: &str, wanted: Wanted) -> Vec<u32> {
        let Some(all) = self.packages.get(package).and_then(|names| names.get(name)) else {
            return vec![];
        };
        let near = all.partition_point(|candidate| candidate.file < from);
        let start = near.saturating_sub(MOST_CANDIDATES / 2);
        let some = &all[start..all.len().min(start + MOST_CANDIDATES)];
        let from_root = self.layout.place(from).root;
        // Without a package, files do not see each other across folders.
        let is_seen = |candidate: &&Candidate| {
            wanted.is(**candidate)
                && (!package.is_empty() || self.layout.place(candidate.file).root == from_root)
        };
        let rank = |candidate: &Candidate| {
            (self.layout.rank(from, candidate.file), candidate.actual, candidate.file)
        };
        let ranked = || some.iter().filter(is_seen);
        let best_type = ranked().filter(|candidate| candidate.is_type).min_by_key(|c| rank(c));
        let mut found: Vec<u32> = best_type.map(|candidate| candidate.file).into_iter().collect();
        let functions = || ranked().filter(|candidate| !candidate.is_type);
        if let Some(best) = functions().min_by_key(|candidate| rank(candidate)) {
            let module = self.layout.place(best.file).module;
            let beside = functions().filter(|candidate| {
                self.layout.place(candidate.file).module == module
                    && candidate.actual == best.actual
                    && self.layout.rank(from, candidate.file).0
                        == self.layout.rank(from, best.file).0
            });
            found.extend(beside.map(|candidate| candidate.file));
        }
        found
    }
}

fn candidate(file: u32, definition: &Definition, text: &str) -> Candidate {
    let mut words = definition.signature(text).split_whitespace().take(4);
    Candidate {
        file,
        public: definition.public || words.clone().any(|word| word == "internal"),
        is_type: is_type(definition.kind),
        actual: words.any(|word| word == "actual"),
    }
}

/// Whether what is of this kind can be named as a type, at the top level of a file or in another type.
pub(super) fn is_type(kind: DefinitionKind) -> bool {
    use DefinitionKind::{Alias, Interface, Module, Type};
    matches!(kind, Type | Interface | Alias | Module)
}

/// The class that Java sees of the functions of a Kotlin file.
fn facade(path: &str) -> String {
    let name = file_name(path);
    let mut stem = name.strip_suffix(".kt").unwrap_or(name).chars();
    let first = stem.next().into_iter().flat_map(char::to_uppercase);
    first.chain(stem).chain("Kt".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_a_file_are_in_a_class_named_after_it() {
        assert_eq!(facade("a/b/strings.kt"), "StringsKt");
        assert_eq!(facade("X.kt"), "XKt");
    }
}
