//! Scores, kept: what was scored once is never scored again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use backstory_core::{Digest, Hasher, ScorerStatus};
use backstory_keep::{Place, Shelves};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::{Identity, Record, ScoreError, ScoreRequest, Scorer, TargetScore, Tokens};

/// A scorer that keeps every score before anybody uses it, one object per request.
///
/// Log-probabilities are rounded to f32 before they are used, so that a score that is recalled is the one
/// that was computed.
pub struct KeptScorer {
    identity: Identity,
    /// None where nothing is scored that was not kept before.
    scorer: Option<Arc<dyn Scorer>>,
    shelves: Shelves,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    in_flight: AtomicU64,
    scored: AtomicU64,
    recalled: AtomicU64,
    tokens: AtomicU64,
}

/// What is kept of a request.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The key again: what lies under another one is foreign.
    key: Digest,
    /// Who computed it.
    scorer: Identity,
    latency_ms: u64,
    scores: Vec<Score>,
    /// Who asked first.
    #[serde(default)]
    repository: Option<String>,
}

/// The repository that kept scores were asked for, by the bytes of their object: who asked first, where
/// several ask for the same. None if they do not tell.
pub fn owner(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Owner {
        repository: Option<String>,
    }
    serde_json::from_slice::<Owner>(bytes).ok()?.repository
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Score {
    /// f32, little-endian, in base64: a third of the room of digits, and exact.
    LogProbs(String),
    Refused(String),
}

impl KeptScorer {
    /// Scores by `scorer`, whose scores are told apart by `identity`: what it says of itself may be known only
    /// once it is there. Without a scorer, what was not kept before is unrecorded.
    pub fn new(identity: Identity, scorer: Option<Arc<dyn Scorer>>, place: Place) -> Self {
        Self { identity, scorer, shelves: Shelves::new(place), counts: Counts::default() }
    }

    /// Names all that determines the scores of a request.
    fn key(&self, request: &ScoreRequest) -> Digest {
        let Identity { model, tokenizer, start_token, executor } = &self.identity;
        let mut hasher = Hasher::new();
        hasher.field("score/1").field(model.0).field(tokenizer.map_or([0; 32], |digest| digest.0));
        hasher.field(start_token.map(u32::to_le_bytes).unwrap_or_default()).field(executor);
        // Only the joined tokens of a context matter.
        let bytes = |tokens: &Tokens| tokens.iter().flat_map(|id| id.to_le_bytes()).collect();
        hasher.field(request.context.iter().flat_map(bytes).collect::<Vec<u8>>());
        for tokens in request.candidates.iter().chain([&request.target]) {
            let bytes: Vec<u8> = bytes(tokens);
            hasher.field(bytes);
        }
        hasher.finish()
    }

    /// What is torn or foreign counts as absent, and is written over later.
    async fn recall(
        &self,
        key: Digest,
        request: &ScoreRequest,
    ) -> Result<Option<(Scores, Record)>, ScoreError> {
        let read = self.shelves.read(key).await;
        let bytes = read.map_err(|error| self.trouble("read", &error))?;
        let kept = bytes.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let Some(kept) = kept.filter(|kept| kept.key == key) else { return Ok(None) };
        let record = Record { key, latency_ms: kept.latency_ms };
        let scores = kept.scores.into_iter().map(|score| score.unpack(request));
        let scores = scores.collect::<Option<Scores>>();
        let whole = scores.filter(|scores| scores.len() == request.candidates.len());
        Ok(whole.map(|scores| (scores, record)))
    }

    async fn keep(
        &self,
        Record { key, latency_ms }: Record,
        repository: Option<String>,
        by: Identity,
        scores: &[Result<TargetScore, ScoreError>],
    ) -> Result<(), ScoreError> {
        let scores = scores.iter().map(Score::pack).collect();
        let kept = Kept { key, scorer: by, latency_ms, scores, repository };
        let bytes = serde_json::to_vec(&kept)
            .map_err(|error| ScoreError::Unavailable(error.to_string()))?;
        let put = self.shelves.put(key, bytes.into()).await;
        let put = put.map_err(|error| self.trouble("kept", &error))?;
        self.shelves.settle(put).await.map_err(|error| self.trouble("kept", &error))
    }

    fn trouble(&self, done: &str, error: &str) -> ScoreError {
        let place = self.shelves.place();
        ScoreError::Unavailable(format!(
            "a score could not be {done} in {place}: {error}; make room there or see to its rights, \
             and run again"
        ))
    }

    async fn ask(
        &self,
        key: Digest,
        request: ScoreRequest,
    ) -> Result<(Scores, Record), ScoreError> {
        let Some(scorer) = &self.scorer else {
            let place = self.shelves.place();
            return Err(ScoreError::Unrecorded(format!("a score is not among those in {place}")));
        };
        let tokens = request.tokens() as u64;
        let repository = Some(request.repository.to_string()).filter(|name| !name.is_empty());
        let begin = Instant::now();
        let mut found = scorer.score(request).await;
        let record = Record { key, latency_ms: begin.elapsed().as_millis() as u64 };
        for score in found.iter_mut().flatten() {
            score.log_probs.iter_mut().for_each(|number| *number = f64::from(*number as f32));
        }
        let is_final = |score: &Result<_, _>| !matches!(score, Err(ScoreError::Unavailable(_)));
        if found.iter().all(is_final) {
            self.counts.scored.fetch_add(1, Ordering::Relaxed);
            self.counts.tokens.fetch_add(tokens, Ordering::Relaxed);
            self.keep(record, repository, scorer.identity(), &found).await?;
        }
        Ok((found, record))
    }
}

/// One result for each candidate of a request.
type Scores = Vec<Result<TargetScore, ScoreError>>;

impl Score {
    fn pack(score: &Result<TargetScore, ScoreError>) -> Self {
        match score {
            Ok(score) => {
                let numbers = score.log_probs.iter().map(|number| *number as f32);
                let bytes: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
                Self::LogProbs(STANDARD.encode(bytes))
            }
            Err(error) => Self::Refused(error.to_string()),
        }
    }

    /// None if it cannot be the score of the request.
    fn unpack(self, request: &ScoreRequest) -> Option<Result<TargetScore, ScoreError>> {
        let packed = match self {
            Self::LogProbs(packed) => packed,
            Self::Refused(why) => return Some(Err(ScoreError::Refused(why))),
        };
        let bytes = STANDARD.decode(packed).ok()?;
        let (numbers, []) = bytes.as_chunks::<4>() else { return None };
        let log_probs: Vec<_> =
            numbers.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect();
        let sound = log_probs.len() == request.target.len()
            && log_probs.iter().all(|number| number.is_finite());
        sound.then_some(Ok(TargetScore { log_probs, target_bytes: request.target_bytes }))
    }
}

#[async_trait]
impl Scorer for KeptScorer {
    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    async fn ready(&self) -> Result<(), String> {
        match &self.scorer {
            Some(scorer) => scorer.ready().await,
            None => Ok(()),
        }
    }

    async fn score(&self, request: ScoreRequest) -> Scores {
        self.score_on_record(request).await.0
    }

    async fn score_on_record(&self, request: ScoreRequest) -> (Scores, Option<Record>) {
        let candidates = request.candidates.len();
        let key = self.key(&request);
        self.counts.in_flight.fetch_add(1, Ordering::Relaxed);
        let found = match self.recall(key, &request).await {
            Ok(Some(recalled)) => {
                self.counts.recalled.fetch_add(1, Ordering::Relaxed);
                Ok(recalled)
            }
            Ok(None) => self.ask(key, request).await,
            Err(error) => Err(error),
        };
        self.counts.in_flight.fetch_sub(1, Ordering::Relaxed);
        match found {
            Ok((scores, record)) => (scores, Some(record)),
            Err(error) => (vec![Err(error); candidates], None),
        }
    }

    fn status(&self) -> Option<ScorerStatus> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Some(ScorerStatus {
            in_flight: read(&self.counts.in_flight),
            scored: read(&self.counts.scored),
            recalled: read(&self.counts.recalled),
            tokens: read(&self.counts.tokens),
        })
    }
}
