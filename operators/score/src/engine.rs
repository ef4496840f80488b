use crate::{ExecuteError, Executor, Plan, Planner, ScoreError, ScoreRequest, TargetScore};

/// One result for each candidate of a request.
pub(crate) type Scores = Vec<Result<TargetScore, ScoreError>>;

/// A planner and the executor it plans for.
pub struct Engine {
    planner: Planner,
    executor: Box<dyn Executor>,
}

impl Engine {
    /// An engine on an executor that has run nothing yet. `start_token` is put before every context.
    pub fn new(executor: Box<dyn Executor>, start_token: Option<u32>) -> Self {
        let planner = Planner::new(executor.limits().clone(), start_token);
        Self { planner, executor }
    }

    /// What runs the passes.
    pub fn executor(&self) -> &dyn Executor {
        &*self.executor
    }

    /// Scores requests together: what they have in common is computed once. For each request, one
    /// result for each candidate.
    pub fn score(&mut self, requests: &[ScoreRequest]) -> Vec<Scores> {
        let plan = self.planner.plan(requests);
        let log_probs = self.run(&plan);
        if log_probs.is_err() {
            self.planner.clear();
        }
        let answers = plan.answers.into_iter().zip(requests);
        let scores = answers.map(|(answers, request)| {
            let score = |answer| score(answer, &log_probs, request.target_bytes);
            answers.into_iter().map(score).collect()
        });
        scores.collect()
    }

    fn run(&mut self, plan: &Plan) -> Result<Vec<f64>, ExecuteError> {
        let mut log_probs = vec![];
        for pass in &plan.passes {
            let answers = self.executor.run(pass)?;
            if answers.len() != pass.targets.len() {
                let (found, asked) = (answers.len(), pass.targets.len());
                return Err(ExecuteError(format!("{found} log-probabilities for {asked} targets")));
            }
            log_probs.extend(answers);
        }
        Ok(log_probs)
    }
}

fn score(
    answer: Result<Vec<usize>, ScoreError>,
    log_probs: &Result<Vec<f64>, ExecuteError>,
    target_bytes: Option<u64>,
) -> Result<TargetScore, ScoreError> {
    let places = answer?;
    let all = log_probs.as_ref().map_err(|error| ScoreError::Unavailable(error.to_string()))?;
    let log_probs: Vec<f64> = places.into_iter().map(|place| all[place]).collect();
    if log_probs.iter().all(|log_prob| log_prob.is_finite()) {
        Ok(TargetScore { log_probs, target_bytes })
    } else {
        Err(ScoreError::NotFinite)
    }
}
