//! All runs of tokens that occur in a text.

use std::collections::HashMap;

const ROOT: u32 = 0;
const NONE: u32 = u32::MAX;

/// A suffix automaton: its paths from the root are exactly the runs of tokens of the text that it was
/// made of. For `n` tokens it has at most `2n` states and `3n` edges, and takes time and memory in
/// proportion to build.
pub(crate) struct Automaton {
    states: Vec<State>,
    edges: Vec<Edge>,
    /// State and token to edge. Never iterated, so that its order is nobody's.
    index: HashMap<(u32, u32), u32>,
    /// The state of the whole text.
    last: u32,
}

#[derive(Clone, Copy)]
struct State {
    /// Tokens of the longest run that ends here.
    length: u32,
    /// The state of the longest suffix that ends elsewhere.
    link: u32,
    /// The edge that was added last.
    edge: u32,
}

struct Edge {
    token: u32,
    to: u32,
    /// The edge that was added to the same state before.
    next: u32,
}

impl Automaton {
    pub(crate) fn new(tokens: impl IntoIterator<Item = u32>) -> Self {
        let root = State { length: 0, link: NONE, edge: NONE };
        let mut automaton =
            Self { states: vec![root], edges: vec![], index: HashMap::new(), last: ROOT };
        for token in tokens {
            automaton.push(token);
        }
        automaton
    }

    /// For every token of `run`, how many tokens up to it and with it occur in the text together; tokens
    /// that the text does not have are `None`. Linear in the run.
    pub(crate) fn lengths(&self, run: impl IntoIterator<Item = Option<u32>>) -> Vec<u32> {
        let (mut state, mut length) = (ROOT, 0);
        let step = |token| {
            (state, length) = match token {
                Some(token) => self.advance(state, length, token),
                None => (ROOT, 0),
            };
            length
        };
        run.into_iter().map(step).collect()
    }

    fn advance(&self, mut state: u32, mut length: u32, token: u32) -> (u32, u32) {
        loop {
            if let Some(edge) = self.edge(state, token) {
                return (self.edges[edge].to, length + 1);
            }
            state = self.states[state as usize].link;
            if state == NONE {
                return (ROOT, 0);
            }
            length = self.states[state as usize].length;
        }
    }

    fn push(&mut self, token: u32) {
        let length = self.states[self.last as usize].length + 1;
        let new = self.add(State { length, link: ROOT, edge: NONE });
        let mut state = self.last;
        self.last = new;
        while state != NONE {
            if let Some(edge) = self.edge(state, token) {
                self.states[new as usize].link = self.split(state, token, edge);
                return;
            }
            self.connect(state, token, new);
            state = self.states[state as usize].link;
        }
    }

    /// The state for what `edge` leads to from the longest run of `state`, made if it is not there.
    fn split(&mut self, mut state: u32, token: u32, edge: usize) -> u32 {
        let old = self.edges[edge].to;
        let State { length, link, .. } = self.states[old as usize];
        let short = self.states[state as usize].length + 1;
        if length == short {
            return old;
        }
        let copy = self.add(State { length: short, link, edge: NONE });
        self.states[old as usize].link = copy;
        // Each copied edge is one more of the at most `3n`.
        let mut copied = self.states[old as usize].edge;
        while copied != NONE {
            let Edge { token, to, next } = self.edges[copied as usize];
            self.connect(copy, token, to);
            copied = next;
        }
        while state != NONE
            && let Some(edge) = self.edge(state, token)
            && self.edges[edge].to == old
        {
            self.edges[edge].to = copy;
            state = self.states[state as usize].link;
        }
        copy
    }

    fn add(&mut self, state: State) -> u32 {
        self.states.push(state);
        self.states.len() as u32 - 1
    }

    fn connect(&mut self, state: u32, token: u32, to: u32) {
        let edge = self.edges.len() as u32;
        let next = std::mem::replace(&mut self.states[state as usize].edge, edge);
        self.edges.push(Edge { token, to, next });
        self.index.insert((state, token), edge);
    }

    fn edge(&self, state: u32, token: u32) -> Option<usize> {
        self.index.get(&(state, token)).map(|&edge| edge as usize)
    }
}
