//! What `tsconfig.json` and its relatives say about specifiers: `paths`, `baseUrl`, `rootDirs`,
//! `customConditions`, and from what folder the built files of another come.
//!
//! A file belongs to the configurations of the nearest folder that has some: to `tsconfig.json`, then those it
//! refers to, then the others (`jsconfig.json`, `tsconfig.app.json`, ...). Those that include the file go
//! first; but the first whose mapping leads to a file is right. Folders further up have a say by their
//! `paths` only, as bundlers and test runners use them for the whole repository.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use backstory_core::Repository;
use serde_json::Value;

use super::json::{parse, strings};
use super::patterns::{Patterns, fill};
use super::workspaces::Globs;
use crate::files::{ancestors, file_name, join, parent, walk_to};

/// Patterns and the paths that they stand for.
type Paths = Patterns<Vec<String>>;

/// What one configuration says about specifiers, with all that it extends.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Where specifiers that are no paths are tried; none if nowhere.
    base: Option<String>,
    /// Patterns and the paths that they stand for.
    paths: Arc<Paths>,
    /// Folders that count as one.
    roots: Vec<String>,
    /// Conditions of `exports` that hold beside the usual ones.
    conditions: Vec<String>,
    /// Whether modules are what they are for Node: <https://www.typescriptlang.org/docs/handbook/modules/reference.html#node16-node18-node20-nodenext>.
    node: bool,
    /// Where built files are put, and where they come from.
    built: Option<(String, String)>,
    /// The files that it is for.
    scope: Scope,
    /// Whether it is there for others to extend, and no project of its own.
    template: bool,
}

/// Which files a configuration is for.
#[derive(Debug, Default)]
struct Scope {
    files: Vec<String>,
    globs: Globs,
}

/// The configurations of one repository, by folder, the first to ask first.
pub(crate) struct Configs<'a> {
    by_folder: HashMap<&'a str, Vec<Config>>,
}

/// How many configurations one may extend, directly or not.
const MOST_EXTENDED: usize = 64;

impl<'a> Configs<'a> {
    /// `package` gives the folder of a package that is extended by name.
    pub(crate) fn new(
        repository: &'a Repository,
        package: impl Fn(&str) -> Option<&'a str>,
    ) -> Self {
        let mut reader = Reader {
            repository,
            package,
            values: HashMap::new(),
            extended: HashMap::new(),
            paths: HashMap::new(),
        };
        let mut folders = BTreeMap::<&str, Vec<&str>>::new();
        for path in repository.context.keys().filter(|path| is_config(file_name(path))) {
            folders.entry(parent(path)).or_default().push(path);
        }
        let all: Vec<&str> = folders.values().flatten().copied().collect();
        let templates: HashSet<String> = all
            .into_iter()
            .flat_map(|path| reader.extends(path))
            .filter(|path| !matches!(file_name(path), "tsconfig.json" | "jsconfig.json"))
            .collect();
        let mut by_folder = HashMap::new();
        for (folder, mut paths) in folders {
            let referred = reader.references(&join(folder, "tsconfig.json"));
            paths.sort_by_key(|path| {
                let place = referred.iter().position(|known| known == path);
                (*path != join(folder, "tsconfig.json"), place.unwrap_or(usize::MAX), *path)
            });
            paths.truncate(MOST_EXTENDED);
            let configs = paths.iter().filter_map(|path| {
                let template = templates.contains(*path) && !referred.iter().any(|r| r == path);
                Some(Config { template, ..reader.config(path)? })
            });
            let configs = configs.collect();
            by_folder.insert(folder, configs);
        }
        Self { by_folder }
    }

    /// The first that `try_path` makes something of, among the paths that `specifier` stands for in the file
    /// `importer`.
    pub(crate) fn find<R>(
        &self,
        importer: &str,
        specifier: &str,
        mut try_path: impl FnMut(&str) -> Option<R>,
    ) -> Option<R> {
        let mut nearest = true;
        for folder in ancestors(parent(importer)) {
            let Some(configs) = self.by_folder.get(folder) else { continue };
            for config in those_for(importer, configs) {
                let mapped = config.paths.find(specifier, |targets, star| {
                    // `*` maps everything, as `baseUrl` does.
                    let is_ours = nearest || star != Some(specifier);
                    let mut targets = targets.iter().filter(|_| is_ours);
                    targets.find_map(|target| try_path(&walk_to("", &fill(target, star))?))
                });
                let based = || {
                    let base = config.base.as_deref().filter(|_| nearest)?;
                    try_path(&walk_to(base, specifier)?)
                };
                if let Some(found) = mapped.or_else(based) {
                    return Some(found);
                }
            }
            nearest = false;
        }
        None
    }

    /// The conditions of `exports` that the configuration of the file `importer` sets. The compiler takes a
    /// configuration of any name for those that extend it only.
    pub(crate) fn conditions<'s>(&'s self, importer: &'s str) -> &'s [String] {
        self.first(importer).map_or(&[], |config| &*config.conditions)
    }

