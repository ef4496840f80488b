//! What includes mean inside one repository.
//!
//! A quoted include means the file at that path from its own folder, if there is one. All other includes are
//! searched in include folders, and which folders those are is a guess: every folder from which the path as
//! written leads to a file is possible. If there are several, these go first, in this order:
//!
//! 1. folders that are not for another system or processor than Linux on x86-64, as their names tell, unless
//!    the includer is in such a folder itself;
//! 2. include folders that a build file around the includer names, and folders that are include folders for the
//!    includer's folder, as its includes with one possible meaning show;
//! 3. the nearest ones: as few steps up and then as few steps down as can be, those that are for Linux by the name
//!    of a folder first among those as many steps up;
//! 4. the ones that most includes of the repository need.
//!
//! An include in angle brackets of a header that the system has means the repository's file only if a build
//! file or the folder's name (`include`) says that it is looked for there. `#include_next` never means its
//! own folder. `import x;` means the files that say `module x;`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{Import, Outline, Repository, When};

use super::folders::Declared;
use super::macros::Macros;
use super::system::{FOREIGN_FOLDERS, is_standard};
use crate::files::{ancestors, file_name, parent, walk_to};
use crate::{Found, Resolver};

/// Files of one name are looked through one by one up to this many.
const MOST_NAMESAKES: usize = 512;

/// The files of one repository that includes can mean.
pub(super) struct Includes<'a> {
    repository: &'a Repository,
    by_path: HashMap<&'a str, u32>,
    by_name: HashMap<&'a str, Vec<u32>>,
    /// Files that say which module they are.
    modules: HashMap<&'a str, Vec<u32>>,
    declared: Declared,
    /// How often includes in a folder can only be meant from an include folder.
    learned: HashMap<(&'a str, &'a str), u32>,
    /// The same for all folders together.
    votes: HashMap<&'a str, u32>,
    macros: Macros,
}

/// Folders for the system that all is looked at on.
const NATIVE_FOLDERS: [&str; 3] = ["linux", "posix", "unix"];

/// How well a file is meant, the least first.
type Rank = (usize, bool, usize, bool, usize, u32);

/// An include as written.
struct Wanted<'i> {
    path: &'i str,
    angle: bool,
    next: bool,
}

impl<'i> Wanted<'i> {
    fn new(written: &'i str) -> Self {
        let path = written.strip_prefix("include_next ");
        let (path, next) = path.map_or((written, false), |path| (path, true));
        let inner = path.strip_prefix('<').and_then(|path| path.strip_suffix('>'));
        Self { path: inner.unwrap_or(path), angle: inner.is_some(), next }
    }
}

