//! The trees of modules that files form by their `mod x;` declarations, one tree per crate.

use std::collections::HashMap;
use std::sync::Arc;

use backstory_core::{Import, Outline, Repository, When};

use super::packages::Packages;
use crate::files::{Files, file_name, join, parent, walk_to};
use crate::sketch::LONGEST_PATH;

/// A module of some crate, or a block that has imports of its own.
pub(super) struct Module {
    pub(super) file: u32,
    pub(super) parent: Option<u32>,
    pub(super) root: u32,
    /// Where the files of its child modules are.
    folder: String,
    /// The package that its crate belongs to.
    pub(super) package: Option<usize>,
    pub(super) is_block: bool,
    /// It is there on another system only.
    pub(super) is_inactive: bool,
}

/// The modules of one repository.
pub(super) struct Modules<'a> {
    repository: &'a Repository,
    outlines: &'a [Arc<Outline>],
    files: Files<'a>,
    pub(super) packages: Packages,
    pub(super) list: Vec<Module>,
    children: HashMap<(u32, String), u32>,
    /// Per file, its module; the first one, if it is part of several crates.
    pub(super) of_file: Vec<Option<u32>>,
    /// Modules that were found: where they are declared, the name, the module.
    pub(super) declared: Vec<(u32, &'a str, u32)>,
}

/// What a `mod x;` says.
struct Declaration<'i> {
    path: Option<&'i str>,
    name: &'i str,
}

impl<'i> Declaration<'i> {
    fn new(import: &'i Import) -> Option<Self> {
        match import.path.strip_prefix("#[path = \"") {
            Some(rest) => {
                let (path, name) = rest.split_once("\"] mod ")?;
                Some(Self { path: Some(path), name })
            }
            None => Some(Self { path: None, name: import.path.strip_prefix("mod ")? }),
        }
    }
}

