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

mod follow;
mod modules;
mod names;
mod packages;

use std::sync::Arc;

use backstory_core::{EdgeKind, Import, Outline, Repository, When};

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

    /// What `path` names as a whole.
    fn leaf(&self, scope: u32, path: &str, say: &mut dyn FnMut(u32, EdgeKind)) {
        match path.rsplit_once("::") {
            Some((path, name)) if !path.is_empty() => self.named(scope, path, name, say),
            _ => self.whole(scope, path).into_iter().for_each(|file| say(file, EdgeKind::Import)),
        }
    }

    /// `name` of what `path` leads to.
    fn named(&self, scope: u32, path: &str, name: &str, say: &mut dyn FnMut(u32, EdgeKind)) {
        let Some(place) = self.names.place(scope, path) else {
            let known = self.names.last_known(scope, path);
            return known.into_iter().for_each(|at| say(self.file(at.module()), EdgeKind::Import));
        };
        let module = match place {
            Place::Module(_) if matches!(name, "self" | "super") => {
                let whole = self.whole(scope, &format!("{path}::{name}"));
                return whole.into_iter().for_each(|file| say(file, EdgeKind::Import));
            }
            Place::Module(module) => module,
            place => return say(self.file(place.module()), EdgeKind::Import),
        };
        let entries = self.names.entries(scope, module, name);
        if entries.is_empty() {
            say(self.file(module), EdgeKind::Import);
        }
        for entry in entries {
            if let Entry::Here(Place::Module(child)) = entry
                && self.names.modules.list[child as usize].parent == Some(module)
            {
                say(self.file(child), EdgeKind::Import);
                continue;
            }
            say(self.file(module), EdgeKind::Import);
            if let Some(place) = self.names.target(entry) {
                say(self.file(place.module()), EdgeKind::ReExport);
            }
        }
    }
}

impl Resolver for Crates<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let modules = &self.names.modules;
        let Some(scope) = modules.at(file, &import.scope) else { return };
        let path = &*import.path;
        let is_inactive = modules.list[scope as usize].is_inactive;
        let mut say = |file: u32, kind: EdgeKind| {
            found.add(file, if is_inactive { kind.max(EdgeKind::Inactive) } else { kind });
        };
        if is_stated(path) {
            match modules.stated_file(file, import) {
                Some(file) => say(file, EdgeKind::Import),
                None if is_inactive || import.when == When::Inactive => {}
                None => found.unresolved("no such file"),
            }
            return;
        }
        if import.names.is_empty() {
            self.leaf(scope, path, &mut say);
        }
        for name in &import.names {
            match (path, name.name.as_str()) {
                (path, "*") => {
                    self.whole(scope, path)
                        .into_iter()
                        .for_each(|file| say(file, EdgeKind::Import));
                }
                (path, "self") | ("", path) => self.leaf(scope, path, &mut say),
                (path, name) => self.named(scope, path, name, &mut say),
            }
        }
        let is_own = ["crate::", "self::", "super::"].iter().any(|start| path.starts_with(start));
        if is_own && !is_inactive {
            found.unresolved("no such module");
        }
    }
}

/// Whether an import states a file, by `mod` or `include!`, rather than names.
fn is_stated(path: &str) -> bool {
    path.contains([' ', '!'])
}
