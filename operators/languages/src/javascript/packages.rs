//! The packages of a repository: its `package.json` files, and which of them an importing file sees by name.
//!
//! What is in a `node_modules` is third-party, even in the repository. Else a file sees, in this order: its own
//! package if that has `exports`, what a `package.json` around it links to (`file:`, `link:`, `portal:`), the
//! members of the workspaces around it, unless a `package.json` in between is a member of other workspaces,
//! which are installed by themselves, and takes the name from a registry. Where no workspaces are declared
//! around it, any package of the repository will do that is not test data and not around the file. Of
//! `exports` the conditions are taken in the order they stand in; those that somebody may have set and those of
//! other platforms come last.

use std::collections::{HashMap, HashSet};

use backstory_core::Repository;
use serde_json::{Map, Value};

use super::json::parse;
use super::patterns::{Patterns, fill};
use super::tree::{Importer, Order};
use super::versions::types_versions;
use super::workspaces::{Globs, manifest_globs};
use crate::files::{ancestors, file_name, parent, walk_to};

/// A `package.json`.
pub(crate) struct Package<'a> {
    pub(crate) folder: &'a str,
    name: Option<String>,
    /// Whether its `.js` files are ES modules.
    pub(crate) of_modules: bool,
    /// The files that it says it is, the best first.
    main: Vec<String>,
    /// The files for TypeScript that it says it is.
    types: Vec<String>,
    /// None if it has none; then all its files can be imported.
    exports: Option<Patterns<Value>>,
    /// Where TypeScript is to look for its files, if it has no `exports`.
    versions: Patterns<Vec<String>>,
    /// What names beginning with `#` mean in it.
    imports: Patterns<Value>,
    /// Folders of packages that are linked to by name.
    links: HashMap<String, String>,
    /// Packages that it wants in a version that was published.
    published: HashSet<String>,
}

/// The packages of one repository.
pub(crate) struct Packages<'a> {
    packages: Vec<Package<'a>>,
    by_folder: HashMap<&'a str, usize>,
    by_name: HashMap<String, Vec<usize>>,
    /// By the folder that declares them: the members of workspaces by name.
    workspaces: HashMap<&'a str, HashMap<String, usize>>,
    /// By the folder of a member of workspaces: the folder that declares them.
    members: HashMap<&'a str, &'a str>,
    /// By folder: the packages in its `node_modules`, where that is part of the repository.
    vendored: HashMap<&'a str, HashSet<&'a str>>,
}

impl<'a> Packages<'a> {
    pub(crate) fn new(repository: &'a Repository) -> Self {
        let mut packages = Self {
            packages: vec![],
            by_folder: HashMap::new(),
            by_name: HashMap::new(),
            workspaces: HashMap::new(),
            members: HashMap::new(),
            vendored: HashMap::new(),
        };
        let mut globs = HashMap::<&str, Globs>::new();
        for (path, text) in &repository.context {
            let folder = parent(path);
            if file_name(path) == "package.json"
                && let Some(Value::Object(manifest)) = parse(text)
            {
                packages.add(folder, &manifest);
            }
            globs.entry(folder).or_default().extend(manifest_globs(file_name(path), text));
        }
        for file in &repository.files {
            if let Some((folder, inside)) = file.path.rsplit_once("node_modules/") {
                let names = packages.vendored.entry(folder.trim_end_matches('/')).or_default();
                names.insert(split(inside).0);
            }
        }
        let mut roots: Vec<_> = globs.into_iter().filter(|(_, globs)| !globs.is_empty()).collect();
        roots.sort_unstable_by_key(|(root, _)| *root);
        packages.join_workspaces(&roots);
        packages
    }

    fn add(&mut self, folder: &'a str, manifest: &Map<String, Value>) {
        let (index, package) = (self.packages.len(), Package::new(folder, manifest));
        if let Some(name) = &package.name {
            self.by_name.entry(name.clone()).or_default().push(index);
        }
        self.by_folder.insert(folder, index);
        self.packages.push(package);
    }

