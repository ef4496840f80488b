//! What the specifiers of JavaScript and TypeScript imports mean inside one repository.
//!
//! A relative specifier is tried as it is, then as what it is compiled from (`./a.js` may be `a.ts`),
//! then with every ending, then as a folder: its `package.json`, its `index`. Any other specifier is
//! tried by the `paths` and `baseUrl` of the nearest `tsconfig.json` or `jsconfig.json`, then as a package
//! of this repository: its `exports`, `main` and the like. What these name is often built and not in the
//! repository; then the same name below `src` is tried, then `src/index`. Everything else is not ours.

use std::collections::HashMap;

use backstory_core::{Import, Repository};
use serde_json::{Map, Value};

use crate::{Found, Resolver};
use crate::files::{Files, ancestors, file_name, join, parent, walk_to};

/// A `package.json`.
struct Package<'a> {
    folder: &'a str,
    manifest: Map<String, Value>,
}

/// What a `tsconfig.json` says about specifiers.
struct Config {
    /// Where specifiers that are no paths are tried; none if nowhere.
    base: Option<String>,
    /// Patterns with at most one `*`, the longest first, and what they stand for.
    paths: Vec<(String, Vec<String>)>,
}

/// The specifiers of one repository.
pub(crate) struct Specifiers<'a> {
    repository: &'a Repository,
    files: Files<'a>,
    extensions: Vec<&'static str>,
    packages: Vec<Package<'a>>,
    by_folder: HashMap<&'a str, usize>,
    by_name: HashMap<String, usize>,
    configs: HashMap<&'a str, Config>,
}

impl<'a> Specifiers<'a> {
    /// Reads the manifests; `extensions` are tried in this order.
    pub(crate) fn new(repository: &'a Repository, extensions: Vec<&'static str>) -> Self {
        let mut specifiers = Self {
            repository,
            files: Files::new(repository, &["javascript", "typescript"]),
            extensions,
            packages: vec![],
            by_folder: HashMap::new(),
            by_name: HashMap::new(),
            configs: HashMap::new(),
        };
        for (path, text) in &repository.context {
            let folder = parent(path);
            match file_name(path) {
                "package.json" => specifiers.add_package(folder, text),
                "tsconfig.json" => specifiers.add_config(folder, text, true),
                "jsconfig.json" | "tsconfig.base.json" => {
                    specifiers.add_config(folder, text, false);
                }
                _ => {}
            }
        }
        specifiers
    }

    fn add_package(&mut self, folder: &'a str, text: &str) {
        let Ok(Value::Object(manifest)) = serde_json::from_str(text) else { return };
        let index = self.packages.len();
        if let Some(name) = manifest.get("name").and_then(Value::as_str) {
            self.by_name.entry(name.to_owned()).or_insert(index);
        }
        self.by_folder.insert(folder, index);
        self.packages.push(Package { folder, manifest });
    }

    fn add_config(&mut self, folder: &'a str, text: &str, replace: bool) {
        let Ok(value) = serde_json::from_str::<Value>(&without_comments(text)) else { return };
        let Some(config) = Config::new(folder, &value["compilerOptions"]) else { return };
        if replace {
            self.configs.insert(folder, config);
        } else {
            self.configs.entry(folder).or_insert(config);
        }
    }

    /// The module at a path: a file, or a folder that stands for one.
    fn module(&self, path: &str) -> Option<u32> {
        self.file(path).or_else(|| {
            let main = self.by_folder.get(path).and_then(|&index| self.entry(index));
            main.or_else(|| self.file(&join(path, "index")))
        })
    }

    /// The file at a path with or without ending.
    fn file(&self, path: &str) -> Option<u32> {
        let with = |stem: &str, extension: &str| self.files.at(&format!("{stem}.{extension}"));
        let compiled_from = || {
            let (stem, extension) = path.rsplit_once('.')?;
            let sources: &[&str] = match extension {
                "js" | "jsx" => &["ts", "tsx", "d.ts", "jsx"],
                "mjs" => &["mts", "d.mts"],
                "cjs" => &["cts", "d.cts"],
                _ => &[],
            };
            sources.iter().find_map(|source| with(stem, source))
        };
        let exact = self.files.at(path).or_else(compiled_from);
        exact.or_else(|| self.extensions.iter().find_map(|extension| with(path, extension)))
    }

    /// The file that a package is, when it is imported by its name alone.
    fn entry(&self, package: usize) -> Option<u32> {
        let Package { folder, manifest } = &self.packages[package];
        let exported = manifest.get("exports").and_then(|exports| export_of(exports, "."));
        let stated = ["source", "types", "typings", "module", "main"]
            .iter()
            .filter_map(|key| manifest.get(*key)?.as_str());
        let mut stated = exported.into_iter().chain(stated.map(str::to_owned));
        stated
            .find_map(|path| self.stated(folder, &path))
            .or_else(|| self.file(&join(folder, "index")))
            .or_else(|| self.file(&join(folder, "src/index")))
    }

    /// A file that a manifest states, or what it is likely to be built from.
    fn stated(&self, folder: &str, path: &str) -> Option<u32> {
        let path = walk_to("", path)?;
        let at = |path: &str| {
            let path = join(folder, path);
            self.file(&path).or_else(|| self.file(&join(&path, "index")))
        };
        at(&path).or_else(|| {
            let (_, rest) = path.split_once('/')?;
            at(&join("src", rest)).or_else(|| at(&join("src", rest.split_once('/')?.1)))
        })
    }

