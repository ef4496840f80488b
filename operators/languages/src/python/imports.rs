//! What Python imports mean inside one repository.
//!
//! An absolute import is looked for in every folder that Python could have on its path: first the
//! folders around the importing file, the nearest first, each with the `src`, `lib` and `python` in it; then
//! the folders that project files name and those that have project files, the nearest first; and if none
//! of these has the name, in the only other folder that has a package of that name. A folder is such a root
//! if it is no package itself. A name of the standard library is looked for at the top and in `src` only,
//! and never means a folder without `__init__.py`: a file that happens to be called `types.py` is rarely meant.
//! A repository whose top is a package is found under the name by which its files import it.
//!
//! In these roots, and inside packages, a name means what `finder` says.
//!
//! `import a.b` means `a.b`; `from a import b` means the submodule `b` if there is one, else the package's
//! `__init__.py`. Packages on the way to a module are edges of their own kind. Where a package's
//! `__init__.py` takes the name from elsewhere, that file is a re-export. A compiled module of
//! which there is only a stub is there for type checkers; the import then means the package too that the
//! module is in.

use std::collections::HashSet;
use std::sync::Arc;

use backstory_core::{EdgeKind, Import, Outline, Repository};

use super::exports::Exports;
use super::finder::{Finder, Module};
use super::roots::Roots;
use crate::files::{ancestors, parent};
use crate::{Found, Resolver};

/// The modules of one repository.
pub(super) struct Modules<'a> {
    repository: &'a Repository,
    finder: Finder<'a>,
    roots: Roots<'a>,
    exports: Exports<'a>,
    /// Packages that go on in folders of their name elsewhere.
    extending: HashSet<u32>,
}

/// What comes before the names in `from a import b`.
pub(super) struct Base {
    pub(super) module: Module,
    /// The files of the packages around it.
    around: Vec<u32>,
}

impl<'a> Modules<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let finder = Finder::new(repository);
        let roots = Roots::new(repository, outlines, &finder);
        let (exports, extending) = (Exports::new(repository, outlines), extending(repository));
        Self { repository, finder, roots, exports, extending }
    }

    pub(super) fn path(&self, file: u32) -> &'a str {
        &self.repository.files[file as usize].path
    }

    /// The module that `path` names in this file; or why none that should be in this repository.
    pub(super) fn base(&self, file: u32, path: &str) -> Result<Base, Option<String>> {
        let (here, stub) = (self.path(file), is_stub(self.path(file)));
        let dots = path.bytes().take_while(|&byte| byte == b'.').count();
        let parts: Vec<&str> = path[dots..].split('.').filter(|part| !part.is_empty()).collect();
        let mut around = vec![];
        if dots == 0 {
            return self.absolute(here, &parts, stub);
        }
        let folder = ancestors(parent(here)).nth(dots - 1);
        let folder = folder.ok_or_else(|| Some("above the top of the repository".to_owned()))?;
        let package = self.finder.package(folder, stub);
        if parts.is_empty() {
            return Ok(Base { module: package, around });
        }
        around.extend(package.file);
        let module = self.finder.find(&parts, &[folder], stub, &mut around);
        let missing = || Some(format!("no module '{}' in '{folder}'", parts.join(".")));
        module.map(|module| Base { module, around }).ok_or_else(missing)
    }

    fn absolute(&self, here: &'a str, parts: &[&str], stub: bool) -> Result<Base, Option<String>> {
        let top = parts.first().ok_or(None)?;
        let roots = self.roots.of(parent(here), parts, stub, &self.finder);
        let mut around = vec![];
        if let Some(mut module) = self.finder.find(parts, &roots, stub, &mut around) {
            if module.file.is_some_and(|file| self.extending.contains(&file)) {
                self.finder.extend(&mut module, parts, &roots);
            }
            return Ok(Base { module, around });
        }
        if roots.is_empty() && self.roots.is_own(top) {
            let package = self.finder.package("", stub);
            let module = match &parts[1..] {
                [] => Some(package),
                rest => {
                    around.extend(package.file);
                    self.finder.find(rest, &[""], stub, &mut around)
                }
            };
            return module
                .map(|module| Base { module, around })
                .ok_or_else(|| Some(missing(parts)));
        }
        match self.finder.find_spread(parts, &roots, stub) {
            Some(module) => Ok(Base { module, around }),
            // Other people's packages may share a namespace, or the name of a folder, with ours.
            None if around.is_empty() => Err(None),
            None => Err(Some(missing(parts))),
        }
    }

    /// The submodule that a name is in a package.
    pub(super) fn submodule(&self, base: &Module, name: &str, stub: bool) -> Option<Module> {
        self.finder.portion(name, &base.inside, stub).filter(|_| name != "*")
    }
}

