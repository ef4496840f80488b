//! What Rust imports mean inside one repository.
//!
//! The files form trees of modules, one per crate, by their `mod x;` declarations. A parent needs the
//! files it declares: they are written first. A path is followed from where it starts (`crate`, `self`,
//! `super`, a module in scope, a crate of the repository) as far as modules go; it means the file of
//! the last module. So `crate::store::Key` means the file of `store`, and `crate::Key` the root of the
//! crate, whatever that may export again.
//!
//! Crates are found by `Cargo.toml`: the library by its name, with dashes read as underscores and
//! under the names that dependents give it, and the other targets at their usual or stated places. A file
//! that nobody declares, for instance because a macro does, joins the tree where its path says; if that
//! is nowhere, it is the root of a crate of its own.

use std::collections::HashMap;
use std::sync::Arc;

use backstory_core::{Import, Outline, Repository};
use toml::{Table, Value};

use crate::{Found, Resolver};
use crate::files::{Files, file_name, join, parent, walk_to};

/// A module of some crate.
struct Module {
    file: u32,
    parent: Option<u32>,
    root: u32,
    /// Where the files of its child modules are.
    folder: String,
}

/// All crates of one repository.
pub(super) struct Crates<'a> {
    repository: &'a Repository,
    outlines: &'a [Arc<Outline>],
    files: Files<'a>,
    modules: Vec<Module>,
    children: HashMap<(u32, String), u32>,
    /// Per file, its module; the first one, if it is part of several crates.
    of_file: Vec<Option<u32>>,
    /// Roots of libraries, by the names that other crates know them by.
    libraries: HashMap<String, u32>,
}

