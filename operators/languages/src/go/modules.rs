//! Which folder an import path means, by the `go.mod` and `go.work` files of a repository.
//!
//! A file belongs to the module of the nearest `go.mod` above it. An import means a folder of that module;
//! or of what is vendored at the module's top; or of a module that `replace` leads to; or of one that a
//! `go.work` uses together with it. Modules that are bound in this way, directly or through others, are
//! one build and see each other. Of several modules that the import path begins with, the longest path
//! that has the folder wins, and a folder of a nested module is none of the outer one. The standard
//! library is a module that is called `std`.
//!
//! Files that no `go.mod` stands above are from older times: there a folder `vendor` counts for all that is
//! beside or below it, paths are those below a folder `src` or the top, and the path of the repository
//! itself is guessed from what its own files import.

use std::collections::{BTreeMap, HashMap, HashSet};

use backstory_core::Repository;

use crate::files::{ancestors, file_name, join, parent, walk_to};

/// Where an import path leads.
pub(super) enum Place {
    /// To this folder.
    Folder(String),
    /// To this folder of a module that the importing one does not say to be the one beside it: Go takes
    /// another version from elsewhere.
    Elsewhere(String),
    /// To nothing, although it is a path of the own module.
    Nowhere,
    /// Out of the repository.
    Outside,
}

/// The modules of a repository.
pub(super) struct Modules<'a> {
    /// By their folder.
    modules: HashMap<&'a str, Module<'a>>,
    /// Folders of modules that are one build, by a name of the build and the module's path.
    builds: HashMap<(&'a str, &'a str), &'a str>,
    /// All modules by path.
    by_path: BTreeMap<&'a str, &'a str>,
    /// Folders with Go files in them.
    folders: HashSet<&'a str>,
    /// The path that a repository without modules seems to have.
    guessed: Option<&'a str>,
}

struct Module<'a> {
    path: &'a str,
    folder: &'a str,
    /// Module paths that lead to folders of the repository.
    replaced: HashMap<&'a str, String>,
    /// The folder that names the build it is part of.
    build: &'a str,
    /// The folder of the `go.work` that uses it.
    workspace: Option<&'a str>,
}

impl<'a> Modules<'a> {
    /// `imports` are the paths that files without a module import.
    pub(super) fn new(
        repository: &'a Repository,
        folders: HashSet<&'a str>,
        imports: impl Fn(&Modules<'a>) -> Vec<&'a str>,
    ) -> Self {
        let (modules, by_path) = (HashMap::new(), BTreeMap::new());
        let mut this = Self { modules, builds: HashMap::new(), by_path, folders, guessed: None };
        let mut order = vec![];
        for (path, text) in &repository.context {
            if file_name(path) == "go.mod"
                && let Some(module) = Module::read(parent(path), text)
            {
                this.by_path.entry(module.path).or_insert(module.folder);
                order.push(module.folder);
                this.modules.insert(module.folder, module);
            }
        }
        this.bind(repository, &order);
        this.guessed = this.guess(imports(&this));
        this
    }

    /// Finds out which modules are one build.
    fn bind(&mut self, repository: &'a Repository, order: &[&'a str]) {
        let mut bonds = Bonds::default();
        let mut replaced_by = vec![];
        for folder in order {
            let module = &self.modules[folder];
            let to = |(old, to): (&&'a str, &String)| Some((*folder, *old, self.module_at(to)?));
            replaced_by.extend(module.replaced.iter().filter_map(to));
        }
        let works = repository.context.iter().filter(|(path, _)| file_name(path) == "go.work");
        for (path, text) in works {
            let folder = parent(path);
            let directives = directives(text);
            let used = directives.iter().filter(|words| words.first() == Some(&"use"));
            let used = used.filter_map(|words| walk_to(folder, words.get(1)?));
            let used: Vec<_> = used.filter_map(|to| self.module_at(&to)).collect();
            let Some(&first) = used.first() else { continue };
            for module in &used {
                bonds.bind(first, module);
                if let Some(module) = self.modules.get_mut(module) {
                    module.workspace.get_or_insert(folder);
                }
            }
            let to = |(old, to): (&'a str, String)| Some((first, old, self.module_at(&to)?));
            replaced_by.extend(replaced(&directives, folder).into_iter().filter_map(to));
        }
        replaced_by.sort_unstable();
        for (module, _, to) in &replaced_by {
            bonds.bind(module, to);
        }
        for folder in order {
            let Some(module) = self.modules.get_mut(folder) else { continue };
            module.build = bonds.root(folder);
            self.builds.entry((module.build, module.path)).or_insert(folder);
        }
        for (module, old, to) in replaced_by {
            self.builds.entry((bonds.root(module), old)).or_insert(to);
        }
    }

    fn module_at(&self, folder: &str) -> Option<&'a str> {
        self.modules.get(folder).map(|module| module.folder)
    }

    /// The module that a folder belongs to.
    fn module_of(&self, folder: &str) -> Option<&Module<'a>> {
        ancestors(folder).find_map(|folder| self.modules.get(folder))
    }

