//! Which file of the repository is meant by a path without ending, with another ending, or of a folder.
//!
//! Two orders, as the tools have them. For an importing TypeScript file TypeScript's: what a file is compiled
//! from comes before the file (`./a.js` is `a.ts` if there is one), TypeScript before JavaScript. For an
//! importing JavaScript file Node's and the bundlers': the path as it is, then with an ending, and only then
//! what it may be compiled from.

use std::collections::HashMap;

use backstory_core::Repository;

use crate::files::{join, parent};

/// What matters of the file that an import stands in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Importer<'p> {
    pub(crate) path: &'p str,
    pub(crate) folder: &'p str,
    pub(crate) order: Order,
    /// Conditions of `exports` that a configuration sets for it.
    pub(crate) conditions: &'p [String],
    /// Whether its imports are compiled to calls of `require`.
    pub(crate) requires: bool,
}

/// Whose order the endings are tried in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    JavaScript,
    TypeScript,
}

impl<'p> Importer<'p> {
    pub(crate) fn new(path: &'p str, language: &str) -> Self {
        let order = if language == "typescript" { Order::TypeScript } else { Order::JavaScript };
        Self { path, folder: parent(path), order, conditions: &[], requires: false }
    }

    pub(crate) fn with(self, conditions: &'p [String]) -> Self {
        Self { conditions, ..self }
    }

    /// For a file that TypeScript compiles as Node reads it, in a package that is of ES modules or not.
    pub(crate) fn on_node(self, of_modules: bool) -> Self {
        Self { requires: !of_modules && matches!(self.ending(), "ts" | "tsx"), ..self }
    }

    fn ending(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, ending)| ending)
    }

    /// How far a condition of `exports` is from this file: 0 if it holds, as for a program on Node, 1 if somebody
    /// may have set it, 2 if it is for another platform.
    pub(crate) fn distance(self, condition: &str) -> usize {
        const ELSEWHERE: [&str; 9] = [
            "browser",
            "bun",
            "deno",
            "edge-light",
            "electron",
            "production",
            "react-native",
            "worker",
            "workerd",
        ];
        let holds = match condition {
            "node" | "default" => true,
            "import" => !self.requires && !matches!(self.ending(), "cjs" | "cts"),
            "require" => !matches!(self.ending(), "mjs" | "mts"),
            // `types@>=5` too. All tools take it, in JavaScript files as well.
            types => types.starts_with("types") || self.conditions.iter().any(|set| set == types),
        };
        if holds { 0 } else { 1 + usize::from(ELSEWHERE.contains(&condition)) }
    }
}

/// Endings that TypeScript adds to a path, in its order.
const TYPESCRIPT: &[&str] = &["ts", "tsx", "d.ts", "js", "jsx"];

/// Endings that only bundlers add.
const BUNDLERS: &[&str] = &["mts", "cts", "d.mts", "d.cts", "mjs", "cjs"];

/// Endings that bundlers add to a path in a JavaScript file.
const JAVASCRIPT: &[&str] =
    &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "d.ts", "d.mts", "d.cts"];

/// An ending that a specifier may have, and what files it may mean, in TypeScript's order.
const COMPILED: &[(&str, &[&str])] = &[
    (".js", TYPESCRIPT),
    (".ts", TYPESCRIPT),
    (".d.ts", &["d.ts", "ts", "tsx", "js", "jsx"]),
    (".jsx", &["tsx", "ts", "d.ts", "jsx", "js"]),
    (".tsx", &["tsx", "ts", "d.ts", "jsx", "js"]),
    (".mjs", &["mts", "d.mts", "mjs"]),
    (".mts", &["mts", "d.mts", "mjs"]),
    (".d.mts", &["d.mts", "mts", "mjs"]),
    (".cjs", &["cts", "d.cts", "cjs"]),
    (".cts", &["cts", "d.cts", "cjs"]),
    (".d.cts", &["d.cts", "cts", "cjs"]),
    (".json", &["d.json.ts"]),
];

/// The files of a repository by path, of all languages: only looked up, never iterated.
pub(crate) struct Tree<'a> {
    by_path: HashMap<&'a str, u32>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(repository: &'a Repository) -> Self {
        let paths = repository.files.iter().enumerate();
        Self { by_path: paths.map(|(index, file)| (&*file.path, index as u32)).collect() }
    }

    /// The file at a path, its ending changed or completed.
    pub(crate) fn file(&self, path: &str, order: Order) -> Option<u32> {
        self.strict(path, order).or_else(|| self.lenient(path, order))
    }

    /// The file at a path, by what all tools do.
    pub(crate) fn strict(&self, path: &str, order: Order) -> Option<u32> {
        let exact = || self.by_path.get(path).copied();
        match order {
            Order::JavaScript => {
                exact().or_else(|| self.ending(path, JAVASCRIPT)).or_else(|| self.compiled(path))
            }
            Order::TypeScript => {
                self.compiled(path).or_else(exact).or_else(|| self.ending(path, TYPESCRIPT))
            }
        }
    }

    /// The file at a path, by what only bundlers do.
    pub(crate) fn lenient(&self, path: &str, order: Order) -> Option<u32> {
        (order == Order::TypeScript).then(|| self.ending(path, BUNDLERS)).flatten()
    }

    /// The `index` file of a folder.
    pub(crate) fn index(&self, folder: &str, order: Order) -> Option<u32> {
        self.file(&join(folder, "index"), order)
    }

    /// What the file at a path may be compiled from.
    fn compiled(&self, path: &str) -> Option<u32> {
        let longest = COMPILED.iter().filter(|(ending, _)| path.ends_with(ending));
        let (ending, sources) = longest.max_by_key(|(ending, _)| ending.len())?;
        self.ending(path.strip_suffix(ending)?, sources)
    }

    fn ending(&self, stem: &str, endings: &[&str]) -> Option<u32> {
        let mut path = String::with_capacity(stem.len() + 8);
        path.push_str(stem);
        path.push('.');
        endings.iter().find_map(|ending| {
            path.truncate(stem.len() + 1);
            path.push_str(ending);
            self.by_path.get(&*path).copied()
        })
    }
}
