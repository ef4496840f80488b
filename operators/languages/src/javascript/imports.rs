//! What the specifiers of JavaScript and TypeScript imports mean inside one repository.
//!
//! - A relative specifier is a file (see [`super::tree`] for endings), or a folder: what `main` of its
//!   `package.json` says, its `index`. If there is none, `rootDirs` of a tsconfig are tried.
//! - `#name` is what `imports` of the package around the file says.
//! - Any other specifier is tried by `paths` and `baseUrl` of the configurations around the file
//!   ([`super::configs`]), then as a package that the file sees by name ([`super::packages`]): its `exports`,
//!   or `typesVersions`, `main` and the like. `browser` is read neither by TypeScript nor by dependency-cruiser.
//! - What a manifest names is often built and not in the repository. Then the source it is built from is
//!   looked for: by `outDir` and `rootDir`, then at the same path below `src` instead of the folder that it
//!   is built into, then as `src/index`.
//! - A name that a file only offers again (`export .. from`) also leads to the file that defines it
//!   ([`super::reexports`]). Everything else is not ours.
//!
//! Why this is not `oxc_resolver` (tried at 11.24 over a file system in memory): it answers what an installed
//! tree would load, so links of workspaces would have to be made up for it and built files that are not there
//! be resolved beside it, by the same reading of manifests that it does; 20,000 tsconfig files of which each
//! extends the next overflow its stack, which ends the process; it reads `NODE_PATH` from the environment; and
//! one broken tsconfig fails every import below it. It is quick (a microsecond per import) and right on what
//! is installed.

use std::sync::Arc;

use backstory_core::{EdgeKind, Import, Outline, Repository};

use super::configs::Configs;
use super::packages::{Package, Packages, split};
use super::reexports::Reexports;
use super::tree::{Importer, Order, Tree};
use crate::files::{file_name, join, walk_to};
use crate::{Found, Resolver};

/// The specifiers of one repository.
pub(crate) struct Specifiers<'a> {
    repository: &'a Repository,
    tree: Tree<'a>,
    packages: Packages<'a>,
    configs: Configs<'a>,
    reexports: Reexports<'a>,
}

/// Where an import leads.
enum Target {
    File(u32),
    /// To a file that is not there, for this reason.
    Nothing(&'static str),
    /// Out of the repository, or to a file that is no source.
    Elsewhere,
}

impl<'a> Specifiers<'a> {
    pub(crate) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let packages = Packages::new(repository);
        let configs = Configs::new(repository, |name| packages.folder_named(name));
        let (tree, reexports) = (Tree::new(repository), Reexports::default());
        let mut specifiers = Self { repository, tree, packages, configs, reexports };
        let of = |file, import: &Import| specifiers.target(file, &import.path).file();
        specifiers.reexports = Reexports::new(repository, outlines, of);
        specifiers
    }

    fn target(&self, file: u32, specifier: &str) -> Target {
        let file = &self.repository.files[file as usize];
        let mut importer =
            Importer::new(&file.path, file.language).with(self.configs.conditions(&file.path));
        if self.configs.is_node(&file.path) {
            let package = self.packages.around(importer.folder);
            importer = importer.on_node(package.is_some_and(|package| package.of_modules));
        }
        self.specifier(importer, specifier).or_else(|| {
            // Loaders go before a path, and a query follows it.
            let bare = specifier.rsplit('!').next().unwrap_or_default();
            let bare = bare.split('?').next().unwrap_or_default();
            (bare != specifier).then_some(bare).map(|bare| self.specifier(importer, bare))
        })
    }

    fn specifier(&self, importer: Importer<'_>, specifier: &str) -> Target {
        match specifier.split('/').next() {
            Some("." | "..") => self.relative(importer, specifier),
            Some(first) if first.starts_with('#') => self.private(importer, specifier),
            _ => self.named(importer, specifier),
        }
    }

    fn relative(&self, importer: Importer<'_>, specifier: &str) -> Target {
        let Importer { folder, order, .. } = importer;
        let Some(path) = walk_to(folder, specifier) else { return Target::Elsewhere };
        let is_folder = matches!(specifier.rsplit('/').next(), Some("" | "." | ".."));
        let found = if is_folder { self.folder(&path, order) } else { self.module(&path, order) };
        let in_roots =
            || self.configs.find_in_roots(folder, &path, |path| self.module(path, order));
        match found.or_else(in_roots) {
            Some(file) => Target::File(file),
            None if is_source(&path) => Target::Nothing("no such file"),
            None => Target::Elsewhere,
        }
    }

    /// `#name`, which only the files of one package can import.
    fn private(&self, importer: Importer<'_>, specifier: &str) -> Target {
        if let Some(file) = self.mapped(importer, specifier) {
            return Target::File(file);
        }
        let Some(package) = self.packages.around(importer.folder) else { return Target::Elsewhere };
        let paths = package.imported(specifier, importer);
        if paths.iter().all(Vec::is_empty) {
            return Target::Elsewhere;
        }
        match paths.iter().find_map(|paths| self.first(package, paths, importer.order)) {
            Some(file) => Target::File(file),
            None => Target::Nothing("no file where imports of package.json say"),
        }
    }

