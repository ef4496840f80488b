use std::collections::BTreeMap;

use crate::plan::Segment;
use crate::plan::pass::{push, split_off};

/// The index of a node in its tree.
pub(super) type NodeId = usize;

/// The node of the empty text.
pub(super) const ROOT: NodeId = 0;

/// A radix tree of texts: each node holds the tokens by which it continues its parent.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    vacant: Vec<NodeId>,
}

#[derive(Debug, Default)]
pub(super) struct Node {
    parent: NodeId,
    /// By their first token.
    pub(super) children: BTreeMap<u32, NodeId>,
    pub(super) tokens: Vec<u32>,
    /// The position of the first token.
    pub(super) start: usize,
    /// The slots of the first [`Node::resident`] tokens, in order.
    pub(super) slots: Vec<Segment>,
    /// How many tokens have a slot.
    pub(super) resident: usize,
    /// Part of a context: to be kept after the plan.
    pub(super) context: bool,
    /// The plan being made still has to come here.
    pub(super) wanted: bool,
    /// The walk is at this node or below it.
    pub(super) pinned: bool,
    /// The last pass that may have used its slots.
    pub(super) used: u64,
    /// The lower, the earlier it is evicted.
    pub(super) rank: f64,
    /// What is asked for here.
    pub(super) asked: Vec<Asked>,
}

/// A log-probability that a plan asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The token of the node that predicts.
    pub(super) offset: usize,
    /// The token that is predicted.
    pub(super) id: u32,
    /// The number of the question in its plan.
    pub(super) question: usize,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node { context: true, ..Node::default() }], vacant: vec![] }
    }

    pub(super) fn get(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn get_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id]
    }

    /// All nodes but the root; vacant ones look like nodes without tokens and slots.
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        ROOT + 1..self.nodes.len()
    }

    /// Makes sure that a node ends where `text` does.
    pub(super) fn insert(&mut self, text: &[u32], context: bool) {
        let mut at = ROOT;
        let mut rest = text;
        while let Some(first) = rest.first() {
            at = match self.nodes[at].children.get(first) {
                Some(&child) => {
                    let tokens = &self.nodes[child].tokens;
                    let common = tokens.iter().zip(rest).take_while(|(a, b)| a == b).count();
                    if common < tokens.len() { self.split(child, common) } else { child }
                }
                None => self.add(at, rest.to_vec()),
            };
            self.nodes[at].context |= context;
            rest = &rest[self.nodes[at].tokens.len()..];
        }
    }

    /// The nodes from the root, left out, down to where `text` ends. It has been inserted.
    pub(super) fn path<'a>(&'a self, text: &'a [u32]) -> impl Iterator<Item = NodeId> + 'a {
        let mut at = ROOT;
        let mut rest = text;
        std::iter::from_fn(move || {
            at = *self.nodes[at].children.get(rest.first()?)?;
            rest = &rest[self.nodes[at].tokens.len()..];
            Some(at)
        })
    }

    /// The slots of the text from the root up to `end` tokens of a node.
    pub(super) fn segments(&self, id: NodeId, end: usize) -> Vec<Segment> {
        let above = |&id: &NodeId| Some(self.nodes[id].parent);
        let mut path: Vec<_> =
            std::iter::successors(Some(id), above).take_while(|&id| id != ROOT).collect();
        path.reverse();
        let mut segments = vec![];
        for segment in path.into_iter().flat_map(|id| &self.nodes[id].slots) {
            push(&mut segments, *segment);
        }
        split_off(&mut segments, self.nodes[id].start + end);
        segments
    }

    /// Whether nothing below a node has a slot.
    pub(super) fn is_last_resident(&self, id: NodeId) -> bool {
        self.nodes[id].children.values().all(|&child| self.nodes[child].resident == 0)
    }

    /// Removes nodes without slots. They are leaves, or have only such below them.
    pub(super) fn prune(&mut self) {
        for id in self.ids() {
            let node = &self.nodes[id];
            if node.resident > 0 || node.tokens.is_empty() {
                continue;
            }
            let (parent, first) = (node.parent, node.tokens[0]);
            self.nodes[parent].children.remove(&first);
            self.nodes[id] = Node::default();
            self.vacant.push(id);
        }
    }

    fn add(&mut self, parent: NodeId, tokens: Vec<u32>) -> NodeId {
        let start = self.nodes[parent].start + self.nodes[parent].tokens.len();
        let first = tokens[0];
        let id = self.place(Node { parent, tokens, start, ..Node::default() });
        self.nodes[parent].children.insert(first, id);
        id
    }

    /// Splits a node after `len` of its tokens; returns the new node that has these.
    fn split(&mut self, id: NodeId, len: usize) -> NodeId {
        let lower = &mut self.nodes[id];
        let below = lower.slots.clone();
        let mut upper = Node {
            parent: lower.parent,
            start: lower.start,
            tokens: lower.tokens.drain(..len).collect(),
            slots: below,
            resident: lower.resident.min(len),
            children: [(lower.tokens[0], id)].into(),
            ..Node { context: lower.context, used: lower.used, rank: lower.rank, ..Node::default() }
        };
        lower.slots = split_off(&mut upper.slots, len);
        lower.start += len;
        lower.resident -= upper.resident;
        let (parent, first) = (upper.parent, upper.tokens[0]);
        let upper = self.place(upper);
        self.nodes[id].parent = upper;
        self.nodes[parent].children.insert(first, upper);
        upper
    }

    fn place(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.vacant.pop() {
            self.nodes[id] = node;
            return id;
        }
        self.nodes.push(node);
        self.nodes.len() - 1
    }
}
