//! What a path of names leads to. Nothing is kept: a path is followed through the statements that bring its
//! names anew each time, for a limited number of steps.

use super::modules::Module;
use super::names::{Entry, Named, Names, Place};

/// Steps that following one path may take. Ordinary paths take less than ten.
const STEPS: usize = 400;

/// Names in a path that is followed further.
const LONGEST: usize = 256;

/// Modules that are looked at for a name that may come from a `*`.
const GLOBS: usize = 200;

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
                self.follow(
                    Step { at: At::Start(scope), from: scope, rest, through: vec![leaf] },
                    false,
                )
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
                match &self.modules.list[around as usize] {
                    Module { is_block: true, parent: Some(parent), .. } => around = *parent,
                    _ => break,
                }
            }
        }
        if let Some(at) = self.library(module.package, name) {
            open.push(Step { at, ..step });
        }
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
                Entry::Use(leaf) if step.through.contains(&leaf) || step.rest.len() > LONGEST => {}
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
