//! What Python imports mean inside one repository.
//!
//! An absolute import is looked for in every folder that Python could have on its path: first the
//! folders around the importing file, the nearest first, which end with the top of the repository; then
//! `src`; then any other folder, if only one has a module of that name. A folder is such a root if it is
//! no package itself, that is, if it has no `__init__.py`. A name of the standard library is looked
//! for at the top and in `src` only: a file that happens to be called `types.py` is rarely meant.
//!
//! `from package import name` means the submodule `name` if there is one, else the package's
//! `__init__.py`. Packages on the way to a module are not counted as needed.

use std::collections::{HashMap, HashSet};

use backstory_core::{Import, ImportedName, Repository};

use super::standard::STANDARD_LIBRARY;
use crate::{Found, Resolver};
use crate::files::{Files, ancestors, file_name, join, parent};

/// The modules of one repository.
pub(super) struct Modules<'a> {
    repository: &'a Repository,
    files: Files<'a>,
    packages: HashSet<&'a str>,
    /// The roots that have a top-level module or package of a name, sorted.
    roots: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Modules<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        let files = Files::new(repository, &["python"]);
        let paths = || {
            let python = repository.files.iter().filter(|file| file.language == "python");
            python.map(|file| &*file.path)
        };
        let is_init = |path: &&str| matches!(file_name(path), "__init__.py" | "__init__.pyi");
        let packages: HashSet<&str> = paths().filter(is_init).map(parent).collect();
        let mut roots = HashMap::<_, Vec<_>>::new();
        let mut seen = HashSet::new();
        for path in paths() {
            let module = path.strip_suffix(".py").or(path.strip_suffix(".pyi")).unwrap_or(path);
            for name in ancestors(module).take_while(|name| !name.is_empty()) {
                if !seen.insert(name) {
                    break;
                }
                if !packages.contains(parent(name)) {
                    roots.entry(file_name(name)).or_default().push(parent(name));
                }
            }
        }
        for candidates in roots.values_mut() {
            candidates.sort_unstable();
        }
        Self { repository, files, packages, roots }
    }

    /// The file that is the module at a path without ending.
    fn module(&self, path: &str, stub: bool) -> Option<u32> {
        let mut endings = ["/__init__.py", ".py", "/__init__.pyi", ".pyi"];
        if stub {
            endings.rotate_left(2);
        }
        // The package at the top of a repository has no folder of its own.
        let path_of = |ending: &str| match path {
            "" => ending.trim_start_matches('/').to_owned(),
            path => format!("{path}{ending}"),
        };
        endings.iter().find_map(|ending| self.files.at(&path_of(ending)))
    }

    /// Adds what `from base import names` or `import base` means; false if it means nothing.
    fn import(&self, base: &str, names: &[ImportedName], stub: bool, found: &mut Found) -> bool {
        let before = found.count();
        let submodules = names.iter().filter(|name| name.name != "*");
        found.imports(submodules.filter_map(|name| self.module(&join(base, &name.name), stub)));
        if names.is_empty() || found.count() - before < names.len() {
            found.imports(self.module(base, stub));
        }
        found.count() > before
    }

    /// The roots to look for a top-level name in, in order.
    fn roots_for(&self, folder: &'a str, top: &str) -> Vec<&'a str> {
        if STANDARD_LIBRARY.binary_search(&top).is_ok() {
            return vec!["", "src"];
        }
        let around = ancestors(folder).filter(|folder| !self.packages.contains(folder));
        let mut roots: Vec<&str> = around.collect();
        roots.push("src");
        if let Some([only]) = self.roots.get(top).map(Vec::as_slice) {
            roots.push(only);
        }
        roots
    }
}

impl Resolver for Modules<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let path = &*self.repository.files[file as usize].path;
        let stub = path.strip_suffix(".pyi").is_some();
        let dots = import.path.bytes().take_while(|&byte| byte == b'.').count();
        let rest = import.path[dots..].replace('.', "/");
        if dots > 0 {
            if let Some(base) = ancestors(parent(path)).nth(dots - 1) {
                self.import(&join(base, &rest), &import.names, stub, found);
            }
            return;
        }
        let top = rest.split('/').next().unwrap_or_default();
        for root in self.roots_for(parent(path), top) {
            if self.import(&join(root, &rest), &import.names, stub, found) {
                return;
            }
        }
    }
}
