//! The folders that Ruby could have on its load path.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::files::{Files, ancestors, file_name, join, parent, walk_to};

/// Folders of a gem that its own files are run with, in this order.
const OWN: [&str; 3] = ["lib", "test", "spec"];

/// Folders whose features are not meant for code outside of them.
const APART: &[&str] = &[
    "data",
    "demo",
    "doc",
    "docs",
    "example",
    "examples",
    "features",
    "fixture",
    "fixtures",
    "sample",
    "samples",
    "skeleton",
    "spec",
    "template",
    "templates",
    "test",
    "testdata",
    "tests",
    "vendor",
];

/// Files of Ruby's standard library that every version has, and alternative implementations too: sorted.
#[rustfmt::skip]
const STANDARD_LIBRARY: &[&str] = &[
    "English.rb", "abbrev.rb", "base64.rb", "benchmark.rb", "bigdecimal.rb", "cgi.rb", "continuation.rb",
    "coverage.rb", "csv.rb", "date.rb", "delegate.rb", "digest.rb", "drb.rb", "erb.rb", "etc.rb", "expect.rb",
    "fcntl.rb", "fiddle.rb", "fileutils.rb", "find.rb", "forwardable.rb", "getoptlong.rb", "ipaddr.rb", "irb.rb",
    "json.rb", "kconv.rb", "logger.rb", "mkmf.rb", "monitor.rb", "mutex_m.rb", "objspace.rb", "observer.rb",
    "open-uri.rb", "open3.rb", "openssl.rb", "optparse.rb", "ostruct.rb", "pathname.rb", "pp.rb", "prettyprint.rb",
    "pstore.rb", "psych.rb", "pty.rb", "rbconfig.rb", "readline.rb", "resolv.rb", "ripper.rb", "securerandom.rb",
    "set.rb", "shellwords.rb", "singleton.rb", "socket.rb", "stringio.rb", "strscan.rb", "tempfile.rb", "time.rb",
    "timeout.rb", "tmpdir.rb", "tsort.rb", "un.rb", "uri.rb", "weakref.rb", "yaml.rb", "zlib.rb",
];

/// A folder with so many of them is the standard library, or a part of it.
const STANDARD_ENOUGH: usize = 10;

/// Of so many roots that have one feature, none is meant more than the others.
const MOST_ROOTS: usize = 64;

/// So many features must speak for a folder that nothing else makes a root; so many with a slash in them if it
/// lies in a root already.
const ENOUGH: (usize, usize) = (3, 20);

/// The load paths of one repository.
pub(super) struct Roots<'a> {
    repository: &'a Repository,
    files: Files<'a>,
    /// Roots that all files may use, and the folders that say so.
    everywhere: BTreeSet<String>,
    /// By folder, roots for the files below it, in order.
    added: HashMap<String, Vec<String>>,
    /// Folders that are roots for the files below them because requires only make sense that way.
    guessed: HashSet<&'a str>,
    /// The roots of [`Roots::everywhere`] that have a feature, by its path with ending.
    features: HashMap<&'a str, Vec<&'a str>>,
    /// Files in the folders of `app`, by what Rails would call them, without their ending.
    autoloaded: HashMap<&'a str, Vec<u32>>,
}

