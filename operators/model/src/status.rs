//! Counts of a run.

use backstory_core::ModelStatus;

use crate::wire::Usage;

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub answered: u64,
    pub recalled: u64,
    pub failed: u64,
    pub repeated: u64,
    pub usage: Usage,
    pub cost: f64,
    /// Answers whose tokens no server counted.
    pub uncounted: u64,
}

impl Counts {
    /// Adds what an answer took.
    pub fn pay(&mut self, usage: Option<Usage>, cost: f64) {
        let usage = usage.unwrap_or_else(|| {
            self.uncounted += 1;
            Usage::default()
        });
        self.usage.prompt_tokens += usage.prompt_tokens;
        self.usage.completion_tokens += usage.completion_tokens;
        self.cost += cost;
    }

    /// For whoever watches.
    pub fn status(
        &self,
        model: &str,
        (in_flight, waiting): (u64, u64),
        priced: bool,
    ) -> ModelStatus {
        ModelStatus {
            model: model.to_owned(),
            slots: 0,
            in_flight,
            waiting,
            answered: self.answered,
            recalled: self.recalled,
            failed: self.failed,
            repeated: self.repeated,
            prompt_tokens: self.usage.prompt_tokens,
            completion_tokens: self.usage.completion_tokens,
            cost: priced.then_some(self.cost),
            trouble: None,
        }
    }
}
