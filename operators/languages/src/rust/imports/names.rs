//! Which names each module has, and what a path of names leads to.
//!
//! A module has the modules, items and macros that stand in it, what its `use` statements name, and what
//! the modules have that it imports with `*`. Nothing is copied: a path is followed through the statements
//! anew each time, for a limited number of steps.

use std::collections::HashMap;
use std::sync::Arc;

use backstory_core::{DefinitionKind, Import, Outline, Repository, When};

use super::modules::Modules;

/// Steps that following one path may take. Ordinary paths take less than ten.
const STEPS: usize = 400;

/// Modules that are looked at for a name that may come from a `*`.
const GLOBS: usize = 400;

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
struct Named {
    entry: Entry,
    public: bool,
}

/// One name that one `use` takes.
struct Leaf<'a> {
    scope: u32,
    path: &'a str,
    /// None for the path itself.
    name: Option<&'a str>,
}

struct Glob<'a> {
    scope: u32,
    path: &'a str,
    public: bool,
    target: Option<Place>,
}

/// The names of all modules.
pub(super) struct Names<'a> {
    pub(super) modules: Modules<'a>,
    named: HashMap<(u32, &'a str), Vec<Named>>,
    leaves: Vec<Leaf<'a>>,
    globs: Vec<Glob<'a>>,
    /// Per module, its globs.
    globs_of: HashMap<u32, Vec<u32>>,
}

/// A path that is being followed.
struct Step<'a> {
    at: At,
    /// Where the path stands that is being followed now.
    from: u32,
    /// What is left of it, the next name last.
    rest: Vec<&'a str>,
    /// Imports it went through: none leads to itself.
    through: Vec<u32>,
}

#[derive(Clone, Copy)]
enum At {
    /// At the beginning of a path that stands here.
    Start(u32),
    Place(Place),
}

