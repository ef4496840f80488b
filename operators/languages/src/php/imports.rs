//! Which files of one repository the imports of a PHP file mean.
//!
//! `use` names a class, function or constant, and so the file that declares it: what files declare is known
//! from their outlines. Where several declare the same class, the rules for autoloading in `composer.json`
//! decide, and where they say nothing, the file that is nearest. Where none does, the file that autoloading
//! would read is meant all the same, since it may declare the class in a way that is not seen. `use` of a
//! namespace names no file.
//!
//! The path of an `include` leads from the folder of its file, or from the top of the repository. A path with
//! constants in it, whose values are known when the program runs, is tried in the folders above the file;
//! what it leads to is a guess, and no import. Classes and functions that are used without a `use` lead to the
//! files that declare them, as names of the same namespace.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{Definition, DefinitionKind, EdgeKind, Import, Outline, Repository};

use super::composer::{Autoload, shared};
use crate::files::{Files, ancestors, file_name, join, parent, walk_to};
use crate::{Found, Resolver};

/// What a name can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sort {
    Class,
    Function,
    Constant,
}

/// The names that one repository declares.
pub(super) struct Names<'a> {
    repository: &'a Repository,
    outlines: &'a [Arc<Outline>],
    files: Files<'a>,
    autoload: Autoload<'a>,
    /// Files that declare a name, in the order of their paths. Names of classes and functions in lower case.
    declared: HashMap<(Sort, String), Vec<u32>>,
    /// Namespaces that something is declared in, in lower case.
    namespaces: HashSet<String>,
    /// Constants that are defined once, as a string.
    constants: HashMap<&'a str, Option<&'a str>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let mut this = Self {
            repository,
            outlines,
            files: Files::new(repository, &["php"]),
            autoload: Autoload::new(repository),
            declared: HashMap::new(),
            namespaces: HashSet::new(),
            constants: HashMap::new(),
        };
        for (file, source) in repository.files.iter().enumerate() {
            if source.language == "php" {
                this.add(file as u32, &source.text);
            }
        }
        this
    }

    /// Writes down what a file declares.
    fn add(&mut self, file: u32, text: &'a str) {
        let outline: &'a Outline = &self.outlines[file as usize];
        for definition in &outline.definitions {
            let module = definition.parent.map(|parent| &outline.definitions[parent as usize]);
            if module.is_some_and(|module| module.kind != DefinitionKind::Module) {
                continue;
            }
            let sort = match definition.kind {
                DefinitionKind::Type | DefinitionKind::Interface => Sort::Class,
                DefinitionKind::Function => Sort::Function,
                DefinitionKind::Constant => Sort::Constant,
                _ => continue,
            };
            let package = outline.package.as_deref().unwrap_or_default();
            let mut namespace = module.map_or(package, |module| module.name(text));
            if sort == Sort::Constant && is_call(definition, text) {
                namespace = "";
                let value = value(definition, text);
                let known = self.constants.entry(definition.name(text)).or_insert(value);
                *known = known.filter(|known| Some(*known) == value);
            }
            let name = definition.name(text).replace("\\\\", "\\");
            let full = if namespace.is_empty() { name } else { format!("{namespace}\\{name}") };
            let full = folded(sort, &full);
            self.note_namespaces(&full);
            let files = self.declared.entry((sort, full)).or_default();
            if files.last() != Some(&file) {
                files.push(file);
            }
        }
    }

    fn note_namespaces(&mut self, full: &str) {
        let mut rest = full;
        while let Some((namespace, _)) = rest.rsplit_once('\\') {
            let namespace = namespace.to_lowercase();
            if !self.namespaces.insert(namespace) {
                break;
            }
            rest = &rest[..rest.rfind('\\').unwrap_or_default()];
        }
    }

    fn path(&self, file: u32) -> &'a str {
        &self.repository.files[file as usize].path
    }

    /// The file that a name means.
    fn file(&self, from: u32, sort: Sort, name: &str) -> Option<u32> {
        let declared = self.declared.get(&(sort, folded(sort, name)));
        let declared = declared.map(|files| &**files).unwrap_or_default();
        match declared {
            [one] => return Some(*one),
            files if files.binary_search(&from).is_ok() => return Some(from),
            _ => {}
        }
        let near = self.path(from);
        let mut loaded = None;
        if sort == Sort::Class {
            let root = self.autoload.root(near);
            let mapped = declared.iter().copied();
            loaded = self.autoload.mapped(mapped.map(|file| (file, self.path(file))), root);
            if loaded.is_none() {
                let paths = self.autoload.paths(name, root);
                let mut found = paths.iter().filter_map(|path| self.files.at(path));
                let has_it = |file: &u32| declared.binary_search(file).is_ok();
                loaded = found.find(|file| declared.is_empty() || has_it(file));
            }
        }
        loaded.or_else(|| {
            // Files are sorted by path, so the nearest stand next to where this one would.
            let next = declared.partition_point(|&file| file < from);
            let beside = [next.checked_sub(1), Some(next)].into_iter().flatten();
            let beside = beside.filter_map(|at| declared.get(at).copied());
            beside.rev().max_by_key(|&file| shared(self.path(file), near))
        })
    }

    /// `use`.
    fn named(&self, from: u32, import: &Import, found: &mut Found) {
        let (sort, name) = match import.path.split_once(' ') {
            Some(("function", name)) => (Sort::Function, name),
            Some((_, name)) => (Sort::Constant, name),
            None => (Sort::Class, &*import.path),
        };
        if let Some(file) = self.file(from, sort, name) {
            return found.import(file);
        }
        let is_class = sort == Sort::Class && !self.namespaces.contains(&name.to_lowercase());
        if is_class && self.autoload.is_own(name) {
            found.unresolved("no file declares the class");
        }
    }

    /// `include` and `require`.
    fn included(&self, from: u32, path: &str, found: &mut Found) {
        let folder = parent(self.path(from));
        if path.contains('{') {
            let guess = self.guess(folder, path);
            return guess.into_iter().for_each(|file| found.add(file, EdgeKind::SamePackage));
        }
        let at = |folder: &str| walk_to(folder, path).and_then(|path| self.files.at(&path));
        // A path from `__DIR__` begins with a dot.
        let anywhere = !path.starts_with('.');
        match at(folder).or_else(|| at("").filter(|_| anywhere)) {
            Some(file) => found.import(file),
            None if path.starts_with('.')
                && file_name(path).contains('.')
                && !path.contains("vendor/") =>
            {
                found.unresolved("no such file");
            }
            None => {}
        }
    }

    /// Where a path may lead whose constants are known only in part.
    fn guess(&self, folder: &str, path: &str) -> Option<u32> {
        let mut value = String::new();
        for piece in path.split('{') {
            match piece.split_once('}') {
                None => value.push_str(piece),
                Some((name, rest)) => {
                    match self.constants.get(name).copied().flatten() {
                        Some(known) => value.push_str(known),
                        // What comes before a constant that nobody knows does not help.
                        None => value.clear(),
                    }
                    value.push_str(rest);
                }
            }
        }
        let value = value.trim_start_matches('/');
        let mut folders =
            ancestors(folder).filter(|_| !value.is_empty() && !value.starts_with('.'));
        folders.find_map(|folder| self.files.at(&join(folder, value)))
    }
}

