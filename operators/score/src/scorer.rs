use async_trait::async_trait;
use backstory_core::{Digest, ScorerStatus};
use serde::{Deserialize, Serialize};

use crate::{ScoreRequest, TargetScore};

/// Something that scores whole requests: a model on this machine, or a server.
#[async_trait]
pub trait Scorer: Send + Sync {
    /// What determines the scores besides the request, for the record.
    fn identity(&self) -> Identity;

    /// Returns once it can be asked, or says why it cannot.
    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// One result for each candidate, in order.
    async fn score(&self, request: ScoreRequest) -> Vec<Result<TargetScore, ScoreError>>;

    /// The same, with the record of the request, where one is kept.
    async fn score_on_record(
        &self,
        request: ScoreRequest,
    ) -> (Vec<Result<TargetScore, ScoreError>>, Option<Record>) {
        (self.score(request).await, None)
    }

    /// How it is doing; none if it does not count.
    fn status(&self) -> Option<ScorerStatus> {
        None
    }
}

/// What is kept of a request besides its scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Digest of everything that determines the scores.
    pub key: Digest,
    /// Milliseconds from asking for the scores to having them, when they were computed.
    pub latency_ms: u64,
}

/// What determines scores besides the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The model: a digest of its configuration and weights, or, for a server, of what it says of itself.
    pub model: Digest,
    /// The file that turned text into tokens, where this scorer knows it.
    pub tokenizer: Option<Digest>,
    /// The token that was put before every context, if any.
    pub start_token: Option<u32>,
    /// Who computed, and in what precision: "cpu-f32".
    pub executor: String,
}

/// Why a candidate has no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// More tokens than the model was made for.
    #[error("{tokens} tokens with context, thought and target; the model takes {limit}")]
    TooLong {
        /// Tokens of the request, start token included.
        tokens: usize,
        /// Tokens the model takes.
        limit: usize,
    },
    /// More tokens than the memory for attention keys and values holds.
    #[error("{tokens} tokens to remember at once; there is memory for {limit}")]
    TooLarge {
        /// Tokens whose state is needed at once.
        tokens: usize,
        /// Tokens there is room for.
        limit: usize,
    },
    /// There is nothing to score.
    #[error("the target is empty")]
    EmptyTarget,
    /// The first token of the target has nothing before it that could predict it.
    #[error("nothing comes before the target: give a context or a start token")]
    NothingBefore,
    /// A token the model does not know; most likely the tokenizer is of another model.
    #[error("token {id} is not in the model's vocabulary of {vocabulary}")]
    UnknownToken {
        /// The token.
        id: u32,
        /// Tokens the model has.
        vocabulary: usize,
    },
    /// The tokenizer has no tokens for a text.
    #[error("cannot tokenise: {0}")]
    Untokenized(String),
    /// Infinity, or not a number: weights are damaged, or too large for the precision.
    #[error("the model computes no finite log-probability")]
    NotFinite,
    /// Whoever computes refuses the request, and would do so again.
    #[error("{0}")]
    Refused(String),
    /// The request may be fine, but whoever computes failed.
    #[error("{0}")]
    Unavailable(String),
    /// There is no record of it, and nobody computes.
    #[error("{0}")]
    Unrecorded(String),
}
