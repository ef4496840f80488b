//! Questions about the paths of one repository: which file is at a path, which files are in a folder,
//! where a relative path leads.

use std::collections::HashMap;

use backstory_core::Repository;

/// The files of a repository by path. Only looked up, never iterated, so the order of the map is no
/// matter.
pub(crate) struct Files<'a> {
    by_path: HashMap<&'a str, u32>,
}

impl<'a> Files<'a> {
    /// Indexes the files of the languages of these names.
    pub(crate) fn new(repository: &'a Repository, languages: &[&str]) -> Self {
        let by_path = repository
            .files
            .iter()
            .enumerate()
            .filter(|(_, file)| languages.contains(&file.language))
            .map(|(index, file)| (&*file.path, index as u32))
            .collect();
        Self { by_path }
    }

    /// The file at a path.
    pub(crate) fn at(&self, path: &str) -> Option<u32> {
        self.by_path.get(path).copied()
    }
}

/// The folder that a path is in; empty at the top.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A folder and all folders it is in, the nearest first, the top of the repository last.
pub(crate) fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| parent(folder)))
}

/// `name` in `folder`, as written.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}

/// Where `relative` leads from `folder`; none when it leaves the repository.
pub(crate) fn walk_to(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_stay_in_the_repository() {
        assert_eq!(walk_to("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(walk_to("", "x").as_deref(), Some("x"));
        assert_eq!(walk_to("a", "..").as_deref(), Some(""));
        assert_eq!(walk_to("a", "../.."), None);
    }

    #[test]
    fn ancestors_end_at_the_top() {
        assert_eq!(ancestors("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(ancestors("").collect::<Vec<_>>(), [""]);
    }
}