    /// Every package is a member of the nearest workspaces that name its folder.
    fn join_workspaces(&mut self, roots: &[(&'a str, Globs)]) {
        let globs: HashMap<&str, &Globs> =
            roots.iter().map(|(root, globs)| (*root, globs)).collect();
        self.workspaces = roots.iter().map(|(root, _)| (*root, HashMap::new())).collect();
        for (index, package) in self.packages.iter().enumerate() {
            let folder = package.folder;
            let names_it = |root: &&str| {
                let inside = folder.strip_prefix(*root).unwrap_or(folder);
                globs.get(root).is_some_and(|globs| globs.has(inside.trim_start_matches('/')))
            };
            if let Some(root) = ancestors(folder).find(names_it)
                && let Some(members) = self.workspaces.get_mut(root)
            {
                self.members.insert(folder, root);
                if let Some(name) = &package.name {
                    members.entry(name.clone()).or_insert(index);
                }
            }
        }
    }

    /// The package in a folder.
    pub(crate) fn at(&self, folder: &str) -> Option<&Package<'a>> {
        self.by_folder.get(folder).map(|&index| &self.packages[index])
    }

    /// The package that the files of a folder belong to.
    pub(crate) fn around(&self, folder: &str) -> Option<&Package<'a>> {
        ancestors(folder).find_map(|folder| self.at(folder))
    }

    /// The folder of a package of this name, whoever asks.
    pub(crate) fn folder_named(&self, name: &str) -> Option<&'a str> {
        self.by_name.get(name).map(|packages| self.packages[packages[0]].folder)
    }

    /// Whether a package of this name is in a `node_modules` around `folder` that is part of the repository.
    /// It is somebody else's all the same.
    pub(crate) fn is_vendored(&self, folder: &str, name: &str) -> bool {
        ancestors(folder).any(|folder| {
            let mut places = self.vendored.get(folder).into_iter();
            places.any(|names| names.contains(name))
        })
    }

    /// The package that a file in `folder` sees by this name.
    pub(crate) fn seen(&self, folder: &str, name: &str) -> Option<&Package<'a>> {
        let own = self.around(folder);
        let own = own.filter(|own| own.exports.is_some() && own.name.as_deref() == Some(name));
        own.or_else(|| self.linked(folder, name)).or_else(|| {
            let is_declared = |folder: &&str| self.workspaces.contains_key(folder);
            let mut around = ancestors(folder).filter(is_declared).peekable();
            if around.peek().is_none() {
                return self.somewhere(folder, self.by_name.get(name)?);
            }
            let member = |root: &str| self.workspaces.get(root)?.get(name);
            around
                .filter(|root| !self.has_its_own(folder, root, name))
                .find_map(member)
                .map(|&package| &self.packages[package])
        })
    }

    /// Whether a file in `folder`, below the workspaces in `root`, is in a package of other workspaces that
    /// wants this name in a published version.
    fn has_its_own(&self, folder: &str, root: &str, name: &str) -> bool {
        let between = ancestors(folder).take_while(|between| *between != root);
        let mut between = between.filter_map(|folder| self.at(folder));
        between.any(|package| {
            let workspaces = self.members.get(package.folder);
            workspaces.is_some_and(|other| *other != root) && package.published.contains(name)
        })
    }

    fn linked(&self, folder: &str, name: &str) -> Option<&Package<'a>> {
        let around = ancestors(folder).filter_map(|folder| self.at(folder));
        let mut links = around.filter_map(|package| package.links.get(name));
        links.find_map(|folder| self.at(folder))
    }

    /// The first of `packages` that may be meant where nobody says so.
    fn somewhere(&self, folder: &str, packages: &[usize]) -> Option<&Package<'a>> {
        let mut packages = packages.iter().map(|&package| &self.packages[package]);
        packages.find(|package| {
            // Node: a package sees itself if it has `exports`, and only from files whose nearest manifest is its.
            let is_around = ancestors(folder).any(|around| around == package.folder);
            !is_around && !is_test_data(package.folder, folder)
        })
    }
}

