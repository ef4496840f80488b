//! Requirements and a file-level plan for a repository.
//!
//! Responsible for asking an author and for refusing a plan that cannot be carried out: every later stage
//! may rely on its order. Not responsible for what the author writes.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{
    Author, AuthorError, Authored, BuildError, Environment, FilePlan, Flow, Halt, Operator,
    PlanRepository, Stage, Structure, Work,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks a model for requirements and a plan of all files, once per repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Who writes the plan: a name from the plan file's `[models]`.
    #[schemars(extend("format" = "model"))]
    pub model: String,
}

impl Operator for Plan {
    const KIND: &'static str = "plan";
    const SUMMARY: &'static str = "writes requirements and a plan of all files";
    const TAKES: &'static [Flow] = &[Flow::Structure];
    const GIVES: Flow = Flow::Plan;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        match environment.model(&self.model) {
            Ok(author) => Ok(Work::Plan(Arc::new(Planner { author }))),
            Err(error) => Err(vec![error]),
        }
    }
}

struct Planner {
    author: Arc<dyn Author>,
}

#[async_trait]
impl PlanRepository for Planner {
    fn author(&self) -> String {
        self.author.identity()
    }

    async fn plan(&self, structure: &Structure) -> Authored<backstory_core::Plan, Halt> {
        let checked = |result: Result<_, AuthorError>| {
            let plan = result?;
            check(structure, &plan).map_err(AuthorError::Unusable)?;
            Ok(plan)
        };
        let authored = self.author.plan(structure).await.then(checked);
        authored.then(|result| result.map_err(|error| Halt::of(error, Stage::Plan, None)))
    }
}

/// Every file once, in the order of the graph, and each relying on earlier files only.
fn check(structure: &Structure, plan: &backstory_core::Plan) -> Result<(), String> {
    let order = &structure.graph.order;
    if plan.files.len() != order.len() {
        let (planned, all) = (plan.files.len(), order.len());
        return Err(format!("the plan has {planned} entries for {all} files"));
    }
    for (entry, &file) in plan.files.iter().zip(order) {
        if entry.file != file {
            let expected = structure.path(file);
            return Err(format!("the plan does not have \"{expected}\" in its place"));
        }
    }
    let positions = structure.graph.positions();
    plan.files.iter().try_for_each(|entry| check_needs(structure, &positions, entry))
}

/// Earlier files, in the order of the plan, each once.
fn check_needs(structure: &Structure, positions: &[u32], entry: &FilePlan) -> Result<(), String> {
    let path = structure.path(entry.file);
    let mut before = None;
    for &needed in &entry.relies_on {
        let Some(&place) = positions.get(needed as usize) else {
            return Err(format!("\"{path}\" relies on a file that does not exist"));
        };
        let needed = structure.path(needed);
        if place >= positions[entry.file as usize] {
            return Err(format!("\"{path}\" relies on \"{needed}\", which is not written before"));
        }
        if before.is_some_and(|before| before >= place) {
            return Err(format!("\"{path}\" relies on \"{needed}\" out of order"));
        }
        before = Some(place);
    }
    Ok(())
}