impl<'a> Modules<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let files = Files::new(repository, &["rust"]);
        let packages = Packages::new(repository, &files);
        let mut modules = Self {
            repository,
            outlines,
            files,
            packages,
            list: vec![],
            children: HashMap::new(),
            of_file: vec![None; repository.files.len()],
            declared: vec![],
        };
        modules.add_packages();
        modules.add_the_rest();
        modules
    }

    fn path(&self, file: u32) -> &'a str {
        &self.repository.files[file as usize].path
    }

    /// Libraries first: what belongs to a library and to a program is looked at as part of the library.
    fn add_packages(&mut self) {
        let packages = self.packages.list.iter().enumerate();
        let libraries =
            packages.clone().filter_map(|(at, one)| Some((at, one.library.as_ref()?.1)));
        let others = packages.flat_map(|(at, one)| one.targets.iter().map(move |&file| (at, file)));
        for (package, file) in libraries.chain(others).collect::<Vec<_>>() {
            if self.of_file[file as usize].is_none() {
                self.add_root(file, Some(package));
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
                if let Some(child) = self.declared_file(file, &folder, import) {
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
                None => self.add_root(file, self.packages.around(self.path(file))),
            }
        }
    }

    /// The module that a file would be a child of, and its name there, judged by its path.
    fn parent_by_path(&self, file: u32) -> Option<(u32, &'a str)> {
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
        Some((found, file_name(module)))
    }

    fn add_root(&mut self, file: u32, package: Option<usize>) {
        self.grow(Module {
            file,
            parent: None,
            root: self.list.len() as u32,
            folder: parent(self.path(file)).to_owned(),
            package,
            is_block: false,
            is_inactive: false,
        });
    }

    fn add_child(&mut self, parent: u32, name: &'a str, file: u32) {
        let folder = child_folder(self.path(file));
        let child = Module { file, folder, ..self.inside(parent) };
        let child = self.grow(child);
        self.children.entry((parent, name.to_owned())).or_insert(child);
        self.declared.push((parent, name, child));
    }

    /// A module in `parent`, of the same file.
    fn inside(&self, parent: u32) -> Module {
        let Module { file, root, package, is_inactive, ref folder, .. } =
            self.list[parent as usize];
        let folder = folder.clone();
        Module { file, parent: Some(parent), root, folder, package, is_block: false, is_inactive }
    }

    /// Adds a module of a file and all modules that it declares, directly or not. What is there on this
    /// system goes first.
    fn grow(&mut self, module: Module) -> u32 {
        let outlines = self.outlines;
        let first = self.push(module);
        let mut open = vec![first];
        let mut later = vec![];
        while let Some(module) = open.pop().or_else(|| later.pop()) {
            let file = self.list[module as usize].file;
            let imports = &outlines[file as usize].imports;
            for import in imports.iter().filter(|import| import.when != When::Inactive) {
                open.extend(self.declare(module, import));
            }
            for import in imports.iter().filter(|import| import.when == When::Inactive) {
                later.extend(self.declare(module, import));
            }
        }
        first
    }

    /// Adds what a `mod x` in `module` declares; gives the module, if it is new.
    fn declare(&mut self, module: u32, import: &'a Import) -> Option<u32> {
        let declaration = Declaration::new(import)?;
        let Module { file, ref folder, .. } = self.list[module as usize];
        let child = self.declared_file(file, folder, import)?;
        let parent = self.enter(module, &import.scope);
        let known = self.of_file[child as usize];
        let id = known.unwrap_or_else(|| {
            // A file loaded by `path` has its children beside it, whatever its name is.
            let by_path = declaration.path.is_some();
            let folder = if by_path { parent_folder } else { child_folder }(self.path(child));
            let inside = self.inside(self.nearest_module(parent));
            let is_inactive = inside.is_inactive || import.when == When::Inactive;
            self.push(Module { file: child, folder, is_inactive, ..inside })
        });
        self.children.entry((parent, declaration.name.to_owned())).or_insert(id);
        self.declared.push((parent, declaration.name, id));
        known.is_none().then_some(id)
    }

    fn push(&mut self, module: Module) -> u32 {
        let id = self.list.len() as u32;
        // Modules inside a file come after the one that is the file.
        self.of_file[module.file as usize].get_or_insert(id);
        self.list.push(module);
        id
    }

    /// The module or block that `scope` names in the file of `module`.
    pub(super) fn enter(&mut self, mut module: u32, scope: &'a str) -> u32 {
        for name in scope.split("::").filter(|name| !name.is_empty()) {
            let key = (module, name.to_owned());
            if let Some(&child) = self.children.get(&key) {
                module = child;
                continue;
            }
            let mut inside = self.inside(module);
            inside.is_block = name.starts_with('{');
            if !inside.is_block && inside.folder.len() <= LONGEST_PATH {
                inside.folder = join(&inside.folder, name);
            }
            let (is_block, inner) = (inside.is_block, self.push(inside));
            if !is_block {
                self.declared.push((module, name, inner));
            }
            self.children.insert(key, inner);
            module = inner;
        }
        module
    }

    /// The module or block that `scope` names in a file, if something is known of it.
    pub(super) fn at(&self, file: u32, scope: &str) -> Option<u32> {
        let mut module = self.of_file[file as usize]?;
        for name in scope.split("::").filter(|name| !name.is_empty()) {
            module = *self.children.get(&(module, name.to_owned()))?;
        }
        Some(module)
    }

    /// `module`, or the module that it is a block in.
    pub(super) fn nearest_module(&self, mut module: u32) -> u32 {
        while let Module { is_block: true, parent: Some(parent), .. } = self.list[module as usize] {
            module = parent;
        }
        module
    }

    pub(super) fn parent(&self, module: u32) -> Option<u32> {
        let parent = self.list[self.nearest_module(module) as usize].parent?;
        Some(self.nearest_module(parent))
    }

    /// The file that a `mod x` or an `include!` in a file means.
    pub(super) fn stated_file(&self, file: u32, import: &Import) -> Option<u32> {
        if let Some(rest) = import.path.strip_prefix("include!(\"") {
            let path = walk_to(parent(self.path(file)), rest.strip_suffix("\")")?)?;
            return self.files.at(&path);
        }
        let module = self.of_file[file as usize]?;
        self.declared_file(file, &self.list[module as usize].folder, import)
    }

    /// The file that a `mod x` in `file` means. Child modules of `file` are in `folder`.
    fn declared_file(&self, file: u32, folder: &str, import: &Import) -> Option<u32> {
        let declaration = Declaration::new(import)?;
        let inline = import.scope.split("::").filter(|name| !name.starts_with('{'));
        let inline = inline.collect::<Vec<_>>().join("/");
        match declaration.path {
            Some(path) if inline.is_empty() => {
                self.files.at(&walk_to(parent(self.path(file)), path)?)
            }
            Some(path) => self.files.at(&walk_to(&join(folder, &inline), path)?),
            None => {
                let stem = join(&join(folder, &inline), declaration.name);
                self.files
                    .at(&format!("{stem}.rs"))
                    .or_else(|| self.files.at(&format!("{stem}/mod.rs")))
            }
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
