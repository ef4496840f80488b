//! What `Cargo.toml` files say: which crates there are, and which names of other crates each may use.

use std::collections::HashMap;

use backstory_core::Repository;
use toml::{Table, Value};

use crate::files::{Files, ancestors, file_name, parent, walk_to};

const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// A package of the repository.
#[derive(Default)]
pub(super) struct Package {
    /// The file that is the root of its library, and the library's name.
    pub(super) library: Option<(String, u32)>,
    /// Roots of other crates that the manifest states, or that are where Cargo looks for the first one.
    pub(super) targets: Vec<u32>,
    /// The packages that it depends on, by the names that it knows their libraries by.
    pub(super) dependencies: HashMap<String, usize>,
    /// Paths in `use` begin at the root of the crate.
    pub(super) is_2015: bool,
}

/// The packages of a repository, sorted by folder.
#[derive(Default)]
pub(super) struct Packages {
    pub(super) list: Vec<Package>,
    by_folder: HashMap<String, usize>,
    /// By the names of libraries; the first of each name.
    by_library: HashMap<String, usize>,
}

impl Packages {
    pub(super) fn new(repository: &Repository, files: &Files<'_>) -> Self {
        let manifests = Manifests::new(repository);
        let mut packages = Self::default();
        let mut all: Vec<_> = manifests.by_folder.iter().collect();
        all.sort_unstable_by_key(|(folder, _)| **folder);
        all.retain(|(_, manifest)| manifest.contains_key("package"));
        for (folder, manifest) in &all {
            let package = manifests.package(folder, manifest, files);
            let index = packages.list.len();
            if let Some((name, _)) = &package.library {
                packages.by_library.entry(name.clone()).or_insert(index);
            }
            packages.by_folder.insert((**folder).to_owned(), index);
            packages.list.push(package);
        }
        for (index, (folder, manifest)) in all.iter().enumerate() {
            let dependencies = manifests.dependencies(folder, manifest, &packages);
            packages.list[index].dependencies = dependencies;
        }
        packages
    }

    /// The package whose folder a file is in.
    pub(super) fn around(&self, path: &str) -> Option<usize> {
        ancestors(parent(path)).find_map(|folder| self.by_folder.get(folder).copied())
    }

    /// The package whose library a crate of `package` calls `name`. A crate of no package may use all.
    pub(super) fn called(&self, package: Option<usize>, name: &str) -> Option<usize> {
        let Some(index) = package else { return self.by_library.get(name).copied() };
        let package = &self.list[index];
        let is_own = package.library.as_ref().is_some_and(|(own, _)| own == name);
        if is_own { Some(index) } else { package.dependencies.get(name).copied() }
    }
}

/// All manifests that can be read.
struct Manifests<'a> {
    by_folder: HashMap<&'a str, Table>,
}

impl<'a> Manifests<'a> {
    fn new(repository: &'a Repository) -> Self {
        let manifests = repository.context.iter();
        let manifests = manifests.filter(|(path, _)| file_name(path) == "Cargo.toml");
        let read = |(path, text): (&'a _, &'a _)| {
            let (path, text): (&std::sync::Arc<str>, &std::sync::Arc<str>) = (path, text);
            Some((parent(path), text.parse::<Table>().ok()?))
        };
        Self { by_folder: manifests.filter_map(read).collect() }
    }

    /// The manifest of the workspace that a package is in, and its folder.
    fn workspace<'p>(&self, folder: &'p str, manifest: &Table) -> Option<(&'p str, &Table)> {
        let stated = manifest.get("package").and_then(|package| package.get("workspace"));
        let stated = stated.and_then(Value::as_str).and_then(|path| walk_to(folder, path));
        ancestors(folder).find_map(|folder| {
            let manifest = self.by_folder.get(folder)?;
            let is_meant = stated.as_ref().is_none_or(|stated| stated == folder);
            (is_meant && manifest.contains_key("workspace")).then_some((folder, manifest))
        })
    }

    fn package(&self, folder: &str, manifest: &Table, files: &Files<'_>) -> Package {
        let text = |table: &str, key: &str| manifest.get(table)?.get(key)?.as_str();
        let edition = text("package", "edition").or_else(|| {
            manifest.get("package")?.get("edition")?.get("workspace")?;
            let (_, workspace) = self.workspace(folder, manifest)?;
            workspace.get("workspace")?.get("package")?.get("edition")?.as_str()
        });
        let at = |path: &str| files.at(&walk_to(folder, path)?);
        let name = text("lib", "name").or_else(|| text("package", "name"));
        let library = name.map(|name| name.replace('-', "_"));
        let library = library.zip(at(text("lib", "path").unwrap_or("src/lib.rs")));
        let mut targets = vec![];
        targets.extend(at("src/main.rs"));
        for (key, folder) in
            [("bin", "src/bin"), ("example", "examples"), ("test", "tests"), ("bench", "benches")]
        {
            for target in manifest.get(key).and_then(Value::as_array).into_iter().flatten() {
                let text = |key: &str| target.get(key).and_then(Value::as_str);
                let name = text("name").unwrap_or_default();
                let found = match text("path") {
                    Some(path) => at(path),
                    None => at(&format!("{folder}/{name}.rs"))
                        .or_else(|| at(&format!("{folder}/{name}/main.rs"))),
                };
                targets.extend(found);
            }
        }
        targets.extend(at(text("package", "build").unwrap_or("build.rs")));
        let is_2015 = matches!(edition, None | Some("2015"));
        Package { library, targets, dependencies: HashMap::new(), is_2015 }
    }

    fn dependencies(
        &self,
        folder: &str,
        manifest: &Table,
        packages: &Packages,
    ) -> HashMap<String, usize> {
        let workspace = self.workspace(folder, manifest);
        let (top, shared) = workspace.unwrap_or((folder, manifest));
        let inherited = shared.get("workspace").and_then(|table| table.get("dependencies"));
        let mut found = HashMap::new();
        for (key, value) in sections(manifest).flatten() {
            let mut stated = (folder, value);
            if value.get("workspace").is_some_and(|value| value.as_bool() == Some(true)) {
                let Some(value) = inherited.and_then(|table| table.get(key)) else { continue };
                stated = (top, value);
            }
            let (folder, value) = stated;
            let text = |key: &str| value.get(key).and_then(Value::as_str);
            let at = match text("path") {
                Some(path) => walk_to(folder, path),
                None => patched(shared, text("package").unwrap_or(key))
                    .and_then(|path| walk_to(top, path)),
            };
            let Some(index) = at.and_then(|at| packages.by_folder.get(&at).copied()) else {
                continue;
            };
            let Some((library, _)) = &packages.list[index].library else { continue };
            let is_renamed = value.get("package").is_some();
            let name = if is_renamed { key.replace('-', "_") } else { library.clone() };
            found.insert(name, index);
        }
        found
    }
}

/// The dependencies that a manifest lists, by section.
fn sections(manifest: &Table) -> impl Iterator<Item = &Table> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let tables = std::iter::once(manifest).chain(targets);
    tables.flat_map(|table| DEPENDENCIES.iter().filter_map(|key| table.get(*key)?.as_table()))
}

/// The folder that stands in for a package of this name, as seen from the workspace.
fn patched<'t>(workspace: &'t Table, name: &str) -> Option<&'t str> {
    let registries = workspace.get("patch")?.as_table()?.values().filter_map(Value::as_table);
    let mut patches = registries
        .flatten()
        .filter(|(key, patch)| patch.get("package").and_then(Value::as_str).unwrap_or(key) == name);
    patches.find_map(|(_, patch)| patch.get("path")?.as_str())
}
