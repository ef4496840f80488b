//! One question with one amount of room, from looking for its answer to having one kept.

use std::sync::Arc;
use std::time::Duration;

use backstory_core::{Digest, Outcome, Request};

use crate::answers::{Kept, Put};
use crate::body::Body;
use crate::desk::{Desk, Paid, Slot};
use crate::endpoint::{Now, Seen, pause};
use crate::flight::{Flight, Settled};
use crate::queue::Ticket;
use crate::wire::{Usage, Verdict};
use crate::{AskError, Question, Reply};

/// A question under way.
pub(crate) struct Attempt {
    desk: Arc<Desk>,
    question: Arc<Question>,
    room: u32,
    ticket: Ticket,
    /// The server that failed last.
    avoid: Option<usize>,
    /// When it may be sent again.
    at: Now,
    trials: Trials,
    record: Request,
}

/// What went wrong so far.
#[derive(Default)]
struct Trials {
    /// Refusals, resets and timeouts since anybody was answered.
    refusals: u32,
    /// Failures while others were answered: such that the question may be to blame for.
    strikes: u32,
    nonsense: u32,
    /// Answers given to anybody, when this was last looked at, and when that was.
    answered: u64,
    since: Option<Now>,
}

impl Attempt {
    pub fn new(
        desk: Arc<Desk>,
        repository: &str,
        question: Arc<Question>,
        room: u32,
        key: Digest,
    ) -> Self {
        let record = Request {
            key,
            purpose: question.purpose.to_owned(),
            file: question.file,
            endpoint: None,
            model: desk.config.model.clone(),
            prompt_tokens: 0,
            completion_tokens: 0,
            latency_ms: 0,
            tries: 0,
            finish_reason: None,
            cost: desk.config.price.map(|_| 0.0),
            outcome: Outcome::Failed,
            message: None,
        };
        let (ticket, trials) = (desk.ticket(repository), Trials::default());
        Self { desk, question, room, ticket, avoid: None, at: Now::ZERO, trials, record }
    }

    /// None if nobody waits for it any more.
    pub async fn run(mut self, flight: &Flight) -> Option<Settled> {
        // What was not kept is offered first, as it may be the answer to this.
        if let Err(message) = self.desk.answers.ready().await {
            return Some(self.unavailable(message));
        }
        match self.desk.answers.get(self.record.key).await {
            Ok(Some(kept)) => return Some(self.recalled(kept)),
            Ok(None) => {}
            Err(message) => return Some(self.unavailable(message)),
        }
        if self.desk.answers.are_recorded() {
            let Request { model, purpose, .. } = &self.record;
            let repository = &self.ticket.0;
            let message = format!(
                "no answer of model {model} is recorded for a question about {repository} ({purpose})"
            );
            return Some(self.failed(AskError::Unrecorded(message)));
        }
        let mut body = None;
        loop {
            let slot = match self.slot(flight).await? {
                Ok(slot) => slot,
                Err(message) => return Some(self.unavailable(message)),
            };
            if let Err(message) = self.desk.answers.ready().await {
                return Some(self.unavailable(message));
            }
            let desk = Arc::clone(&self.desk);
            let server = &desk.servers[slot.server];
            // Not before it has a slot: many wait.
            let body =
                body.get_or_insert_with(|| Body::new(&desk.config, &self.question, self.room));
            let sent = desk.now();
            let names = server.names();
            let body = body.bytes(names, &desk.config.model);
            // On the heap: many wait, and few are sent at a time.
            let verdict = Box::pin(desk.wire.send(server, names, body)).await;
            if let Some(settled) = self.judge(verdict, slot, desk.now().saturating_sub(sent)).await
            {
                return Some(settled);
            }
            desk.count(|counts| counts.repeated += 1);
        }
    }

    /// A slot, or why there will be none; nothing if nobody waits for it any more.
    async fn slot(&self, flight: &Flight) -> Option<Result<Slot, String>> {
        let granted = self.desk.wait(self.ticket.clone(), self.avoid, self.at);
        tokio::select! {
            granted = granted => {
                Some(granted.unwrap_or_else(|_| Err("the request was broken off".to_owned())))
            }
            () = flight.deserted() => {
                self.desk.leave(&self.ticket);
                None
            }
        }
    }

