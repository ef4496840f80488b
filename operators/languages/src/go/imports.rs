//! Which files of one repository the imports of a Go file mean.
//!
//! An import names a package, and so a folder. Of its files, those are meant that declare the names that
//! the importing file uses: `local.Name`, where `local` is the alias of the import or the name in the
//! package clauses; or, with a dot for an alias, any bare name. Of a blank import, nothing is used: the
//! files of that package that have an `init` are around the import, as it were. Tests of a package can be
//! used by the external tests beside them alone (`package name_test`). Bare names that another file of
//! the own package declares lead there without an import.
//!
//! Files that take no part in the build, and those that `./...` passes over, give and get edges for other
//! builds only.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{Definition, DefinitionKind, EdgeKind, Import, Outline, Repository, When};

use super::modules::{Modules, Place};
use crate::files::parent;
use crate::{Found, Resolver};

/// Files with an `init` of one folder that a blank import can mean.
const MOST_INITS: usize = 100;

/// The packages of one repository.
pub(super) struct Packages<'a> {
    repository: &'a Repository,
    outlines: &'a [Arc<Outline>],
    modules: Modules<'a>,
    /// What the files of each folder are called.
    folders: HashMap<&'a str, Folder<'a>>,
    /// What files declare: folder, name, and file. Sorted.
    declared: Vec<(&'a str, &'a str, u32)>,
}

/// What is known of the files of one folder.
struct Folder<'a> {
    /// The name of the package that can be imported.
    package: &'a str,
    /// Whether the file that gave the name takes part in the build.
    active: bool,
    inits: Vec<u32>,
}

impl<'a> Packages<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let go = || (0..repository.files.len() as u32).filter(|&file| is_go(repository, file));
        let folder = |file: u32| parent(&repository.files[file as usize].path);
        let with_files = go().map(folder).collect::<HashSet<_>>();
        let modules = Modules::new(repository, with_files, |modules| {
            let loose = go().filter(|&file| !modules.has_module(folder(file)));
            let imports = loose.flat_map(|file| &outlines[file as usize].imports);
            imports.map(|import| &*import.path).collect()
        });
        let (folders, declared) = (HashMap::new(), vec![]);
        let mut this = Self { repository, outlines, modules, folders, declared };
        go().for_each(|file| this.add(file));
        this.declared.sort_unstable();
        this.declared.dedup();
        this
    }

    /// Writes down what a file declares.
    fn add(&mut self, file: u32) {
        let SourceOf { path, text, outline } = self.source(file);
        let folder = parent(path);
        let names =
            outline.top_level().filter(|definition| definition.kind != DefinitionKind::Method);
        let is_init = |definition: &Definition| {
            definition.kind == DefinitionKind::Function && definition.name(text) == "init"
        };
        let mut has_init = false;
        for definition in names {
            has_init |= is_init(definition);
            if !is_init(definition) {
                self.declared.push((folder, definition.name(text), file));
            }
        }
        let active = outline.when == When::Always;
        if is_test(path) || outline.package.as_deref().is_none_or(|name| name == "documentation") {
            return;
        }
        let package = outline.package.as_deref().unwrap_or_default();
        let entry = self.folders.entry(folder);
        let known = entry.or_insert(Folder { package, active, inits: vec![] });
        if active && !known.active {
            (known.package, known.active) = (package, true);
        }
        if has_init && active && known.inits.len() < MOST_INITS {
            known.inits.push(file);
        }
    }

    fn source(&self, file: u32) -> SourceOf<'a> {
        let source = &self.repository.files[file as usize];
        SourceOf { path: &source.path, text: &source.text, outline: &self.outlines[file as usize] }
    }

    fn outline(&self, file: u32) -> &'a Outline {
        &self.outlines[file as usize]
    }

    /// The files of a folder that declare a name.
    fn declaring(&self, folder: &str, name: &str) -> impl Iterator<Item = u32> {
        let start = self.declared.partition_point(|&(f, n, _)| (f, n) < (folder, name));
        let rest = self.declared[start..].iter();
        rest.take_while(move |(f, n, _)| (*f, *n) == (folder, name)).map(|(_, _, file)| *file)
    }

    /// Says to `found` which files of the package in `folder` declare the names.
    fn names(&self, users: &User<'_>, names: &mut dyn Iterator<Item = &str>, found: &mut Found) {
        for name in names {
            for file in self.declaring(users.folder, name) {
                let outline = self.outline(file);
                let test = is_test(&self.repository.files[file as usize].path);
                if outline.package.as_deref() == Some(users.package) && (!test || users.tests) {
                    let active = outline.when == When::Always;
                    found.add(
                        file,
                        if active { users.kind } else { users.kind.max(EdgeKind::Inactive) },
                    );
                }
            }
        }
    }

    /// What an import of the package in `folder` leads to.
    fn package(&self, file: u32, import: &Import, folder: &str, kind: EdgeKind, found: &mut Found) {
        let SourceOf { path, outline, .. } = self.source(file);
        let own = outline.package.as_deref().unwrap_or_default();
        let beside = own.strip_suffix("_test").filter(|_| is_test(path) && parent(path) == folder);
        let known = self.folders.get(folder);
        let Some(package) = known.map(|known| known.package).or(beside) else {
            return found.unresolved("the folder has only tests");
        };
        let user = User { folder, package, tests: beside.is_some(), kind };
        let dotted = import.names.iter().any(|name| name == "*");
        match import.alias.as_deref() {
            Some("_") => {
                let inits = known.map(|known| &*known.inits).unwrap_or_default();
                for &file in inits {
                    found.add(file, EdgeKind::Package.max(kind));
                }
            }
            _ if dotted => {
                let is_exported =
                    |name: &&String| name.starts_with(char::is_uppercase) && !name.contains('.');
                let bare = outline.uses.iter().filter(is_exported);
                self.names(&user, &mut bare.map(|name| &**name), found);
            }
            alias => {
                let local = format!("{}.", alias.unwrap_or(package));
                let start = outline.uses.partition_point(|name| **name < *local);
                let names =
                    outline.uses[start..].iter().map_while(|name| name.strip_prefix(&*local));
                self.names(&user, &mut names.into_iter(), found);
            }
        }
    }
}

