use serde::{Deserialize, Serialize};

use crate::Digest;

/// What became of a request to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Answered, and the answer was used.
    Used,
    /// Answered and paid, but the answer was cut off by its length.
    Truncated,
    /// Answered and paid, but the answer could not be used.
    Unusable,
    /// Answered and paid, but a gate of the plan refused the answer.
    Refused,
    /// Never answered.
    Failed,
    /// Answered and paid, for rows that others have taken the place of since.
    Superseded,
}

impl Outcome {
    /// The name used in the `ledger` table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Truncated => "truncated",
            Self::Unusable => "unusable",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Used,
            Self::Truncated,
            Self::Unusable,
            Self::Refused,
            Self::Failed,
            Self::Superseded,
        ];
        all.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// One request to a model: a row of the `ledger` table. An answer that is found again after a restart brings
/// the record of its first and only payment with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Digest of everything that determines the answer.
    pub key: Digest,
    /// What was asked for: `plan`, `need`, `design`, `rewrite`, `score`.
    pub purpose: String,
    /// The file it was about, as index into the repository's files.
    pub file: Option<u32>,
    /// The server that answered; none if none did. Never contains a password.
    pub endpoint: Option<String>,
    /// The model, as the plan names it.
    pub model: String,
    /// Tokens of the prompt, as the server counted them; 0 if it did not say.
    pub prompt_tokens: u64,
    /// Tokens of the answer, as the server counted them; 0 if it did not say.
    pub completion_tokens: u64,
    /// Milliseconds from sending the request that was answered to its last byte.
    pub latency_ms: u64,
    /// How often it was sent.
    pub tries: u32,
    /// Why the model stopped, as the server said: `stop`, `length`.
    pub finish_reason: Option<String>,
    /// What it cost, in the unit of the plan's prices.
    pub cost: Option<f64>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it failed or was not used.
    pub message: Option<String>,
}

impl Request {
    /// The record of an answer that is used once more: sums over records count its payment once.
    #[must_use]
    pub fn unpaid(self) -> Self {
        let cost = self.cost.map(|_| 0.0);
        Self { prompt_tokens: 0, completion_tokens: 0, tries: 0, cost, ..self }
    }
}
