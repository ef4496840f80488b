//! The servers at work: which one gets a text, and what happens when it fails.

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use backstory_core::Hasher;
use tokio::sync::Semaphore;

use super::HttpConfig;
use super::attempts::Attempts;
use super::dialect::{Dialect, Text};
use super::host::Host;
use super::line::{self, Failure, Line};
use super::wire::{Call, Trouble, Wire};
use crate::ScoreError;

/// Tokens of a common beginning that decide which server it goes to. Enough to tell repositories apart;
/// more would tear the steps of one file apart.
const TELLING: usize = 512;
/// Failures in a row after which a server is left alone, and for how long at first and at most.
const FAILURES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A server that was found to be right.
pub(super) struct Server {
    pub host: Host,
    pub dialect: Dialect,
    pub model: String,
    slots: Semaphore,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    /// Failures since the last answer.
    failures: u32,
    /// Until when it is left alone.
    until: Option<Instant>,
}

impl Server {
    pub fn new(host: Host, dialect: Dialect, model: String, max_in_flight: u32) -> Self {
        let slots = Semaphore::new(max_in_flight as usize);
        Self { host, dialect, model, slots, health: Mutex::default() }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        // Every change of it is whole, whoever panicked.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_left_alone(&self) -> bool {
        self.health().until.is_some_and(|until| until > Instant::now())
    }

    fn has_room(&self) -> bool {
        self.slots.available_permits() > 0 && !self.is_left_alone()
    }

    fn worked(&self) {
        *self.health() = Health::default();
    }

    fn failed(&self) {
        let mut health = self.health();
        health.failures += 1;
        if health.failures >= FAILURES {
            let times = 1 << (health.failures - FAILURES).min(16);
            let pause = (FIRST_PAUSE * times).min(LONGEST_PAUSE);
            health.until = Some(Instant::now() + pause);
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host.name)
    }
}

/// All servers.
pub(super) struct Pool {
    wire: Wire,
    servers: Vec<Server>,
    tries: u32,
    patience: Duration,
}

impl Pool {
    pub fn new(wire: Wire, servers: Vec<Server>, config: &HttpConfig) -> Self {
        let patience = Duration::from_secs(config.patience_seconds);
        Self { wire, servers, tries: config.tries, patience }
    }

    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// A line to one server alone.
    pub fn line<'a>(&'a self, server: &'a Server) -> Line<'a> {
        let (wire, host) = (&self.wire, &server.host);
        Line { wire, host, tries: self.tries, patience: self.patience }
    }

    /// The servers in the order in which they are to be asked about texts that start with `shared`: the same
    /// for the same start, but those without room last.
    pub fn order(&self, shared: &[u32]) -> Vec<usize> {
        let start: Vec<u8> =
            shared.iter().take(TELLING).flat_map(|token| token.to_le_bytes()).collect();
        let rank = |index: &usize| {
            let server = &self.servers[*index];
            let mut hasher = Hasher::new();
            let digest = hasher.field(&server.host.name).field(&start).finish();
            (!server.has_room(), Reverse(digest.prefix()))
        };
        let mut order: Vec<_> = (0..self.servers.len()).collect();
        order.sort_by_cached_key(rank);
        order
    }

    /// Has a server compute what comes of `tokens`, if that helps with texts that start with them.
    pub async fn warm(&self, server: usize, tokens: &[u32]) {
        let server = &self.servers[server];
        let Some(posted) = server.dialect.warm(tokens) else { return };
        let Ok(_slot) = server.slots.acquire().await else { return };
        let limit = Dialect::longest(Text { tokens, from: 1 });
        let call = Call { path: posted.path, body: Some(&posted.body), limit };
        // The texts are computed without it, too; what is wrong is found out with them.
        let _ = self.wire.send(&server.host, call).await;
    }

    /// The log-probabilities of `text`, asked from servers in this `order`.
    pub async fn score(&self, order: &[usize], text: Text<'_>) -> Result<Vec<f64>, ScoreError> {
        let start = Instant::now();
        let mut attempts = Attempts::new(self.tries, self.patience, true);
        let mut turn = 0;
        loop {
            let server = self.turn(order, turn);
            let trouble = match self.once(server, text).await? {
                Ok(log_probs) => return Ok(log_probs),
                Err(trouble) => trouble,
            };
            let Some(wait) = attempts.after(&trouble, start.elapsed()) else {
                return Err(given_up(server, text, &trouble));
            };
            tokio::time::sleep(wait).await;
            turn += 1;
        }
    }

    /// The server whose turn it is: the next that is not left alone.
    fn turn(&self, order: &[usize], turn: usize) -> &Server {
        let server = |ahead: usize| &self.servers[order[(turn + ahead) % order.len()]];
        let next = (0..order.len()).map(server).find(|server| !server.is_left_alone());
        next.unwrap_or_else(|| server(0))
    }

    async fn once(
        &self,
        server: &Server,
        text: Text<'_>,
    ) -> Result<Result<Vec<f64>, Trouble>, ScoreError> {
        let slot = server.slots.acquire().await;
        let _slot = slot.map_err(|error| ScoreError::Unavailable(error.to_string()))?;
        let spoken = (server.dialect, server.model.as_str());
        let trouble = match line::score(&self.wire, &server.host, spoken, text).await {
            Ok(log_probs) => {
                server.worked();
                return Ok(Ok(log_probs));
            }
            Err(Failure::Wrong(defect)) if defect.is_of_the_model() => {
                return Err(ScoreError::NotFinite);
            }
            Err(Failure::Wrong(defect)) => {
                Trouble::Nonsense(format!("{defect}; {}", defect.hint()))
            }
            Err(Failure::Trouble(trouble)) => trouble,
        };
        if matches!(trouble, Trouble::Unreached(_) | Trouble::Broken(_) | Trouble::Failed { .. }) {
            server.failed();
        }
        Ok(Err(trouble))
    }
}

fn given_up(server: &Server, text: Text<'_>, trouble: &Trouble) -> ScoreError {
    let tokens = text.tokens.len();
    let message = format!("{}: {}", server.host.name, trouble.message());
    match trouble {
        Trouble::Rejected(said) => match limit(said) {
            Some(limit) => ScoreError::TooLong { tokens, limit: limit.min(tokens - 1) },
            None => ScoreError::Refused(message),
        },
        _ => ScoreError::Unavailable(message),
    }
}

/// The longest text by a refusal of too long a one, give or take a token. The words are those of vLLM and
/// `SGLang`, of this year and of earlier ones.
fn limit(message: &str) -> Option<usize> {
    let words = [
        "maximum input length of ",
        "context length is only ",
        "maximum context length is ",
        "maximum context length of ",
        "maximum allowed length (",
        "model's context length (",
    ];
    let after = words.iter().find_map(|words| message.split_once(words))?.1;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_found_in_the_words_of_servers() {
        let messages = [
            "You passed 12289 input tokens and requested 1 output tokens. However, the model's context \
             length is only 100 tokens, resulting in a maximum input length of 99 tokens.",
            "This model's maximum context length is 99 tokens. However, you requested 120 tokens",
            "Requested token count exceeds the model's maximum context length of 99 tokens. You",
            "Input length (120 tokens) exceeds the maximum allowed length (99 tokens). Use a shorter",
            "The input (120 tokens) is longer than the model's context length (99 tokens).",
        ];
        for message in messages {
            assert_eq!(limit(message), Some(99), "{message}");
        }
        assert_eq!(limit("token 70000 is not in the vocabulary"), None);
    }
}
