//! What C# usings mean inside one repository.
//!
//! `using A.B` means the files that define types of the namespace `A.B` which the file uses: types by their
//! name and number of arguments, extension methods by their name. A type that the file's own namespace or
//! one around it defines comes first, and is needed without a using; so is what a `global using` anywhere
//! in the project brings in, and what is written with its namespace. `using static` and aliases mean the file
//! of the type. Of a partial type all files count. Where several projects define the same, the nearest one
//! counts that the project of the file sees.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use backstory_core::{EdgeKind, Import, Outline, Repository};

use super::namespaces::Namespaces;
use crate::{Found, Resolver};

/// What is known of one repository.
pub(super) struct Usings<'a> {
    outlines: &'a [Arc<Outline>],
    namespaces: Namespaces,
    /// Per project, what all its files use.
    global: BTreeMap<Option<u32>, BTreeSet<&'a str>>,
    /// Per file, the names that need no using.
    bound: Vec<HashSet<&'a str>>,
}

impl<'a> Usings<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let namespaces = Namespaces::new(repository, outlines);
        let mut global = BTreeMap::<_, BTreeSet<_>>::new();
        let mut bound = vec![];
        for (index, (file, outline)) in repository.files.iter().zip(outlines).enumerate() {
            if file.language != "csharp" {
                bound.push(HashSet::new());
                continue;
            }
            let everywhere = outline.imports.iter().filter(|import| import.exported);
            let project = namespaces.projects.of(index as u32);
            for import in everywhere {
                global.entry(project).or_default().insert(&*import.path);
            }
            bound.push(bound_names(&namespaces, index as u32, outline));
        }
        Self { outlines, namespaces, global, bound }
    }

    /// The files of the type that a dotted name means, the longest namespace first; none if nothing is known
    /// of it.
    fn type_named(&self, file: u32, path: &str) -> Vec<u32> {
        let dots = path.rmatch_indices('.').map(|(at, _)| at);
        let mut found = dots.map(|dot| {
            let rest = &path[dot + 1..];
            let name = rest.split('.').next().unwrap_or(rest);
            self.namespaces.named(file, &path[..dot], name)
        });
        found.find(|files| !files.is_empty()).unwrap_or_default()
    }

    /// A name as written, and as it reads from inside each namespace around it, the innermost first.
    fn readings(&self, file: u32, path: &str) -> Vec<String> {
        let own = self.namespaces.of(file).iter().flat_map(|own| enclosing(own));
        let inner = own.filter(|outer| !outer.is_empty()).map(|outer| format!("{outer}.{path}"));
        inner.chain([path.to_owned()]).collect()
    }

    /// The files of `namespace` that define what `file` uses.
    fn used(&self, file: u32, namespace: &str) -> Vec<u32> {
        let uses = &self.outlines[file as usize].uses;
        let names = self.namespaces.defined(namespace, uses).into_iter();
        let names = names.filter(|name| !self.bound[file as usize].contains(name));
        names.flat_map(|name| self.namespaces.named(file, namespace, name)).collect()
    }
}

impl Resolver for Usings<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let is_alias = import.alias.is_some();
        for path in self.readings(file, &import.path) {
            if self.namespaces.has(&path) && !is_alias {
                return found.imports(self.used(file, &path));
            }
            let files = self.type_named(file, &path);
            if !files.is_empty() {
                return found.imports(files);
            }
        }
    }

    fn implied(&self, file: u32, found: &mut Found) {
        let uses = &self.outlines[file as usize].uses;
        let mut implied = vec![];
        for namespace in self.namespaces.of(file).iter().flat_map(|own| enclosing(own)) {
            let names = self.namespaces.defined(namespace, uses).into_iter();
            implied.extend(names.flat_map(|name| self.namespaces.named(file, namespace, name)));
        }
        let global = self.global.get(&self.namespaces.projects.of(file)).into_iter().flatten();
        implied.extend(global.flat_map(|namespace| self.used(file, namespace)));
        for path in uses.iter().filter(|name| name.contains('.') && !name.starts_with('.')) {
            let readings = self.readings(file, path).into_iter();
            let mut files = readings.map(|path| self.type_named(file, &path));
            implied.extend(files.find(|files| !files.is_empty()).unwrap_or_default());
        }
        for other in implied {
            found.add(other, EdgeKind::SamePackage);
        }
    }
}

/// A namespace and those around it, the innermost first, the one without a name last.
fn enclosing(namespace: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(namespace), |inner| {
        let outer = inner.rsplit_once('.').map(|(outer, _)| outer);
        (!inner.is_empty()).then(|| outer.unwrap_or_default())
    })
}

/// The names that the namespaces of a file, or its aliases, explain.
fn bound_names<'a>(namespaces: &Namespaces, file: u32, outline: &'a Outline) -> HashSet<&'a str> {
    let own = namespaces.of(file).iter().flat_map(|own| enclosing(own));
    let mut bound: HashSet<&str> =
        own.flat_map(|namespace| namespaces.defined(namespace, &outline.uses)).collect();
    // An extension of the same name for something else may be nearer.
    bound.retain(|name| !name.starts_with('.'));
    bound.extend(outline.imports.iter().filter_map(|import| import.alias.as_deref()));
    bound
}
