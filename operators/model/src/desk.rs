//! What all questions to a model share: servers, budget, answers, counts. Brings clock and pool together.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use backstory_core::{BuildError, Digest, ModelStatus, Request, Spent};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::Place;
use crate::answers::Answers;
use crate::budget::Purse;
use crate::endpoint::{Now, Pass, Seen};
use crate::flight::Flights;
use crate::pool::Pool;
use crate::queue::Ticket;
use crate::server::Server;
use crate::status::Counts;
use crate::wire::{Usage, Wire};
use crate::{ModelConfig, body};

/// What all questions to a model share.
pub(crate) struct Desk {
    pub config: ModelConfig,
    pub servers: Vec<Server>,
    /// Of what the configuration adds to keys.
    pub digest: Digest,
    pub wire: Wire,
    pub answers: Answers,
    pub flights: Arc<Flights>,
    shared: Mutex<Shared>,
    origin: Instant,
    /// Wakes the watch.
    bell: Arc<Notify>,
    watched: AtomicBool,
}

struct Shared {
    pool: Pool<oneshot::Sender<Result<Slot, String>>>,
    counts: Counts,
    /// Keys that count against the budget already, by their first bytes; none if recalled ones never do.
    charged: Option<HashSet<u64>>,
    /// When the watch will look again.
    alarm: Option<Now>,
}

/// A slot of a server, given back when dropped.
pub(crate) struct Slot {
    desk: Arc<Desk>,
    pass: Option<Pass>,
    pub server: usize,
}

/// What a request cost that a server accepted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Paid {
    pub usage: Option<Usage>,
    pub cost: f64,
}

impl Desk {
    pub fn new(
        config: ModelConfig,
        servers: Vec<Server>,
        answers: Place,
    ) -> Result<Self, Vec<BuildError>> {
        let connections = servers.iter().map(|server| server.max_in_flight as usize).max();
        let wire = Wire::new(&config, connections.unwrap_or(1)).map_err(|error| {
            let message = format!("connections cannot be made on this machine: {error}");
            vec![BuildError { key: "urls", message, hint: None }]
        })?;
        let purse = Purse::new(config.model.clone(), config.budget.unwrap_or_default());
        let patience = Duration::from_secs(config.patience_seconds);
        let pool = Pool::new(&config.model, &servers, patience, purse);
        let charged = (answers.is_own() && config.budget.is_some()).then(HashSet::new);
        Ok(Self {
            digest: body::digest(&config),
            servers,
            wire,
            answers: Answers::new(answers),
            flights: Arc::default(),
            shared: Mutex::new(Shared { pool, counts: Counts::default(), charged, alarm: None }),
            origin: Instant::now(),
            bell: Arc::default(),
            watched: AtomicBool::new(false),
            config,
        })
    }

    /// Takes into account what earlier runs have paid.
    pub fn charge(&self, spent: &Spent) {
        self.lock().pool.charge(spent);
    }

    /// The time since it was made.
    pub fn now(&self) -> Now {
        self.origin.elapsed()
    }

