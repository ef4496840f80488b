//! Which request goes to which server, and when. No clock, no network.
//!
//! A request goes to the home of its repository, so that the server's prefix cache serves it. A server with
//! room and nobody of its own waiting takes the first of all others, so that none is idle while anybody
//! waits. A server that is shut is probed by the first in line. When all are shut for too long, or none can
//! ever work, everybody is sent home.

use std::time::Duration;

use backstory_core::{Digest, Spent};

use crate::budget::Purse;
use crate::endpoint::{Now, Pass, Seen, State, Why, mix};
use crate::queue::{Queue, Ticket, Waiter};
use crate::server::Server;

/// A slot, or why there will be none.
pub(crate) type Granted = Result<Pass, String>;

/// The servers of a model and who waits for them; `W` is how a waiting request is told.
pub(crate) struct Pool<W> {
    model: String,
    members: Vec<Member>,
    queue: Queue<W>,
    purse: Purse,
    patience: Duration,
    /// Since when all servers are shut.
    stuck: Option<Now>,
    arrivals: u64,
}

struct Member {
    name: String,
    state: State,
    weight: f64,
    salt: u64,
}

impl<W> Pool<W> {
    pub fn new(model: &str, servers: &[Server], patience: Duration, purse: Purse) -> Self {
        let member = |server: &Server| Member {
            name: server.name.clone(),
            state: State::new(server.max_in_flight),
            weight: server.weight,
            salt: Digest::of(&server.name).prefix(),
        };
        Self {
            model: model.to_owned(),
            members: servers.iter().map(member).collect(),
            queue: Queue::new(servers.len()),
            purse,
            patience,
            stuck: None,
            arrivals: 0,
        }
    }

    /// Requests that servers work on, and requests that wait.
    pub fn load(&self) -> (u64, u64) {
        let in_flight = self.members.iter().map(|m| u64::from(m.state.in_flight())).sum();
        (in_flight, self.queue.len() as u64)
    }

    /// A place in the queue that is kept when a request is sent again.
    pub fn ticket(&mut self, repository: &str) -> Ticket {
        self.arrivals += 1;
        (repository.into(), self.arrivals)
    }

    /// Lets a request wait, at least until `at`, for any server but `avoid` if there is another.
    pub fn wait(&mut self, ticket: Ticket, avoid: Option<usize>, at: Now, handle: W) {
        let waiter = Waiter { ranking: self.ranking(&ticket.0), avoid, handle };
        self.queue.push(ticket, waiter, at);
    }

    /// Takes a request out that nobody wants any more.
    pub fn leave(&mut self, ticket: &Ticket) {
        self.queue.remove(ticket);
    }

    /// A request came back. `paid` is what it cost in tokens and money if a server accepted it.
    pub fn give_back(&mut self, pass: &Pass, seen: Seen, paid: Option<(u64, f64)>, now: Now) {
        match paid {
            Some((tokens, money)) => self.purse.pay(tokens, money),
            None => self.purse.release(),
        }
        self.members[pass.endpoint].state.give_back(pass, seen, now);
        self.note(now);
    }

    /// Hands out all slots that can be handed out now.
    pub fn dispatch(&mut self, now: Now) -> Vec<(W, Granted)> {
        self.queue.wake(now);
        if self.queue.len() == 0 {
            return vec![];
        }
        let mut granted = vec![];
        if let Some(message) = self.purse.exhausted() {
            self.send_home(&message, &mut granted);
            return granted;
        }
        let open = self.members.iter().map(|member| member.state.shut().is_none());
        self.queue.set_open(open.collect());
        while let Some((ticket, server)) = self.next(now) {
            if !self.purse.reserve() {
                break;
            }
            let Some(waiter) = self.queue.remove(&ticket) else { break };
            granted.push((waiter.handle, Ok(self.members[server].state.take(server, now))));
        }
        if let Some(message) = self.hopeless(now) {
            self.send_home(&message, &mut granted);
        }
        granted
    }

    /// When there may be something to hand out though nothing comes back.
    pub fn wakes(&self, now: Now) -> Option<Now> {
        if self.queue.len() == 0 {
            return None;
        }
        let ready = self.queue.any_ready();
        let members = self.members.iter().filter_map(|member| member.state.wakes(now));
        let members = members.filter(|_| ready);
        let patience = self.stuck.map(|since| since + self.patience);
        // What is due already waits for something to come back.
        let all = members.chain(self.queue.wakes()).chain(patience);
        all.filter(|at| *at > now).min()
    }

