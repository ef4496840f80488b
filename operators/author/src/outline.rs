use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{
    Author, Authored, BuildError, ModelEnvironment, Moment, Plan, Rewriting, Scene, Structure,
    Thought,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::{plan, requirements, thoughts};

/// An author without a model: it writes what can be known for sure, out of README, manifests, doc
/// comments, definitions and dependencies. It is deterministic, costs nothing and invents nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outline {}

impl Outline {
    /// The `kind` in a plan file.
    pub const KIND: &'static str = "outline";
    /// What it does, one line.
    pub const SUMMARY: &'static str = "writes from facts only, without a model";

    /// What it asks of the world outside the process: nothing.
    pub const EFFECT: Option<&'static str> = None;

    /// Makes the author.
    pub fn build(self, _: &ModelEnvironment<'_>) -> Result<Arc<dyn Author>, Vec<BuildError>> {
        Ok(Arc::new(FactsOnly))
    }
}

struct FactsOnly;

#[async_trait]
impl Author for FactsOnly {
    fn identity(&self) -> String {
        // Raised whenever equal facts would give other words.
        "outline/1".into()
    }

    async fn plan(&self, structure: &Structure) -> Authored<Plan> {
        let facts = Facts::of(structure);
        Authored::free(Plan {
            requirements: requirements::write(&facts),
            files: plan::files(&facts),
        })
    }

    async fn think(&self, scene: &Scene<'_>) -> Authored<Thought> {
        let facts = Facts::of(scene.structure);
        let text = match scene.moment {
            Moment::BeforeReading { offered, skipped } => {
                thoughts::before_reading(&facts, scene.file, offered, skipped)
            }
            Moment::BeforeWriting { reads, .. } => {
                thoughts::before_writing(&facts, scene.file, reads)
            }
        };
        Authored::free(Thought { text, reads: None })
    }

    /// The same facts told otherwise: in another order, with more detail, or without some of them.
    async fn rewrite(&self, rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
        let facts = Facts::of(rewriting.scene.structure);
        let tellings = thoughts::tellings(&facts, rewriting.scene.file, rewriting.scene.moment);
        let told = rewriting.round.saturating_mul(rewriting.candidates) as usize;
        let next = tellings.into_iter().skip(told).take(rewriting.candidates as usize);
        Authored::free(next.collect())
    }
}

#[cfg(test)]
pub(crate) mod tests;