impl<'a> Names<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let modules = Modules::new(repository, outlines);
        let (named, leaves, globs) = (HashMap::new(), vec![], vec![]);
        let mut names = Self { modules, named, leaves, globs, globs_of: HashMap::new() };
        for (scope, name, child) in std::mem::take(&mut names.modules.declared) {
            names.add(scope, name, Entry::Here(Place::Module(child)), false);
        }
        for file in 0..outlines.len() as u32 {
            let Some(module) = names.modules.of_file[file as usize] else { continue };
            let (text, outline) = (&*repository.files[file as usize].text, &*outlines[file as usize]);
            names.add_definitions(module, outline, text);
            for import in &outline.imports {
                names.add_import(file, import);
            }
        }
        names.follow_globs();
        names
    }

    fn add(&mut self, scope: u32, name: &'a str, entry: Entry, public: bool) {
        self.named.entry((scope, name)).or_default().push(Named { entry, public });
    }

    fn add_definitions(&mut self, module: u32, outline: &'a Outline, text: &'a str) {
        // Per definition, the module that it is.
        let mut inside: Vec<Option<u32>> = vec![];
        for definition in &outline.definitions {
            let around = definition.parent.map_or(Some(module), |parent| inside[parent as usize]);
            let mut is_module = None;
            if let Some(around) = around {
                let name = definition.name(text);
                let name = name.strip_prefix("r#").unwrap_or(name);
                let place = match definition.kind {
                    DefinitionKind::Module => {
                        let declared = self.named.get_mut(&(around, name));
                        let declared = declared.filter(|_| text.as_bytes().get(definition.range.end as usize - 1) == Some(&b';'));
                        if let Some(declared) = declared {
                            declared.iter_mut().for_each(|named| named.public |= definition.public);
                            None
                        } else if text.as_bytes().get(definition.range.end as usize - 1) == Some(&b';') {
                            None
                        } else {
                            let child = self.modules.enter_inline(around, name);
                            is_module = Some(child);
                            Some(Place::Module(child))
                        }
                    }
                    DefinitionKind::Type | DefinitionKind::Interface | DefinitionKind::Alias => {
                        Some(Place::Type(around))
                    }
                    DefinitionKind::Function | DefinitionKind::Constant => Some(Place::Value(around)),
                    DefinitionKind::Macro if definition.public => {
                        let root = self.modules.list[around as usize].root;
                        self.add(root, name, Entry::Here(Place::Value(around)), true);
                        (root != around).then_some(Place::Value(around))
                    }
                    DefinitionKind::Macro => Some(Place::Value(around)),
                    _ => None,
                };
                if let Some(place) = place {
                    self.add(around, name, Entry::Here(place), definition.public);
                }
            }
            inside.push(is_module);
        }
    }

    fn add_import(&mut self, file: u32, import: &'a Import) {
        if import.when == When::Inactive || import.path.contains(' ') {
            return;
        }
        let Some(scope) = self.modules.of_file[file as usize] else { return };
        let scope = self.modules.enter_inline(scope, &import.scope);
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

    /// The module or type that `path`, which stands in `scope`, leads to.
    pub(super) fn place(&self, scope: u32, path: &'a str) -> Option<Place> {
        let rest: Vec<&str> = path.rsplit("::").collect();
        self.follow(Step { at: At::Start(scope), from: scope, rest, through: vec![] }, true)
    }

    /// The last module on the way of a path that leads nowhere, if the path begins in this crate or a
    /// known one: a macro there may have made what is missing.
    pub(super) fn last_known(&self, scope: u32, path: &'a str) -> Option<Place> {
        let mut path = path;
        while let Some((before, _)) = path.rsplit_once("::") {
            match self.place(scope, before) {
                Some(place) => return Some(place),
                None => path = before,
            }
        }
        None
    }

    /// What `name` in `module` stands for: what stands there itself, and what a `*` brings.
    ///
    /// What others may not see counts for them only if there is nothing else of that name.
    pub(super) fn entries(&self, from: u32, module: u32, name: &str) -> Vec<Entry> {
        let Some(own) = self.named.get(&(module, name)) else {
            return self.brought(from, module, name);
        };
        let visible = |named: &&Named| named.public || self.is_within(from, module);
        let mut entries: Vec<_> = own.iter().filter(visible).map(|named| named.entry).collect();
        if entries.is_empty() {
            entries = self.brought(from, module, name);
        }
        if entries.is_empty() {
            entries.extend(own.iter().map(|named| named.entry));
        }
        // Of several modules of one name, which conditions tell apart, the first is as good as any.
        let mut is_first = true;
        entries.retain(|entry| {
            let is_module = matches!(entry, Entry::Here(Place::Module(_)));
            !is_module || std::mem::take(&mut is_first)
        });
        entries
    }

    /// Where an entry leads.
    pub(super) fn target(&self, entry: Entry) -> Option<Place> {
        match entry {
            Entry::Here(place) => Some(place),
            Entry::Use(leaf) => {
                let (scope, rest) = self.path_of(leaf);
                self.follow(Step { at: At::Start(scope), from: scope, rest, through: vec![leaf] }, false)
            }
        }
    }

    fn path_of(&self, leaf: u32) -> (u32, Vec<&'a str>) {
        let leaf = &self.leaves[leaf as usize];
        (leaf.scope, leaf.name.into_iter().chain(leaf.path.rsplit("::")).collect())
    }

    /// What `*` brings to `module` by this name, as seen from `from`. It brings what `module` may see.
    fn brought(&self, from: u32, module: u32, name: &str) -> Vec<Entry> {
        let visible = |public: bool, at: u32| {
            public || self.is_within(if at == module { from } else { module }, at)
        };
        let mut seen = vec![module];
        let mut next = 0;
        while let Some(&current) = seen.get(next).filter(|_| next < GLOBS) {
            next += 1;
            if next > 1
                && let Some(named) = self.named.get(&(current, name))
            {
                let entries = named.iter().filter(|named| visible(named.public, current));
                let entries: Vec<_> = entries.map(|named| named.entry).collect();
                if !entries.is_empty() {
                    return entries;
                }
            }
            for &glob in self.globs_of.get(&current).into_iter().flatten() {
                let glob = &self.globs[glob as usize];
                if let Some(Place::Module(target)) = glob.target
                    && visible(glob.public, current)
                    && seen.len() < GLOBS
                    && !seen.contains(&target)
                {
                    seen.push(target);
                }
            }
        }
        vec![]
    }

    /// Whether `inner` is `outer` or in it.
    fn is_within(&self, inner: u32, outer: u32) -> bool {
        let mut at = Some(inner);
        for _ in 0..STEPS {
            match at {
                Some(module) if module == outer => return true,
                Some(module) => at = self.modules.list[module as usize].parent,
                None => return false,
            }
        }
        false
    }

    /// Follows a path to its end. What it leads to first counts; a type or module only, if `is_scope`.
    fn follow(&self, first: Step<'a>, is_scope: bool) -> Option<Place> {
        let mut open = vec![first];
        for _ in 0..STEPS {
            let mut step = open.pop()?;
            let Some(name) = step.rest.pop() else {
                match step.at {
                    At::Place(Place::Value(_)) if is_scope => continue,
                    At::Place(place) => return Some(place),
                    At::Start(_) => continue,
                }
            };
            let from = open.len();
            match step.at {
                At::Start(scope) => self.begin(scope, name, step, &mut open),
                At::Place(Place::Module(module)) => match name {
                    "self" => open.push(Step { at: At::Place(Place::Module(module)), ..step }),
                    "super" => {
                        let parent = self.modules.parent(module).map(Place::Module);
                        open.extend(parent.map(|place| Step { at: At::Place(place), ..step }));
                    }
                    name => self.enter(self.entries(step.from, module, name), &step, &mut open),
                },
                At::Place(Place::Type(module)) => {
                    open.push(Step { at: At::Place(Place::Type(module)), rest: vec![], ..step });
                }
                At::Place(Place::Value(_)) => {}
            }
            open[from..].reverse();
        }
        None
    }

    /// The places where a path may begin, the best first.
    fn begin(&self, scope: u32, name: &'a str, mut step: Step<'a>, open: &mut Vec<Step<'a>>) {
        let module = &self.modules.list[scope as usize];
        let root = module.root;
        let package = module.package;
        let is_2015 = package.is_some_and(|package| self.modules.packages.list[package].is_2015);
        let place = match name {
            "crate" | "$crate" => Some(root),
            "self" => Some(self.modules.nearest_module(scope)),
            "super" => self.modules.parent(scope),
            "" if is_2015 => {
                let Some(name) = step.rest.pop() else { return };
                return self.begin_named(scope, name, step, is_2015, open);
            }
            "" => {
                let library = step.rest.pop().and_then(|name| self.library(package, name));
                return open.extend(library.map(|at| Step { at, ..step }));
            }
            name => return self.begin_named(scope, name, step, is_2015, open),
        };
        let at = place.map(|place| At::Place(Place::Module(place)));
        open.extend(at.map(|at| Step { at, ..step }));
    }

    fn begin_named(
        &self,
        scope: u32,
        name: &'a str,
        step: Step<'a>,
        is_2015: bool,
        open: &mut Vec<Step<'a>>,
    ) {
        let module = &self.modules.list[scope as usize];
        if is_2015 {
            self.enter(self.entries(scope, module.root, name), &step, open);
        } else {
            let mut around = scope;
            for _ in 0..STEPS {
                self.enter(self.entries(scope, around, name), &step, open);
                let Module { is_block: true, parent: Some(parent) } = self.shape(around) else { break };
                around = parent;
            }
        }
        if let Some(at) = self.library(module.package, name) {
            open.push(Step { at, ..step });
        }
    }

    fn shape(&self, module: u32) -> Module {
        let module = &self.modules.list[module as usize];
        Module { is_block: module.is_block, parent: module.parent }
    }

    /// The root of the library that is called `name`.
    fn library(&self, package: Option<usize>, name: &str) -> Option<At> {
        let package = self.modules.packages.called(package, name)?;
        let (_, file) = self.modules.packages.list[package].library.as_ref()?;
        let root = self.modules.of_file[*file as usize]?;
        Some(At::Place(Place::Module(root)))
    }

    fn enter(&self, entries: Vec<Entry>, step: &Step<'a>, open: &mut Vec<Step<'a>>) {
        for entry in entries {
            match entry {
                Entry::Here(place) => {
                    let rest = step.rest.clone();
                    let (at, from) = (At::Place(place), step.from);
                    open.push(Step { at, from, rest, through: step.through.clone() });
                }
                Entry::Use(leaf) if step.through.contains(&leaf) => {}
                Entry::Use(leaf) => {
                    let (scope, path) = self.path_of(leaf);
                    let rest = step.rest.iter().copied().chain(path).collect();
                    let through = step.through.iter().copied().chain([leaf]).collect();
                    open.push(Step { at: At::Start(scope), from: scope, rest, through });
                }
            }
        }
    }
}

struct Module {
    is_block: bool,
    parent: Option<u32>,
}