/// The packages that say so: <https://packaging.python.org/guides/packaging-namespace-packages/>.
fn extending(repository: &Repository) -> HashSet<u32> {
    let says =
        |text: &str, what: &str| memchr::memmem::find(text.as_bytes(), what.as_bytes()).is_some();
    let files = (0_u32..).zip(&repository.files);
    let packages = files.filter(|(_, file)| file.path.ends_with("/__init__.py"));
    let extending = packages.filter(|(_, file)| {
        says(&file.text, "extend_path(") || says(&file.text, "declare_namespace(")
    });
    extending.map(|(file, _)| file).collect()
}

fn missing(parts: &[&str]) -> String {
    format!("no module '{}' in this repository", parts.join("."))
}

pub(super) fn is_stub(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending == "pyi")
}

/// Adds the file of a module.
fn add(module: &Module, found: &mut Found) {
    let kind = if module.stub_only { EdgeKind::TypeChecking } else { EdgeKind::Import };
    if let Some(file) = module.file {
        found.add(file, kind);
    }
}

impl Resolver for Modules<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let stub = is_stub(self.path(file));
        let base = match self.base(file, &import.path) {
            Ok(base) => base,
            Err(why) => {
                if import.names.is_empty() {
                    self.package_around(file, &import.path, found);
                }
                if let Some(why) = why {
                    found.unresolved(why);
                }
                return;
            }
        };
        for package in &base.around {
            found.add(*package, EdgeKind::Package);
        }
        if import.names.is_empty() {
            if base.module.stub_only {
                self.package_around(file, &import.path, found);
            }
            return add(&base.module, found);
        }
        for name in &import.names {
            let submodule = self.submodule(&base.module, &name.name, stub);
            let inside = submodule.as_ref().and_then(|module| module.file);
            if let Some(module) = &submodule {
                add(module, found);
            }
            let is_whole = inside.is_some() && submodule.is_some_and(|module| !module.stub_only);
            if is_whole {
                if let Some(package) = base.module.file {
                    found.add(package, EdgeKind::Package);
                }
                continue;
            }
            add(&base.module, found);
            match base.module.file {
                Some(from) => self.exports.follow(self, from, &name.name, found),
                None if import.path.starts_with('.') && name.name != "*" && inside.is_none() => {
                    self.lacks(&base.module, &name.name, found);
                }
                None => {}
            }
        }
    }
}

impl Modules<'_> {
    /// Adds the package that a compiled module, of which there is no source, is in.
    fn package_around(&self, file: u32, path: &str, found: &mut Found) {
        let package = path.rsplit_once('.').and_then(|(package, _)| self.base(file, package).ok());
        if let Some(Base { module, .. }) = package.filter(|base| !base.module.inside.is_empty()) {
            add(&module, found);
        }
    }

    fn lacks(&self, space: &Module, name: &str, found: &mut Found) {
        if let [folder] = &*space.inside
            && space.namespace
            && self.finder.portion(name, &space.inside, false).is_none()
        {
            found.unresolved(format!("no module '{name}' in '{folder}'"));
        }
    }
}
