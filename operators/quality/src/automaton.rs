//! All runs of tokens that occur in a text.

use rustc_hash::FxHashMap;

const ROOT: u32 = 0;
const NONE: u32 = u32::MAX;

/// A suffix automaton: its paths from the root are exactly the runs of tokens of the text that it was
/// made of. For `n` tokens it has at most `2n` states and `3n` edges, and takes time and memory in
/// proportion to build.
pub(crate) struct Automaton {
    states: Vec<State>,
    edges: Vec<Edge>,
    /// Edges of the root, by token.
    first: Vec<u32>,
    /// State and token to edge, for the edges of other states but their last: few, for most states have one
    /// edge. Never iterated, so that its order is nobody's.
    index: FxHashMap<(u32, u32), u32>,
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
    /// Tokens are numbered from 0 in the order in which they first occur.
    pub(crate) fn new(tokens: &[u32]) -> Self {
        let mut automaton = Self {
            states: Vec::with_capacity(2 * tokens.len() + 1),
            edges: Vec::with_capacity(3 * tokens.len()),
            first: vec![],
            index: FxHashMap::default(),
            last: ROOT,
        };
        automaton.add(State { length: 0, link: NONE, edge: NONE });
        for &token in tokens {
            automaton.push(token);
        }
        automaton
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
        if state == ROOT {
            debug_assert_eq!(token as usize, self.first.len(), "tokens are numbered in order");
            self.first.push(edge);
        } else if let Some(before) = self.edges.get(next as usize) {
            self.index.insert((state, before.token), next);
        }
    }

    #[inline]
    fn edge(&self, state: u32, token: u32) -> Option<usize> {
        if state == ROOT {
            return self.first.get(token as usize).map(|&edge| edge as usize);
        }
        let last = self.states[state as usize].edge as usize;
        let edge = self.edges.get(last)?;
        if edge.token == token {
            return Some(last);
        }
        let others = edge.next != NONE;
        others.then(|| self.index.get(&(state, token)).map(|&edge| edge as usize)).flatten()
    }
}

/// What the text of an automaton has in common with another text.
pub(crate) struct Met<'a> {
    automaton: &'a Automaton,
    /// Per state, tokens of the longest run that ends there and occurs in the other text. None of the
    /// runs that end there as well and are shorter is missing from it.
    longest: Vec<u32>,
    /// Where the longest run is that ends with the last token read, and how many tokens it has.
    state: u32,
    length: u32,
}

impl<'a> Met<'a> {
    /// With an empty text.
    pub(crate) fn new(automaton: &'a Automaton) -> Self {
        Self { automaton, longest: vec![0; automaton.states.len()], state: ROOT, length: 0 }
    }

    /// Adds a token to the other text; one that the automaton's has not is `None`. A text takes time linear
    /// in its tokens.
    #[inline]
    pub(crate) fn read(&mut self, token: Option<u32>) {
        (self.state, self.length) = match token {
            Some(token) => self.advance(token),
            None => (ROOT, 0),
        };
        let longest = &mut self.longest[self.state as usize];
        *longest = self.length.max(*longest);
    }

    /// How many tokens up to the last one read, and with it, occur in the automaton's text together.
    pub(crate) fn length(&self) -> u32 {
        self.length
    }

    #[inline]
    fn advance(&self, token: u32) -> (u32, u32) {
        let (mut state, mut length) = (self.state, self.length);
        loop {
            if let Some(edge) = self.automaton.edge(state, token) {
                return (self.automaton.edges[edge].to, length + 1);
            }
            state = self.automaton.states[state as usize].link;
            if state == NONE {
                return (ROOT, 0);
            }
            length = self.automaton.states[state as usize].length;
        }
    }

    /// For every token of the automaton's text `run`, how many tokens up to it and with it occur in the other
    /// text together. Linear in the run.
    pub(crate) fn lengths(mut self, run: &[u32]) -> Vec<u32> {
        self.complete();
        let states = &self.automaton.states;
        let (mut state, mut length) = (ROOT, 0);
        let step = |&token: &u32| {
            // The first token of a run is given up until the rest, and what comes next, is in the other text.
            loop {
                let edge = self.automaton.edge(state, token);
                let next = edge.map(|edge| self.automaton.edges[edge].to);
                if let Some(next) = next.filter(|&next| length < self.longest[next as usize]) {
                    (state, length) = (next, length + 1);
                    return length;
                }
                if state == ROOT {
                    return 0;
                }
                length -= 1;
                if length == states[states[state as usize].link as usize].length {
                    state = states[state as usize].link;
                }
            }
        };
        run.iter().map(step).collect()
    }

    /// What ends a run that was met was met as well.
    fn complete(&mut self) {
        let states = &self.automaton.states;
        let mut complete = vec![false; states.len()];
        complete[ROOT as usize] = true;
        for state in 1..states.len() {
            if self.longest[state] == 0 {
                continue;
            }
            let mut suffix = states[state].link as usize;
            while !std::mem::replace(&mut complete[suffix], true) {
                self.longest[suffix] = states[suffix].length;
                suffix = states[suffix].link as usize;
            }
        }
    }
}
