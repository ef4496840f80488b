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

/// More roots than this that have one name tell nothing of what is meant.
const MOST_ROOTS: usize = 64;

/// A folder with so many modules named like those of the standard library is the standard library.
const STANDARD_ENOUGH: usize = 30;

/// The folders that could be on Python's path.
pub(super) struct Roots<'a> {
    /// Those that have a top-level module or package of a name, sorted.
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

    /// Where a file in `folder` finds the top-level name `top`, in order.
    pub(super) fn of(&self, folder: &'a str, top: &str, finder: &Finder<'_>) -> Vec<&'a str> {
        let Some(candidates) = self.by_name.get(top) else { return vec![] };
        let candidate = |root: &str| candidates.binary_search(&root).ok().map(|at| candidates[at]);
        if STANDARD_LIBRARY.binary_search(&top).is_ok() {
            let is_file =
                |root: &&str| finder.portion(top, &[root], false).is_some_and(|m| !m.namespace);
            let around = ancestors(folder).filter(|folder| self.standard.contains(folder));
            return around.chain(["", "src"]).filter_map(candidate).filter(is_file).collect();
        }
        let mut roots = vec![];
        for folder in ancestors(folder) {
            roots.extend(candidate(folder));
            roots.extend(USUAL.iter().filter_map(|name| candidate(&join(folder, name))));
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
            roots.extend(likely(folder, top, &others, finder));
        }
        roots
    }
}

fn by_name<'a>(repository: &'a Repository, finder: &Finder<'_>) -> HashMap<&'a str, Vec<&'a str>> {
    let mut roots = HashMap::<_, Vec<_>>::new();
    let mut seen = HashSet::new();
    // A package at the top of a repository, or called `src`, is often one by mistake.
    let is_root = |folder: &str| {
        !finder.is_package(folder) || folder.is_empty() || file_name(folder) == "src"
    };
    for path in paths(repository) {
        let module = path.strip_suffix(".py").or(path.strip_suffix(".pyi")).unwrap_or(path);
        for name in ancestors(module).take_while(|name| !name.is_empty()) {
            if !seen.insert(name) {
                break;
            }
            if is_root(parent(name)) {
                roots.entry(file_name(name)).or_default().push(parent(name));
            }
        }
    }
    for candidates in roots.values_mut() {
        candidates.sort_unstable();
    }
    roots
}

/// The only root that makes sense of those that nothing speaks for; none if there are several.
fn likely<'a>(folder: &str, top: &str, others: &[&'a str], finder: &Finder<'_>) -> Option<&'a str> {
    // What lies inside a package without being one is seldom on anybody's path.
    let in_package = |root: &str| ancestors(root).any(|around| finder.is_package(around));
    let open = others.iter().copied().filter(|root| !is_apart(root, folder) && !in_package(root));
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
