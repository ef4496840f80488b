use backstory_core::{Draft, Moment, Searching, Step};

/// What stands around a thought in its draft.
pub(crate) struct Around<'a> {
    /// Whether it is the last before the file is written.
    pub(crate) last: bool,
    /// Files that are read before it if it is the last, and after it if not.
    reads: Vec<u32>,
    /// Files that the file depends on, that are there by then, and that it does not read.
    unread: Vec<u32>,
    /// The thought before.
    need: &'a str,
}

impl<'a> Around<'a> {
    pub(crate) fn of(searching: &Searching<'_>, draft: &'a Draft, step: usize) -> Self {
        let (before, after) = draft.steps.split_at(step);
        let last = matches!(after, [_, Step::Write(_), ..]);
        let read = |step: &Step| match step {
            Step::Read(file) => Some(*file),
            _ => None,
        };
        let reads: Vec<_> = if last { before } else { after }.iter().filter_map(read).collect();
        let thought = |step: &'a Step| match step {
            Step::Think(thought) => Some(&**thought),
            _ => None,
        };
        let graph = &searching.structure.graph;
        let positions = graph.positions();
        let earlier = |&other: &u32| positions[other as usize] < positions[draft.file as usize];
        let needs = graph.dependencies[draft.file as usize].iter().copied();
        Self {
            last,
            unread: needs.filter(earlier).filter(|other| !reads.contains(other)).collect(),
            reads,
            need: before.iter().rev().find_map(thought).unwrap_or_default(),
        }
    }

    /// What the thought was asked for.
    pub(crate) fn moment(&self) -> Moment<'_> {
        if self.last {
            Moment::BeforeWriting { reads: &self.reads, need: self.need }
        } else {
            Moment::BeforeReading { offered: &self.reads, skipped: &self.unread }
        }
    }
}
