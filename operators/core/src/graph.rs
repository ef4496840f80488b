use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Outline, Repository};

/// Why one file needs another, the strongest reason first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeKind {
    /// An import statement names it.
    Import,
    /// It defines a name that the file uses without an import, being of the same package or namespace.
    SamePackage,
    /// It defines what an import takes from a third file, which offers it again.
    ReExport,
    /// An import names it for type checkers only.
    TypeChecking,
    /// An import names it in a branch that is not taken, or on some other system only.
    Inactive,
    /// It is the package around an imported module, and runs before it: Python's `__init__.py`.
    Package,
}

impl EdgeKind {
    /// Every kind, the strongest first.
    pub const ALL: [Self; 6] = [
        Self::Import,
        Self::SamePackage,
        Self::ReExport,
        Self::TypeChecking,
        Self::Inactive,
        Self::Package,
    ];

    /// The name used in plans and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::SamePackage => "same-package",
            Self::ReExport => "re-export",
            Self::TypeChecking => "type-checking",
            Self::Inactive => "inactive",
            Self::Package => "package",
        }
    }
}

/// One file needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The file that needs.
    pub from: u32,
    /// The file that is needed, never the same.
    pub to: u32,
    /// The strongest reason.
    pub kind: EdgeKind,
}

/// An import that means a file of its repository, as far as anybody can tell, but none was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    /// The file it stands in.
    pub file: u32,
    /// Its index in the outline of that file.
    pub import: u32,
    /// Why, as a sentence: lower case, no full stop.
    pub why: String,
}

/// The dependencies between the files of one repository. Files are named by their index in
/// [`Repository::files`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Every file once, dependencies first. Circles are broken by the rule of the operator that made it.
    pub order: Vec<u32>,
    /// Per file, the files it depends on, by whatever kinds of edges the operator follows: sorted, without
    /// itself, without doubles.
    pub dependencies: Vec<Vec<u32>>,
    /// Per file, the number of its strongly connected component of [`EdgeKind::Import`] edges. Files with
    /// equal numbers import each other in a circle, and stand together in the order.
    pub components: Vec<u32>,
    /// All edges, followed or not: sorted, one per pair of files.
    pub edges: Vec<Edge>,
    /// Imports without an edge that should have one, sorted.
    pub unresolved: Vec<Unresolved>,
}

impl Graph {
    /// Per file, its place in [`Graph::order`].
    pub fn positions(&self) -> Vec<u32> {
        let mut positions = vec![0; self.order.len()];
        for (place, &file) in self.order.iter().enumerate() {
            positions[file as usize] = place as u32;
        }
        positions
    }

    /// Per file, the files that depend on it, sorted.
    pub fn dependents(&self) -> Vec<Vec<u32>> {
        let mut dependents = vec![vec![]; self.dependencies.len()];
        for (file, dependencies) in self.dependencies.iter().enumerate() {
            for &dependency in dependencies {
                dependents[dependency as usize].push(file as u32);
            }
        }
        dependents
    }
}

/// A repository with all that is known of it before anybody writes a word.
#[derive(Clone, Debug)]
pub struct Structure {
    /// The repository.
    pub repository: Arc<Repository>,
    /// One outline per file of the repository.
    pub outlines: Arc<[Arc<Outline>]>,
    /// The graph over the files.
    pub graph: Arc<Graph>,
}

impl Structure {
    /// Path of a file.
    pub fn path(&self, file: u32) -> &Arc<str> {
        &self.repository.files[file as usize].path
    }

    /// Paths of files.
    pub fn paths<'a>(&'a self, files: &'a [u32]) -> impl Iterator<Item = &'a str> {
        files.iter().map(|&file| &**self.path(file))
    }

    /// Text of a file.
    pub fn text(&self, file: u32) -> &Arc<str> {
        &self.repository.files[file as usize].text
    }

    /// Outline of a file.
    pub fn outline(&self, file: u32) -> &Outline {
        &self.outlines[file as usize]
    }
}
