//! Where the files of a repository stand: their module, and what their module can see.
//!
//! A module is a folder with a `pom.xml`, a Gradle build file or a `build.xml`, and further down the folder
//! around a `src`. Inside it a source set is the part of the path down to the package: `src/main/java`.
//! Modules name each other in `pom.xml` by artifact, in Gradle by path.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use backstory_core::{Outline, Repository};

use crate::files::{ancestors, file_name, parent};

/// Where one file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// Folder of the module.
    pub(super) module: &'a str,
    /// Folder of the source set.
    pub(super) root: &'a str,
    /// Whether only tests see it.
    pub(super) test: bool,
    /// Whether it is common to several platforms.
    pub(super) common: bool,
}

/// Where all files stand.
pub(super) struct Layout<'a> {
    places: Vec<Place<'a>>,
    /// Per module, the modules that it names.
    sees: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &[Arc<Outline>]) -> Self {
        let scripts = repository.files.iter().map(|file| &*file.path);
        let manifests = repository.context.keys().map(|path| &**path);
        let builds: BTreeSet<&str> =
            scripts.chain(manifests).filter(|path| is_build(path)).map(parent).collect();
        let place = |(file, outline): (&'a backstory_core::SourceFile, &Arc<Outline>)| {
            place(&file.path, outline.package.as_deref().unwrap_or_default(), &builds)
        };
        let places = repository.files.iter().zip(outlines).map(place).collect();
        Self { places, sees: dependencies(repository, &builds) }
    }

    pub(super) fn place(&self, file: u32) -> Place<'a> {
        self.places[file as usize]
    }

    /// How far a file is from being what another one means: the less, the nearer.
    pub(super) fn rank(&self, from: u32, to: u32) -> (bool, u8, u32, bool, bool) {
        let (from, to) = (self.place(from), self.place(to));
        let tier = if from.root == to.root {
            0
        } else if from.module == to.module {
            1
        } else if self.sees.get(from.module).is_some_and(|seen| seen.contains(to.module)) {
            2
        } else {
            3
        };
        (to.test && !from.test, tier, distance(from.module, to.module), to.test, !to.common)
    }
}

fn is_build(path: &str) -> bool {
    let name = file_name(path);
    matches!(name, "pom.xml" | "build.xml" | "build.gradle" | "build.gradle.kts")
        || (name.ends_with(".gradle")
            && name.strip_suffix(".gradle") == Some(file_name(parent(path))))
}

/// Where a file stands, by its path and package.
fn place<'a>(path: &'a str, package: &str, builds: &BTreeSet<&str>) -> Place<'a> {
    let folder = parent(path);
    let mut root = folder;
    for part in package.rsplit('.').filter(|part| !part.is_empty()) {
        if file_name(root) != part {
            root = folder;
            break;
        }
        root = parent(root);
    }
    let build = ancestors(folder).find(|folder| builds.contains(folder)).unwrap_or_default();
    let inside = |folder: &str| {
        build.is_empty() || folder.strip_prefix(build).is_some_and(|rest| rest.starts_with('/'))
    };
    let sources =
        ancestors(root).filter(|folder| file_name(folder) == "src" && inside(folder)).last();
    let module = sources.map_or(build, parent);
    let set = root.get(module.len()..).unwrap_or_default().to_ascii_lowercase();
    // A test fixture or a module named after tests is a test only if its set says so.
    let test = set
        .split('/')
        .any(|part| part.starts_with("test") || part.ends_with("test") || part.ends_with("tests"));
    Place { module, root, test, common: set.contains("common") }
}

/// How many steps there are between two folders.
fn distance(a: &str, b: &str) -> u32 {
    let parts = |folder: &str| folder.split('/').filter(|part| !part.is_empty()).count();
    let shared =
        a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b && !a.is_empty()).count();
    (parts(a) + parts(b) - 2 * shared) as u32
}

/// Per module, the modules that its build file names.
fn dependencies<'a>(
    repository: &'a Repository,
    builds: &BTreeSet<&'a str>,
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut by_name = HashMap::<&str, &str>::new();
    for folder in builds {
        by_name.entry(file_name(folder)).or_insert(folder);
    }
    let poms = repository.context.iter().filter(|(path, _)| file_name(path) == "pom.xml");
    for (path, text) in poms {
        let project = text.find("</parent>").map_or(&**text, |at| &text[at..]);
        if let Some(name) = artifacts(project).next() {
            by_name.insert(name, parent(path));
        }
    }
    let mut sees = BTreeMap::<_, BTreeSet<_>>::new();
    for (path, text) in &repository.context {
        let names: Vec<&str> = match file_name(path) {
            "pom.xml" => artifacts(text).collect(),
            name if name.ends_with(".gradle") => projects(text).collect(),
            _ => continue,
        };
        let modules = names.into_iter().filter_map(|name| by_name.get(name).copied());
        sees.entry(parent(path)).or_default().extend(modules);
    }
    sees
}

/// The artifacts that a `pom.xml` names.
fn artifacts(pom: &str) -> impl Iterator<Item = &str> {
    pom.split("<artifactId>").skip(1).filter_map(|rest| rest.split('<').next()).map(str::trim)
}

/// The last parts of the projects that a Gradle build file names: `project(':a:b')`.
fn projects(build: &str) -> impl Iterator<Item = &str> {
    build.split("project(").skip(1).filter_map(|rest| {
        let path = rest.split(')').next()?.split(['\'', '"']).nth(1)?;
        path.rsplit(':').next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_source_sets_are_found() {
        let builds = BTreeSet::from(["", "core", "core/x"]);
        let place = |path: &'static str, package| {
            let place = place(path, package, &builds);
            (place.module, place.root, place.test)
        };
        assert_eq!(
            place("core/src/main/java/a/b/C.java", "a.b"),
            ("core", "core/src/main/java", false)
        );
        assert_eq!(
            place("core/src/test/java/a/b/C.java", "a.b"),
            ("core", "core/src/test/java", true)
        );
        assert_eq!(place("core/x/a/C.java", "a"), ("core/x", "core/x", false));
        assert_eq!(place("y/src/a/C.java", "a"), ("y", "y/src", false));
        assert_eq!(place("a/C.java", "b"), ("", "a", false));
        assert_eq!(place("core/src/C.java", ""), ("core", "core/src", false));
    }

    #[test]
    fn near_folders_are_near() {
        assert_eq!(distance("a/b", "a/c"), 2);
        assert_eq!(distance("", "a/b"), 2);
        assert_eq!(distance("a", "a"), 0);
    }

    #[test]
    fn build_files_name_modules() {
        let pom = "<artifactId>a</artifactId><x/><artifactId> b </artifactId><artifactId>";
        assert!(artifacts(pom).eq(["a", "b", ""]));
        assert!(projects("x project(':a:b') project(path: \":c\") project(").eq(["b", "c"]));
    }
}