    /// Whether a folder belongs to some module.
    pub(super) fn has_module(&self, folder: &str) -> bool {
        self.module_of(folder).is_some()
    }

    /// Where an import of `path` in a file of `folder` leads.
    pub(super) fn place(&self, folder: &str, path: &str) -> Place {
        let Some(module) = self.module_of(folder) else {
            return self.place_without_module(folder, path);
        };
        let own = below(module.path, path).map(|rest| join(module.folder, rest));
        if let Some(own) = own.as_ref().filter(|own| self.is_in(own, module.folder)) {
            return Place::Folder(own.clone());
        }
        let tops = [Some(module.folder), module.workspace];
        let vendored = tops.into_iter().flatten().map(|top| join(&join(top, "vendor"), path));
        if let Some(folder) = vendored.into_iter().find(|folder| self.folders.contains(&**folder)) {
            return Place::Folder(folder);
        }
        if let Some(folder) = self.in_build(module, path).or_else(|| self.standard(path)) {
            return Place::Folder(folder);
        }
        let elsewhere = prefixes(path).find_map(|prefix| {
            let top = self.by_path.get(prefix)?;
            Some(join(top, below(prefix, path)?)).filter(|folder| self.is_in(folder, top))
        });
        match elsewhere {
            Some(folder) => Place::Elsewhere(folder),
            None if own.is_some() => Place::Nowhere,
            None => Place::Outside,
        }
    }

    fn in_build(&self, module: &Module<'a>, path: &str) -> Option<String> {
        prefixes(path).find_map(|prefix| {
            let rest = below(prefix, path)?;
            let replaced = module.replaced.get(prefix).map(|top| join(top, rest));
            let replaced = replaced.filter(|folder| self.folders.contains(&**folder));
            replaced.or_else(|| {
                let top = self.builds.get(&(module.build, prefix))?;
                Some(join(top, rest)).filter(|folder| self.is_in(folder, top))
            })
        })
    }

    /// A package of the standard library, if that is what the repository holds.
    fn standard(&self, path: &str) -> Option<String> {
        let top = self.by_path.get("std")?;
        let is_standard =
            path != "unsafe" && !path.split('/').next().unwrap_or_default().contains('.');
        Some(join(top, path)).filter(|folder| is_standard && self.is_in(folder, top))
    }

    fn place_without_module(&self, folder: &str, path: &str) -> Place {
        let has_files = |folder: &String| self.folders.contains(&**folder);
        let vendored =
            ancestors(folder).map(|top| join(&join(top, "vendor"), path)).find(has_files);
        let sources = ancestors(folder).filter(|top| matches!(file_name(top), "src" | ""));
        let found = vendored.or_else(|| sources.map(|top| join(top, path)).find(has_files));
        if let Some(folder) = found {
            return Place::Folder(folder);
        }
        match self.guessed.and_then(|guessed| below(guessed, path)) {
            Some(rest) if self.folders.contains(rest) => Place::Folder(rest.to_owned()),
            Some(_) => Place::Nowhere,
            None => Place::Outside,
        }
    }

