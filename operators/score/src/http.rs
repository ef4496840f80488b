//! Scoring on servers.
//!
//! Responsible for having texts scored by `SGLang`, vLLM, or any server that echoes a prompt with its
//! log-probabilities: which server is asked and how, what is done when it fails, and that no answer is
//! taken for a score that is none. Not responsible for turning text into tokens; but a server that has a
//! tokenizer can be [asked](HttpScorer::check_tokens) whether it is that of the requests.
//!
//! | server | protocol | common beginnings |
//! |---|---|---|
//! | `SGLang` | `/generate` with `logprob_start_len` | computed once for all candidates, kept between requests |
//! | vLLM | `/v1/completions` with `prompt_logprobs` | computed for every candidate: the server insists |
//! | others | `/v1/completions` with `echo` and `logprobs` | depends on the server |
//!
//! llama.cpp's server has no log-probabilities of prompts, and is refused.
//!
//! # What holds
//!
//! - Before the first score, every server is probed with a text of known tokens, and refused with the
//!   reason if its answers are not what they should be, however well they look.
//! - Every answer is held against its text: too few entries, entries of other tokens, or values over 0
//!   give an error, never a score.
//! - Keys and passwords are sent to servers and shown nowhere.

mod about;
mod attempts;
mod config;
mod defect;
mod dialect;
mod host;
mod line;
mod pool;
mod probe;
mod wire;

pub use config::{HttpConfig, ServerKind};

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use backstory_core::BuildError;
use futures::future::{join_all, try_join_all};
use serde_json::json;

use crate::{Identity, ScoreError, ScoreRequest, Scorer, TargetScore, Tokens};
use about::About;
use defect::{Defect, Difference, NO_ECHO};
use dialect::{Dialect, Text};
use host::Host;
use line::{Failure, Line};
use pool::{Pool, Server};
use probe::Probe;
use wire::{Trouble, Wire};

/// Common beginnings shorter than this, in tokens, are not sent ahead: it would take longer.
const WARM_TOKENS: usize = 64;

/// Why servers cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConnectError {
    /// The configuration is wrong.
    #[error("{}", told(.0))]
    Config(Vec<BuildError>),
    /// No connection, or no answer that tells anything.
    #[error("{server} cannot be used: {message}")]
    Unreachable {
        /// The server.
        server: String,
        /// What went wrong, or what the server says.
        message: String,
    },
    /// The server has other models.
    #[error("{server} has no model \"{model}\"; it has {known}")]
    NoModel {
        /// The server.
        server: String,
        /// The model that was asked for.
        model: String,
        /// The models it has.
        known: String,
    },
    /// Neither the configuration nor the server names a model.
    #[error("{server} names no model; set `model`")]
    Unnamed {
        /// The server.
        server: String,
    },
    /// What the server answers are not the log-probabilities of what it was sent.
    #[error("{server} cannot score: {defect}; {hint}")]
    Defective {
        /// The server.
        server: String,
        /// What is wrong with its answers.
        defect: String,
        /// What is known of it, and what to do.
        hint: &'static str,
    },
    /// Two servers do not compute the same.
    #[error(
        "{first} and {second} differ: {what}; run the same model in the same way on all, or name one"
    )]
    Differ {
        /// One server.
        first: String,
        /// The other.
        second: String,
        /// In what.
        what: String,
    },
    /// The server has another tokenizer than the requests.
    #[error(
        "{server} reads the sample as other tokens: {} where requests have {}, at token {place}; take the \
         tokenizer of the server's model",
        or_nothing(*.theirs), or_nothing(*.ours)
    )]
    Tokenizer {
        /// The server.
        server: String,
        /// The first token that differs, counted from 0.
        place: usize,
        /// The token there by the server, if any.
        theirs: Option<u32>,
        /// The token there by the caller, if any.
        ours: Option<u32>,
    },
}

fn or_nothing(token: Option<u32>) -> String {
    token.map_or_else(|| "nothing".to_owned(), |token| token.to_string())
}

