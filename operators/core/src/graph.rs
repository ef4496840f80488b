use std::sync::Arc;

use crate::{Outline, Repository};

/// The dependencies between the files of one repository. Files are named by their index in
/// [`Repository::files`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Every file once, dependencies first. Inside a cycle the order is by the rule of the operator
    /// that made it.
    pub order: Vec<u32>,
    /// Per file, the files it depends on: sorted, without itself, without doubles.
    pub dependencies: Vec<Vec<u32>>,
    /// Per file, the number of its strongly connected component. Files with equal numbers depend on
    /// each other in a circle.
    pub components: Vec<u32>,
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

    /// Text of a file.
    pub fn text(&self, file: u32) -> &Arc<str> {
        &self.repository.files[file as usize].text
    }

    /// Outline of a file.
    pub fn outline(&self, file: u32) -> &Outline {
        &self.outlines[file as usize]
    }
}