/// Whether a package is in a folder of test data or examples that the file is not in.
fn is_test_data(package: &str, folder: &str) -> bool {
    const FOLDERS: [&str; 12] = [
        "test",
        "tests",
        "__tests__",
        "spec",
        "fixture",
        "fixtures",
        "__fixtures__",
        "examples",
        "example",
        "e2e",
        "templates",
        "node_modules",
    ];
    let set_apart = ancestors(package).filter(|folder| FOLDERS.contains(&file_name(folder)));
    let is_around = |outer: &str| {
        folder.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    set_apart.into_iter().any(|outer| !is_around(outer))
}

impl<'a> Package<'a> {
    fn new(folder: &'a str, manifest: &Map<String, Value>) -> Self {
        let stated = |keys: &[&str]| {
            let values = keys.iter().filter_map(|key| manifest.get(*key)?.as_str());
            values.map(str::to_owned).collect::<Vec<_>>()
        };
        Self {
            folder,
            name: manifest.get("name").and_then(Value::as_str).map(str::to_owned),
            of_modules: manifest.get("type").and_then(Value::as_str) == Some("module"),
            main: stated(&["main", "module", "source"]),
            types: stated(&["types", "typings"]),
            exports: manifest.get("exports").filter(|value| !value.is_null()).map(by_subpath),
            versions: types_versions(manifest),
            imports: manifest.get("imports").map(by_subpath).unwrap_or_default(),
            links: links(folder, manifest),
            published: published(manifest),
        }
    }

    /// The paths in the repository that the package may be, by the fields that are older than `exports`.
    pub(crate) fn main(&self, order: Order) -> Vec<String> {
        let (first, second) = match order {
            Order::JavaScript => (&self.main, &self.types),
            Order::TypeScript => (&self.types, &self.main),
        };
        let first = first.iter().chain(second);
        let stated = first.clone().next().map_or("index", |path| path.trim_start_matches("./"));
        let mut paths = self.versioned(stated, order);
        paths.extend(first.filter_map(|path| walk_to(self.folder, path)));
        paths
    }

    /// The paths in the repository where TypeScript is to look for a file of the package.
    pub(crate) fn versioned(&self, file: &str, order: Order) -> Vec<String> {
        if order != Order::TypeScript || self.exports.is_some() {
            return vec![];
        }
        let all = |paths: &Vec<String>, star: Option<&str>| {
            let paths = paths.iter().filter_map(|path| walk_to(self.folder, &fill(path, star)));
            Some(paths.collect())
        };
        self.versions.find(file, all).unwrap_or_default()
    }

    /// The paths in the repository that `exports` may mean by a subpath such as `.` or `./util`, the
    /// nearest conditions first.
    pub(crate) fn exported(&self, subpath: &str, importer: Importer<'_>) -> [Vec<String>; 3] {
        let found = self.exports.as_ref().and_then(|exports| {
            exports.find(subpath, |target, star| Some(self.targets(target, star, importer)))
        });
        found.unwrap_or_default()
    }

    /// The same for a name beginning with `#` in its own files.
    pub(crate) fn imported(&self, name: &str, importer: Importer<'_>) -> [Vec<String>; 3] {
        let target =
            |target: &Value, star: Option<&str>| Some(self.targets(target, star, importer));
        self.imports.find(name, target).unwrap_or_default()
    }

    fn targets(
        &self,
        target: &Value,
        star: Option<&str>,
        importer: Importer<'_>,
    ) -> [Vec<String>; 3] {
        conditions(target, importer).map(|targets| {
            let targets = targets.into_iter();
            targets.filter_map(|target| walk_to(self.folder, &fill(target, star))).collect()
        })
    }
}

/// `exports` or `imports` by subpath. A key that ends in a slash means all that is in a folder.
fn by_subpath(value: &Value) -> Patterns<Value> {
    let is_subpath = |key: &String| key.starts_with(['.', '#']);
    match value.as_object().filter(|object| object.keys().any(is_subpath)) {
        None => [(".".to_owned(), value.clone())].into_iter().collect(),
        Some(object) => object
            .iter()
            .map(|(key, target)| match (key.strip_suffix('/'), target) {
                (Some(_), Value::String(to)) => {
                    (format!("{key}*"), Value::String(format!("{to}*")))
                }
                _ => (key.clone(), target.clone()),
            })
            .collect(),
    }
}

/// What a manifest depends on: names and versions.
fn dependencies(manifest: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    const KEYS: [&str; 4] =
        ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
    KEYS.iter().filter_map(|key| manifest.get(*key)?.as_object()).flatten()
}

/// The dependencies that are wanted by a version.
fn published(manifest: &Map<String, Value>) -> HashSet<String> {
    let is_version = |version: &str| {
        version
            .trim_start_matches(['^', '~', '<', '>', '=', 'v', ' '])
            .starts_with(|c: char| c.is_ascii_digit())
    };
    let wanted =
        dependencies(manifest).filter(|(_, version)| version.as_str().is_some_and(is_version));
    wanted.map(|(name, _)| name.clone()).collect()
}

/// The folders that dependencies are linked to.
fn links(folder: &str, manifest: &Map<String, Value>) -> HashMap<String, String> {
    let links = dependencies(manifest).filter_map(|(name, version)| {
        let path = match version.as_str()?.split_once(':')? {
            ("file" | "link" | "portal", path) => path,
            ("workspace", path) if path.starts_with('.') => path,
            _ => return None,
        };
        Some((name.clone(), walk_to(folder, path)?))
    });
    links.collect()
}

/// The paths that a target of `exports` may be, by the distance of the farthest condition around them.
fn conditions<'v>(target: &'v Value, importer: Importer<'_>) -> [Vec<&'v str>; 3] {
    let mut found = [vec![], vec![], vec![]];
    let mut open = vec![(target, 0)];
    while let Some((target, far)) = open.pop() {
        match target {
            Value::String(path) => found[far].push(&**path),
            Value::Array(choices) => open.extend(choices.iter().rev().map(|one| (one, far))),
            Value::Object(object) => {
                let choices = object.iter().rev();
                open.extend(choices.map(|(name, one)| (one, far.max(importer.distance(name)))));
            }
            _ => {}
        }
    }
    found
}