fn told(errors: &[BuildError]) -> String {
    let tell = |error: &BuildError| {
        let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("`{}`: {}{hint}", error.key, error.message)
    };
    errors.iter().map(tell).collect::<Vec<_>>().join("\n")
}

/// A model on servers. To be used within one tokio runtime with time and I/O.
///
/// A score that nobody waits for any more is not asked for, or given up by the server.
pub struct HttpScorer {
    identity: Identity,
    pool: Pool,
    start_token: Option<u32>,
    /// The longest text that all servers take, in tokens, if one says so.
    limit: Option<usize>,
}

impl HttpScorer {
    /// Asks all servers what they are, and probes them.
    pub async fn connect(config: &HttpConfig) -> Result<Self, ConnectError> {
        Self::connect_with_keys(config, &|name| std::env::var(name).ok()).await
    }

    /// The same, with keys from elsewhere than the environment.
    pub async fn connect_with_keys(
        config: &HttpConfig,
        key: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<Self, ConnectError> {
        let hosts = config::hosts(config, key).map_err(ConnectError::Config)?;
        let wire = Wire::new(seconds(config.connect_seconds), seconds(config.request_seconds));
        let wire = wire.map_err(|error| {
            let message = format!("no client of HTTP: {error}");
            ConnectError::Unreachable { server: hosts[0].name.clone(), message }
        })?;
        let met = try_join_all(hosts.iter().map(|host| meet(&wire, host, config))).await?;
        alike(&hosts, &met, config.tolerance)?;
        let identity = Identity {
            model: met[0].about.digest(),
            tokenizer: None,
            start_token: config.start_token,
            executor: met[0].about.kind.name().to_owned(),
        };
        let limit = met.iter().filter_map(|met| met.about.limit).min();
        let servers = hosts.into_iter().zip(met);
        let servers = servers.map(|(host, Met { about, dialect, .. })| {
            Server::new(host, dialect, about.model, config.max_in_flight)
        });
        let pool = Pool::new(wire, servers.collect(), config);
        Ok(Self { identity, pool, start_token: config.start_token, limit })
    }

    /// The longest text that is scored, in tokens with start token, context, thought and target; none if
    /// servers do not say.
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Asks the servers to turn `text`, which holds no special tokens, into tokens, and compares with
    /// `tokens`. False if a server has no way to be asked: only `SGLang` and vLLM do.
    pub async fn check_tokens(&self, text: &str, tokens: &[u32]) -> Result<bool, ConnectError> {
        let mut asked = true;
        for server in self.pool.servers() {
            if matches!(server.dialect, Dialect::Echo { .. }) {
                return Ok(false);
            }
            let line = self.pool.line(server);
            let body = json!({
                "model": server.model, "prompt": text, "add_special_tokens": false,
            });
            let answer = line.post("tokenize", &body).await;
            let Some(answer) = answer.map_err(|trouble| line.unreachable(&trouble))? else {
                asked = false;
                continue;
            };
            let theirs: Vec<u32> =
                serde_json::from_value(answer["tokens"].clone()).unwrap_or_default();
            if theirs != tokens {
                return Err(differs(&server.host, &theirs, tokens));
            }
        }
        Ok(asked)
    }

    /// The tokens before the target's for each candidate that can be scored.
    fn texts(&self, request: &ScoreRequest) -> (Vec<u32>, Vec<Result<Vec<u32>, ScoreError>>) {
        let mut shared: Vec<u32> = self.start_token.into_iter().collect();
        for segment in &request.context {
            shared.extend_from_slice(segment);
        }
        let text = |candidate: &Tokens| {
            if request.target.is_empty() {
                return Err(ScoreError::EmptyTarget);
            }
            if shared.is_empty() && candidate.is_empty() {
                return Err(ScoreError::NothingBefore);
            }
            let tokens = shared.len() + candidate.len() + request.target.len();
            match self.limit {
                Some(limit) if tokens > limit => Err(ScoreError::TooLong { tokens, limit }),
                _ => Ok([&shared, &candidate[..], &request.target[..]].concat()),
            }
        };
        let texts = request.candidates.iter().map(text).collect();
        (shared, texts)
    }
}

#[async_trait]
impl Scorer for HttpScorer {
    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    async fn score(&self, request: ScoreRequest) -> Vec<Result<TargetScore, ScoreError>> {
        let (shared, texts) = self.texts(&request);
        let order = self.pool.order(&shared);
        let sound = texts.iter().filter(|text| text.is_ok()).count();
        if sound > 1 && shared.len() >= WARM_TOKENS {
            self.pool.warm(order[0], &shared).await;
        }
        let score = async |text: Result<Vec<u32>, ScoreError>| {
            let tokens = text?;
            let from = tokens.len() - request.target.len();
            let log_probs = self.pool.score(&order, Text { tokens: &tokens, from }).await?;
            Ok(TargetScore { log_probs, target_bytes: request.target_bytes })
        };
        join_all(texts.into_iter().map(score)).await
    }
}

impl fmt::Debug for HttpScorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpScorer")
            .field("identity", &self.identity)
            .field("servers", &self.pool.servers())
            .finish_non_exhaustive()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A server that was found to be right.
struct Met {
    about: About,
    dialect: Dialect,
    /// The scores of the probe's text.
    scores: Vec<f64>,
}

/// Asks a server what it is, and probes it.
async fn meet(wire: &Wire, host: &Host, config: &HttpConfig) -> Result<Met, ConnectError> {
    let patience = seconds(config.patience_seconds);
    let line = Line { wire, host, tries: config.tries, patience };
    let about = About::ask(&line, config).await?;
    let probe = |dialect| {
        let (start_token, tolerance) = (config.start_token, config.tolerance);
        Probe { line: &line, dialect, model: &about.model, start_token, tolerance }
    };
    let mut dialect = about.dialect();
    let mut scores = probe(dialect).run().await;
    if let (Dialect::Echo { .. }, Err(failure)) = (dialect, &scores)
        && wants_to_generate(failure)
    {
        dialect = Dialect::Echo { generated: 1 };
        scores = probe(dialect).run().await;
    }
    let defective =
        |defect, hint| ConnectError::Defective { server: host.name.clone(), defect, hint };
    match scores {
        Ok(scores) => Ok(Met { about, dialect, scores }),
        Err(Failure::Wrong(defect)) => Err(defective(defect.to_string(), defect.hint())),
        Err(Failure::Trouble(Trouble::Rejected(told))) if about.kind == ServerKind::OpenaiEcho => {
            Err(defective(format!("it refuses to echo a text: {told}"), NO_ECHO))
        }
        Err(Failure::Trouble(trouble)) => Err(line.unreachable(&trouble)),
    }
}

/// Whether a server may fail because it was to generate nothing.
fn wants_to_generate(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Trouble(Trouble::Rejected(_) | Trouble::Failed { .. })
            | Failure::Wrong(Defect::Entries { .. })
    )
}

/// That all servers say the same of themselves, and score the same.
fn alike(hosts: &[Host], met: &[Met], tolerance: f64) -> Result<(), ConnectError> {
    for (host, other) in hosts.iter().zip(met).skip(1) {
        let difference = Difference::of(&met[0].scores, &other.scores);
        let what = met[0].about.difference(&other.about).or_else(|| {
            let what = format!("they score the same text differently, by {difference}");
            (!difference.within(tolerance)).then_some(what)
        });
        if let Some(what) = what {
            let (first, second) = (hosts[0].name.clone(), host.name.clone());
            return Err(ConnectError::Differ { first, second, what });
        }
    }
    Ok(())
}

fn differs(host: &Host, theirs: &[u32], ours: &[u32]) -> ConnectError {
    let same = theirs.iter().zip(ours).take_while(|(a, b)| a == b).count();
    let (theirs, ours) = (theirs.get(same).copied(), ours.get(same).copied());
    ConnectError::Tokenizer { server: host.name.clone(), place: same, theirs, ours }
}
