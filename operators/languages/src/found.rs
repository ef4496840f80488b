//! What resolvers find, brought together per file.

use std::collections::BTreeMap;

use backstory_core::{Edge, EdgeKind, Unresolved, When};

/// Where a resolver says what it has found for one import, or for one file.
#[derive(Debug, Default)]
pub struct Found {
    files: Vec<(u32, EdgeKind)>,
    why: Option<String>,
    holds: bool,
}

impl Found {
    /// The import names this file.
    pub fn import(&mut self, file: u32) {
        self.add(file, EdgeKind::Import);
    }

    /// The import names these files.
    pub fn imports(&mut self, files: impl IntoIterator<Item = u32>) {
        files.into_iter().for_each(|file| self.import(file));
    }

    /// This file is needed for the reason given.
    pub fn add(&mut self, file: u32, kind: EdgeKind) {
        self.files.push((file, kind));
    }

    /// The import should mean a file of this repository, and there is none. Of no effect if one was found.
    /// `why` is lower case and has no full stop.
    pub fn unresolved(&mut self, why: impl Into<String>) {
        self.why.get_or_insert(why.into());
    }

    /// The condition around the import holds, though its own file does not tell.
    pub fn holds(&mut self) {
        self.holds = true;
    }

    /// How much was found so far.
    pub fn count(&self) -> usize {
        self.files.len()
    }
}

/// Everything found for one file.
pub(crate) struct Collector {
    file: u32,
    current: Found,
    /// The import that `current` is about.
    import: Option<(u32, When)>,
    edges: BTreeMap<u32, EdgeKind>,
    unresolved: Vec<Unresolved>,
}

impl Collector {
    pub(crate) fn new(file: u32) -> Self {
        let (edges, unresolved) = (BTreeMap::new(), vec![]);
        Self { file, current: Found::default(), import: None, edges, unresolved }
    }

    /// For what is found for the import of this index.
    pub(crate) fn import(&mut self, index: u32, when: When) -> &mut Found {
        self.settle();
        self.import = Some((index, when));
        &mut self.current
    }

    /// For what is found for the file as a whole.
    pub(crate) fn implied(&mut self) -> &mut Found {
        self.settle();
        &mut self.current
    }

    fn settle(&mut self) {
        let Found { files, why, holds } = std::mem::take(&mut self.current);
        let import = self.import.take();
        let weakest = match import {
            Some((_, When::TypeChecking)) => EdgeKind::TypeChecking,
            Some((_, When::Inactive)) if !holds => EdgeKind::Inactive,
            _ => EdgeKind::Import,
        };
        if let (true, Some(why), Some((import, _))) = (files.is_empty(), why, import) {
            self.unresolved.push(Unresolved { file: self.file, import, why });
        }
        for (file, kind) in files.into_iter().filter(|(file, _)| *file != self.file) {
            let kind = kind.max(weakest);
            self.edges.entry(file).and_modify(|known| *known = kind.min(*known)).or_insert(kind);
        }
    }

    /// One edge per file, of the strongest kind found.
    pub(crate) fn finish(mut self) -> (Vec<Edge>, Vec<Unresolved>) {
        self.settle();
        let from = self.file;
        let edges = self.edges.into_iter().map(|(to, kind)| Edge { from, to, kind }).collect();
        (edges, self.unresolved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_reason_counts_and_a_condition_weakens_it() {
        let mut collector = Collector::new(0);
        let found = collector.import(0, When::TypeChecking);
        found.import(1);
        found.add(2, EdgeKind::Package);
        collector.import(1, When::Always).add(2, EdgeKind::ReExport);
        collector.import(2, When::Inactive).import(3);
        collector.implied().add(0, EdgeKind::SamePackage);
        let edges = collector.finish().0.into_iter().map(|edge| (edge.to, edge.kind));
        assert!(edges.eq([
            (1, EdgeKind::TypeChecking),
            (2, EdgeKind::ReExport),
            (3, EdgeKind::Inactive)
        ]));
    }

    #[test]
    fn what_was_found_is_not_unresolved() {
        let mut collector = Collector::new(7);
        let found = collector.import(0, When::Always);
        found.unresolved("no such file");
        found.import(1);
        collector.import(1, When::Always).unresolved("no such file");
        collector.import(2, When::Always);
        let unresolved = collector.finish().1;
        assert_eq!(unresolved, [Unresolved { file: 7, import: 1, why: "no such file".into() }]);
    }
}
