use async_trait::async_trait;
use backstory_core::{Case, Judge, Likelihood, Unscored};

/// Finds every text equally likely: to count what a search would ask of its author at most, without a model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Even;

#[async_trait]
impl Judge for Even {
    fn identity(&self) -> String {
        "even/1".into()
    }

    async fn weigh(&self, case: Case) -> Vec<Result<Likelihood, Unscored>> {
        let ends = [case.target.len() as u32];
        let even = |parts: &Vec<_>| {
            Ok(Likelihood {
                log_probs: vec![-1.0],
                ends: ends.into(),
                tokens: vec![0; parts.len()],
            })
        };
        case.candidates.iter().map(even).collect()
    }
}
