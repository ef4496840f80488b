use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use crate::Request;

/// A text whose likelihood is asked for, after each of several candidates.
///
/// All parts are tokenised each for itself and then joined, so that the target has the same tokens whatever
/// stands before it. An empty part has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// The name of the repository that it is about. For the record: it determines no likelihood.
    pub repository: Arc<str>,
    /// What comes first, in order. What cases have in common at their start may be computed once.
    pub context: Vec<Arc<str>>,
    /// What follows the context, one after the other in its place; each in parts, or without any.
    pub candidates: Vec<Vec<Arc<str>>>,
    /// The text, which follows each candidate.
    pub target: Arc<str>,
}

/// How likely the target of a case is after one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Likelihood {
    /// The natural logarithm of the probability of each token of the target, given all before it. Never
    /// empty, all finite.
    pub log_probs: Vec<f64>,
    /// Per token of the target, where it ends in the target, in bytes: as many as `log_probs`, the same for
    /// all candidates of a case.
    pub ends: Arc<[u32]>,
    /// Per part of the candidate, its tokens.
    pub tokens: Vec<u32>,
}

impl Likelihood {
    /// The negative log-likelihood of the whole target, in nats: lower is more likely.
    pub fn nats(&self) -> f64 {
        self.clipped(f64::INFINITY)
    }

    /// The same with the surprise of each token counted up to `clip` nats.
    pub fn clipped(&self, clip: f64) -> f64 {
        self.log_probs.iter().map(|log_prob| (-log_prob).min(clip)).sum()
    }
}

/// What came of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weighing {
    /// One for each candidate, in order.
    pub likelihoods: Vec<Result<Likelihood, Unscored>>,
    /// What was asked for it, if that is on record: a request for the purpose `score` that names no file.
    pub request: Option<Request>,
}

/// Why a candidate has no likelihood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unscored {
    /// It cannot be had; asking again would give the same.
    #[error("{0}")]
    Refused(String),
    /// It cannot be had for now, for a reason that has nothing to do with what was asked.
    #[error("{0}")]
    Unavailable(String),
    /// It is not on record, and nobody computes it.
    #[error("{0}")]
    Unrecorded(String),
}

/// How a scorer is doing, for whoever watches a run. Counts are of this run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScorerStatus {
    /// Cases that are being scored.
    pub in_flight: u64,
    /// Cases that were scored.
    pub scored: u64,
    /// Cases whose scores were there from before.
    pub recalled: u64,
    /// Tokens of the scored ones: of contexts, candidates and, for each candidate, of the target.
    pub tokens: u64,
}

/// Whoever says how likely texts are: a model behind its tokenizer. Called concurrently.
#[async_trait]
pub trait Judge: Send + Sync {
    /// What determines likelihoods besides the case, recorded in rows: model, tokenizer, precision.
    fn identity(&self) -> String;

    /// How it is doing; none if it does not count.
    fn status(&self) -> Option<ScorerStatus> {
        None
    }

    /// Returns once it can be asked, or says why it cannot: before a run spends anything on what comes first.
    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// How likely the target is after each candidate.
    async fn weigh(&self, case: Case) -> Weighing;
}