/// A specifier as the name of a package and what is wanted from it.
pub(crate) fn split(specifier: &str) -> (&str, &str) {
    let mut parts = specifier.match_indices('/').map(|(at, _)| at);
    let end = if specifier.starts_with('@') { parts.nth(1) } else { parts.next() };
    let (name, rest) = specifier.split_at(end.unwrap_or(specifier.len()));
    (name, rest.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(manifest: &Value) -> Package<'static> {
        Package::new("p", manifest.as_object().expect("an object"))
    }

    #[test]
    fn exports_have_subpaths_patterns_and_conditions() {
        let package = package(&json!({ "exports": {
            ".": { "browser": "./w.js", "import": { "types": "./a.d.ts", "default": "./a.js" }, "require": ["./b.js"] },
            "./*": "./lib/*.js",
            "./old/": "./older/",
            "./none": null,
            "./away": "../../x.js",
        } }));
        let typescript =
            |subpath| package.exported(subpath, Importer::new("a.ts", "typescript")).concat();
        let javascript = |path| package.exported(".", Importer::new(path, "javascript")).concat();
        assert_eq!(typescript("."), ["p/a.d.ts", "p/a.js", "p/b.js", "p/w.js"]);
        assert_eq!(javascript("a.js"), ["p/a.d.ts", "p/a.js", "p/b.js", "p/w.js"]);
        assert_eq!(javascript("a.cjs"), ["p/b.js", "p/a.d.ts", "p/a.js", "p/w.js"]);
        assert_eq!(typescript("./x/y"), ["p/lib/x/y.js"]);
        assert_eq!(typescript("./old/x.js"), ["p/older/x.js"]);
        assert!(typescript("./none").is_empty() && typescript("./away").is_empty());
    }

    #[test]
    fn one_path_may_be_all_that_is_exported() {
        let package = package(&json!({ "exports": "./c.js" }));
        assert_eq!(package.exported(".", Importer::new("a.js", "javascript")).concat(), ["p/c.js"]);
        assert!(package.exported("./d", Importer::new("a.js", "javascript")).concat().is_empty());
    }

    #[test]
    fn names_have_scopes() {
        assert_eq!(split("a/b/c"), ("a", "b/c"));
        assert_eq!(split("@a/b/c/"), ("@a/b", "c"));
        assert_eq!(split("@a"), ("@a", ""));
    }
}