impl<'a> Roots<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let files = Files::new(repository, &["ruby"]);
        let (mut everywhere, added) = declared(repository, outlines);
        everywhere.extend(standard(repository).map(str::to_owned));
        let autoloaded = autoloaded(repository);
        let (guessed, features) = (HashSet::new(), HashMap::new());
        let mut roots =
            Self { repository, files, everywhere, added, guessed, features, autoloaded };
        roots.features = roots.index();
        roots.guessed = roots.guess(outlines);
        roots.guessed.retain(|folder| !roots.everywhere.contains(*folder));
        roots.everywhere.extend(roots.guessed.iter().map(|folder| (*folder).to_owned()));
        roots.features = roots.index();
        roots
    }

    fn paths(&self) -> impl Iterator<Item = (u32, &'a str)> + use<'a> {
        let files = (0_u32..).zip(&self.repository.files);
        files.filter(|(_, file)| file.language == "ruby").map(|(index, file)| (index, &*file.path))
    }

    pub(super) fn path(&self, file: u32) -> &'a str {
        &self.repository.files[file as usize].path
    }

    fn index(&self) -> HashMap<&'a str, Vec<&'a str>> {
        let mut features = HashMap::<_, Vec<_>>::new();
        for (_, path) in self.paths() {
            let roots = ancestors(parent(path)).filter(|folder| self.everywhere.contains(*folder));
            for root in roots {
                let feature = path[root.len()..].trim_start_matches('/');
                features.entry(feature).or_default().push(root);
            }
        }
        features
    }

    /// The file at a path, with the ending that a feature may lack.
    pub(super) fn file(&self, path: &str) -> Option<u32> {
        self.files.at(path).or_else(|| self.files.at(&format!("{path}.rb")))
    }

    /// The file that a feature is for a file at `here`.
    pub(super) fn find(&self, here: &str, feature: &str) -> Option<u32> {
        self.near(here, feature)
            .or_else(|| self.guessed(here, feature))
            .or_else(|| self.far(here, feature))
    }

    /// In the folders that the gems around a file have for their own files.
    fn near(&self, here: &str, feature: &str) -> Option<u32> {
        ancestors(parent(here)).find_map(|folder| {
            let added = self.added.get(folder).into_iter().flatten();
            let mut added = added.map(|root| join(root, feature));
            let own = || OWN.iter().map(|name| join(&join(folder, name), feature));
            added
                .find_map(|path| self.file(&path))
                .or_else(|| own().find_map(|path| self.file(&path)))
        })
    }

    /// The file that Rails loads for a name, of the nearest application or engine.
    pub(super) fn autoloaded(&self, here: &str, name: &str) -> Option<u32> {
        let files = self.autoloaded.get(name.strip_suffix(".rb").unwrap_or(name))?;
        let near = |file: &u32| (shared(self.path(*file), here), std::cmp::Reverse(*file));
        files.iter().copied().max_by_key(near)
    }

    fn guessed(&self, here: &str, feature: &str) -> Option<u32> {
        let folders = ancestors(parent(here)).filter(|folder| self.guessed.contains(folder));
        folders.into_iter().find_map(|folder| self.file(&join(folder, feature)))
    }

    /// In the libraries of other gems, the nearest first.
    fn far(&self, here: &str, feature: &str) -> Option<u32> {
        let known = self.features.get(feature);
        let with_ending = format!("{feature}.rb");
        let roots = known.or_else(|| self.features.get(&*with_ending))?;
        if roots.len() > MOST_ROOTS {
            return None;
        }
        let folder = parent(here);
        // A lone word is more likely the name of somebody else's library than a file of a guessed root.
        let is_likely = |root: &str| feature.contains('/') || !self.guessed.contains(root);
        let open = roots.iter().filter(|root| !is_apart(root, folder) && is_likely(root));
        let nearest =
            open.min_by_key(|root| (usize::MAX - shared(root, folder), root.len(), **root))?;
        self.file(&join(nearest, feature))
    }

    /// Folders above files whose requires are found there, and nowhere else. Each feature speaks for the
    /// folder that most features speak for.
    fn guess(&self, outlines: &[Arc<Outline>]) -> HashSet<&'a str> {
        let mut speak = BTreeSet::<(&str, &'a str)>::new();
        for (index, path) in self.paths() {
            for import in &outlines[index as usize].imports {
                let feature = &*import.path;
                if feature.starts_with(['.', '/', ':']) || self.near(path, feature).is_some() {
                    continue;
                }
                let folders = ancestors(parent(path)).take(32);
                let folders = folders.filter(|folder| self.file(&join(folder, feature)).is_some());
                let folders =
                    folders.filter(|folder| feature.contains('/') || !self.in_root(folder));
                speak.extend(folders.map(|folder| (feature, folder)));
            }
        }
        let mut counts = BTreeMap::<&str, usize>::new();
        for (_, folder) in &speak {
            *counts.entry(folder).or_default() += 1;
        }
        let mut best = BTreeMap::<&str, &'a str>::new();
        for (feature, folder) in speak {
            let known = best.entry(feature).or_insert(folder);
            if counts[folder] > counts[known] {
                *known = folder;
            }
        }
        let mut votes = BTreeMap::<&'a str, usize>::new();
        for folder in best.into_values() {
            *votes.entry(folder).or_default() += 1;
        }
        let enough = |folder: &str| if self.in_root(folder) { ENOUGH.1 } else { ENOUGH.0 };
        let enough = votes.into_iter().filter(|(folder, count)| *count >= enough(folder));
        enough.map(|(folder, _)| folder).collect()
    }

    fn in_root(&self, folder: &str) -> bool {
        ancestors(folder)
            .any(|folder| self.everywhere.contains(folder) || OWN.contains(&file_name(folder)))
    }
}

