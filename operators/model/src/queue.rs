//! Requests that wait for a server: in order of repository, so that few repositories are half done, then of
//! arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::endpoint::Now;

/// A place in the queue: repository, arrival.
pub(crate) type Ticket = (Arc<str>, u64);

/// A request that waits; `W` is how it is told.
pub(crate) struct Waiter<W> {
    /// All servers, the one whose prefix cache knows the repository best first.
    pub ranking: Vec<usize>,
    /// The server that failed it last, to be tried again only if there is no other.
    pub avoid: Option<usize>,
    pub handle: W,
}

/// The waiting requests, by the server that each is to go to.
pub(crate) struct Queue<W> {
    waiting: BTreeMap<Ticket, Waiter<W>>,
    /// Those that may be sent.
    ready: BTreeSet<Ticket>,
    /// The same per server.
    homes: Vec<BTreeSet<Ticket>>,
    /// Those that may not be sent yet, by when they may.
    later: BTreeSet<(Now, Ticket)>,
    /// Which servers can be a home.
    open: Vec<bool>,
}

impl<W> Queue<W> {
    pub fn new(servers: usize) -> Self {
        Self {
            waiting: BTreeMap::new(),
            ready: BTreeSet::new(),
            homes: vec![BTreeSet::new(); servers],
            later: BTreeSet::new(),
            open: vec![true; servers],
        }
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a request that may be sent from `at` on.
    pub fn push(&mut self, ticket: Ticket, waiter: Waiter<W>, at: Now) {
        self.waiting.insert(ticket.clone(), waiter);
        self.later.insert((at, ticket));
    }

    /// Takes a request out.
    pub fn remove(&mut self, ticket: &Ticket) -> Option<Waiter<W>> {
        let waiter = self.waiting.remove(ticket)?;
        if self.ready.remove(ticket) {
            let home = self.home(&waiter);
            self.homes[home].remove(ticket);
        } else {
            self.later.retain(|(_, other)| other != ticket);
        }
        Some(waiter)
    }

    /// Takes all requests out.
    pub fn drain(&mut self) -> Vec<Waiter<W>> {
        self.ready.clear();
        self.later.clear();
        self.homes.iter_mut().for_each(BTreeSet::clear);
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    /// Lets those take part whose time has come.
    pub fn wake(&mut self, now: Now) {
        while self.later.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, ticket)) = self.later.pop_first() else { break };
            self.settle(ticket);
        }
    }

    /// When the next may be sent that may not yet.
    pub fn wakes(&self) -> Option<Now> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Whether any may be sent.
    pub fn any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Those that may be sent, in order.
    pub fn ready(&self) -> impl Iterator<Item = (&Ticket, &Waiter<W>)> {
        self.ready.iter().filter_map(|ticket| Some((ticket, self.waiting.get(ticket)?)))
    }

    /// The first of those that are to go to `server`.
    pub fn first(&self, server: usize) -> Option<&Ticket> {
        self.homes[server].first()
    }

    /// Finds new homes when servers come or go.
    pub fn set_open(&mut self, open: Vec<bool>) {
        if open == self.open {
            return;
        }
        self.open = open;
        self.homes.iter_mut().for_each(BTreeSet::clear);
        for ticket in std::mem::take(&mut self.ready) {
            self.settle(ticket);
        }
    }

    fn settle(&mut self, ticket: Ticket) {
        let Some(waiter) = self.waiting.get(&ticket) else { return };
        let home = self.home(waiter);
        self.homes[home].insert(ticket.clone());
        self.ready.insert(ticket);
    }

    /// The best server that is there and has not just failed.
    fn home(&self, waiter: &Waiter<W>) -> usize {
        let open = || waiter.ranking.iter().copied().filter(|&server| self.open[server]);
        let other = open().find(|&server| Some(server) != waiter.avoid);
        other.or_else(|| open().next()).unwrap_or(waiter.ranking[0])
    }
}
