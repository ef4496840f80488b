//! What Ruby's `require`, `require_relative`, `autoload` and `load` mean inside one repository.
//!
//! A path that begins at the file itself (`require_relative`, `__dir__`, `File.expand_path("../x",
//! __FILE__)`) leads from its folder. Any other is a feature, looked for on the load path: in each folder
//! around the file, the nearest first, in the folders that the files there put on the load path themselves
//! (a gemspec with `require_paths`, others with `$LOAD_PATH.unshift`), and in `lib`, `test` and `spec`; then in folders
//! around the file which are not declared anywhere, but which alone explain what many files require; then
//! in the libraries of the other gems, the nearest first: what gemspecs say, and every outermost `lib`.
//! `require "./x"`, and `load` of what is on no load path, are seen from the folders around the file.
//!
//! `require_dependency` of Active Support is a feature too, or else a file in one of the folders of `app`.
//!
//! A feature is a path with or without the ending `.rb`. `autoload :X` without a path is Active Support's: the path follows from
//! the constant, which is no import statement but a name of the same namespace.

use std::sync::Arc;

use backstory_core::{EdgeKind, Import, Outline, Repository};

use super::features::Roots;
use crate::files::{ancestors, parent, walk_to};
use crate::{Found, Resolver};

/// What comes before a path that `require_dependency` is given.
pub(super) const AUTOLOADED: &str = "app/*/";

/// The load paths of one repository.
pub(super) struct LoadPath<'a> {
    roots: Roots<'a>,
}

impl<'a> LoadPath<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        Self { roots: Roots::new(repository, outlines) }
    }
}

impl LoadPath<'_> {
    /// The file at a path from where a program is started: the folder of a gem, most often.
    fn seen_from_start(&self, here: &str, path: &str) -> Option<u32> {
        let mut places = ancestors(parent(here)).filter_map(|folder| walk_to(folder, path));
        places.find_map(|place| self.roots.file(&place))
    }
}

impl Resolver for LoadPath<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let here = self.roots.path(file);
        if let Some(constant) = import.path.strip_prefix("::") {
            if let Some(file) = self.roots.find(here, &underscore(constant)) {
                found.add(file, EdgeKind::SamePackage);
            }
            return;
        }
        if let Some(name) = import.path.strip_prefix(AUTOLOADED) {
            let file = self.roots.find(here, name);
            return found.imports(file.or_else(|| self.roots.autoloaded(here, name)));
        }
        if import.path.starts_with('.') {
            let target = walk_to(parent(here), &import.path);
            match target.as_deref().map(|path| self.roots.file(path)) {
                Some(Some(file)) => found.import(file),
                Some(None) => {
                    found.unresolved(format!("no file '{}.rb'", target.unwrap_or_default()));
                }
                None => found.unresolved("above the top of the repository"),
            }
            return;
        }
        let feature = |path: &str| walk_to("", path).and_then(|path| self.roots.find(here, &path));
        let target = match import.path.strip_prefix('/') {
            Some(path) if path.starts_with('.') => self.seen_from_start(here, path),
            Some(path) => feature(path).or_else(|| self.seen_from_start(here, path)),
            None => feature(&import.path),
        };
        found.imports(target);
    }
}

/// The path that Active Support expects a constant at: `HTTPServer::BasicAuth` in `http_server/basic_auth`.
fn underscore(constant: &str) -> String {
    let characters: Vec<char> = constant.replace("::", "/").chars().collect();
    let mut path = String::new();
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(index + 1);
        let starts = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if starts {
            path.push('_');
        }
        path.push(if character == '-' { '_' } else { character.to_ascii_lowercase() });
    }
    path
}

#[cfg(test)]
mod tests {
    use super::underscore;

    #[test]
    fn constants_have_paths() {
        assert_eq!(underscore("HTTPServer::BasicAuth"), "http_server/basic_auth");
        assert_eq!(
            underscore("ActiveRecord::x_y::SQLite3Adapter"),
            "active_record/x_y/sq_lite3_adapter"
        );
        assert_eq!(underscore("active_record/errors"), "active_record/errors");
    }
}