    /// What a verdict means for the server, the budget and the question. None if it is to be sent again.
    async fn judge(&mut self, verdict: Verdict, slot: Slot, latency: Duration) -> Option<Settled> {
        self.avoid = Some(slot.server);
        match verdict {
            Verdict::Answered { reply, truncated, usage } => {
                self.record.endpoint = Some(self.desk.servers[slot.server].name.clone());
                self.record.latency_ms = latency.as_millis() as u64;
                let paid = self.pay(usage);
                let tokens = usage.unwrap_or_default().completion_tokens;
                let kept = self.answered(reply, truncated, usage.is_some());
                // Before the slot is given back: what a kill loses is no more than what slots are for.
                let put = self.desk.answers.put(&kept).await;
                slot.give_back(Seen::Answered { latency, tokens }, Some(paid));
                Some(self.settle(kept, put).await)
            }
            Verdict::Nonsense { message, usage } => {
                let paid = self.pay(usage);
                slot.give_back(Seen::Nonsense(message.clone()), Some(paid));
                self.nonsense(&message)
            }
            Verdict::Busy { message, retry_after } => {
                slot.give_back(Seen::Refused { message: message.clone(), retry_after }, None);
                self.again(&message, retry_after, false)
            }
            Verdict::Failed { message, retry_after } => {
                slot.give_back(Seen::Refused { message: message.clone(), retry_after }, None);
                self.again(&message, retry_after, true)
            }
            Verdict::Broken(message) => {
                let paid = self.pay(Some(Usage::default()));
                slot.give_back(Seen::Broken(message.clone()), Some(paid));
                self.again(&message, None, true)
            }
            Verdict::Unreached(message) => {
                slot.give_back(Seen::Broken(message), None);
                None
            }
            Verdict::Renamed => {
                self.avoid = None;
                slot.give_back(Seen::Rejected, None);
                None
            }
            Verdict::Misconfigured(message) => {
                slot.give_back(Seen::Misconfigured(message), None);
                None
            }
            Verdict::Rejected(message) => {
                let paid = self.pay(Some(Usage::default()));
                slot.give_back(Seen::Rejected, Some(paid));
                let message = format!("the server refuses the question: {message}");
                Some(self.unusable(message, Outcome::Failed))
            }
        }
    }

    /// Adds what a server accepted to the record.
    fn pay(&mut self, usage: Option<Usage>) -> Paid {
        let Usage { prompt_tokens, completion_tokens } = usage.unwrap_or_default();
        let price = self.desk.config.price;
        let cost = price.map_or(0.0, |price| price.of(prompt_tokens, completion_tokens));
        self.record.tries += 1;
        self.record.prompt_tokens += prompt_tokens;
        self.record.completion_tokens += completion_tokens;
        self.record.cost = self.record.cost.map(|before| before + cost);
        Paid { usage, cost }
    }

    /// The answer with its record.
    fn answered(&mut self, reply: Reply, truncated: bool, counted: bool) -> Kept {
        self.desk.answered(self.record.key);
        self.record.finish_reason.clone_from(&reply.finish_reason);
        self.record.outcome = if truncated { Outcome::Truncated } else { Outcome::Used };
        if truncated {
            self.record.message = Some(format!("cut off after {} tokens", self.room));
        } else if !counted {
            self.record.message = Some("the server did not count tokens".to_owned());
        }
        if !counted {
            self.record.cost = None;
        }
        let repository = Some(self.ticket.0.to_string());
        Kept { reply, request: self.record.clone(), repository }
    }

    /// Returns once the answer is there to stay.
    async fn settle(&self, kept: Kept, put: Result<Put, String>) -> Settled {
        let settled = match put {
            Ok(put) => self.desk.answers.settle(put).await,
            Err(message) => Err(message),
        };
        let truncated = settled.is_ok() && kept.request.outcome == Outcome::Truncated;
        let result = settled.map(|()| kept.reply).map_err(AskError::Unavailable);
        Settled { result, request: Some(kept.request), truncated }
    }

    fn recalled(&self, kept: Kept) -> Settled {
        self.desk.recalled(&kept.request);
        let truncated = kept.request.outcome == Outcome::Truncated;
        Settled { result: Ok(kept.reply), request: Some(kept.request), truncated }
    }

    fn nonsense(&mut self, message: &str) -> Option<Settled> {
        self.trials.nonsense += 1;
        let tries = self.trials.nonsense;
        if tries < self.desk.config.tries.content {
            return None;
        }
        let message = format!("{tries} answers that could not be used, the last one: {message}");
        Some(self.unusable(message, Outcome::Unusable))
    }

    /// Sends it again later, unless it may be to blame itself or nobody is answered for too long.
    fn again(&mut self, message: &str, wait: Option<Duration>, blame: bool) -> Option<Settled> {
        let (now, config) = (self.desk.now(), &self.desk.config);
        let answered = self.desk.count(|counts| counts.answered);
        let trials = &mut self.trials;
        if trials.since.is_none() || answered > trials.answered {
            trials.strikes += u32::from(blame);
            (trials.since, trials.answered, trials.refusals) = (Some(now), answered, 0);
        }
        if trials.strikes >= config.tries.transport {
            let tries = trials.strikes;
            let message = format!("failed {tries} times while others were answered: {message}");
            return Some(self.unusable(message, Outcome::Failed));
        }
        let wait = wait.unwrap_or_else(|| pause(trials.refusals, self.ticket.1 as usize));
        trials.refusals += 1;
        self.at = now + wait;
        let waited = self.at.saturating_sub(trials.since.unwrap_or(now));
        if waited <= Duration::from_secs(config.patience_seconds) {
            return None;
        }
        let message = format!("nobody was answered for {} s: {message}", waited.as_secs());
        Some(self.unavailable(message))
    }

    fn unusable(&mut self, message: String, outcome: Outcome) -> Settled {
        self.desk.count(|counts| counts.failed += 1);
        self.record.outcome = outcome;
        self.failed(AskError::Unusable(message))
    }

    fn unavailable(&mut self, message: String) -> Settled {
        self.failed(AskError::Unavailable(message))
    }

    fn failed(&mut self, error: AskError) -> Settled {
        self.record.message = Some(error.to_string());
        let request = (self.record.tries > 0).then(|| self.record.clone());
        Settled { result: Err(error), request, truncated: false }
    }
}