/// A file with all that is known of it.
struct SourceOf<'a> {
    path: &'a str,
    text: &'a str,
    outline: &'a Outline,
}

/// Who may use which names.
struct User<'u> {
    /// Where the names are declared.
    folder: &'u str,
    /// In files of this package.
    package: &'u str,
    /// Whether those in tests count.
    tests: bool,
    kind: EdgeKind,
}

impl Resolver for Packages<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        if import.path == "C" {
            return;
        }
        let own = parent(&self.repository.files[file as usize].path);
        let kind = if is_passed_over(own) { EdgeKind::Inactive } else { EdgeKind::Import };
        match self.modules.place(own, &import.path) {
            Place::Folder(folder) => self.package(file, import, &folder, kind, found),
            Place::Elsewhere(folder) => {
                self.package(file, import, &folder, EdgeKind::Inactive, found);
            }
            Place::Nowhere if kind == EdgeKind::Import => {
                found.unresolved("no Go files in the folder");
            }
            Place::Nowhere | Place::Outside => {}
        }
    }

    fn implied(&self, file: u32, found: &mut Found) {
        let SourceOf { path, outline, .. } = self.source(file);
        let Some(package) = outline.package.as_deref() else { return };
        let kind = EdgeKind::SamePackage;
        let user = User { folder: parent(path), package, tests: is_test(path), kind };
        let bare = outline.uses.iter().filter(|name| !name.contains('.'));
        self.names(&user, &mut bare.map(|name| &**name), found);
    }
}

fn is_go(repository: &Repository, file: u32) -> bool {
    repository.files[file as usize].language == "go"
}

fn is_test(path: &str) -> bool {
    path.ends_with("_test.go")
}

/// Whether Go's `./...` passes over a folder.
fn is_passed_over(folder: &str) -> bool {
    folder.split('/').any(|part| part == "testdata" || part.starts_with(['_', '.']))
}
