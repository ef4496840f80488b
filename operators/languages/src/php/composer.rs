//! Where Composer looks for a class, by the `autoload` and `autoload-dev` of every `composer.json`: PSR-4,
//! where a prefix of the name stands for a folder and the rest of it is the path below, and PSR-0, where
//! all of the name is the path and underscores divide it, too. The longest prefix comes first.
//!
//! Before both comes the map of all classes in the files and folders of `classmap`. Of several files with one
//! class the map has the first that is found: those of the project's own `composer.json` come before those of
//! others, and in one `composer.json` they come in its order.

use std::collections::{HashMap, HashSet};

use backstory_core::Repository;
use serde_json::Value;

use crate::files::{ancestors, file_name, join, parent, walk_to};

/// Folders of one prefix that are tried.
const MOST_FOLDERS: usize = 64;

/// The rules of a repository: prefixes of names, without a slash at their end, and the folders.
#[derive(Default)]
pub(super) struct Autoload<'a> {
    modern: HashMap<String, Vec<String>>,
    old: HashMap<String, Vec<String>>,
    /// Files and folders of `classmap`, and the folder of the `composer.json` that names them, in order.
    classmap: Vec<(String, &'a str)>,
    /// Prefixes whose folders the repository itself is the source of, not something vendored in it.
    own: HashSet<String>,
    /// Folders that have a `composer.json`.
    roots: HashSet<&'a str>,
}

impl<'a> Autoload<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        let mut this = Self::default();
        let manifests = repository.context.iter();
        for (path, text) in manifests.filter(|(path, _)| file_name(path) == "composer.json") {
            let Ok(manifest) = serde_json::from_str::<Value>(text) else { continue };
            let folder = parent(path);
            this.roots.insert(folder);
            for section in ["autoload", "autoload-dev"] {
                let vendored = folder.split('/').any(|part| part == "vendor");
                for (prefix, to) in rules(&manifest[section]["psr-4"], folder) {
                    if !vendored && !prefix.is_empty() {
                        this.own.insert(prefix.clone());
                    }
                    add(&mut this.modern, prefix, to);
                }
                for (prefix, to) in rules(&manifest[section]["psr-0"], folder) {
                    add(&mut this.old, prefix, to);
                }
                let mapped = manifest[section]["classmap"].as_array().into_iter().flatten();
                let mapped = mapped.filter_map(|to| walk_to(folder, to.as_str()?));
                this.classmap.extend(mapped.map(|to| (to, folder)));
            }
        }
        this
    }

    /// Paths where the class may be, the most likely first; those of the same length of prefix begin with
    /// the ones that share the most folders with `near`.
    pub(super) fn paths(&self, class: &str, near: &str) -> Vec<String> {
        let mut found = vec![];
        for prefix in prefixes(class, &['\\']) {
            let rest = class[prefix.len()..].trim_start_matches('\\').replace('\\', "/");
            let folders = self.modern.get(prefix).map(|all| &**all).unwrap_or_default();
            let paths = folders.iter().map(|folder| join(folder, &format!("{rest}.php")));
            found.extend(nearest_first(paths.collect(), near));
        }
        let (space, name) = class.rsplit_once('\\').unwrap_or(("", class));
        let path = join(&space.replace('\\', "/"), &format!("{}.php", name.replace('_', "/")));
        for prefix in prefixes(class, &['\\', '_']) {
            let folders = self.old.get(prefix).map(|all| &**all).unwrap_or_default();
            found.extend(nearest_first(folders.iter().map(|f| join(f, &path)).collect(), near));
        }
        found
    }

    /// The file that the map of classes has, of those that declare one class; `root` is the folder of the project.
    pub(super) fn mapped(
        &self,
        declared: impl Iterator<Item = (u32, &'a str)>,
        root: &str,
    ) -> Option<u32> {
        let place = |path: &str| {
            let holds = |(to, _): &(String, &str)| to.is_empty() || is_inside(path, to);
            let entries = self.classmap.iter().enumerate().filter(|(_, entry)| holds(entry));
            entries.map(|(at, (_, owner))| (*owner != root, at)).min()
        };
        let mapped = declared.filter_map(|(file, path)| Some((place(path)?, file)));
        mapped.min().map(|(_, file)| file)
    }

    /// Whether a name is one that the repository itself should have.
    pub(super) fn is_own(&self, class: &str) -> bool {
        prefixes(class, &['\\']).any(|prefix| self.own.contains(prefix))
    }

    /// The nearest folder above a file that has a `composer.json`.
    pub(super) fn root(&self, path: &'a str) -> &'a str {
        ancestors(parent(path)).find(|folder| self.roots.contains(folder)).unwrap_or("")
    }
}

fn is_inside(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn add(table: &mut HashMap<String, Vec<String>>, prefix: String, folder: String) {
    let folders = table.entry(prefix).or_default();
    if folders.len() < MOST_FOLDERS {
        folders.push(folder);
    }
}

/// The prefixes of one section, with the folders that they stand for.
fn rules(section: &Value, folder: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    for (prefix, to) in section.as_object().into_iter().flatten() {
        let prefix = prefix.trim_start_matches('\\').trim_end_matches(['\\', '_']).to_owned();
        let all = to.as_array().map_or_else(|| std::slice::from_ref(to), |all| &**all);
        let folders = all.iter().filter_map(|to| walk_to(folder, to.as_str()?));
        found.extend(folders.map(|to| (prefix.clone(), to)));
    }
    found
}

/// What a name begins with, the longest first, the empty one last. The name itself is its own prefix only
/// for rules that name one class.
fn prefixes<'n>(name: &'n str, ends: &'static [char]) -> impl Iterator<Item = &'n str> {
    let next = move |prefix: &&'n str| match prefix.rfind(ends) {
        _ if prefix.is_empty() => None,
        Some(at) => Some(&prefix[..at]),
        None => Some(""),
    };
    std::iter::successors(Some(name), next)
}

fn nearest_first(mut paths: Vec<String>, near: &str) -> Vec<String> {
    paths.sort_by_key(|path| std::cmp::Reverse(shared(path, near)));
    paths
}

/// How many bytes two paths share at their beginning.
pub(super) fn shared(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}
