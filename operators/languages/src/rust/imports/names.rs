//! Which names each module has: the modules, items and macros that stand in it, what its `use` statements
//! name, and what the modules have that it imports with `*`.

use std::collections::HashMap;
use std::sync::Arc;

use backstory_core::{Definition, DefinitionKind, Import, Outline, Repository, When};

use super::modules::Modules;

/// Meanings that one name has in one module: a few by namespace and condition.
const MEANINGS: usize = 16;

/// How often imports with `*` are looked at again, since others may lead to them.
const PASSES: usize = 6;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Module(u32),
    /// A type in a module: what is in it is in the same file.
    Type(u32),
    /// Anything else in a module.
    Value(u32),
}

impl Place {
    pub(super) fn module(self) -> u32 {
        match self {
            Self::Module(module) | Self::Type(module) | Self::Value(module) => module,
        }
    }
}

/// What a name in a module stands for.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    Here(Place),
    /// What the import of this number names.
    Use(u32),
}

#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) entry: Entry,
    pub(super) public: bool,
}

/// One name that one `use` takes.
pub(super) struct Leaf<'a> {
    pub(super) scope: u32,
    pub(super) path: &'a str,
    /// None for the path itself.
    pub(super) name: Option<&'a str>,
}

pub(super) struct Glob<'a> {
    pub(super) scope: u32,
    pub(super) path: &'a str,
    pub(super) public: bool,
    pub(super) target: Option<Place>,
}

/// The names of all modules.
pub(super) struct Names<'a> {
    pub(super) modules: Modules<'a>,
    pub(super) named: HashMap<(u32, &'a str), Vec<Named>>,
    pub(super) leaves: Vec<Leaf<'a>>,
    pub(super) globs: Vec<Glob<'a>>,
    /// Per module, its globs.
    pub(super) globs_of: HashMap<u32, Vec<u32>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let modules = Modules::new(repository, outlines);
        let (named, leaves, globs) = (HashMap::new(), vec![], vec![]);
        let mut all = Self { modules, named, leaves, globs, globs_of: HashMap::new() };
        all.add_declared();
        for file in 0..outlines.len() as u32 {
            let Some(module) = all.modules.of_file[file as usize] else { continue };
            let (text, outline) =
                (&*repository.files[file as usize].text, &*outlines[file as usize]);
            all.add_definitions(module, outline, text);
            for import in &outline.imports {
                all.add_import(file, import);
            }
            all.add_declared();
        }
        all.follow_globs();
        all
    }

    fn add(&mut self, scope: u32, name: &'a str, entry: Entry, public: bool) {
        let named = self.named.entry((scope, name)).or_default();
        if named.len() < MEANINGS {
            named.push(Named { entry, public });
        }
    }

    /// Adds the modules that were found since. Of modules given to macros, nothing more is known.
    fn add_declared(&mut self) {
        for (scope, name, child) in std::mem::take(&mut self.modules.declared) {
            self.add(scope, name, Entry::Here(Place::Module(child)), false);
        }
    }

    fn add_definitions(&mut self, module: u32, outline: &'a Outline, text: &'a str) {
        // Per definition, the module that it is.
        let mut inside: Vec<Option<u32>> = vec![];
        for definition in &outline.definitions {
            let around = definition.parent.map_or(Some(module), |parent| inside[parent as usize]);
            let is_module = definition.kind == DefinitionKind::Module;
            inside.push(match around {
                Some(around) if is_module => self.add_module(around, definition, text),
                Some(around) => {
                    self.add_item(around, definition, text);
                    None
                }
                None => None,
            });
        }
    }

    /// Adds a module whose items are here; one that is a file is known already.
    fn add_module(
        &mut self,
        around: u32,
        definition: &'a Definition,
        text: &'a str,
    ) -> Option<u32> {
        let name = name_of(definition, text);
        let end = definition.range.end as usize;
        if text.get(..end).is_some_and(|text| text.ends_with(';')) {
            for named in self.named.get_mut(&(around, name)).into_iter().flatten() {
                named.public |= definition.public;
            }
            return None;
        }
        let child = self.modules.enter(around, name);
        self.add_declared();
        for named in self.named.get_mut(&(around, name)).into_iter().flatten() {
            named.public |= definition.public;
        }
        Some(child)
    }

    fn add_item(&mut self, around: u32, definition: &'a Definition, text: &'a str) {
        use DefinitionKind::{Alias, Constant, Function, Interface, Macro, Type};
        let place = match definition.kind {
            Type | Interface | Alias => Place::Type(around),
            Function | Constant | Macro => Place::Value(around),
            _ => return,
        };
        let name = name_of(definition, text);
        let root = self.modules.list[around as usize].root;
        if definition.kind == Macro && definition.public && root != around {
            self.add(root, name, Entry::Here(place), true);
        }
        self.add(around, name, Entry::Here(place), definition.public);
    }

    fn add_import(&mut self, file: u32, import: &'a Import) {
        if import.when == When::Inactive || import.path.contains(' ') {
            return;
        }
        let Some(scope) = self.modules.of_file[file as usize] else { return };
        let scope = self.modules.enter(scope, &import.scope);
        let (path, public) = (&*import.path, import.exported);
        if import.names.is_empty() {
            let name = import.alias.as_deref().or_else(|| path.rsplit("::").next());
            self.add_leaf(Leaf { scope, path, name: None }, name, public);
        }
        for one in &import.names {
            let called = one.alias.as_deref();
            match &*one.name {
                "*" => {
                    let globs = self.globs_of.entry(scope).or_default();
                    globs.push(self.globs.len() as u32);
                    self.globs.push(Glob { scope, path, public, target: None });
                }
                "self" => {
                    let called = called.or_else(|| path.rsplit("::").next());
                    self.add_leaf(Leaf { scope, path, name: None }, called, public);
                }
                name => {
                    let leaf = Leaf { scope, path, name: Some(name) };
                    self.add_leaf(leaf, called.or(Some(name)), public);
                }
            }
        }
    }

    fn add_leaf(&mut self, leaf: Leaf<'a>, called: Option<&'a str>, public: bool) {
        let Some(called) = called.filter(|called| *called != "_") else { return };
        self.add(leaf.scope, called, Entry::Use(self.leaves.len() as u32), public);
        self.leaves.push(leaf);
    }

    fn follow_globs(&mut self) {
        for _ in 0..PASSES {
            let open = (0..self.globs.len()).filter(|&glob| self.globs[glob].target.is_none());
            let mut found = vec![];
            for glob in open {
                let Glob { scope, path, .. } = self.globs[glob];
                found.extend(self.place(scope, path).map(|place| (glob, place)));
            }
            if found.is_empty() {
                return;
            }
            for (glob, place) in found {
                self.globs[glob].target = Some(place);
            }
        }
    }
}

fn name_of<'a>(definition: &Definition, text: &'a str) -> &'a str {
    let name = definition.name(text);
    name.strip_prefix("r#").unwrap_or(name)
}