impl<'a> Includes<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let mut by_path = HashMap::new();
        let (mut by_name, mut modules) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        let mut folders = HashSet::from([""]);
        for (index, file) in repository.files.iter().enumerate() {
            by_path.insert(&*file.path, index as u32);
            by_name.entry(file_name(&file.path)).or_default().push(index as u32);
            for folder in ancestors(parent(&file.path)) {
                if !folders.insert(folder) {
                    break;
                }
            }
            let module = outlines[index].package.as_deref();
            if let Some(module) = module.filter(|_| is_family(file.language)) {
                modules.entry(module).or_default().push(index as u32);
            }
        }
        let declared = Declared::new(repository, &folders);
        let (learned, votes, macros) = (HashMap::new(), HashMap::new(), Macros::default());
        let mut includes =
            Self { repository, by_path, by_name, modules, declared, learned, votes, macros };
        includes.learn(outlines);
        let find = |file: u32, path: &str| includes.find(file, &Wanted::new(path));
        includes.macros = Macros::new(repository, outlines, find);
        includes
    }

    /// Takes note of include folders that includes show which can mean one file only.
    fn learn(&mut self, outlines: &'a [Arc<Outline>]) {
        for (index, outline) in outlines.iter().enumerate() {
            let file = &self.repository.files[index];
            if !is_family(file.language) {
                continue;
            }
            let from = parent(&file.path);
            for import in &outline.imports {
                let wanted = Wanted::new(&import.path);
                if (wanted.angle && is_standard(wanted.path))
                    || self.beside(from, &wanted).is_some()
                {
                    continue;
                }
                if let [(_, folder)] = self.candidates(&wanted)[..] {
                    *self.learned.entry((from, folder)).or_default() += 1;
                    *self.votes.entry(folder).or_default() += 1;
                }
            }
        }
    }

    /// The file that a quoted include means from its own folder.
    fn beside(&self, from: &str, wanted: &Wanted<'_>) -> Option<u32> {
        if wanted.angle || wanted.next {
            return None;
        }
        self.by_path.get(&*walk_to(from, wanted.path)?).copied()
    }

    /// All files that an include may mean, each with the include folder from which it does.
    fn candidates(&self, wanted: &Wanted<'_>) -> Vec<(u32, &'a str)> {
        let Some(tail) = tail(wanted.path) else { return vec![] };
        let files = self.by_name.get(file_name(&tail)).map_or(&[][..], Vec::as_slice);
        let fits = |&file: &u32| {
            let path: &'a str = &self.repository.files[file as usize].path;
            let folder = path.strip_suffix(&*tail)?;
            let folder = if folder.is_empty() { folder } else { folder.strip_suffix('/')? };
            Some((file, folder))
        };
        files.iter().take(MOST_NAMESAKES).filter_map(fits).collect()
    }

    /// The file that an include in `from` means.
    fn find(&self, file: u32, wanted: &Wanted<'_>) -> Option<u32> {
        let from = parent(&self.repository.files[file as usize].path);
        if let Some(beside) = self.beside(from, wanted) {
            return Some(beside);
        }
        let standard = wanted.angle && is_standard(wanted.path);
        let candidates = self.candidates(wanted).into_iter();
        let candidates = candidates
            .filter(|(other, folder)| !wanted.next || (*other != file && *folder != from))
            .filter(|(_, folder)| !standard || self.is_include_folder(folder, from));
        let best =
            candidates.min_by_key(|&(other, folder)| (self.rank(from, folder, other), other));
        best.map(|(other, _)| other)
    }

    /// Whether headers with the names of system headers are looked for in `folder`.
    fn is_include_folder(&self, folder: &str, from: &str) -> bool {
        let around = parent(folder);
        if foreign(folder, shared(from, folder)) > 0 {
            return false;
        }
        let named = file_name(folder) == "include" && ancestors(from).any(|from| from == around);
        named || self.declared.for_files_in(folder, from)
    }

    fn rank(&self, from: &'a str, folder: &'a str, file: u32) -> Rank {
        let path = &*self.repository.files[file as usize].path;
        let shared = shared(from, folder);
        let foreign = foreign(parent(path), shared);
        let known =
            self.declared.for_files_in(folder, from) || self.learned.contains_key(&(from, folder));
        let (up, down) = (depth(from) - shared, depth(folder) - shared);
        let votes = self.votes.get(folder).copied().unwrap_or(0);
        let native = folder.split('/').skip(shared).any(|part| NATIVE_FOLDERS.contains(&part));
        (foreign, !known, up, !native, down, u32::MAX - votes)
    }
}

impl Resolver for Includes<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        if let Some(module) = import.path.strip_prefix("module ") {
            found.imports(self.modules.get(module).into_iter().flatten().copied());
            return;
        }
        if import.when == When::Inactive && self.macros.activate(file, import.line) {
            found.holds();
        }
        let wanted = Wanted::new(&import.path);
        match self.find(file, &wanted) {
            Some(other) => found.import(other),
            None if wanted.path.starts_with("./") || wanted.path.starts_with("../") => {
                found.unresolved(format!("no file at \"{}\"", wanted.path));
            }
            None => {}
        }
    }

    fn implied(&self, file: u32, found: &mut Found) {
        found.imports(self.macros.computed(file));
    }
}

fn is_family(language: &str) -> bool {
    matches!(language, "c" | "cpp")
}

/// An include's path from the first folder that it names; none for one that can be of no repository.
fn tail(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') || path.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = vec![];
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// How many parts of a folder's path, without the first ones, are for another system.
fn foreign(folder: &str, shared: usize) -> usize {
    let is_foreign = |part: &&str| {
        let mut words =
            part.split(['_', '-', '.']).filter(|word| word.len() > 3 || word.len() == part.len());
        words.any(|word| FOREIGN_FOLDERS.contains(word))
    };
    folder.split('/').skip(shared).filter(is_foreign).count()
}

fn depth(folder: &str) -> usize {
    if folder.is_empty() { 0 } else { folder.split('/').count() }
}

/// How many folders two paths have in common from the top.
fn shared(a: &str, b: &str) -> usize {
    let both = a.split('/').zip(b.split('/'));
    both.take_while(|(a, b)| a == b && !a.is_empty()).count()
}
