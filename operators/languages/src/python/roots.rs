//! In which folders a top-level name is looked for. See the module `imports` for the rules.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{Outline, Repository};

use super::finder::{Finder, paths};
use super::projects::declared_roots;
use super::standard::STANDARD_LIBRARY;
use crate::files::{ancestors, file_name, join, parent};

/// Folders that often hold packages beside a project's other files.
const USUAL: [&str; 3] = ["src", "lib", "python"];

/// Folders whose modules are not meant for code outside of them.
const APART: &[&str] = &[
    "data",
    "demo",
    "demos",
    "doc",
    "docs",
    "example",
    "examples",
    "fixture",
    "fixtures",
    "resources",
    "sample",
    "samples",
    "snippets",
    "test",
    "test_data",
    "testcases",
    "testdata",
    "testing",
    "tests",
];

/// Folders in which a package keeps other people's packages.
const VENDORED: &[&str] = &[
    "_thirdparty",
    "_vendor",
    "_vendored",
    "extern",
    "externals",
    "third_party",
    "thirdparty",
    "vendor",
    "vendored",
];

/// More roots than this that have one name tell nothing of what is meant. A namespace that more projects share
/// is looked for by more of its name.
const MOST_ROOTS: usize = 64;

/// So many parts of a name tell roots apart.
const DEEPEST_NAME: usize = 3;

/// A folder with so many modules named like those of the standard library is the standard library.
const STANDARD_ENOUGH: usize = 30;

/// The folders that could be on Python's path.
pub(super) struct Roots<'a> {
    /// Those that have a top-level module or package of a name, or one that is deeper, as in `a/b`: sorted.
    by_name: HashMap<&'a str, Vec<&'a str>>,
    declared: BTreeSet<String>,
    /// Those that are the standard library itself.
    standard: Vec<&'a str>,
    /// What the package is called whose folder is the repository.
    own: Option<String>,
}

impl<'a> Roots<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        outlines: &[Arc<Outline>],
        finder: &Finder<'_>,
    ) -> Self {
        let by_name = by_name(repository, finder);
        let mut counts = BTreeMap::<_, usize>::new();
        for name in STANDARD_LIBRARY {
            for root in by_name.get(name).into_iter().flatten() {
                *counts.entry(*root).or_default() += 1;
            }
        }
        counts.retain(|_, count| *count >= STANDARD_ENOUGH);
        let (declared, standard) = (declared_roots(repository), counts.into_keys().collect());
        let mut roots = Self { by_name, declared, standard, own: None };
        if finder.is_package("") {
            roots.own = roots.own_name(outlines, finder);
        }
        if roots.own.is_some() {
            // What is at the top is inside the package then.
            roots
                .by_name
                .values_mut()
                .for_each(|candidates| candidates.retain(|root| !root.is_empty()));
        }
        roots
    }

    /// What the repository calls itself where it is a package: the name that is imported most, of those
    /// that nothing else explains; none if more imports take the top for a root.
    fn own_name(&self, outlines: &[Arc<Outline>], finder: &Finder<'_>) -> Option<String> {
        let (mut counts, mut as_root) = (BTreeMap::<&str, usize>::new(), 0);
        for import in outlines.iter().flat_map(|outline| &outline.imports) {
            let mut parts = import.path.split('.');
            let Some(top) = parts.next().filter(|top| !top.is_empty()) else { continue };
            let first = parts.next().or(import.names.first().map(|name| &*name.name));
            match self.by_name.get(top) {
                _ if STANDARD_LIBRARY.binary_search(&top).is_ok() => {}
                Some(roots) => as_root += usize::from(roots[0].is_empty()),
                None if first
                    .is_some_and(|first| finder.portion(first, &[""], false).is_some()) =>
                {
                    *counts.entry(top).or_default() += 1;
                }
                None => {}
            }
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        most.filter(|(_, count)| *count > as_root).map(|(name, _)| name.to_owned())
    }

    /// Whether this is the name of the package that the repository is.
    pub(super) fn is_own(&self, top: &str) -> bool {
        self.own.as_deref() == Some(top)
    }

    /// The roots that have the first part of a name; if these are too many, those that have more of it.
    fn candidates(&self, parts: &[&str]) -> Option<&[&'a str]> {
        let all = self.by_name.get(*parts.first()?)?;
        let lengths = (2..=parts.len().min(DEEPEST_NAME)).rev();
        let mut lengths = lengths.filter(|_| all.len() > MOST_ROOTS);
        let deeper = lengths.find_map(|length| self.by_name.get(&*parts[..length].join("/")));
        Some(deeper.unwrap_or(all))
    }

    /// Whether a folder lies in one that a project declares for its packages: what is there is named from
    /// the outer one.
    fn is_inside_source(&self, root: &str) -> bool {
        let mut around = ancestors(root).skip(1);
        around.any(|folder| USUAL.contains(&file_name(folder)) && self.declared.contains(folder))
    }

    /// Where a file in `folder`, which may be a stub, finds a dotted name, in order.
    pub(super) fn of(
        &self,
        folder: &'a str,
        parts: &[&str],
        stub: bool,
        finder: &Finder<'_>,
    ) -> Vec<&'a str> {
        let Some(candidates) = self.candidates(parts) else { return vec![] };
        let top = parts[0];
        let candidate = |root: &str| candidates.binary_search(&root).ok().map(|at| candidates[at]);
        if STANDARD_LIBRARY.binary_search(&top).is_ok() {
            let is_file =
                |root: &&str| finder.portion(top, &[root], false).is_some_and(|m| !m.namespace);
            let around = ancestors(folder).filter(|folder| self.standard.contains(folder));
            // A stub of the standard library is meant by all stubs.
            let stubs = self.standard.iter().copied().filter(|_| stub);
            let all = around.chain(["", "src"]).chain(stubs);
            return all.filter_map(candidate).filter(is_file).collect();
        }
        let mut roots = vec![];
        for around in ancestors(folder) {
            // Inside of a package, only the folder of a script is on the path.
            let open = around == folder || !in_package(around, finder);
            roots.extend(candidate(around).filter(|_| open));
            roots.extend(USUAL.iter().filter_map(|name| candidate(&join(around, name))));
        }
        if candidates.len() > MOST_ROOTS {
            return roots;
        }
        let others = candidates.iter().copied().filter(|root| !roots.contains(root));
        let (mut declared, others): (Vec<_>, Vec<_>) =
            others.partition(|root| self.declared.contains(*root));
        declared.sort_by_key(|root| usize::MAX - shared(root, folder));
        roots.extend(declared);
        if finder.portion(top, &roots, false).is_none_or(|module| module.namespace) {
            let inside = |root: &&str| self.is_inside_source(root);
            let others = others.into_iter().filter(|root| !inside(root)).collect::<Vec<_>>();
            roots.extend(likely(folder, top, &others, finder));
        }
        roots
    }
}