    /// Whether that configuration has Node's modules.
    pub(crate) fn is_node(&self, importer: &str) -> bool {
        self.first(importer).is_some_and(|config| config.node)
    }

    fn first<'s>(&'s self, importer: &'s str) -> Option<&'s Config> {
        let nearest = ancestors(parent(importer)).find_map(|folder| self.by_folder.get(folder))?;
        those_for(importer, nearest).find(|config| !config.template)
    }

    /// The same for a relative path that leads to nothing by itself.
    pub(crate) fn find_in_roots<R>(
        &self,
        folder: &str,
        path: &str,
        mut try_path: impl FnMut(&str) -> Option<R>,
    ) -> Option<R> {
        let configs = ancestors(folder).find_map(|folder| self.by_folder.get(folder))?;
        configs.iter().filter(|config| !config.roots.is_empty()).find_map(|config| {
            let below = config.roots.iter().filter_map(|root| below(root, path));
            let rest = below.min_by_key(|rest| rest.len())?;
            config.roots.iter().find_map(|root| try_path(&join(root, rest)))
        })
    }

    /// What the built file at a path comes from, by the configurations of the package in `folder`.
    pub(crate) fn source_of(&self, folder: &str, path: &str) -> impl Iterator<Item = String> {
        let configs = self.by_folder.get(folder).into_iter().flatten();
        configs.filter_map(move |config| {
            let (out, root) = config.built.as_ref()?;
            Some(join(root, below(out, path)?))
        })
    }
}

/// The configurations of one folder, those that include the file `importer` first.
fn those_for<'c>(importer: &'c str, configs: &'c [Config]) -> impl Iterator<Item = &'c Config> {
    let is_for = move |config: &&Config| configs.len() == 1 || config.scope.has(importer);
    configs.iter().filter(is_for).chain(configs.iter().filter(move |config| !is_for(config)))
}

impl Scope {
    fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file == path) || self.globs.has(path)
    }
}

/// The part of `path` that is in `folder`.
fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

fn is_config(name: &str) -> bool {
    name.strip_suffix(".json").is_some_and(|stem| {
        stem.starts_with("tsconfig") || stem.starts_with("jsconfig") || stem.ends_with("tsconfig")
    })
}

/// Reads configurations, each file once.
struct Reader<'a, P> {
    repository: &'a Repository,
    package: P,
    values: HashMap<String, Option<Value>>,
    extended: HashMap<String, Vec<String>>,
    /// By the file that states them, the folder they start from, and that of the configuration if it
    /// matters: hundreds of projects may extend the same hundreds of paths.
    paths: HashMap<[String; 3], Arc<Paths>>,
}

