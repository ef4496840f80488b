//! The steps of a sub-agent that writes one file.
//!
//! Responsible for what is read before a file is written, and for the order of the steps. Not responsible
//! for the thoughts, which an author writes, nor for contents, which steps name and never hold.
//!
//! # What is read
//!
//! The files that the file depends on and that are written by then, whole, in the order in which they
//! were written. They are chosen in that same order: a file that does not fit into what is left of the
//! budget is skipped, and named as such in the thought before reading; later ones that are smaller may
//! still fit. Files of a cycle that come later are not there yet and are not read.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{
    Author, BuildError, Draft, Environment, Failure, FailureKind, Flow, Moment, Operator, Plan,
    SimulateFile, Stage, Step, Structure, Work,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks a model for the thoughts of a sub-agent per file: what it needs before it reads, how it will go
/// about it before it writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulate {
    /// Who writes the thoughts: a name from the plan file's `[models]`.
    #[schemars(extend("format" = "model"))]
    pub model: String,
    /// How much a sub-agent may read for one file, in tokens, estimated as one token per four bytes.
    /// Files are read whole, in the order in which they were written; one that does not fit into what is
    /// left is skipped. 0 reads nothing.
    #[serde(default = "usual_budget")]
    pub read_budget: u32,
}

fn usual_budget() -> u32 {
    8_000
}

/// A rough mean over languages and tokenizers; the budget guards against excess and needs no more.
const BYTES_PER_TOKEN: u64 = 4;

impl Operator for Simulate {
    const KIND: &'static str = "simulate";
    const SUMMARY: &'static str = "thinks, reads and writes every file of the plan";
    const TAKES: &'static [Flow] = &[Flow::Plan];
    const GIVES: Flow = Flow::Drafts;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        match environment.model(&self.model) {
            Ok(author) => {
                let budget = u64::from(self.read_budget) * BYTES_PER_TOKEN;
                Ok(Work::Simulate(Arc::new(Simulator { author, budget })))
            }
            Err(error) => Err(vec![error]),
        }
    }
}

struct Simulator {
    author: Arc<dyn Author>,
    /// In bytes.
    budget: u64,
}

#[async_trait]
impl SimulateFile for Simulator {
    fn author(&self) -> String {
        self.author.identity()
    }

    async fn simulate(
        &self,
        structure: &Structure,
        plan: &Plan,
        file: u32,
    ) -> Result<Draft, Failure> {
        let Choice { reads, skipped } = choose(structure, file, self.budget);
        let think = async |moment| {
            let answer = self.author.think(structure, plan, file, moment).await;
            answer.map(Step::Think).map_err(|error| {
                let path = Arc::clone(structure.path(file));
                Failure::file(path, Stage::Simulate, FailureKind::Author, error.to_string())
            })
        };
        let mut steps = Vec::with_capacity(reads.len() * 2 + 3);
        steps.push(think(Moment::BeforeReading { reads: &reads, skipped: &skipped }).await?);
        steps.extend(reads.iter().flat_map(|&read| [Step::Read(read), Step::Observation(read)]));
        steps.push(think(Moment::BeforeWriting { reads: &reads }).await?);
        steps.push(Step::Write(file));
        Ok(Draft { file, steps })
    }
}

/// Written dependencies of a file, in the order in which they were written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Choice {
    reads: Vec<u32>,
    skipped: Vec<u32>,
}

fn choose(structure: &Structure, file: u32, budget: u64) -> Choice {
    let positions = structure.graph.positions();
    let place = |file: u32| positions[file as usize];
    let dependencies = structure.graph.dependencies[file as usize].iter().copied();
    let mut written: Vec<_> = dependencies.filter(|&other| place(other) < place(file)).collect();
    written.sort_unstable_by_key(|&other| place(other));

    let mut choice = Choice::default();
    let mut left = budget;
    for other in written {
        let bytes = structure.text(other).len() as u64;
        if bytes <= left {
            left -= bytes;
            choice.reads.push(other);
        } else {
            choice.skipped.push(other);
        }
    }
    choice
}