    /// A specifier that is mapped by a configuration, or begins with the name of a package.
    fn named(&self, importer: Importer<'_>, specifier: &str) -> Target {
        if let Some(file) = self.mapped(importer, specifier) {
            return Target::File(file);
        }
        let (name, rest) = split(specifier);
        if self.packages.is_vendored(importer.folder, name) {
            return Target::Elsewhere;
        }
        match self.packages.seen(importer.folder, name) {
            None => Target::Elsewhere,
            Some(package) => match self.part(package, rest, importer) {
                Some(file) => Target::File(file),
                None if is_source(rest) => Target::Nothing("no such file in this package"),
                None => Target::Elsewhere,
            },
        }
    }

    fn mapped(&self, importer: Importer<'_>, specifier: &str) -> Option<u32> {
        self.configs.find(importer.path, specifier, |path| self.module(path, importer.order))
    }

    /// The module at a path: a file, or a folder that stands for one.
    fn module(&self, path: &str, order: Order) -> Option<u32> {
        let file = self.tree.strict(path, order).or_else(|| self.folder(path, order));
        file.or_else(|| self.tree.lenient(path, order))
    }

    /// The file that a folder stands for.
    fn folder(&self, folder: &str, order: Order) -> Option<u32> {
        let package = self.packages.at(folder);
        let main = package.map(|package| package.main(order)).unwrap_or_default();
        main.iter()
            .find_map(|path| self.file_or_index(path, order))
            .or_else(|| self.tree.index(folder, order))
            .or_else(|| self.source(package?, &main, order))
    }

    fn file_or_index(&self, path: &str, order: Order) -> Option<u32> {
        self.tree.file(path, order).or_else(|| self.tree.index(path, order))
    }

    /// A package, or a part of it.
    fn part(&self, package: &Package<'_>, rest: &str, importer: Importer<'_>) -> Option<u32> {
        let order = importer.order;
        let subpath = if rest.is_empty() { ".".to_owned() } else { format!("./{rest}") };
        let exported = package.exported(&subpath, importer);
        let inside = |folder: &str| self.module(&join(&join(package.folder, folder), rest), order);
        let exported = exported.iter().find_map(|paths| self.first(package, paths, order));
        exported.or_else(|| {
            if rest.is_empty() {
                self.folder(package.folder, order)
                    .or_else(|| self.tree.index(&join(package.folder, "src"), order))
            } else {
                let versioned = package.versioned(rest, order);
                let versioned = versioned.iter().find_map(|path| self.module(path, order));
                versioned.or_else(|| inside("")).or_else(|| inside("src"))
            }
        })
    }

    /// The first of `paths` that is there; or else the first whose source is.
    fn first(&self, package: &Package<'_>, paths: &[String], order: Order) -> Option<u32> {
        let there = paths.iter().find_map(|path| self.file_or_index(path, order));
        there.or_else(|| self.source(package, paths, order))
    }

    /// What the first of `paths`, none of which is there, is built from.
    fn source(&self, package: &Package<'_>, paths: &[String], order: Order) -> Option<u32> {
        paths.iter().find_map(|path| {
            let mut stated = self.configs.source_of(package.folder, path);
            if let Some(file) = stated.find_map(|path| self.file_or_index(&path, order)) {
                return Some(file);
            }
            let inside = path.strip_prefix(package.folder)?.trim_start_matches('/');
            let (_, rest) = inside.split_once('/')?;
            // `dist/a`, and `dist/esm/a` or `dist/src/a`.
            let deeper = rest.split_once('/').map(|(_, rest)| rest);
            [Some(rest), deeper].into_iter().flatten().find_map(|rest| {
                let below = |folder: &str| join(&join(package.folder, folder), rest);
                let places = [below("src"), below(""), below("lib")];
                places
                    .iter()
                    .filter(|place| *place != path)
                    .find_map(|place| self.file_or_index(place, order))
            })
        })
    }
}

impl Target {
    fn file(&self) -> Option<u32> {
        match self {
            Self::File(file) => Some(*file),
            _ => None,
        }
    }

    /// `other`, if this is no file and that is one.
    fn or_else(self, other: impl FnOnce() -> Option<Self>) -> Self {
        match self {
            Self::File(_) => self,
            missing => other().unwrap_or(missing),
        }
    }
}

/// Whether a path, if there were such a file, could only mean source.
fn is_source(path: &str) -> bool {
    match file_name(path).rsplit_once('.') {
        None => true,
        Some((_, ending)) => {
            matches!(ending, "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts")
        }
    }
}

impl Resolver for Specifiers<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        match self.target(file, &import.path) {
            Target::Elsewhere => {}
            Target::Nothing(why) => found.unresolved(why),
            Target::File(target) => {
                found.import(target);
                for name in &import.names {
                    if let Some(definer) = self.reexports.definer(target, &name.name) {
                        found.add(definer, EdgeKind::ReExport);
                    }
                }
            }
        }
    }
}