/// The folders that are Ruby's standard library. Test data only has names of it.
fn standard(repository: &Repository) -> impl Iterator<Item = &str> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for file in repository.files.iter().filter(|file| file.language == "ruby") {
        if STANDARD_LIBRARY.binary_search(&file_name(&file.path)).is_ok() {
            *counts.entry(parent(&file.path)).or_default() += 1;
        }
    }
    let is_meant = |folder: &str| !folder.split('/').any(|part| APART.contains(&part));
    let enough = counts.into_iter().filter(|(_, count)| *count >= STANDARD_ENOUGH);
    enough.map(|(folder, _)| folder).filter(move |folder| is_meant(folder))
}

/// Each folder in `app`, and the `concerns` in it, is a root of Rails.
fn autoloaded(repository: &Repository) -> HashMap<&str, Vec<u32>> {
    let mut names = HashMap::<_, Vec<_>>::new();
    for (index, file) in (0_u32..).zip(&repository.files) {
        let inside =
            file.path.strip_prefix("app/").or_else(|| Some(file.path.split_once("/app/")?.1));
        let name = inside.and_then(|inside| inside.split_once('/')).map(|(_, name)| name);
        let Some(name) = name.and_then(|name| name.strip_suffix(".rb")) else { continue };
        names.entry(name).or_default().push(index);
        if let Some(concern) = name.strip_prefix("concerns/") {
            names.entry(concern).or_default().push(index);
        }
    }
    names
}

/// The roots for all files, and those for the files below a folder.
fn declared(
    repository: &Repository,
    outlines: &[Arc<Outline>],
) -> (BTreeSet<String>, HashMap<String, Vec<String>>) {
    let (mut everywhere, mut added) = (BTreeSet::new(), HashMap::<String, Vec<String>>::new());
    let files = repository.files.iter().zip(outlines);
    for (file, outline) in files.filter(|(file, _)| file.language == "ruby") {
        let folder = parent(&file.path);
        let is_gem = file.path.strip_suffix(".gemspec").is_some();
        for root in outline.uses.iter().filter_map(|root| walk_to(folder, root)) {
            if is_gem {
                everywhere.insert(root.clone());
            }
            let roots = added.entry(folder.to_owned()).or_default();
            if !roots.contains(&root) && roots.len() < MOST_ROOTS {
                roots.push(root);
            }
        }
        if is_gem {
            everywhere.insert(join(folder, "lib"));
        }
        // The outermost folder called so is a library; one inside of it may be anything.
        let outermost = ancestors(folder).filter(|folder| file_name(folder) == "lib").last();
        everywhere.extend(outermost.map(str::to_owned));
    }
    (everywhere, added)
}

/// Whether a root is in a folder that `folder` is not in, and whose features only matter there.
fn is_apart(root: &str, folder: &str) -> bool {
    let below = root.get(shared(root, folder)..).unwrap_or_default();
    below.split('/').any(|part| APART.contains(&part))
}

/// The length of the path that two folders have in common.
fn shared(one: &str, other: &str) -> usize {
    let parts = one.split('/').zip(other.split('/')).take_while(|(one, other)| one == other);
    parts.map(|(part, _)| part.len() + 1).sum::<usize>().min(one.len())
}
