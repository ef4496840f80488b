use crate::plan::pass::push;
use crate::plan::tree::{NodeId, ROOT};
use crate::plan::{Pass, Planner, Run, Segment, Target};

/// The walk through the tree that fills passes.
pub(super) struct Walk<'a> {
    planner: &'a mut Planner,
    /// The pass being filled.
    pass: Pass,
    passes: Vec<Pass>,
    /// Slots that this pass still uses, and the next one need not.
    released: Vec<Segment>,
    /// Where the answer to each question will be.
    places: Vec<usize>,
    /// Answers asked for so far.
    asked: usize,
}

enum Step {
    Enter(NodeId),
    Leave(NodeId),
}

impl<'a> Walk<'a> {
    pub(super) fn new(planner: &'a mut Planner, questions: usize) -> Self {
        Self {
            planner,
            pass: Pass::default(),
            passes: vec![],
            released: vec![],
            places: vec![0; questions],
            asked: 0,
        }
    }

    /// The passes, and where among their answers that to each question is.
    pub(super) fn run(mut self) -> (Vec<Pass>, Vec<usize>) {
        // Not recursive: texts that are prefixes of each other make a tree as deep as there are texts.
        let mut steps = vec![];
        self.push_children(ROOT, &mut steps);
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(id) => {
                    self.enter(id);
                    steps.push(Step::Leave(id));
                    self.push_children(id, &mut steps);
                }
                Step::Leave(id) => self.leave(id),
            }
        }
        self.close();
        (self.passes, self.places)
    }

    fn push_children(&self, id: NodeId, steps: &mut Vec<Step>) {
        let tree = &self.planner.tree;
        let wanted = tree.get(id).children.values().rev().filter(|&&child| tree.get(child).wanted);
        steps.extend(wanted.map(|&child| Step::Enter(child)));
    }

    fn enter(&mut self, id: NodeId) {
        let node = self.planner.tree.get_mut(id);
        node.pinned = true;
        node.asked.sort_by_key(|asked| asked.offset);
        let (resident, len) = (node.resident, node.tokens.len());
        // State is remembered, logits are not: what is asked of a resident token is computed again,
        // into its own slot.
        let mut again: Vec<_> = node.asked.iter().map(|asked| asked.offset).collect();
        again.retain(|&offset| offset < resident);
        again.dedup();
        for offsets in again.chunk_by(|a, b| a + 1 == *b) {
            self.compute(id, offsets[0], offsets[0] + offsets.len());
        }
        self.compute(id, resident, len);
    }

    /// Computes tokens `from..to` of a node, in as many passes as it takes.
    fn compute(&mut self, id: NodeId, mut from: usize, to: usize) {
        while from < to {
            if self.pass.ids.len() >= self.planner.limits.pass_tokens.max(1) {
                self.close();
            }
            let room = self.planner.limits.pass_tokens.max(1) - self.pass.ids.len();
            let resident = self.house(id, to.min(from + room));
            // Housing may have closed the pass, which only makes room.
            let end = resident.min(from + room).min(to);
            self.pack(id, from, end);
            from = end;
        }
    }

    /// Finds slots for the tokens of a node up to `end`, or for as many as there can be but at least
    /// one more; returns how many have slots.
    fn house(&mut self, id: NodeId, end: usize) -> usize {
        let resident = self.planner.tree.get(id).resident;
        let needed = end.saturating_sub(resident);
        while self.planner.arena.free() < needed {
            if let Some(used) = self.planner.evict() {
                self.released.extend(used);
            } else if !self.released.is_empty() {
                self.close();
            } else {
                break;
            }
        }
        let slots = self.planner.arena.take(needed);
        let node = self.planner.tree.get_mut(id);
        for segment in slots {
            node.resident += segment.len as usize;
            push(&mut node.slots, segment);
        }
        // All slots that are not on this path are free by now, and admission saw that the path fits.
        assert!(needed == 0 || node.resident > resident, "a text fits the slots");
        node.resident
    }

    /// Adds tokens `from..to` of a node to the pass.
    fn pack(&mut self, id: NodeId, from: usize, to: usize) {
        let node = self.planner.tree.get(id);
        let (first_row, first_segment) = (self.pass.ids.len(), self.pass.segments.len());
        let pass = &mut self.pass;
        pass.ids.extend(&node.tokens[from..to]);
        pass.positions.extend((from..to).map(|offset| (node.start + offset) as u32));
        let slots = node.slots.iter().flat_map(|segment| segment.slots());
        pass.slots.extend(slots.skip(from).take(to - from));
        pass.segments.extend(self.planner.tree.segments(id, to));
        pass.runs.push(Run {
            rows: first_row..pass.ids.len(),
            segments: first_segment..pass.segments.len(),
        });
        for asked in node.asked.iter().filter(|asked| (from..to).contains(&asked.offset)) {
            pass.targets.push(Target { row: first_row + asked.offset - from, id: asked.id });
            self.places[asked.question] = self.asked;
            self.asked += 1;
        }
    }

    fn leave(&mut self, id: NodeId) {
        let planner = &mut *self.planner;
        let rank = planner.inflation + planner.cost(planner.tree.get(id));
        let node = planner.tree.get_mut(id);
        node.wanted = false;
        node.pinned = false;
        node.asked.clear();
        node.used = planner.passes;
        node.rank = rank;
        if !node.context {
            node.resident = 0;
            self.released.append(&mut node.slots);
        }
    }

    /// Ends the pass: from here on its released slots can be used.
    fn close(&mut self) {
        if !self.pass.ids.is_empty() {
            self.passes.push(std::mem::take(&mut self.pass));
            self.planner.passes += 1;
        }
        for segment in self.released.drain(..) {
            self.planner.arena.give(segment);
        }
    }
}
