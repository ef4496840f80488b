//! What Rust imports mean inside one repository.
//!
//! The files form trees of modules, one per crate, by their `mod x;` declarations. A parent needs the
//! files it declares: they are written first. A path is followed from where it starts (`crate`, `self`,
//! `super`, a name in scope, a crate that the package depends on) through modules and whatever modules
//! import. Its last name is not followed: `crate::store::Key` means the file of `store`, and
//! `crate::Key` the root of the crate, whatever that may export again; where `Key` really is, is marked as
//! a re-export. If the last name is a module that stands there, its file is meant; `*` means the file of
//! what is before it.
//!
//! Crates are found by `Cargo.toml`: the library by its name, with dashes read as underscores and
//! under the names that dependents give it, and the other targets at their usual or stated places. A file
//! that nobody declares, for instance because a macro does, joins the tree where its path says; if that
//! is nowhere, it is the root of a crate of its own.
//!
//! What is there on another system than 64-bit Linux is inactive, and so is what stands in such files.

mod modules;
mod names;
mod packages;

use std::sync::Arc;

use backstory_core::{EdgeKind, Import, Outline, Repository};

use crate::{Found, Resolver};
use names::{Entry, Names, Place};

/// All crates of one repository.
pub(super) struct Crates<'a> {
    names: Names<'a>,
}

impl<'a> Crates<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        Self { names: Names::new(repository, outlines) }
    }

    fn file(&self, module: u32) -> u32 {
        self.names.modules.list[module as usize].file
    }

    /// `path` alone, or all that it has to offer.
    fn whole(&self, scope: u32, path: &str) -> Option<u32> {
        let place = self.names.place(scope, path).or_else(|| self.names.last_known(scope, path));
        place.map(|place| self.file(place.module()))
    }

    /// `name` of what `path` leads to.
    fn named(&self, scope: u32, path: &str, name: &str, say: &mut dyn FnMut(u32, EdgeKind)) {
        let place = self.names.place(scope, path);
        let place = place.or_else(|| self.names.last_known(scope, path).map(|place| Place::Type(place.module())));
        let entries = match place {
            Some(Place::Module(module)) => {
                if matches!(name, "self" | "super") {
                    let whole = format!("{path}::{name}");
                    self.whole(scope, &whole).into_iter().for_each(|file| say(file, EdgeKind::Import));
                    return;
                }
                let entries = self.names.entries(scope, module, name);
                if entries.is_empty() {
                    say(self.file(module), EdgeKind::Import);
                }
                entries.into_iter().map(|entry| (module, entry)).collect::<Vec<_>>()
            }
            Some(place) => return say(self.file(place.module()), EdgeKind::Import),
            None => return,
        };
        for (module, entry) in entries {
            let target = self.names.target(entry);
            match (entry, target) {
                (Entry::Here(Place::Module(child)), _)
                    if self.names.modules.list[child as usize].parent == Some(module) =>
                {
                    say(self.file(child), EdgeKind::Import);
                }
                (_, target) => {
                    say(self.file(module), EdgeKind::Import);
                    if let Some(place) = target {
                        say(self.file(place.module()), EdgeKind::ReExport);
                    }
                }
            }
        }
    }
}

impl Resolver for Crates<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let modules = &self.names.modules;
        let Some(scope) = modules.at(file, &import.scope) else { return };
        let is_inactive = modules.list[scope as usize].is_inactive;
        let mut say = |file: u32, kind: EdgeKind| {
            found.add(file, if is_inactive { kind.max(EdgeKind::Inactive) } else { kind });
        };
        let path = &*import.path;
        if path.contains(' ') || path.contains('!') {
            if let Some(file) = modules.stated_file(file, import) {
                say(file, EdgeKind::Import);
            }
            return;
        }
        if import.names.is_empty() {
            match path.rsplit_once("::") {
                Some((path, name)) if !path.is_empty() => self.named(scope, path, name, &mut say),
                _ => {
                    if let Some(file) = self.whole(scope, path) {
                        say(file, EdgeKind::Import);
                    }
                }
            }
        }
        for name in &import.names {
            match (path, name.name.as_str()) {
                (path, "*") => {
                    if let Some(file) = self.whole(scope, path) {
                        say(file, EdgeKind::Import);
                    }
                }
                (path, "self") => match path.rsplit_once("::") {
                    Some((path, name)) if !path.is_empty() => {
                        self.named(scope, path, name, &mut say);
                    }
                    _ => {
                        if let Some(file) = self.whole(scope, path) {
                            say(file, EdgeKind::Import);
                        }
                    }
                },
                ("", name) => {
                    if let Some(file) = self.whole(scope, name) {
                        say(file, EdgeKind::Import);
                    }
                }
                (path, name) => self.named(scope, path, name, &mut say),
            }
        }
    }
}
