//! What Go imports mean inside one repository.
//!
//! An import means a package, and so all files of a folder except tests. Which folder, the `go.mod` files
//! say: the module with the longest path that the import begins with. A test also needs the files that it
//! stands beside, since it can use them without an import. Files of one package that use each other
//! cannot be told apart by imports. Of a folder with more files than anybody writes by hand, only the first
//! ones count, so that the number of edges does not grow with the square of the number of files.

use std::collections::{BTreeMap, HashMap};

use backstory_core::{EdgeKind, Import, Repository};

use crate::{Found, Resolver};
use crate::files::{file_name, join, parent};

/// Files of one folder that an import can mean.
const LARGEST_PACKAGE: usize = 500;

/// The packages of one repository.
pub(super) struct Packages<'a> {
    repository: &'a Repository,
    /// Per folder, its files that are no tests.
    files: HashMap<&'a str, Vec<u32>>,
    /// Module paths, and the folders they are in.
    modules: BTreeMap<&'a str, &'a str>,
}

impl<'a> Packages<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        let mut files = HashMap::<_, Vec<_>>::new();
        for (index, file) in repository.files.iter().enumerate() {
            if file.language == "go" && !is_test(&file.path) {
                let package = files.entry(parent(&file.path)).or_default();
                if package.len() < LARGEST_PACKAGE {
                    package.push(index as u32);
                }
            }
        }
        let manifests = repository.context.iter().filter(|(path, _)| file_name(path) == "go.mod");
        let modules =
            manifests.filter_map(|(path, text)| Some((module_path(text)?, parent(path)))).collect();
        Self { repository, files, modules }
    }

    /// The folder that an import path means.
    fn folder(&self, path: &str) -> Option<String> {
        let mut prefix = path;
        loop {
            if let Some(folder) = self.modules.get(prefix) {
                return Some(join(folder, path[prefix.len()..].trim_start_matches('/')));
            }
            prefix = prefix.rsplit_once('/')?.0;
        }
    }
}

impl Resolver for Packages<'_> {
    fn resolve(&self, _file: u32, import: &Import, found: &mut Found) {
        let folder = self.folder(&import.path);
        let files = folder.and_then(|folder| self.files.get(&*folder));
        found.imports(files.into_iter().flatten().copied());
    }

    fn implied(&self, file: u32, found: &mut Found) {
        let path = &self.repository.files[file as usize].path;
        if is_test(path) {
            let beside = self.files.get(parent(path)).into_iter().flatten();
            beside.for_each(|&file| found.add(file, EdgeKind::SamePackage));
        }
    }
}

fn is_test(path: &str) -> bool {
    path.ends_with("_test.go")
}

/// The path in the `module` line of a `go.mod`.
fn module_path(manifest: &str) -> Option<&str> {
    let lines = manifest.lines().map(|line| line.split("//").next().unwrap_or(line).trim());
    let path = lines.filter_map(|line| line.strip_prefix("module")).find_map(|rest| {
        rest.starts_with(char::is_whitespace).then(|| rest.trim().trim_matches(['"', '`']))
    });
    path.filter(|path| !path.is_empty())
}