fn by_name<'a>(repository: &'a Repository, finder: &Finder<'_>) -> HashMap<&'a str, Vec<&'a str>> {
    let mut roots = HashMap::<_, Vec<_>>::new();
    let mut seen = HashSet::new();
    let is_root = |folder: &str| !finder.is_package(folder) || is_mistaken(folder);
    for path in paths(repository) {
        let module = path.strip_suffix(".py").or(path.strip_suffix(".pyi")).unwrap_or(path);
        for name in ancestors(module).take_while(|name| !name.is_empty()) {
            if !seen.insert(name) {
                break;
            }
            for root in ancestors(parent(name)).take(DEEPEST_NAME).filter(|root| is_root(root)) {
                let below = name[root.len()..].trim_start_matches('/');
                roots.entry(below).or_default().push(root);
            }
        }
    }
    for candidates in roots.values_mut() {
        candidates.sort_unstable();
    }
    roots
}

/// A package at the top of a repository, or called `src`, is often one by mistake.
fn is_mistaken(package: &str) -> bool {
    package.is_empty() || file_name(package) == "src"
}

/// Whether a folder lies in a package without being one.
fn in_package(folder: &str, finder: &Finder<'_>) -> bool {
    ancestors(folder).any(|around| finder.is_package(around) && !is_mistaken(around))
}

/// The only root that makes sense of those that nothing speaks for; none if there are several.
fn likely<'a>(folder: &str, top: &str, others: &[&'a str], finder: &Finder<'_>) -> Option<&'a str> {
    // What lies inside a package without being one is on the path only if the package puts it there, as it
    // does with what it vendors; and then seldom for anybody outside.
    let hidden = |root: &str| {
        let vendored = VENDORED.contains(&file_name(root));
        (in_package(root, finder) && !vendored)
            || ancestors(root).any(|around| finder.is_package(around) && !is_below(folder, around))
    };
    let open = others.iter().copied().filter(|root| !is_apart(root, folder) && !hidden(root));
    let open = open.collect::<Vec<_>>();
    let module = |root: &str| finder.portion(top, &[root], false);
    let is_regular =
        |root: &&str| module(root).is_some_and(|m| !m.inside.is_empty() && !m.namespace);
    let packages = open.iter().copied().filter(is_regular).collect::<Vec<_>>();
    match (&*packages, &*open) {
        ([only], _) => Some(only),
        ([], [only]) => {
            // A lone file of that name must be near to be more than a namesake of other people's code.
            let is_space = module(only).is_some_and(|module| module.namespace);
            let near = ancestors(folder).any(|around| around == parent(only));
            (is_space || near).then_some(only)
        }
        _ => None,
    }
}

/// Whether a folder is the other, or lies in it.
fn is_below(folder: &str, around: &str) -> bool {
    ancestors(folder).any(|folder| folder == around)
}

/// Whether a root is in a folder that `folder` is not in, and whose modules only matter there.
fn is_apart(root: &str, folder: &str) -> bool {
    let below = root.get(shared(root, folder)..).unwrap_or_default();
    !USUAL.contains(&file_name(root)) && below.split('/').any(|part| APART.contains(&part))
}

/// The length of the path that two folders have in common.
fn shared(one: &str, other: &str) -> usize {
    let parts = one.split('/').zip(other.split('/')).take_while(|(one, other)| one == other);
    parts.map(|(part, _)| part.len() + 1).sum::<usize>().min(one.len())
}
