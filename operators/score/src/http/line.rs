//! One server while it is got to know: asked again when it fails, nowhere else.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::ConnectError;
use super::attempts::Attempts;
use super::defect::Defect;
use super::dialect::{Dialect, Posted, Text, Unread};
use super::host::Host;
use super::wire::{Call, Trouble, Wire, short};

/// The longest answer that is no score, in bytes.
const LONGEST: usize = 8 << 20;

/// Why there is no score.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// There is no answer.
    Trouble(Trouble),
    /// The answer is wrong.
    Wrong(Defect),
}

/// Has `text` scored, once.
pub(super) async fn score(
    wire: &Wire,
    host: &Host,
    (dialect, model): (Dialect, &str),
    text: Text<'_>,
) -> Result<Vec<f64>, Failure> {
    let Posted { path, body } = dialect.ask(model, text);
    let call = Call { path, body: Some(&body), limit: Dialect::longest(text) };
    let answer = wire.send(host, call).await.map_err(Failure::Trouble)?;
    dialect.read(&answer, text).map_err(|unread| match unread {
        Unread::Nonsense(message) => Failure::Trouble(Trouble::Nonsense(host.redact(&message))),
        Unread::Wrong(defect) => Failure::Wrong(defect),
    })
}

/// A server that is got to know.
pub(super) struct Line<'a> {
    pub wire: &'a Wire,
    pub host: &'a Host,
    pub tries: u32,
    pub patience: Duration,
}

impl Line<'_> {
    /// What is at `path`; none if nothing is that can be read.
    pub async fn get(&self, path: &str) -> Result<Option<Value>, Trouble> {
        match self.call(Call { path, body: None, limit: LONGEST }).await {
            // Some servers have a page for people wherever there is nothing else.
            Err(Trouble::Nonsense(_) | Trouble::Rejected(_)) => Ok(None),
            found => found,
        }
    }

    /// What is at the first of `paths` that has something for whoever asks.
    pub async fn get_any(&self, paths: &[&str]) -> Result<Option<Value>, Trouble> {
        for path in paths {
            match self.get(path).await {
                Ok(None) | Err(Trouble::Misconfigured(_)) => {}
                found => return found,
            }
        }
        Ok(None)
    }

    /// What the server answers to `body` at `path`; none if nothing is there.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Option<Value>, Trouble> {
        self.call(Call { path, body: Some(body), limit: LONGEST }).await
    }

    async fn call(&self, call: Call<'_>) -> Result<Option<Value>, Trouble> {
        let read = async || {
            let Call { path, body, limit } = call;
            let answer = self.wire.send(self.host, Call { path, body, limit }).await?;
            serde_json::from_slice(&answer).map_err(|error| {
                let message = format!("an answer that cannot be read: {error}");
                Trouble::Nonsense(short(&self.host.redact(&message)))
            })
        };
        match self.patiently(async || read().await.map_err(Failure::Trouble)).await {
            Ok(value) => Ok(Some(value)),
            Err(Failure::Trouble(Trouble::Absent(_))) => Ok(None),
            Err(Failure::Trouble(trouble)) => Err(trouble),
            Err(Failure::Wrong(defect)) => Err(Trouble::Nonsense(defect.to_string())),
        }
    }

    /// The log-probabilities of `text`.
    pub async fn score(
        &self,
        spoken: (Dialect, &str),
        text: Text<'_>,
    ) -> Result<Vec<f64>, Failure> {
        self.patiently(async || score(self.wire, self.host, spoken, text).await).await
    }

    async fn patiently<T>(
        &self,
        attempt: impl AsyncFn() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let start = Instant::now();
        let mut attempts = Attempts::new(self.tries, self.patience, false);
        loop {
            let failure = match attempt().await {
                Err(Failure::Trouble(trouble)) => trouble,
                settled => return settled,
            };
            match attempts.after(&failure, start.elapsed()) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(Failure::Trouble(failure)),
            }
        }
    }

    /// That the server cannot be had.
    pub fn unreachable(&self, trouble: &Trouble) -> ConnectError {
        let (server, message) = (self.host.name.clone(), trouble.message().to_owned());
        ConnectError::Unreachable { server, message }
    }
}
