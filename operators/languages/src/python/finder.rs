//! Where Python finds a module, given the folders to look in: as the finders of `importlib` do, by paths
//! alone.
//!
//! Of the folders, the first that has a package (`name/__init__.py`) or a module (`name.py`) of the name
//! has it; in one folder a package comes before a module. If none has, all folders of that name together
//! are a namespace package. A stub counts where there is no source: the module is compiled. For a stub
//! that imports it is the other way round.

use std::collections::HashSet;

use backstory_core::Repository;

use crate::files::{Files, ancestors, file_name, join, parent};

/// More folders than this of one name are not looked through for what a package lacks.
const MOST_PORTIONS: usize = 64;

/// The Python files of one repository as modules.
pub(super) struct Finder<'a> {
    files: Files<'a>,
    packages: HashSet<&'a str>,
    /// Packages whose `__init__.py` is empty.
    empty: HashSet<&'a str>,
    folders: HashSet<&'a str>,
}

/// A module or package.
#[derive(Clone, Debug, Default)]
pub(super) struct Module {
    /// None for a namespace package, and for a package with an empty `__init__.py`.
    pub(super) file: Option<u32>,
    /// Whether the file only says what compiled code offers, to a file that is no stub itself.
    pub(super) stub_only: bool,
    /// Whether this is a namespace package.
    pub(super) namespace: bool,
    /// The folders to look for submodules in.
    pub(super) inside: Vec<String>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        let files = Files::new(repository, &["python"]);
        let is_init = |path: &&str| matches!(file_name(path), "__init__.py" | "__init__.pyi");
        let empty = repository.context.keys().map(|path| &**path).filter(is_init);
        let packages = paths(repository).filter(is_init).chain(empty.clone()).map(parent).collect();
        let mut folders = HashSet::new();
        for path in paths(repository).chain(empty.clone()) {
            for folder in ancestors(parent(path)) {
                if !folders.insert(folder) {
                    break;
                }
            }
        }
        let empty = empty.map(parent).collect();
        Self { files, packages, empty, folders }
    }

    /// Whether a folder is a package.
    pub(super) fn is_package(&self, folder: &str) -> bool {
        self.packages.contains(folder)
    }

    /// The package that a folder is.
    pub(super) fn package(&self, folder: &str, stub: bool) -> Module {
        let [first, second] = if stub { ["pyi", "py"] } else { ["py", "pyi"] };
        let at = |ending: &str| self.files.at(&join(folder, &format!("__init__.{ending}")));
        let (file, other) = (at(first), at(second));
        Module {
            file: file.or(other),
            stub_only: !stub && file.is_none() && other.is_some(),
            namespace: !self.is_package(folder),
            inside: vec![folder.to_owned()],
        }
    }

    /// The module of this name in these folders.
    pub(super) fn portion<S: AsRef<str>>(
        &self,
        name: &str,
        folders: &[S],
        stub: bool,
    ) -> Option<Module> {
        let mut spaces = vec![];
        for folder in folders {
            let place = join(folder.as_ref(), name);
            let package = self.is_package(&place).then(|| self.package(&place, stub));
            if package.as_ref().is_some_and(|package| !package.stub_only) {
                return package;
            }
            let module = self.module(&place, stub);
            let is_source = module.as_ref().is_some_and(|module| !module.stub_only);
            let best = if is_source { module } else { package.or(module) };
            if best.is_some() {
                return best;
            }
            if self.folders.contains(&*place) {
                spaces.push(place);
            }
        }
        (!spaces.is_empty()).then(|| Module {
            namespace: true,
            inside: spaces,
            ..Module::default()
        })
    }

    fn module(&self, place: &str, stub: bool) -> Option<Module> {
        let source = self.files.at(&format!("{place}.py"));
        let stub_file = || self.files.at(&format!("{place}.pyi"));
        let file = if stub { stub_file().or(source) } else { source.or_else(stub_file) }?;
        let stub_only = !stub && source.is_none();
        Some(Module { file: Some(file), stub_only, ..Module::default() })
    }

    /// The module of a dotted name. The files of the packages on the way are added to `around`.
    pub(super) fn find<S: AsRef<str>>(
        &self,
        parts: &[&str],
        folders: &[S],
        stub: bool,
        around: &mut Vec<u32>,
    ) -> Option<Module> {
        let (first, rest) = parts.split_first()?;
        let mut module = self.portion(first, folders, stub)?;
        for part in rest {
            around.extend(module.file.filter(|_| !module.stub_only));
            module = self.portion(part, &module.inside, stub)?;
        }
        Some(module)
    }

    /// The module of a dotted name if packages of one name in several folders are one, as packages that
    /// extend their own path are. One with an empty `__init__.py` does not.
    pub(super) fn find_spread<S: AsRef<str>>(
        &self,
        parts: &[&str],
        folders: &[S],
        stub: bool,
    ) -> Option<Module> {
        let (last, packages) = parts.split_last()?;
        let mut folders: Vec<String> = folders.iter().map(|f| f.as_ref().to_owned()).collect();
        for part in packages {
            folders = folders.iter().map(|folder| join(folder, part)).collect();
            folders.retain(|folder| self.folders.contains(&**folder));
            let first = folders.iter().find(|folder| self.is_package(folder));
            if first.is_some_and(|first| self.empty.contains(&**first)) {
                return None;
            }
            if folders.len() > MOST_PORTIONS {
                return None;
            }
        }
        self.portion(last, &folders, stub)
    }

    /// Adds the other folders of a package's name to it, as `pkgutil.extend_path` does.
    pub(super) fn extend<S: AsRef<str>>(&self, module: &mut Module, parts: &[&str], folders: &[S]) {
        for folder in folders.iter().take(MOST_PORTIONS) {
            let place = join(folder.as_ref(), &parts.join("/"));
            if self.folders.contains(&*place) && !module.inside.contains(&place) {
                module.inside.push(place);
            }
        }
    }
}

/// The paths of all Python files.
pub(super) fn paths(repository: &Repository) -> impl Iterator<Item = &str> + Clone {
    let python = repository.files.iter().filter(|file| file.language == "python");
    python.map(|file| &*file.path)
}