impl<'a> Crates<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let mut crates = Self {
            repository,
            outlines,
            files: Files::new(repository, &["rust"]),
            modules: vec![],
            children: HashMap::new(),
            of_file: vec![None; repository.files.len()],
            libraries: HashMap::new(),
        };
        crates.add_packages();
        crates.add_the_rest();
        crates
    }

    fn path(&self, file: u32) -> &'a str {
        &self.repository.files[file as usize].path
    }

    fn add_packages(&mut self) {
        let mut renamed = vec![];
        let mut others = vec![];
        for (path, text) in &self.repository.context {
            if file_name(path) != "Cargo.toml" {
                continue;
            }
            let Ok(manifest) = text.parse::<Table>() else { continue };
            renamed.extend(renamed_dependencies(&manifest));
            let package = Package::new(parent(path), &manifest);
            if let Some((name, path)) = package.library()
                && let Some(file) = self.files.at(&path)
            {
                let root = self.add_root(file);
                self.libraries.entry(name).or_insert(root);
            }
            others.extend(package.stated_targets().filter_map(|path| self.files.at(&path)));
            others.extend(self.files.at(&join(parent(path), "src/main.rs")));
        }
        for file in others {
            if self.of_file[file as usize].is_none() {
                self.add_root(file);
            }
        }
        for (name, package) in renamed {
            if let Some(&root) = self.libraries.get(&package) {
                self.libraries.entry(name).or_insert(root);
            }
        }
    }

    /// Files that no package reaches: those nobody declares first, what is nearer to the top first.
    fn add_the_rest(&mut self) {
        let is_rust = |file: &u32| self.repository.files[*file as usize].language == "rust";
        let all: Vec<u32> = (0..self.repository.files.len() as u32).filter(is_rust).collect();
        let mut declared = vec![false; self.repository.files.len()];
        for &file in &all {
            let folder = child_folder(self.path(file));
            for import in &self.outlines[file as usize].imports {
                if let Some((_, child)) = self.declared_file(file, &folder, &import.path) {
                    declared[child as usize] |= child != file;
                }
            }
        }
        let mut rest: Vec<u32> =
            all.into_iter().filter(|&file| self.of_file[file as usize].is_none()).collect();
        rest.sort_by_cached_key(|&file| {
            let path = self.path(file);
            let depth = child_folder(path).matches('/').count();
            (declared[file as usize], depth, path)
        });
        for file in rest {
            if self.of_file[file as usize].is_some() {
                continue;
            }
            match self.parent_by_path(file) {
                Some((parent, name)) => self.add_child(parent, name, file),
                None => drop(self.add_root(file)),
            }
        }
    }

    /// The module that a file would be a child of, and its name there, judged by its path.
    fn parent_by_path(&self, file: u32) -> Option<(u32, String)> {
        let path = self.path(file);
        let module = path.strip_suffix("/mod.rs").or(path.strip_suffix(".rs"))?;
        let folder = parent(module);
        let candidates = [
            join(folder, "mod.rs"),
            format!("{folder}.rs"),
            join(folder, "lib.rs"),
            join(folder, "main.rs"),
        ];
        let module_of = |path: &String| {
            let other = self.files.at(path).filter(|&other| other != file)?;
            self.of_file[other as usize]
        };
        let is_target = ["tests", "examples", "benches", "bin"].contains(&file_name(folder));
        let found = candidates.iter().find_map(module_of).filter(|_| !is_target)?;
        Some((found, file_name(module).to_owned()))
    }

    fn add_root(&mut self, file: u32) -> u32 {
        let folder = parent(self.path(file)).to_owned();
        self.grow(Module { file, parent: None, root: self.modules.len() as u32, folder })
    }

    fn add_child(&mut self, parent: u32, name: String, file: u32) {
        let folder = child_folder(self.path(file));
        let root = self.modules[parent as usize].root;
        let child = self.grow(Module { file, parent: Some(parent), root, folder });
        self.children.entry((parent, name)).or_insert(child);
    }

    /// Adds a module of a file and all modules that it declares, directly or not.
    fn grow(&mut self, module: Module) -> u32 {
        let outlines = self.outlines;
        let first = self.push(module);
        let mut open = vec![first];
        while let Some(module) = open.pop() {
            let file = self.modules[module as usize].file;
            for import in &outlines[file as usize].imports {
                open.extend(self.declare(module, &import.path));
            }
        }
        first
    }

    /// Adds what a `mod x` in `module` declares; gives the module, if it is new.
    fn declare(&mut self, module: u32, import: &str) -> Option<u32> {
        let Module { file, root, ref folder, .. } = self.modules[module as usize];
        let (names, child) = self.declared_file(file, folder, import)?;
        let (name, inline) = names.split_last()?;
        let parent = self.inline_module(module, inline);
        let known = self.of_file[child as usize];
        let id = known.unwrap_or_else(|| {
            // A file loaded by `path` has its children beside it, whatever its name is.
            let by_path = import.starts_with('#');
            let folder = if by_path { parent_folder } else { child_folder }(self.path(child));
            self.push(Module { file: child, parent: Some(parent), root, folder })
        });
        self.children.entry((parent, (*name).to_owned())).or_insert(id);
        known.is_none().then_some(id)
    }

    fn push(&mut self, module: Module) -> u32 {
        let id = self.modules.len() as u32;
        self.of_file[module.file as usize].get_or_insert(id);
        self.modules.push(module);
        id
    }

    /// The module that `names` lead to inside one file.
    fn inline_module(&mut self, mut module: u32, names: &[&str]) -> u32 {
        for name in names {
            let key = (module, (*name).to_owned());
            if let Some(&child) = self.children.get(&key) {
                module = child;
                continue;
            }
            let Module { file, root, ref folder, .. } = self.modules[module as usize];
            let folder = join(folder, name);
            module = self.push(Module { file, parent: Some(module), root, folder });
            self.children.insert(key, module);
        }
        module
    }

    /// The file that a `mod x` in `file` means, and the names that lead to it. Child modules of `file`
    /// are in `folder`.
    fn declared_file<'i>(
        &self,
        file: u32,
        folder: &str,
        import: &'i str,
    ) -> Option<(Vec<&'i str>, u32)> {
        let (attribute, module) = match import.strip_prefix("#[path = \"") {
            Some(rest) => rest.split_once("\"] mod ").map(|(path, module)| (Some(path), module))?,
            None => (None, import.strip_prefix("mod ")?),
        };
        let names: Vec<&str> = module.split("::").collect();
        let inline = names[..names.len() - 1].join("/");
        let found = match attribute {
            Some(path) if inline.is_empty() => {
                self.files.at(&walk_to(parent(self.path(file)), path)?)
            }
            Some(path) => self.files.at(&walk_to(&join(folder, &inline), path)?),
            None => {
                let stem = join(folder, &names.join("/"));
                self.files
                    .at(&format!("{stem}.rs"))
                    .or_else(|| self.files.at(&format!("{stem}/mod.rs")))
            }
        };
        found.map(|found| (names, found))
    }

    fn child(&self, module: u32, name: &str) -> Option<u32> {
        self.children.get(&(module, name.to_owned())).copied()
    }

    /// The file that a path means, seen from `module`.
    fn follow(&self, module: u32, path: &str) -> Option<u32> {
        let mut parts = path.split("::");
        let root = self.modules[module as usize].root;
        let mut at = match parts.next()? {
            "crate" | "$crate" => root,
            "self" => module,
            "super" => self.modules[module as usize].parent?,
            "" => *self.libraries.get(parts.next()?)?,
            name => self
                .child(module, name)
                .or_else(|| self.libraries.get(name).copied())
                .or_else(|| self.child(root, name))?,
        };
        for part in parts {
            at = match (part, self.child(at, part)) {
                ("super", _) => self.modules[at as usize].parent?,
                (_, Some(child)) => child,
                _ => break,
            };
        }
        Some(self.modules[at as usize].file)
    }
}

