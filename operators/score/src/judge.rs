use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{Case, Judge, Likelihood, Outcome, Request, ScorerStatus, Unscored, Weighing};

use crate::{Record, ScoreError, ScoreRequest, Scorer, TargetScore, Tokenizer, Tokens};

/// A scorer behind its tokenizer: says how likely texts are.
pub struct TextScorer {
    scorer: Arc<dyn Scorer>,
    tokenizer: Arc<Tokenizer>,
}

impl TextScorer {
    /// `tokenizer` has to be that of the scorer's model.
    pub fn new(scorer: Arc<dyn Scorer>, tokenizer: impl Into<Arc<Tokenizer>>) -> Self {
        Self { scorer, tokenizer: tokenizer.into() }
    }

    /// The request for a case, with the tokens of every part of every candidate.
    fn request(&self, case: &Case) -> Result<(ScoreRequest, Vec<Vec<u32>>), ScoreError> {
        // Candidates have most parts in common.
        let mut encoded: BTreeMap<&str, Tokens> = BTreeMap::new();
        let mut encode = |text| -> Result<Tokens, ScoreError> {
            if let Some(tokens) = encoded.get(text) {
                return Ok(Arc::clone(tokens));
            }
            let tokens = self.tokenizer.encode(text)?;
            encoded.insert(text, Arc::clone(&tokens));
            Ok(tokens)
        };
        let mut request = ScoreRequest {
            repository: Arc::clone(&case.repository),
            target: encode(&case.target)?,
            target_bytes: Some(case.target.len() as u64),
            ..ScoreRequest::default()
        };
        for part in &case.context {
            request.context.push(encode(part)?);
        }
        let mut counts = vec![];
        for candidate in &case.candidates {
            let parts: Vec<_> =
                candidate.iter().map(|part| encode(part)).collect::<Result<_, _>>()?;
            counts.push(parts.iter().map(|part| part.len() as u32).collect());
            request.candidates.push(parts.iter().flat_map(|part| part.iter().copied()).collect());
        }
        Ok((request, counts))
    }
}

#[async_trait]
impl Judge for TextScorer {
    fn identity(&self) -> String {
        let identity = self.scorer.identity();
        let start = identity.start_token.map(|token| format!(" start {token}"));
        format!(
            "{} {:.12} tokenizer {:.12}{}",
            identity.executor,
            identity.model.to_string(),
            self.tokenizer.digest().to_string(),
            start.unwrap_or_default()
        )
    }

    async fn ready(&self) -> Result<(), String> {
        self.scorer.ready().await
    }

    fn status(&self) -> Option<ScorerStatus> {
        self.scorer.status()
    }

    async fn weigh(&self, case: Case) -> Weighing {
        let (request, counts) = match self.request(&case) {
            Ok(made) => made,
            Err(error) => {
                let likelihoods = vec![Err(unscored(error)); case.candidates.len()];
                return Weighing { likelihoods, request: None };
            }
        };
        let ends: Arc<[u32]> = self.tokenizer.ends(&request.target).into();
        let tokens = request.tokens() as u64;
        let (scores, record) = self.scorer.score_on_record(request).await;
        let on_record = |record| self.on_record(record, tokens, &scores);
        let request = record.map(on_record);
        let told = |(score, tokens): (Result<TargetScore, ScoreError>, Vec<u32>)| {
            let log_probs = score.map_err(unscored)?.log_probs;
            Ok(Likelihood { log_probs, ends: Arc::clone(&ends), tokens })
        };
        let likelihoods = scores.into_iter().zip(counts).map(told).collect();
        Weighing { likelihoods, request }
    }
}

impl TextScorer {
    fn on_record(
        &self,
        Record { key, latency_ms }: Record,
        tokens: u64,
        scores: &[Result<TargetScore, ScoreError>],
    ) -> Request {
        let any = scores.iter().any(Result::is_ok);
        let why = scores.iter().find_map(|score| score.as_ref().err());
        Request {
            key,
            purpose: "score".into(),
            file: None,
            endpoint: None,
            model: self.identity(),
            prompt_tokens: tokens,
            completion_tokens: 0,
            latency_ms,
            tries: 1,
            finish_reason: None,
            cost: None,
            outcome: if any { Outcome::Used } else { Outcome::Failed },
            message: why.map(ToString::to_string),
        }
    }
}

fn unscored(error: ScoreError) -> Unscored {
    match error {
        ScoreError::Unavailable(why) => Unscored::Unavailable(why),
        ScoreError::Unrecorded(why) => Unscored::Unrecorded(why),
        refused => Unscored::Refused(refused.to_string()),
    }
}