    /// Whether there are Go files in `folder`, and they belong to the module of the folder `top`.
    fn is_in(&self, folder: &str, top: &str) -> bool {
        self.folders.contains(folder)
            && self.module_of(folder).is_some_and(|module| module.folder == top)
    }

    /// The path that makes the most of these imports lead to folders.
    fn guess(&self, imports: Vec<&'a str>) -> Option<&'a str> {
        let mut votes = BTreeMap::<&str, usize>::new();
        for path in imports {
            for prefix in prefixes(path).skip(1).filter(|prefix| prefix.contains('.')) {
                if below(prefix, path).is_some_and(|rest| self.folders.contains(rest)) {
                    *votes.entry(prefix).or_default() += 1;
                }
            }
        }
        let best = votes.into_iter().rev().max_by_key(|(_, votes)| *votes);
        best.map(|(prefix, _)| prefix)
    }
}

impl<'a> Module<'a> {
    fn read(folder: &'a str, text: &'a str) -> Option<Self> {
        let directives = directives(text);
        let module = directives.iter().find(|words| words.first() == Some(&"module"));
        let path =
            module.and_then(|words| words.get(1)).copied().filter(|path| !path.is_empty())?;
        let replaced = replaced(&directives, folder).into_iter().collect();
        Some(Self { path, folder, replaced, build: folder, workspace: None })
    }
}

/// Modules that belong together: each has a name, and those of one name are one build.
#[derive(Default)]
struct Bonds<'a>(HashMap<&'a str, &'a str>);

impl<'a> Bonds<'a> {
    fn root(&mut self, folder: &'a str) -> &'a str {
        let mut at = folder;
        while let Some(next) = self.0.get(at).copied() {
            // Halves the way for whoever asks next.
            if let Some(after) = self.0.get(next).copied() {
                self.0.insert(at, after);
            }
            at = next;
        }
        at
    }

    fn bind(&mut self, one: &'a str, other: &'a str) {
        let (one, other) = (self.root(one), self.root(other));
        if one != other {
            self.0.insert(other, one);
        }
    }
}

/// Module paths that are replaced by folders of the repository.
fn replaced<'t>(directives: &[Vec<&'t str>], folder: &str) -> Vec<(&'t str, String)> {
    let replaces = directives.iter().filter(|words| words.first() == Some(&"replace"));
    let pair = |words: &Vec<&'t str>| {
        let arrow = words.iter().position(|word| *word == "=>")?;
        let (old, new) = (words.get(1)?, words.get(arrow + 1)?);
        let is_folder =
            new.starts_with("./") || new.starts_with("../") || matches!(*new, "." | "..");
        Some((*old, walk_to(folder, new).filter(|_| is_folder)?))
    };
    replaces.filter_map(pair).collect()
}

/// The directives of a `go.mod` or `go.work`, each as its words; those in parentheses get the verb that
/// stands before them.
fn directives(text: &str) -> Vec<Vec<&str>> {
    let (mut found, mut block) = (vec![], None);
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.split("//").next().unwrap_or(line);
        let words = line.split_whitespace().map(|word| word.trim_matches(['"', '`', '\'']));
        let words: Vec<_> = words.collect();
        match (&*words, block) {
            ([], _) => {}
            ([")"], _) => block = None,
            ([verb, "("], None) => block = Some(*verb),
            (words, Some(verb)) => found.push([&[verb], words].concat()),
            (_, None) => found.push(words),
        }
    }
    found
}

/// A path and all that it begins with, the longest first.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(before, _)| before))
}

/// What is left of `path` below `prefix`.
fn below<'p>(prefix: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(prefix)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}
