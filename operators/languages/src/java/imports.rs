//! What imports of Java and Kotlin mean inside one repository.
//!
//! An import names something by its package and its name; the file is the one that defines it at its top
//! level, whatever the folder. `a.b.Outer.Inner`, static imports and members of objects mean the file of
//! `Outer`. Where several files define the same name, the nearest counts: of the same source set, the
//! same module, a module that the build file names, or else the least steps away; main code does not see
//! tests. `a.b.*` means the files of the package that define public names which the file uses and which
//! nothing nearer explains: an import of that very name, a definition in the file itself or its package.
//! Names of the same package, and names written with their package, are needed without an import.
//!
//! Kotlin imports functions and variables like types, and of functions of one name all files count.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{EdgeKind, Import, Outline, Repository};

use super::packages::{Packages, Wanted, is_type};
use crate::{Found, Resolver};

/// What is known of one repository.
pub(crate) struct Imports<'a> {
    repository: &'a Repository,
    outlines: &'a [Arc<Outline>],
    packages: Packages<'a>,
    /// Per file with imports of whole packages, the names that need no such import.
    bound: HashMap<u32, HashSet<&'a str>>,
}

impl<'a> Imports<'a> {
    pub(crate) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let packages = Packages::new(repository, outlines);
        let mut bound = HashMap::new();
        for (index, (file, outline)) in repository.files.iter().zip(outlines).enumerate() {
            if matches!(file.language, "java" | "kotlin") && outline.imports.iter().any(is_star) {
                bound.insert(index as u32, bound_names(&file.text, outline));
            }
        }
        Self { repository, outlines, packages, bound }
    }

    fn is_java(&self, file: u32) -> bool {
        self.repository.files[file as usize].language == "java"
    }

    fn package(&self, file: u32) -> &'a str {
        self.outlines[file as usize].package.as_deref().unwrap_or_default()
    }

    /// The files that a dotted name means, the longest package first; none if nothing is known of it.
    fn named(&self, file: u32, path: &str) -> Vec<u32> {
        let wanted = Wanted { types: self.is_java(file), ..Wanted::ANY };
        let dots = path.rmatch_indices('.').map(|(at, _)| at);
        let mut found = dots.map(|dot| {
            let rest = &path[dot + 1..];
            let name = rest.split('.').next().unwrap_or(rest);
            self.packages.named(file, &path[..dot], name, wanted)
        });
        // Kotlin also imports from the package without a name.
        if !path.contains('.') && !self.is_java(file) {
            return self.packages.named(file, "", path, wanted);
        }
        found.find(|files| !files.is_empty()).unwrap_or_default()
    }

    /// `package.*`
    fn on_demand(&self, file: u32, package: &str, found: &mut Found) {
        let uses = &self.outlines[file as usize].uses;
        let bound = self.bound.get(&file);
        let own = self.package(file);
        let wanted = Wanted { public: true, types: self.is_java(file) };
        for name in self.packages.defined(package, uses) {
            let explained = bound.is_some_and(|names| names.contains(name))
                || !self.packages.named(file, own, name, Wanted::ANY).is_empty();
            if !explained {
                found.imports(self.packages.named(file, package, name, wanted));
            }
        }
    }
}

impl Resolver for Imports<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let files = self.named(file, &import.path);
        if !files.is_empty() {
            found.imports(files);
        } else if is_star(import) && self.packages.has(&import.path) {
            self.on_demand(file, &import.path, found);
        } else if let Some((package, name)) = import.path.rsplit_once('.')
            && self.packages.has(package)
        {
            found.unresolved(format!("no file of package {package} defines {name}"));
        }
    }

    fn implied(&self, file: u32, found: &mut Found) {
        let outline = &self.outlines[file as usize];
        let wanted = Wanted { types: self.is_java(file), ..Wanted::ANY };
        let own = self.package(file);
        let here = self.packages.defined(own, &outline.uses);
        let beside = here.into_iter().flat_map(|name| self.packages.named(file, own, name, wanted));
        let written = outline.uses.iter().filter(|name| name.contains('.'));
        let written = written.flat_map(|name| self.named(file, name));
        beside.chain(written).for_each(|other| found.add(other, EdgeKind::SamePackage));
    }
}

fn is_star(import: &Import) -> bool {
    import.names.first().is_some_and(|name| name.name == "*")
}

/// The names that imports of their own, or the file itself, explain.
fn bound_names<'a>(text: &'a str, outline: &'a Outline) -> HashSet<&'a str> {
    let own = outline.definitions.iter().filter(|definition| is_type(definition.kind));
    let own = own.map(|definition| definition.name(text));
    let imported = outline.imports.iter().filter(|import| !is_star(import)).map(|import| {
        let last = || import.path.rsplit('.').next().unwrap_or_default();
        let member = import.names.first().map(|name| &*name.name);
        import.alias.as_deref().or(member).unwrap_or_else(last)
    });
    own.chain(imported).collect()
}
