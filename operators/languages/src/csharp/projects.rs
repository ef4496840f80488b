//! Which project a file belongs to, and which projects that project sees.
//!
//! A file belongs to the `.csproj` in the nearest folder around it. A project sees those that its
//! `ProjectReference` lines name, or `PackageReference` lines that name a project, and those that these see.

use std::collections::{BTreeMap, BTreeSet};

use backstory_core::Repository;

use crate::files::{ancestors, file_name, join, parent, walk_to};

/// Projects that one project may see: with more, the work would grow with their square.
const MOST_SEEN: usize = 1000;

/// The projects of a repository. A project is known by the number of its folder.
pub(super) struct Projects {
    /// Per file, its project.
    of: Vec<Option<u32>>,
    /// Per project, those that it sees, itself included.
    sees: Vec<BTreeSet<u32>>,
    /// Per project, its folder.
    folders: Vec<String>,
}

impl Projects {
    pub(super) fn new(repository: &Repository) -> Self {
        let manifests = || repository.context.iter().filter(|(path, _)| path.ends_with(".csproj"));
        let folders: BTreeSet<&str> = manifests().map(|(path, _)| parent(path)).collect();
        let folders: BTreeMap<&str, u32> = folders.into_iter().zip(0..).collect();
        let stem = |path| file_name(path).trim_end_matches(".csproj");
        let named = manifests().map(|(path, _)| (stem(path), folders[parent(path)]));
        let by_name: BTreeMap<&str, u32> = named.collect();
        let project =
            |path: &str| ancestors(parent(path)).find_map(|folder| folders.get(folder).copied());
        let of = repository.files.iter().map(|file| project(&file.path)).collect();
        let mut direct = vec![BTreeSet::new(); folders.len()];
        for (path, text) in manifests() {
            let folder = parent(path);
            let named = references(text, "ProjectReference");
            let named = named.filter_map(|target| reference(folder, target));
            let named = named.filter_map(|target| folders.get(parent(&target)).copied());
            let packages = references(text, "PackageReference");
            let packages = packages.filter_map(|name| by_name.get(name).copied());
            direct[folders[folder] as usize].extend(named.chain(packages));
        }
        let sees = (0..folders.len() as u32).map(|project| closure(project, &direct)).collect();
        Self { of, sees, folders: folders.keys().map(|folder| (*folder).to_owned()).collect() }
    }

    /// The project of a file.
    pub(super) fn of(&self, file: u32) -> Option<u32> {
        self.of[file as usize]
    }

    /// Whether code in the file `from` can use what `to` defines.
    pub(super) fn can_see(&self, from: u32, to: u32) -> bool {
        match (self.of(from), self.of(to)) {
            (Some(from), Some(to)) => self.sees[from as usize].contains(&to),
            _ => true,
        }
    }

    /// How many steps there are between the projects of two files.
    pub(super) fn distance(&self, from: u32, to: u32) -> usize {
        let folder = |file| self.of(file).map_or("", |project| &*self.folders[project as usize]);
        let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
        let (a, b) = (folder(from), folder(to));
        let shared = a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b && !a.is_empty());
        parts(a) + parts(b) - 2 * shared.count()
    }
}

/// What a project file includes as references of this kind.
fn references<'t>(text: &'t str, kind: &str) -> impl Iterator<Item = &'t str> {
    let places = text.match_indices(kind).map(|(at, _)| at + kind.len());
    places.filter_map(|at| {
        let rest = &text[at..];
        let (_, value) = rest.split('>').next()?.split_once("Include")?;
        value.split(['"', '\'']).nth(1)
    })
}

/// Where a reference leads; a variable in front is taken for the folders up to where the rest is.
fn reference(folder: &str, target: &str) -> Option<String> {
    let target = target.replace('\\', "/");
    let rest = target.rsplit_once(')').map_or(&*target, |(_, rest)| rest);
    if rest.len() == target.len() {
        return walk_to(folder, rest);
    }
    let rest = rest.trim_start_matches('/');
    file_name(rest).ends_with("proj").then(|| join("", rest))
}

fn closure(project: u32, direct: &[BTreeSet<u32>]) -> BTreeSet<u32> {
    let mut seen = BTreeSet::from([project]);
    let mut next = vec![project];
    while let Some(project) = next.pop()
        && seen.len() < MOST_SEEN
    {
        next.extend(direct[project as usize].iter().filter(|other| seen.insert(**other)));
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_files_name_projects() {
        let text = "<ProjectReference Include=\"..\\A\\A.csproj\" /><ProjectReference Update='x'/><ProjectReference";
        assert!(references(text, "ProjectReference").eq(["..\\A\\A.csproj"]));
        assert_eq!(reference("src/B", "..\\A\\A.csproj").as_deref(), Some("src/A/A.csproj"));
        assert_eq!(
            reference("src/B", "$(Root)src\\A\\A.csproj").as_deref(),
            Some("src/A/A.csproj")
        );
    }
}