    /// Changes counts.
    pub fn count<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.lock().counts)
    }

    /// Counts an answer of a server under `key`, whose tries are paid.
    pub fn answered(&self, key: Digest) {
        let mut shared = self.lock();
        shared.counts.answered += 1;
        if let Some(charged) = &mut shared.charged {
            charged.insert(key.prefix());
        }
    }

    /// Counts an answer that was there. Rows are written with what was asked for them, and nothing is asked
    /// for rows that are there: if this run has not paid it, a run did that never wrote its row.
    pub fn recalled(&self, request: &Request) {
        let mut shared = self.lock();
        shared.counts.recalled += 1;
        if shared.charged.as_mut().is_some_and(|charged| charged.insert(request.key.prefix())) {
            shared.pool.charge(&request.into());
        }
    }

    pub fn status(&self) -> ModelStatus {
        let now = self.now();
        let shared = self.lock();
        let (model, priced) = (&self.config.model, self.config.price.is_some());
        let mut status = shared.counts.status(model, shared.pool.load(), priced);
        let blind = shared.counts.uncounted > 0
            && self.config.budget.is_some_and(|b| b.tokens.is_some() || b.money.is_some());
        let blind = || {
            let told =
                "do not say how many tokens they used, so budgets of tokens and money cannot hold";
            blind.then(|| format!("servers of model {model} {told}"))
        };
        status.slots = self.servers.iter().map(|server| u64::from(server.max_in_flight)).sum();
        let trouble = shared.pool.trouble(now);
        status.trouble = self.answers.trouble_now().or(trouble).or_else(blind);
        status
    }

    /// A new place in the queue.
    pub fn ticket(&self, repository: &str) -> Ticket {
        self.lock().pool.ticket(repository)
    }

    /// Waits for a slot of any server, but rather not of `avoid`, at least until `at`. An error says why
    /// there will be none.
    pub fn wait(
        self: &Arc<Self>,
        ticket: Ticket,
        avoid: Option<usize>,
        at: Now,
    ) -> oneshot::Receiver<Result<Slot, String>> {
        let (sender, receiver) = oneshot::channel();
        self.lock().pool.wait(ticket, avoid, at, sender);
        self.pump();
        receiver
    }

    /// Leaves the queue.
    pub fn leave(&self, ticket: &Ticket) {
        self.lock().pool.leave(ticket);
    }

    /// Sees to it that whatever waits for its time is not forgotten.
    pub fn watch(self: &Arc<Self>) {
        if !self.watched.swap(true, Ordering::Relaxed) {
            tokio::spawn(watch(Arc::downgrade(self), Arc::clone(&self.bell)));
        }
    }

    /// Hands out slots. When to look again.
    fn pump(self: &Arc<Self>) -> Option<Now> {
        let now = self.now();
        let (granted, alarm, earlier) = {
            let mut shared = self.lock();
            let granted = shared.pool.dispatch(now);
            let alarm = shared.pool.wakes(now);
            let earlier = alarm.is_some_and(|at| shared.alarm.is_none_or(|before| at < before));
            shared.alarm = alarm;
            (granted, alarm, earlier)
        };
        for (sender, granted) in granted {
            // Whoever has gone drops the slot, which gives it back.
            let _ = sender.send(granted.map(|pass| Slot {
                desk: Arc::clone(self),
                server: pass.endpoint,
                pass: Some(pass),
            }));
        }
        if earlier {
            self.bell.notify_one();
        }
        alarm
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Ends the watch.
        self.bell.notify_one();
    }
}

impl Slot {
    /// Gives it back with what came of the request, and what was paid if the server accepted it.
    pub fn give_back(mut self, seen: Seen, paid: Option<Paid>) {
        let Some(pass) = self.pass.take() else { return };
        let desk = Arc::clone(&self.desk);
        let now = desk.now();
        {
            let mut shared = desk.lock();
            if let Some(Paid { usage, cost }) = paid {
                shared.counts.pay(usage, cost);
            }
            let bill = paid.map(|Paid { usage, cost }| {
                let usage = usage.unwrap_or_default();
                (usage.prompt_tokens + usage.completion_tokens, cost)
            });
            shared.pool.give_back(&pass, seen, bill, now);
        }
        desk.pump();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            let now = self.desk.now();
            self.desk.lock().pool.give_back(&pass, Seen::Unsent, None, now);
            // Not handed on from here: whoever takes it may be gone as well, and so on.
            self.desk.bell.notify_one();
        }
    }
}

/// Looks after what waits for its time, as long as the desk is there.
async fn watch(desk: Weak<Desk>, bell: Arc<Notify>) {
    loop {
        let at = {
            let Some(desk) = desk.upgrade() else { return };
            desk.pump().map(|at| desk.origin + at)
        };
        match at {
            Some(at) => {
                let _ = tokio::time::timeout_at(at, bell.notified()).await;
            }
            None => bell.notified().await,
        }
    }
}