impl Resolver for Names<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        // Only a path has a dot or a slash in it.
        if import.path.contains(['.', '/', '{']) {
            self.included(file, &import.path, found);
        } else {
            self.named(file, import, found);
        }
    }

    fn implied(&self, file: u32, found: &mut Found) {
        for name in &self.outlines[file as usize].uses {
            let other = match name.strip_suffix("()") {
                None => self.file(file, Sort::Class, name),
                // A function that its namespace lacks is looked for outside of all.
                Some(name) => self.file(file, Sort::Function, name).or_else(|| {
                    let (_, last) = name.rsplit_once('\\')?;
                    self.file(file, Sort::Function, last)
                }),
            };
            if let Some(other) = other {
                found.add(other, EdgeKind::SamePackage);
            }
        }
    }
}

/// Names as they are compared: those of constants as they are written, but for the namespace.
fn folded(sort: Sort, name: &str) -> String {
    match (sort, name.rsplit_once('\\')) {
        (Sort::Constant, Some((namespace, name))) => {
            format!("{}\\{name}", namespace.to_lowercase())
        }
        (Sort::Constant, None) => name.to_owned(),
        _ => name.to_lowercase(),
    }
}

/// Whether a constant is one of `define()`, which takes the whole name.
fn is_call(definition: &Definition, text: &str) -> bool {
    definition.signature(text).get(..6).is_some_and(|word| word.eq_ignore_ascii_case("define"))
}

/// The value that `define('NAME', 'value')` gives to a constant, if it is a string.
fn value<'a>(definition: &Definition, text: &'a str) -> Option<&'a str> {
    let after = text.get(definition.name.end as usize + 1..definition.signature.end as usize)?;
    let value = after.trim().trim_start_matches(',').trim_end_matches(')').trim();
    let inner = value.strip_prefix(['\'', '"']).and_then(|value| value.strip_suffix(['\'', '"']));
    inner.filter(|inner| !inner.contains(['\'', '"', '$', '\\']))
}
