use std::collections::BTreeMap;

use crate::plan::arena::Arena;
use crate::plan::pass::push;
use crate::plan::tree::{Asked, Node, NodeId, ROOT, Tree};
use crate::plan::{Pass, Run, Segment, Target};
use crate::{Limits, ScoreError, ScoreRequest};

/// Plans passes, and knows what state the passes so far have left in the executor's slots.
///
/// Every plan has to be carried out completely before the next one is made. If that fails, what the
/// slots hold is unknown: [`Planner::clear`].
#[derive(Debug)]
pub struct Planner {
    limits: Limits,
    start_token: Option<u32>,
    tree: Tree,
    arena: Arena,
    /// Passes planned so far.
    passes: u64,
    /// The rank of what was evicted last.
    inflation: f64,
}

/// What to run for some requests, and where their scores will be found.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// To be run in this order.
    pub passes: Vec<Pass>,
    /// For each candidate of each request: which of the log-probabilities of all passes, one after the
    /// other, are those of its target.
    pub answers: Vec<Vec<Result<Vec<usize>, ScoreError>>>,
}

impl Planner {
    /// A planner for an executor with empty slots. `start_token` is put before every context.
    pub fn new(limits: Limits, start_token: Option<u32>) -> Self {
        let arena = Arena::new(limits.slots);
        Self { limits, start_token, tree: Tree::new(), arena, passes: 0, inflation: 0.0 }
    }

    /// Forgets what the slots hold.
    pub fn clear(&mut self) {
        *self = Self::new(self.limits.clone(), self.start_token);
    }

    /// Plans the passes that answer `requests`.
    pub fn plan(&mut self, requests: &[ScoreRequest]) -> Plan {
        // Nodes are split while texts are inserted, so questions wait until all are.
        let texts: Vec<Vec<_>> = requests.iter().map(|request| self.admit(request)).collect();
        let mut questions = Questions::default();
        let mut ask = |text: Result<Text, _>| Ok(self.ask(&text?, &mut questions));
        let asked: Vec<Vec<Result<Vec<usize>, ScoreError>>> =
            texts.into_iter().map(|texts| texts.into_iter().map(&mut ask).collect()).collect();

        let (passes, places) = Walk::new(self, questions.len()).run();
        self.tree.prune();
        let place = |questions: Vec<usize>| questions.into_iter().map(|q| places[q]).collect();
        let answers = asked
            .into_iter()
            .map(|asked| asked.into_iter().map(|questions| questions.map(place)).collect())
            .collect();
        Plan { passes, answers }
    }

    /// The texts of a request's candidates, now in the tree, or why they cannot be scored.
    fn admit(&mut self, request: &ScoreRequest) -> Vec<Result<Text, ScoreError>> {
        let context = request.context.iter().flat_map(|segment| segment.iter());
        let context: Vec<u32> = self.start_token.iter().chain(context).copied().collect();
        let texts: Vec<_> = request
            .candidates
            .iter()
            .map(|thought| {
                let tokens = [&context, &thought[..], &request.target[..]].concat();
                self.check(Text { tokens, target: request.target.len() })
            })
            .collect();
        if texts.iter().any(Result::is_ok) {
            self.tree.insert(&context, true);
        }
        for text in texts.iter().flatten() {
            self.tree.insert(text.computed(), false);
        }
        texts
    }

    fn check(&self, text: Text) -> Result<Text, ScoreError> {
        let (tokens, limits) = (text.tokens.len(), &self.limits);
        if text.target == 0 {
            return Err(ScoreError::EmptyTarget);
        }
        if text.target == tokens {
            return Err(ScoreError::NothingBefore);
        }
        if tokens > limits.positions {
            return Err(ScoreError::TooLong { tokens, limit: limits.positions });
        }
        if tokens - 1 > limits.slots {
            return Err(ScoreError::TooLarge { tokens: tokens - 1, limit: limits.slots });
        }
        let vocabulary = limits.vocabulary;
        match text.tokens.iter().find(|&&id| id as usize >= vocabulary) {
            Some(&id) => Err(ScoreError::UnknownToken { id, vocabulary }),
            None => Ok(text),
        }
    }

    /// Notes the questions of a text at the nodes of its path; returns their numbers.
    fn ask(&mut self, text: &Text, questions: &mut Questions) -> Vec<usize> {
        let first = text.tokens.len() - text.target - 1;
        let mut numbers = Vec::with_capacity(text.target);
        for id in self.tree.path(text.computed()).collect::<Vec<_>>() {
            let node = self.tree.get_mut(id);
            node.wanted = true;
            let end = node.start + node.tokens.len();
            for row in first.max(node.start)..end {
                let (offset, target) = (row - node.start, text.tokens[row + 1]);
                let new = questions.len();
                let question = *questions.entry((id, offset, target)).or_insert(new);
                if question == new {
                    node.asked.push(Asked { offset, id: target, question });
                }
                numbers.push(question);
            }
        }
        numbers
    }

    /// Frees the slots that are the cheapest to fill again, those that this plan still needs last.
    fn evict(&mut self) -> Option<Vec<Segment>> {
        let evictable = |&id: &NodeId| {
            let node = self.tree.get(id);
            node.resident > 0 && !node.pinned && self.tree.is_last_resident(id)
        };
        let order = |a: &NodeId, b: &NodeId| {
            let (a, b) = (self.tree.get(*a), self.tree.get(*b));
            a.wanted.cmp(&b.wanted).then(a.rank.total_cmp(&b.rank)).then(a.used.cmp(&b.used))
        };
        let id = self.tree.ids().filter(evictable).min_by(order)?;
        let node = self.tree.get_mut(id);
        self.inflation = self.inflation.max(node.rank);
        node.resident = 0;
        let slots = std::mem::take(&mut node.slots);
        if node.used == self.passes {
            return Some(slots);
        }
        for segment in slots {
            self.arena.give(segment);
        }
        Some(vec![])
    }

    /// What it costs to compute a token of a node again, in units of a token's linear layers. All
    /// tokens take the same memory, so this is cost per byte.
    fn cost(&self, node: &Node) -> f64 {
        1.0 + self.limits.attention_cost * (node.start as f64 + node.tokens.len() as f64 / 2.0)
    }
}

/// A candidate with its context and target.
struct Text {
    tokens: Vec<u32>,
    /// How many of the last tokens are the target.
    target: usize,
}

impl Text {
    /// All but the last token, which is only predicted.
    fn computed(&self) -> &[u32] {
        &self.tokens[..self.tokens.len() - 1]
    }
}

/// The number of each question of a plan: by node, offset and predicted token.
type Questions = BTreeMap<(NodeId, usize, u32), usize>;

/// The walk through the tree that fills passes.
struct Walk<'a> {
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
    fn new(planner: &'a mut Planner, questions: usize) -> Self {
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
    fn run(mut self) -> (Vec<Pass>, Vec<usize>) {
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
