//! The search over thoughts: other ways to say a thought are tried, and the one is kept after which the true
//! file is most likely.
//!
//! Responsible for what is compared and under which rule a rewrite takes the place of a thought, for the record
//! of every comparison, and for what a thought gains. Not responsible for rewrites, which an author writes,
//! nor for likelihoods, which a scorer gives.
//!
//! # What is searched
//!
//! The method is that of "Understanding by Reconstruction" (arXiv 2603.11103): find thoughts `z` that maximise
//! log p(`x` | `z`), with `x` the true file, by rewriting one thinking step at a time. The thoughts of a file
//! are searched in order. For each there are R rounds; in each the author proposes C rewrites of the thought as
//! it is by then, and all are scored at once. Let `n` be the tokens of the file, and
//!
//! ```text
//! J(z) = sum over the tokens x_t of the file of max(log p(x_t | all before it), -clip) - price * tokens(z)
//! ```
//!
//! in nats. The best of the C, the earlier of two that are as good, takes the place of the current thought `y`
//! if (`J(z)` - `J(y)`) / `n` > margin. Without clip and price, exp(-`J(z)` / `n`) is the perplexity of the file,
//! and a rewrite is kept if it divides the perplexity by more than exp(margin); so it never rises.
//!
//! # What is scored
//!
//! The trajectory as the default template of `flatten` tells it, from the requirements on: requirements and
//! plan, which all files of a repository have in common; then, of this file alone, the steps before the thought,
//! the thought, the steps between it and the file; then the file, whose tokens alone count. Every part is
//! tokenised for itself, so that these are the same for all candidates. No thought at all is the same text
//! without the thought and without its frame.
//!
//! # What is not searched
//!
//! A file without content has nothing to infer, and one that is longer than the plan allows, or too long for
//! the model, cannot be scored. Its thoughts stay as they are, nothing is asked of the author, and a trial
//! says why. A candidate that cannot be scored is out of the race; the others are not.
//!
//! Nor can anybody infer what nobody wrote: files that say at the top that they are generated, minified ones,
//! tables of values, and files of comments alone are left as they are in the same way. A licence at the top is
//! scored with its file, as the trajectory tells it; but tokens that start within it count nowhere: not in
//! `J` and `n`, not in what is recorded of scores, not in gains.
//!
//! # What becomes of a thought by what it gains
//!
//! Once a thought has been searched, gates look at what it gains. One that does not beat silence can be dropped:
//! it is taken out of the draft at once, and later thoughts are searched, scored and measured without it. What
//! was compared in its place stays on record, and says so.
//!
//! Tests: property tests on a scorer and an author made of hashes check the promises above and compare with a
//! naive reference; one test runs a small model.

mod around;
mod comments;
mod config;
mod desk;
mod even;
mod frame;
mod gains;
mod gate;
mod inferable;
mod replay;
mod rule;
mod swap;
#[cfg(test)]
mod tests;
mod weighed;

use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{
    Author, BuildError, Digest, Environment, Flow, Gains, Hasher, Judge, Mode, Moment, Operator,
    Plan, Quality, Scene, SearchFile, Searched, Searching, Structure, Work,
};

pub use config::{Search, Steps, Words};
pub use even::{Even, Foreseen};
pub use gate::{GainGate, GainMeasure, GainThen};
pub use replay::{Replayed, UnrecordedClip, replay};
pub use rule::Rule;

impl Operator for Search {
    const KIND: &'static str = "search";
    const SUMMARY: &'static str = "rewrites thoughts, keeps what makes the true file more likely";
    const TAKES: &'static [Flow] = &[Flow::Drafts];
    const GIVES: Flow = Flow::Drafts;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        let mut errors = self.problems();
        let author = environment.model(&self.model).map_err(|error| errors.push(error));
        let judge = environment.judge(&self.scorer).map_err(|error| errors.push(error));
        match (author, judge) {
            (Ok(author), Ok(judge)) if errors.is_empty() => {
                Ok(Work::Search(Arc::new(self.searcher(author, judge))))
            }
            _ => Err(errors),
        }
    }
}

/// A search ready to work.
pub struct Searcher {
    config: Search,
    author: Arc<dyn Author>,
    judge: Arc<dyn Judge>,
}

impl Search {
    /// The search by these settings, whatever author and scorer they name.
    pub fn searcher(self, author: Arc<dyn Author>, judge: Arc<dyn Judge>) -> Searcher {
        Searcher { config: self, author, judge }
    }
}

#[async_trait]
impl SearchFile for Searcher {
    fn identity(&self) -> String {
        // Raised whenever equal settings would compare other texts.
        format!("search/1 {}, scored by {}", self.author.identity(), self.judge.identity())
    }

    fn control(&self, structure: &Structure, file: u32) -> Option<u32> {
        swap::control(structure, file, self.config.swap_share)
    }

    fn marks(
        &self,
        structure: &Structure,
        file: u32,
        qualities: &[Quality],
        gains: &[Gains],
    ) -> Vec<String> {
        let path = structure.path(file);
        let mut marks = backstory_quality::marks(&self.config.gates, path, qualities);
        marks.extend(gate::marks(&self.config.gain_gates, path, gains));
        marks
    }

    fn inputs(&self, structure: &Structure, plan: &Plan, file: u32, mode: Mode) -> Option<Digest> {
        let mut hasher = Hasher::new();
        hasher.field(self.identity()).field(serde_json::to_vec(&self.config).ok()?);
        if self.config.rounds > 0 {
            // What is read is told by the draft.
            let moment = Moment::BeforeReading { offered: &[], skipped: &[] };
            let scene = Scene { structure, plan, file, moment, mode, attempt: 0 };
            hasher.field(self.author.inputs(&scene)?.0);
        }
        let source = &structure.repository.files[file as usize];
        hasher.field(&structure.repository.name).field(&*source.path);
        hasher.field(source.language).field(source.digest.0);
        hasher.field(mode.name()).field(plan.digest(structure).0);
        hasher.list(structure.paths(&structure.graph.dependencies[file as usize]));
        let control = self.control(structure, file);
        Some(hasher.list(structure.paths(control.as_slice())).finish())
    }

    async fn search(&self, searching: &Searching<'_>) -> Searched {
        desk::search(self, searching).await
    }
}
