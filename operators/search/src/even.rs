use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{Case, Judge, Likelihood, Unscored};

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

    async fn weigh(&self, case: Case) -> Vec<Result<Likelihood, Unscored>> {
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
        case.candidates.iter().map(even).collect()
    }
}
