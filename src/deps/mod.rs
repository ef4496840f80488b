//! The dependencies of one repository, for eyes and for other programs.
//!
//! Responsible for running the operators `parse` and `graph` on all that a repository holds, for choosing
//! what is shown of it, and for the formats: [`json`], [`dot`] and [`svg`]; what a
//! terminal shows is the command's. Not responsible
//! for what an import means, nor for how a drawing is laid out.

mod dot;
mod folders;
mod json;
mod picture;
mod select;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use backstory_core::{
    Edge, EdgeKind, Environment, Failure, FileClass, Graph, LeftOut, Operator, OrderFiles, Outline,
    OutlineFile, Repository, SourceError, Work,
};
use backstory_source::{Whole, WholeRepository};
use rayon::prelude::*;

pub use dot::dot;
pub use json::json;
pub use picture::svg;
pub use select::Selection;

/// What is known of the dependencies of a repository. Files are named by their index in `files`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deps {
    /// Every source file, sorted by path.
    pub files: Vec<File>,
    /// Sorted, one per pair of files.
    pub edges: Vec<Edge>,
    /// Every file once, dependencies first.
    pub order: Vec<u32>,
    /// Files that import each other in a circle, in order; each has two files at least.
    pub components: Vec<Vec<u32>>,
    /// Imports that should lead to a file of the repository and do not, in the order of files and lines.
    pub unresolved: Vec<Missing>,
    /// Files of which nothing is known, and why: sorted by file.
    pub opaque: Vec<(u32, String)>,
    /// How many files and folders were left out, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Folders and project files that could not be read.
    pub failures: Vec<Failure>,
}

/// A source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the repository, `/` between parts.
    pub path: Arc<str>,
    /// The name of its language.
    pub language: &'static str,
}

/// An import that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The file it stands in.
    pub file: u32,
    /// What is imported, as written.
    pub import: String,
    /// Line of the statement, from 1.
    pub line: u32,
    /// Why nothing was found.
    pub why: String,
}

/// The dependencies of a repository, read by the same rules as in a plan without settings.
pub fn deps(whole: &Whole) -> Result<Deps, SourceError> {
    let found = whole.read(backstory_languages::classify)?;
    let outlines = outlines(&found);
    let graph = orderer().order(&found.repository, &outlines);
    Ok(Deps::new(found.repository, &outlines, graph))
}

/// One outline per file.
fn outlines(found: &WholeRepository) -> Vec<Arc<Outline>> {
    let (outliner, files) = (outliner(), &found.repository.files);
    let unread = |file: usize| {
        let place = found.opaque.binary_search_by_key(&(file as u32), |(file, _)| *file);
        place.ok().map(|place| &found.opaque[place].1)
    };
    let outline = |file: usize| match unread(file) {
        Some(why) => Outline::opaque(why),
        None => outliner.outline(&files[file]),
    };
    (0..files.len()).into_par_iter().map(|file| Arc::new(outline(file))).collect()
}

/// What a plan without settings would build.
fn build(operator: impl Operator) -> Work {
    let environment = Environment { base: Path::new("."), author: &|_| None, scorer: &|_| None };
    operator.build(&environment).unwrap_or_else(|_| unreachable!("defaults are right"))
}

fn outliner() -> Arc<dyn OutlineFile> {
    match build(backstory_parse::Parse::default()) {
        Work::Outline(outliner) => outliner,
        _ => unreachable!("parse outlines"),
    }
}

fn orderer() -> Arc<dyn OrderFiles> {
    match build(backstory_graph::Graph::default()) {
        Work::Order(orderer) => orderer,
        _ => unreachable!("graph orders"),
    }
}

impl Deps {
    fn new(repository: Repository, outlines: &[Arc<Outline>], graph: Graph) -> Self {
        let missing = graph.unresolved.into_iter().map(|one| {
            let import = &outlines[one.file as usize].imports[one.import as usize];
            Missing { file: one.file, import: import.path.clone(), line: import.line, why: one.why }
        });
        let files = repository
            .files
            .iter()
            .map(|file| File { path: Arc::clone(&file.path), language: file.language });
        let files: Vec<_> = files.collect();
        let opaque = (0..).zip(outlines).zip(&files).filter_map(|((index, outline), file)| {
            let unknown = backstory_languages::by_name(file.language).is_none();
            let no_grammar = || unknown.then(|| format!("{} is not parsed", file.language));
            Some((index, outline.opaque.clone().or_else(no_grammar)?))
        });
        Self {
            opaque: opaque.collect(),
            files,
            edges: graph.edges,
            components: circles(&graph.order, &graph.components),
            order: graph.order,
            unresolved: missing.collect(),
            left_out: repository.left_out,
            failures: repository.failures,
        }
    }

    /// Path of a file.
    pub fn path(&self, file: u32) -> &str {
        &self.files[file as usize].path
    }

    /// Per file, its place in `order`.
    pub fn positions(&self) -> Vec<u32> {
        let mut positions = vec![0; self.files.len()];
        for (place, &file) in (0..).zip(&self.order) {
            positions[file as usize] = place;
        }
        positions
    }

    /// Per file, the number of its circle in `components`, if it is in one.
    pub fn circle_of(&self) -> Vec<Option<u32>> {
        let mut circles = vec![None; self.files.len()];
        for (number, files) in (0..).zip(&self.components) {
            for &file in files {
                circles[file as usize] = Some(number);
            }
        }
        circles
    }

    /// How many edges there are of each kind that occurs, the strongest first.
    pub fn kinds(&self) -> Vec<(EdgeKind, u64)> {
        let count = |kind| self.edges.iter().filter(|edge| edge.kind == kind).count() as u64;
        let counts = EdgeKind::ALL.into_iter().map(|kind| (kind, count(kind)));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

/// The components of more than one file; such files stand together in the order.
fn circles(order: &[u32], component_of: &[u32]) -> Vec<Vec<u32>> {
    let same = |a: &u32, b: &u32| component_of[*a as usize] == component_of[*b as usize];
    order.chunk_by(same).filter(|files| files.len() > 1).map(<[u32]>::to_vec).collect()
}

/// The name of the language that `name` means: itself, or an ending of file names.
pub fn language(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let known = backstory_languages::names();
    let by_name = known.iter().find(|known| **known == name).copied();
    by_name.or_else(|| match backstory_languages::classify(&format!("file.{name}")) {
        FileClass::Source(language) => Some(language),
        _ => None,
    })
}