    /// Takes into account what earlier runs have paid.
    pub fn charge(&mut self, spent: &Spent) {
        self.purse.charge(spent);
    }

    /// What is wrong, as a sentence.
    pub fn trouble(&self, now: Now) -> Option<String> {
        if let Some(message) = self.purse.exhausted() {
            return Some(message);
        }
        if let Some(since) = self.stuck {
            let seconds = now.saturating_sub(since).as_secs();
            return Some(format!(
                "no server of model {} for {seconds} s: {}",
                self.model,
                self.shut()
            ));
        }
        let shut = self.members.iter().filter(|member| member.state.shut().is_some()).count();
        let all = self.members.len();
        (shut > 0)
            .then(|| format!("{shut} of {all} servers of model {}: {}", self.model, self.shut()))
    }

    /// Who goes where next.
    fn next(&mut self, now: Now) -> Option<(Ticket, usize)> {
        let mut free = vec![];
        for (server, member) in self.members.iter_mut().enumerate() {
            if member.state.due(now) {
                free.insert(0, server);
            } else if member.state.free(now) {
                if let Some(ticket) = self.queue.first(server) {
                    return Some((ticket.clone(), server));
                }
                free.push(server);
            }
        }
        if free.is_empty() {
            return None;
        }
        let open = self.members.iter().filter(|member| member.state.shut().is_none()).count();
        self.queue.ready().find_map(|(ticket, waiter)| {
            // A server that was failing is probed before anybody goes astray to another.
            let probed =
                free.iter().copied().filter(|&server| self.members[server].state.shut().is_some());
            let ranked = waiter.ranking.iter().copied().filter(|server| free.contains(server));
            let fits = |server: &usize| {
                let others = open - usize::from(self.members[*server].state.shut().is_none());
                waiter.avoid != Some(*server) || others == 0
            };
            Some((ticket.clone(), probed.chain(ranked).find(fits)?))
        })
    }

    /// Servers by weighted rendezvous hashing: each repository has its own order, in which each server is
    /// first as often as its weight says, and which of the others come or go does not matter.
    fn ranking(&self, repository: &str) -> Vec<usize> {
        if self.members.len() == 1 {
            return vec![0];
        }
        let repository = Digest::of(repository).prefix();
        let distance = |member: &Member| {
            let uniform = ((mix(repository ^ member.salt) >> 11) + 1) as f64 / (1_u64 << 53) as f64;
            -uniform.ln() / member.weight
        };
        let mut ranking: Vec<_> = self.members.iter().map(distance).enumerate().collect();
        ranking.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        ranking.into_iter().map(|(server, _)| server).collect()
    }

    fn note(&mut self, now: Now) {
        let stuck = self.members.iter().all(|member| member.state.shut().is_some());
        self.stuck = stuck.then(|| self.stuck.unwrap_or(now));
    }

    /// Why it makes no sense to wait any longer, if so.
    fn hopeless(&self, now: Now) -> Option<String> {
        let since = self.stuck?;
        let wrong = |member: &Member| {
            member.state.shut().is_some_and(|shut| shut.why == Why::Misconfigured)
        };
        if self.members.iter().all(wrong) {
            return Some(self.shut());
        }
        if now.saturating_sub(since) < self.patience {
            return None;
        }
        let (model, seconds) = (&self.model, now.saturating_sub(since).as_secs());
        Some(format!(
            "no server of model {model} for {seconds} s: {}; see to it and run again",
            self.shut()
        ))
    }

    /// What servers say that are shut; a few, for there may be many.
    fn shut(&self) -> String {
        let told = self.members.iter().filter_map(|member| {
            let shut = member.state.shut()?;
            Some(format!("{}: {}", member.name, shut.message))
        });
        let told: Vec<_> = told.collect();
        let rest = told.len().saturating_sub(3);
        let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
        told[..told.len().min(3)].join("; ") + &more
    }

    fn send_home(&mut self, message: &str, granted: &mut Vec<(W, Granted)>) {
        let all = self.queue.drain().into_iter();
        granted.extend(all.map(|waiter| (waiter.handle, Err(message.to_owned()))));
    }
}

#[cfg(test)]
mod tests;
