use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{Case, Hasher, Judge, Likelihood, Outcome, Request, Unscored, Weighing};

/// Finds every text equally likely, and very unlikely: to count what a search would ask of its author, without
/// a model. No rewrite is ever kept; where rounds end without a gain, one round is counted.
#[derive(Clone, Debug, Default)]
pub struct Even {
    identity: String,
}

impl Even {
    /// In the place of a judge, under its name.
    pub fn like(judge: &dyn Judge) -> Self {
        Self { identity: judge.identity() }
    }
}

#[async_trait]
impl Judge for Even {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    async fn weigh(&self, case: Case) -> Weighing {
        // One for each word, so that some are left where the first few do not count.
        let start = case.target.as_ptr().addr();
        let end = |word: &str| (word.as_ptr().addr() - start + word.len()) as u32;
        let ends: Arc<[u32]> = case.target.split_whitespace().map(end).collect();
        let even = |parts: &Vec<_>| {
            Ok(Likelihood {
                log_probs: vec![-1000.0; ends.len()],
                ends: Arc::clone(&ends),
                tokens: vec![0; parts.len()],
            })
        };
        let likelihoods = case.candidates.iter().map(even).collect();
        Weighing { likelihoods, request: Some(self.request(&case)) }
    }
}

/// A rough mean over languages and tokenizers.
const BYTES_PER_TOKEN: usize = 4;

impl Even {
    /// What a scorer would be asked for a case.
    fn request(&self, case: &Case) -> Request {
        let mut hasher = Hasher::new();
        let mut bytes = 0;
        let candidates =
            case.candidates.iter().flat_map(|parts| parts.iter().chain([&case.target]));
        for part in case.context.iter().chain(candidates) {
            hasher.field(&**part);
            bytes += part.len();
        }
        Request {
            key: hasher.finish(),
            purpose: "score".into(),
            file: None,
            endpoint: None,
            model: self.identity.clone(),
            prompt_tokens: bytes.div_ceil(BYTES_PER_TOKEN) as u64,
            completion_tokens: 0,
            latency_ms: 0,
            tries: 1,
            finish_reason: None,
            cost: None,
            outcome: Outcome::Used,
            message: None,
        }
    }
}

/// Tells likelihoods that are on record, which cost nothing any more, and even ones where there are none.
pub struct Foreseen {
    recorded: Arc<dyn Judge>,
    even: Even,
}

impl Foreseen {
    /// In the place of a judge that asks nobody.
    pub fn of(recorded: Arc<dyn Judge>) -> Self {
        Self { even: Even::like(&*recorded), recorded }
    }
}

#[async_trait]
impl Judge for Foreseen {
    fn identity(&self) -> String {
        self.even.identity()
    }

    async fn weigh(&self, case: Case) -> Weighing {
        let Weighing { likelihoods, request } = self.recorded.weigh(case.clone()).await;
        let is_missing =
            |likelihood: &Result<_, _>| matches!(likelihood, Err(Unscored::Unrecorded(_)));
        if likelihoods.iter().any(is_missing) {
            return self.even.weigh(case).await;
        }
        Weighing { likelihoods, request: request.map(Request::unpaid) }
    }
}
