//! The client: what authors hold.

use std::fmt;
use std::sync::Arc;

use backstory_core::{AuthorError, BuildError, Digest, ModelStatus, Request, Spent};

use crate::attempt::Attempt;
use crate::check::servers;
use crate::desk::Desk;
use crate::flight::{Settled, settled};
use crate::{ModelConfig, OnTruncated, Place, Question, Reply};

/// What came of a question.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The answer, or why there is none.
    pub result: Result<Reply, AskError>,
    /// What was asked for it and paid, in order: one record per key, more than one only if it was asked
    /// again with more room. Whoever asks the same question gets the same records, so a sum over records
    /// takes each key once. None if nothing was sent.
    pub requests: Vec<Request>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No usable answer; asking again would give the same.
    #[error("{0}")]
    Unusable(String),
    /// No answer for now, for a reason that has nothing to do with the question: a budget is spent, no
    /// server is there, answers cannot be kept.
    #[error("{0}")]
    Unavailable(String),
    /// No answer is recorded, and nobody is asked.
    #[error("{0}")]
    Unrecorded(String),
}

impl From<AskError> for AuthorError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Unusable(message) => Self::Unusable(message),
            AskError::Unavailable(message) | AskError::Unrecorded(message) => {
                Self::Unavailable(message)
            }
        }
    }
}

/// A model that can be asked. Cheap to clone; clones share servers, budget and answers. To be used within
/// one tokio runtime with time and I/O.
///
/// A question that nobody waits for any more is not sent; one that was sent is seen through and its answer
/// kept, as long as the runtime lasts.
#[derive(Clone)]
pub struct Client {
    desk: Arc<Desk>,
}

impl Client {
    /// A client that keeps its answers at `answers`.
    pub fn new(config: &ModelConfig, answers: Place) -> Result<Self, Vec<BuildError>> {
        Self::with_keys(config, answers, &|name| std::env::var(name).ok())
    }

    /// The same, with keys from elsewhere than the environment.
    pub fn with_keys(
        config: &ModelConfig,
        answers: Place,
        key: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<BuildError>> {
        let servers = servers(config, key)?;
        let desk = Desk::new(config.clone(), servers, answers)?;
        Ok(Self { desk: Arc::new(desk) })
    }

    /// Takes what earlier runs have paid into account, as far as they wrote rows of it: it counts against the
    /// budget.
    pub fn charge(&self, spent: &Spent) {
        self.desk.charge(spent);
    }

    /// The key that the first answer to `question` is kept under.
    pub fn key(&self, question: &Question) -> Digest {
        question.key(&self.desk.digest, self.room(question))
    }

    /// Asks, unless the answer is kept already. The answer is kept before this returns.
    pub async fn ask(&self, repository: &str, question: Question) -> Asked {
        let mut room = self.room(&question);
        let question = Arc::new(question);
        let mut requests = vec![];
        loop {
            let settled = self.settle(repository, &question, room).await;
            requests.extend(settled.request.clone());
            if !settled.truncated {
                return Asked { result: settled.result.clone(), requests };
            }
            match self.more(room) {
                Some(more) => room = more,
                None => return Asked { result: Err(cut_off(room)), requests },
            }
        }
    }

    /// How it is doing.
    pub fn status(&self) -> ModelStatus {
        self.desk.status()
    }

    fn room(&self, question: &Question) -> u32 {
        question.max_tokens.unwrap_or(self.desk.config.max_tokens)
    }

    /// The room after `room` was not enough.
    fn more(&self, room: u32) -> Option<u32> {
        let config = &self.desk.config;
        let more = room.saturating_mul(2).min(config.max_tokens_limit);
        (config.on_truncated == OnTruncated::MoreRoom && more > room).then_some(more)
    }

    /// What comes of `question` with `room`, asked now or by somebody else.
    async fn settle(&self, repository: &str, question: &Arc<Question>, room: u32) -> Arc<Settled> {
        let key = question.key(&self.desk.digest, room);
        let (receiver, flight) = self.desk.flights.join(key);
        if let Some(flight) = flight {
            self.desk.watch();
            let attempt =
                Attempt::new(Arc::clone(&self.desk), repository, Arc::clone(question), room, key);
            tokio::spawn(async move {
                if let Some(settled) = attempt.run(&flight).await {
                    flight.land(settled);
                }
            });
        }
        settled(receiver).await.unwrap_or_else(|| {
            let message = "the request was broken off; run again to go on";
            let result = Err(AskError::Unavailable(message.into()));
            Arc::new(Settled { result, request: None, truncated: false })
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let desk = &self.desk;
        f.debug_struct("Client")
            .field("model", &desk.config.model)
            .field("servers", &desk.servers)
            .finish()
    }
}

fn cut_off(room: u32) -> AskError {
    AskError::Unusable(format!(
        "the answer was cut off after {room} tokens; raise `max_tokens`, or set `on_truncated` to \
         \"more-room\" with a higher `max_tokens_limit`"
    ))
}