    /// A package of this repository, or a file in it.
    fn package(&self, specifier: &str) -> Option<u32> {
        let mut parts = specifier.match_indices('/').map(|(at, _)| at);
        let end = if specifier.starts_with('@') { parts.nth(1) } else { parts.next() };
        let (name, rest) = specifier.split_at(end.unwrap_or(specifier.len()));
        let &package = self.by_name.get(name)?;
        let rest = rest.trim_matches('/');
        if rest.is_empty() {
            return self.entry(package);
        }
        let Package { folder, manifest } = &self.packages[package];
        let exports = manifest.get("exports");
        let exported = exports.and_then(|exports| export_of(exports, &format!("./{rest}")));
        exported
            .and_then(|path| self.stated(folder, &path))
            .or_else(|| self.module(&join(folder, rest)))
            .or_else(|| self.module(&join(folder, &join("src", rest))))
    }

    /// What the nearest configuration makes of a specifier.
    fn configured(&self, folder: &str, specifier: &str) -> Option<u32> {
        let config = ancestors(folder).find_map(|folder| self.configs.get(folder))?;
        let mapped = config.paths.iter().find_map(|(pattern, targets)| {
            let star = star_of(pattern, specifier)?;
            targets.iter().find_map(|target| self.module(&target.replacen('*', star, 1)))
        });
        mapped.or_else(|| self.module(&join(config.base.as_deref()?, specifier)))
    }
}

impl Resolver for Specifiers<'_> {
    fn resolve(&self, file: u32, import: &Import, found: &mut Found) {
        let folder = parent(&self.repository.files[file as usize].path);
        // Bundlers let a query follow the path.
        let specifier = import.path.split('?').next().unwrap_or_default();
        let relative = matches!(specifier.split('/').next(), Some("." | ".."));
        found.imports(if relative {
            walk_to(folder, specifier).and_then(|path| self.module(&path))
        } else {
            self.configured(folder, specifier).or_else(|| self.package(specifier))
        });
    }
}

impl Config {
    /// None if `options` say nothing about specifiers.
    fn new(folder: &str, options: &Value) -> Option<Self> {
        let stated = options["baseUrl"].as_str();
        let base = stated.map_or(Some(folder.to_owned()), |base| walk_to(folder, base))?;
        let target = |target: &Value| walk_to(&base, target.as_str()?);
        let mut paths: Vec<(String, Vec<String>)> = options["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(pattern, targets)| {
                let targets = targets.as_array().into_iter().flatten();
                (pattern.clone(), targets.filter_map(target).collect())
            })
            .collect();
        paths.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        let base = stated.map(|_| base);
        (base.is_some() || !paths.is_empty()).then_some(Self { base, paths })
    }
}

/// What `*` in `pattern` stands for in `text`; empty without `*`.
fn star_of<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    match pattern.split_once('*') {
        None => (pattern == text).then_some(""),
        Some((start, end)) => text.strip_prefix(start)?.strip_suffix(end),
    }
}

/// What `exports` of a manifest gives for a subpath such as `.` or `./util`.
fn export_of(exports: &Value, subpath: &str) -> Option<String> {
    let by_subpath =
        exports.as_object().filter(|object| object.keys().any(|key| key.starts_with('.')));
    let Some(object) = by_subpath else {
        return (subpath == ".").then(|| condition_of(exports)).flatten();
    };
    if let Some(target) = object.get(subpath) {
        return condition_of(target);
    }
    object.iter().filter(|(pattern, _)| pattern.contains('*')).find_map(|(pattern, target)| {
        let star = star_of(pattern, subpath)?;
        Some(condition_of(target)?.replace('*', star))
    })
}

/// The path for the first condition that leads to one; conditions may be nested a few levels.
fn condition_of(target: &Value) -> Option<String> {
    const CONDITIONS: [&str; 7] =
        ["source", "development", "types", "import", "module", "default", "require"];
    let mut target = target;
    for _ in 0..8 {
        target = match target {
            Value::String(path) => return Some(path.clone()),
            Value::Array(choices) => choices.first()?,
            Value::Object(object) => CONDITIONS.iter().find_map(|name| object.get(*name))?,
            _ => return None,
        };
    }
    None
}

/// JSON out of the JSON with comments and trailing commas that configurations are written in.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = if c == '"' {
            let length = end_of_string(rest);
            out.push_str(&rest[..length]);
            length
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else {
            if matches!(c, '}' | ']') {
                let kept = out.trim_end();
                let kept = kept.strip_suffix(',').map_or(out.len(), str::len);
                out.truncate(kept);
            }
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[end..];
    }
    out
}

/// The length of the string literal that `text` begins with.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_dropped() {
        let text = "{ // a\n \"x\": [\"/* no */\", \"\\\"//\", ], /* b */ }";
        let value: Value = serde_json::from_str(&without_comments(text)).expect("plain JSON");
        assert_eq!(value, serde_json::json!({ "x": ["/* no */", "\"//"] }));
    }

    #[test]
    fn exports_have_subpaths_patterns_and_conditions() {
        let exports = serde_json::json!({
            ".": { "import": { "types": "./a.d.ts", "default": "./a.js" }, "require": "./b.js" },
            "./*": "./lib/*.js",
        });
        assert_eq!(export_of(&exports, ".").as_deref(), Some("./a.d.ts"));
        assert_eq!(export_of(&exports, "./x/y").as_deref(), Some("./lib/x/y.js"));
        assert_eq!(export_of(&serde_json::json!("./c.js"), ".").as_deref(), Some("./c.js"));
        assert_eq!(export_of(&serde_json::json!("./c.js"), "./d"), None);
    }
}
