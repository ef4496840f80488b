//! The operator `graph`: which file needs which, and an order in which what is needed comes first.
//!
//! Responsible for components and order. What an import means is known by `backstory-languages`.

mod order;

use std::sync::Arc;

use backstory_core::{
    BuildError, Environment, Flow, Graph as Dependencies, Operator, OrderFiles, Outline,
    Repository, Work,
};
use backstory_languages::Resolvers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::order::order;

/// Resolves imports to files of the same repository and puts the files in an order in which
/// dependencies come first. Imports of anything else are left out silently.
///
/// Files that need each other in a circle form a component and stand together in the order. Among
/// components whose dependencies are all there, the one with the smallest path comes first. Inside a
/// component the next file is always the one with the fewest dependencies in it that are not yet there,
/// then the one with the smallest path. Paths are compared byte by byte.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Graph {}

impl Operator for Graph {
    const KIND: &'static str = "graph";
    const SUMMARY: &'static str = "resolves imports and orders files, dependencies first";
    const TAKES: &'static [Flow] = &[Flow::Outlines];
    const GIVES: Flow = Flow::Structure;

    fn build(self, _environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        Ok(Work::Order(Arc::new(Orderer)))
    }
}

struct Orderer;

impl OrderFiles for Orderer {
    fn order(&self, repository: &Repository, outlines: &[Arc<Outline>]) -> Dependencies {
        let resolvers = Resolvers::new(repository, outlines);
        let files = 0..repository.files.len() as u32;
        let dependencies = files.map(|file| resolvers.dependencies(file)).collect();
        let paths: Vec<&str> = repository.files.iter().map(|file| &*file.path).collect();
        order(&paths, dependencies)
    }
}

#[cfg(test)]
mod tests;
