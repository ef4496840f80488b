//! What the project files of Python say of where modules are.

use std::collections::BTreeSet;

use backstory_core::Repository;

use crate::files::{file_name, parent, walk_to};

/// Project files that are read, by name.
pub(super) const MANIFESTS: &[&str] = &[
    "mypy.ini",
    "pants.toml",
    "pyproject.toml",
    "pyrightconfig.json",
    "pytest.ini",
    "setup.cfg",
    "tox.ini",
];

/// The folders that the project files of a repository name as roots of modules, their own folders and the
/// `src` beside them included.
pub(super) fn declared_roots(repository: &Repository) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for (path, text) in &repository.context {
        let folder = parent(path);
        let named = match file_name(path) {
            "pyproject.toml" => pyproject(text),
            "pants.toml" => pants(text),
            "pyrightconfig.json" => pyright(text),
            "setup.cfg" | "tox.ini" | "pytest.ini" | "mypy.ini" => ini(text),
            _ => continue,
        };
        let is_project = matches!(file_name(path), "pyproject.toml" | "setup.cfg");
        let usual: &[&str] = if is_project { &["", "src"] } else { &[] };
        let all = named.iter().map(String::as_str).chain(usual.iter().copied());
        roots.extend(all.filter_map(|root| walk_to(folder, root)));
    }
    for path in super::finder::paths(repository).filter(|path| file_name(path) == "setup.py") {
        roots.extend(["", "src"].iter().filter_map(|root| walk_to(parent(path), root)));
    }
    roots
}

/// A string, or the strings in an array.
fn strings(value: Option<&toml::Value>) -> Vec<String> {
    let one = |value: &toml::Value| value.as_str().map(str::to_owned);
    match value {
        Some(toml::Value::Array(values)) => values.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => vec![],
    }
}

fn at<'v>(table: &'v toml::Table, keys: &str) -> Option<&'v toml::Value> {
    let (first, rest) = keys.split_once('.').unwrap_or((keys, ""));
    let mut value = table.get(first)?;
    for key in rest.split('.').filter(|key| !key.is_empty()) {
        value = value.get(key)?;
    }
    Some(value)
}

fn pyproject(text: &str) -> Vec<String> {
    let Ok(table) = text.parse::<toml::Table>() else { return vec![] };
    let mut roots = vec![];
    for keys in [
        "tool.setuptools.packages.find.where",
        "tool.setuptools.package-dir",
        "tool.pytest.ini_options.pythonpath",
        "tool.pdm.build.package-dir",
        "tool.maturin.python-source",
        "tool.pyright.extraPaths",
        "tool.uv.build-backend.module-root",
    ] {
        match at(&table, keys) {
            // What belongs to the empty name is where all packages are.
            Some(toml::Value::Table(folders)) => roots.extend(strings(folders.get(""))),
            value => roots.extend(strings(value)),
        }
    }
    let of_mypy = strings(at(&table, "tool.mypy.mypy_path"));
    let of_mypy = of_mypy.iter().flat_map(|paths| paths.split([',', ':']));
    roots.extend(of_mypy.map(|path| path.trim().to_owned()).filter(|path| !path.is_empty()));
    if let Some(toml::Value::Array(packages)) = at(&table, "tool.poetry.packages") {
        roots.extend(packages.iter().flat_map(|package| strings(package.get("from"))));
    }
    let wheels = strings(at(&table, "tool.hatch.build.targets.wheel.packages"));
    roots.extend(wheels.iter().map(|package| parent(package.trim_end_matches('/')).to_owned()));
    roots.extend(strings(at(&table, "tool.hatch.build.targets.wheel.sources")));
    roots
}

fn pants(text: &str) -> Vec<String> {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let roots = strings(at(&table, "source.root_patterns"));
    roots.into_iter().map(|root| root.trim_start_matches('/').to_owned()).collect()
}

fn pyright(text: &str) -> Vec<String> {
    let config = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let paths = config.get("extraPaths").and_then(|paths| paths.as_array());
    paths.into_iter().flatten().filter_map(|path| path.as_str().map(str::to_owned)).collect()
}

/// Of the sections of an INI file: `where` and the empty name's `package_dir` of setuptools, the path of
/// pytest and that of mypy.
fn ini(text: &str) -> Vec<String> {
    let (mut roots, mut section, mut key) = (vec![], "", "");
    for line in text.lines() {
        let content = line.trim();
        if content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            (section, key) = (name, "");
            continue;
        }
        let mut value = content;
        if !line.starts_with([' ', '\t'])
            && let Some((name, rest)) = content.split_once('=')
        {
            (key, value) = (name.trim(), rest.trim());
        }
        let words = value.split([',', ':', ' ']).filter(|word| !word.is_empty());
        match (section, key) {
            ("options", "package_dir") => {
                let folder = value.split_once('=').filter(|(name, _)| name.trim().is_empty());
                roots.extend(folder.map(|(_, folder)| folder.trim().to_owned()));
            }
            ("options.packages.find" | "options.packages.find_namespace", "where")
            | ("pytest" | "tool:pytest", "pythonpath" | "python_paths")
            | ("mypy", "mypy_path") => roots.extend(words.map(str::to_owned)),
            _ => {}
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_files_name_roots() {
        let text = "[tool.setuptools.packages.find]\nwhere = ['code']\n[tool.setuptools.package-dir]\n\
            '' = 'one'\n[[tool.poetry.packages]]\ninclude = 'a'\nfrom = 'two'\n\
            [tool.hatch.build.targets.wheel]\npackages = ['three/a', 'b']\n\
            [tool.mypy]\nmypy_path = 'src/python:tests, stubs'";
        let roots = ["code", "one", "src/python", "tests", "stubs", "two", "three", ""];
        assert_eq!(pyproject(text), roots);
        let text = "[options]\npackage_dir =\n    = lib\n    a = b\n[mypy]\nmypy_path = x:y\n\
            [tool:pytest]\npythonpath = . t\n[other]\nwhere = no";
        assert_eq!(ini(text), ["lib", "x", "y", ".", "t"]);
        assert_eq!(pyright(r#"{"extraPaths": ["a", 1]}"#), ["a"]);
        assert_eq!(pants("[source]\nroot_patterns = ['/src/python']"), ["src/python"]);
    }

    #[test]
    fn project_files_that_lie_name_nothing() {
        for text in
            ["", "[", "[]", "tool = 1", "[tool]\npoetry = []\nhatch = 'x'", "\0", "package_dir"]
        {
            assert!(pyproject(text).is_empty() && pants(text).is_empty());
            assert!(pyright(text).is_empty() && ini(text).is_empty());
        }
    }
}
