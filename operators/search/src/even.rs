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
        let ends = [case.target.len() as u32];
        let even = |parts: &Vec<_>| {
            Ok(Likelihood {
                log_probs: vec![-1000.0],
                ends: ends.into(),
                tokens: vec![0; parts.len()],
            })
        };
        case.candidates.iter().map(even).collect()
    }
}