impl<'a, P: Fn(&str) -> Option<&'a str>> Reader<'a, P> {
    fn value(&mut self, path: &str) -> Option<&Value> {
        if !self.values.contains_key(path) {
            let text = self.repository.context.get(path);
            let value = text.and_then(|text| parse(text)).filter(Value::is_object);
            self.values.insert(path.to_owned(), value);
        }
        self.values.get(path)?.as_ref()
    }

    /// The configurations that the one at `path` refers to.
    fn references(&mut self, path: &str) -> Vec<String> {
        let folder = parent(path).to_owned();
        let Some(value) = self.value(path) else { return vec![] };
        let references = value["references"].as_array().into_iter().flatten().take(MOST_EXTENDED);
        let paths = references.filter_map(|one| walk_to(&folder, one["path"].as_str()?));
        paths.collect()
    }

    /// The paths that the configuration at `path` extends, the strongest last.
    fn extends(&mut self, path: &str) -> Vec<String> {
        if let Some(known) = self.extended.get(path) {
            return known.clone();
        }
        let Some(extends) = self.value(path).map(|value| value["extends"].clone()) else {
            return vec![];
        };
        let names = extends.as_str().into_iter().chain(strings(&extends)).take(MOST_EXTENDED);
        let paths: Vec<String> =
            names.filter_map(|name| self.extended_path(parent(path), name)).collect();
        self.extended.insert(path.to_owned(), paths.clone());
        paths
    }

    fn extended_path(&self, folder: &str, name: &str) -> Option<String> {
        let is_there = |path: &String| self.repository.context.contains_key(&**path);
        let path = if name.starts_with('.') {
            walk_to(folder, name)?
        } else {
            let (package, rest) = super::packages::split(name);
            walk_to((self.package)(package)?, rest)?
        };
        let complete = [path.clone(), format!("{path}.json"), join(&path, "tsconfig.json")];
        complete.into_iter().find(is_there)
    }

    /// The path of a configuration and of all that it extends, the strongest first.
    fn chain(&mut self, path: &str) -> Vec<String> {
        let (mut chain, mut seen) = (vec![], HashSet::new());
        let mut open = vec![path.to_owned()];
        while let Some(next) = open.pop() {
            if chain.len() < MOST_EXTENDED && seen.insert(next.clone()) {
                open.extend(self.extends(&next));
                chain.push(next);
            }
        }
        chain
    }

    /// The configuration at `path` with all that it extends; none if it says nothing about specifiers.
    fn config(&mut self, path: &str) -> Option<Config> {
        let home = parent(path);
        let chain = self.chain(path);
        let base = self.stated(&chain, "baseUrl", |folder, value| place(home, folder, value));
        let root = self.stated(&chain, "rootDir", |folder, value| place(home, folder, value));
        let out = self.stated(&chain, "outDir", |folder, value| place(home, folder, value));
        let roots = self.list(&chain, "rootDirs", |path, root| place(home, parent(path), root));
        let conditions = self.list(&chain, "customConditions", |_, name| Some(name.to_owned()));
        let paths = self.paths(&chain, home, base.as_deref());
        let is_node = |key: &str| {
            let value = self.option(&chain, key)?.1.as_str()?.to_ascii_lowercase();
            Some(value.strip_prefix("node").is_some_and(|which| !matches!(which, "" | "10")))
        };
        let node = is_node("moduleResolution").or_else(|| is_node("module")).unwrap_or(false);
        let built = out.map(|out| (out, root.unwrap_or_else(|| join(home, "src"))));
        let says = base.is_some() || built.is_some() || !paths.is_empty();
        let says = says || !roots.is_empty() || !conditions.is_empty() || node;
        let scope = self.scope(&chain, home);
        says.then_some(Config {
            base,
            paths,
            roots,
            conditions,
            node,
            built,
            scope,
            template: false,
        })
    }

    /// The configuration that states an option for the chain, and the option.
    fn option<'s>(&'s self, chain: &'s [String], key: &str) -> Option<(&'s str, &'s Value)> {
        chain.iter().find_map(|path| {
            let option = &self.values.get(path)?.as_ref()?["compilerOptions"][key];
            (!option.is_null()).then_some((&**path, option))
        })
    }

    fn stated(
        &self,
        chain: &[String],
        key: &str,
        read: impl Fn(&str, &str) -> Option<String>,
    ) -> Option<String> {
        let (path, option) = self.option(chain, key)?;
        read(parent(path), option.as_str()?)
    }

    fn list(
        &self,
        chain: &[String],
        key: &str,
        read: impl Fn(&str, &str) -> Option<String>,
    ) -> Vec<String> {
        let Some((path, option)) = self.option(chain, key) else { return vec![] };
        strings(option).take(MOST_EXTENDED).filter_map(|item| read(path, item)).collect()
    }

    /// `files`, `include` and `exclude`; a folder means all that is in it.
    fn scope(&self, chain: &[String], home: &str) -> Scope {
        let list = |key: &str| {
            let stated = chain.iter().find_map(|path| {
                let list = &self.values.get(path)?.as_ref()?[key];
                list.is_array().then(|| (parent(path), list))
            });
            stated.map(|(folder, list)| {
                let paths = strings(list).take(MOST_EXTENDED);
                paths.filter_map(|path| place(home, folder, path)).collect::<Vec<_>>()
            })
        };
        let whole = |path: String| {
            let is_folder = !file_name(&path).contains(['*', '.']);
            if is_folder { join(&path, "**/*") } else { path }
        };
        let files = list("files");
        let everything = || files.is_none().then(|| vec![join(home, "**/*")]);
        let include = list("include").or_else(everything).unwrap_or_default();
        let exclude = list("exclude").unwrap_or_default().into_iter().map(whole);
        let mut globs = Globs::default();
        globs.extend(include.into_iter().map(whole));
        globs.extend(exclude.map(|path| format!("!{path}")));
        Scope { files: files.unwrap_or_default(), globs }
    }

    fn paths(&mut self, chain: &[String], home: &str, base: Option<&str>) -> Arc<Paths> {
        let Some((path, option)) = self.option(chain, "paths") else { return Arc::default() };
        let from = base.unwrap_or(parent(path));
        let text = self.repository.context.get(path);
        let personal = text.is_some_and(|text| text.contains(HOME));
        let key = [path, from, if personal { home } else { "" }].map(str::to_owned);
        if let Some(known) = self.paths.get(&key) {
            return Arc::clone(known);
        }
        let targets = |targets: &Value| {
            let targets = strings(targets).take(MOST_EXTENDED);
            targets.filter_map(|target| place(home, from, target)).collect()
        };
        let entries = option.as_object().into_iter().flatten();
        let entries = entries.map(|(pattern, value)| (pattern.clone(), targets(value)));
        let paths = Arc::new(entries.collect::<Paths>());
        self.paths.insert(key, Arc::clone(&paths));
        paths
    }
}

/// What stands for the folder of the configuration that extends the one it is written in.
const HOME: &str = "${configDir}";

/// The path that a configuration in `folder` means, for one in `home` that extends it.
fn place(home: &str, folder: &str, path: &str) -> Option<String> {
    match path.strip_prefix(HOME) {
        Some(rest) => walk_to(home, rest),
        None => walk_to(folder, path),
    }
}
