//! The operator `graph`: which file needs which, and an order in which what is needed comes first.
//!
//! Responsible for components and order. What an import means is known by `backstory-languages`.

mod order;

use std::sync::Arc;

use backstory_core::{
    BuildError, Edge, EdgeKind, Environment, Flow, Graph as Dependencies, Operator, OrderFiles,
    Outline, Repository, Work,
};
use backstory_languages::Resolvers;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::order::order;

/// Resolves imports to files of the same repository and puts the files in an order in which
/// dependencies come first. Imports of anything else are left out silently.
///
/// Among files whose dependencies are all there, the one with the smallest path comes first. Files that
/// need each other in a circle stand together, and the circle is broken at its weakest kind of edge. Files
/// that import each other in a circle form a component; in it the next file is always the one with the
/// fewest dependencies in it that are not yet there, then the one with the smallest path. Paths are
/// compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Graph {
    /// The kinds of dependencies that count, for the order and for what is read before a file is written:
    /// `import` (an import statement names it), `same-package` (it defines a name that is used without an
    /// import), `re-export` (it defines what a third file offers again), `type-checking` (imported for type
    /// checkers only), `inactive` (imported in a branch that is not taken), `package` (Python's
    /// `__init__.py` around an imported module).
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub follow: Vec<EdgeKind>,
}

impl Default for Graph {
    fn default() -> Self {
        let followed = |kind: &EdgeKind| *kind != EdgeKind::Package;
        Self { follow: EdgeKind::ALL.into_iter().filter(followed).collect() }
    }
}

impl Operator for Graph {
    const KIND: &'static str = "graph";
    const SUMMARY: &'static str = "resolves imports and orders files, dependencies first";
    const TAKES: &'static [Flow] = &[Flow::Outlines];
    const GIVES: Flow = Flow::Structure;

    fn build(self, _environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        Ok(Work::Order(Arc::new(Orderer { follow: self.follow })))
    }
}

struct Orderer {
    follow: Vec<EdgeKind>,
}

impl OrderFiles for Orderer {
    fn order(&self, repository: &Repository, outlines: &[Arc<Outline>]) -> Dependencies {
        let resolvers = Resolvers::new(repository, outlines);
        let files = (0..repository.files.len() as u32).into_par_iter();
        let resolved: Vec<_> = files.map(|file| resolvers.edges(file)).collect();
        let (edges, unresolved): (Vec<_>, Vec<_>) = resolved.into_iter().unzip();
        let edges = edges.concat();
        let paths: Vec<&str> = repository.files.iter().map(|file| &*file.path).collect();
        let followed = |edge: &&Edge| self.follow.contains(&edge.kind);
        let followed: Vec<Edge> = edges.iter().filter(followed).copied().collect();
        let mut dependencies = vec![vec![]; paths.len()];
        for edge in &followed {
            dependencies[edge.from as usize].push(edge.to);
        }
        let ordered = order(&paths, &followed);
        Dependencies {
            order: ordered.order,
            dependencies,
            components: ordered.components,
            edges,
            unresolved: unresolved.concat(),
        }
    }
}

#[cfg(test)]
mod tests;