impl Resolver for Crates<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let Some(module) = self.of_file[file as usize] else { return };
        let path = &*import.path;
        if path.starts_with("mod ") || path.starts_with('#') {
            let folder = &self.modules[module as usize].folder;
            found.imports(self.declared_file(file, folder, path).map(|(_, file)| file));
            return;
        }
        if import.names.is_empty() {
            found.imports(self.follow(module, path));
        }
        for name in &import.names {
            let whole = match (path, name.name.as_str()) {
                (path, "*" | "self") => path.to_owned(),
                ("", name) => name.to_owned(),
                (path, name) => format!("{path}::{name}"),
            };
            found.imports(self.follow(module, &whole));
        }
    }
}

/// Where the child modules of a file are, if it is no root.
fn child_folder(path: &str) -> String {
    match file_name(path) {
        "mod.rs" | "lib.rs" | "main.rs" => parent_folder(path),
        _ => path.strip_suffix(".rs").unwrap_or(path).to_owned(),
    }
}

fn parent_folder(path: &str) -> String {
    parent(path).to_owned()
}

/// What a manifest says about targets.
struct Package<'m> {
    folder: &'m str,
    manifest: &'m Table,
}

impl<'m> Package<'m> {
    fn new(folder: &'m str, manifest: &'m Table) -> Self {
        Self { folder, manifest }
    }

    /// Name and root of the library.
    fn library(&self) -> Option<(String, String)> {
        let text = |table: &str, key: &str| self.manifest.get(table)?.get(key)?.as_str();
        let name = text("lib", "name").or_else(|| text("package", "name"))?;
        let path = walk_to(self.folder, text("lib", "path").unwrap_or("src/lib.rs"))?;
        Some((name.replace('-', "_"), path))
    }

    /// Roots that the manifest states.
    fn stated_targets(&self) -> impl Iterator<Item = String> {
        let lists = ["bin", "test", "example", "bench"].into_iter();
        let lists = lists.filter_map(|key| self.manifest.get(key)?.as_array());
        let paths = lists.flatten().filter_map(|target| target.get("path")?.as_str());
        paths.filter_map(|path| walk_to(self.folder, path))
    }
}

/// Dependencies that go by another name: the name, and that of the package's library.
fn renamed_dependencies(manifest: &Table) -> Vec<(String, String)> {
    const KEYS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let sections = |table: &Table| -> Vec<Table> {
        KEYS.iter().filter_map(|key| table.get(*key)?.as_table()).cloned().collect()
    };
    let mut found = sections(manifest);
    found
        .extend(manifest.get("workspace").and_then(Value::as_table).into_iter().flat_map(sections));
    if let Some(targets) = manifest.get("target").and_then(Value::as_table) {
        found.extend(targets.values().filter_map(Value::as_table).flat_map(sections));
    }
    let rename = |(name, value): (String, Value)| {
        let package = value.get("package")?.as_str()?.replace('-', "_");
        Some((name.replace('-', "_"), package))
    };
    found.into_iter().flatten().filter_map(rename).collect()
}
