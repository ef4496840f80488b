use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{Case, Judge, Likelihood, ScorerStatus, Unscored};

use crate::{ScoreError, ScoreRequest, Scorer, Tokenizer, Tokens};

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

    fn status(&self) -> Option<ScorerStatus> {
        self.scorer.status()
    }

    async fn weigh(&self, case: Case) -> Vec<Result<Likelihood, Unscored>> {
        let (request, counts) = match self.request(&case) {
            Ok(made) => made,
            Err(error) => return vec![Err(unscored(error)); case.candidates.len()],
        };
        let ends: Arc<[u32]> = self.tokenizer.ends(&request.target).into();
        let scores = self.scorer.score(request).await;
        let told = |(score, tokens): (Result<crate::TargetScore, ScoreError>, Vec<u32>)| {
            let log_probs = score.map_err(unscored)?.log_probs;
            Ok(Likelihood { log_probs, ends: Arc::clone(&ends), tokens })
        };
        scores.into_iter().zip(counts).map(told).collect()
    }
}

fn unscored(error: ScoreError) -> Unscored {
    match error {
        ScoreError::Unavailable(why) => Unscored::Unavailable(why),
        refused => Unscored::Refused(refused.to_string()),
    }
}
