use std::collections::BTreeMap;

use crate::plan::arena::Arena;
use crate::plan::tree::{Asked, Node, NodeId, Tree};
use crate::plan::walk::Walk;
use crate::plan::{Pass, Segment};
use crate::{Limits, ScoreError, ScoreRequest};

/// Plans passes, and knows what state the passes so far have left in the executor's slots.
///
/// Every plan has to be carried out completely before the next one is made. If that fails, what the
/// slots hold is unknown: [`Planner::clear`].
#[derive(Debug)]
pub struct Planner {
    pub(super) limits: Limits,
    start_token: Option<u32>,
    pub(super) tree: Tree,
    pub(super) arena: Arena,
    /// Passes planned so far.
    pub(super) passes: u64,
    /// The rank of what was evicted last.
    pub(super) inflation: f64,
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

    /// Frees the slots that are the cheapest to fill again, those that this plan still needs last. Gives
    /// those that the pass being filled still uses, and nothing if nothing can be freed.
    pub(super) fn evict(&mut self) -> Option<Vec<Segment>> {
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
    pub(super) fn cost(&self, node: &Node) -> f64 {
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
