//! The steps of a sub-agent that writes one file.
//!
//! Responsible for what is read before a file is written, for the order of the steps, and for the gates that
//! a thought has to pass. Not responsible for the thoughts, which an author writes, nor for contents, which
//! steps name and never hold.
//!
//! # What is read
//!
//! Offered are the files that the file depends on and that are written by then, in the order in which they
//! were written. The author may choose among them, and ask for any other file that is written by then; an
//! author that does not choose reads what is offered. Files are read whole, in the order of asking. One that
//! does not fit into what is left of the budget is skipped; later ones that are smaller may still fit. Files
//! of a cycle that come later are not there yet and are not read.

mod reads;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{
    Author, Authored, BuildError, Digest, Draft, Environment, Failure, FailureKind, Flow, Halt,
    Hasher, Mode, Moment, Operator, Outcome, Plan, Quality, Request, Scene, SimulateFile, Stage,
    Step, Structure, Thought, Work,
};
use backstory_quality::{Gate, Shown, Then, marks, measure, validate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use reads::Choice;

/// Asks a model for the thoughts of a sub-agent per file: what it needs before it reads, how it will go
/// about it before it writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulate {
    /// Who writes the thoughts: a name from the plan file's `[models]`.
    #[schemars(extend("format" = "model"))]
    pub model: String,
    /// What the author of a thought sees of the file that it is about: `hindsight` shows the file, `blinded`
    /// its signatures, imports and topics, so that nothing can be copied from its bodies.
    #[serde(default)]
    pub mode: Mode,
    /// How much a sub-agent may read for one file, in tokens, estimated as one token per four bytes.
    /// Files are read whole; one that does not fit into what is left is skipped. 0 reads nothing.
    #[serde(default = "usual_budget")]
    pub read_budget: u32,
    /// Limits that every thought has to keep. None by default: all measures are recorded, none refuses.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Whether an update of the output asks for the thoughts about a file again when nothing but the contents
    /// of files that were read before them has changed. Without it they are kept, their row says so, and what
    /// is read shows the new contents.
    #[serde(default)]
    pub rethink: bool,
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
        let mut errors = validate(&self.gates).err().unwrap_or_default();
        let author = environment.model(&self.model).map_err(|error| errors.push(error));
        let Ok(author) = author else { return Err(errors) };
        if !errors.is_empty() {
            return Err(errors);
        }
        let budget = u64::from(self.read_budget) * BYTES_PER_TOKEN;
        let Self { mode, gates, rethink, .. } = self;
        Ok(Work::Simulate(Arc::new(Simulator { author, mode, budget, gates, rethink })))
    }
}

struct Simulator {
    author: Arc<dyn Author>,
    mode: Mode,
    /// In bytes.
    budget: u64,
    gates: Vec<Gate>,
    rethink: bool,
}

#[async_trait]
impl SimulateFile for Simulator {
    fn author(&self) -> String {
        self.author.identity()
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn marks(&self, structure: &Structure, file: u32, qualities: &[Quality]) -> Vec<String> {
        marks(&self.gates, structure.path(file), qualities)
    }

    fn rethinks(&self) -> bool {
        self.rethink
    }

    fn inputs(&self, structure: &Structure, plan: &Plan, file: u32) -> Option<Digest> {
        let Self { author, mode, budget, gates, .. } = self;
        let Choice { reads: offered, skipped } = reads::dependencies(structure, file, *budget);
        let moment = Moment::BeforeReading { offered: &offered, skipped: &skipped };
        let scene = Scene { structure, plan, file, moment, mode: *mode, attempt: 0 };
        let thought = author.inputs(&scene)?;
        let mut hasher = Hasher::new();
        // Raised whenever equal inputs would give other steps, or other measures of the same thoughts.
        hasher.field("simulate/1").field(author.identity()).field(thought.0);
        hasher.field(mode.name()).field(budget.to_le_bytes());
        hasher.field(serde_json::to_vec(gates).ok()?);
        hasher.field(&structure.repository.name).field(&**structure.path(file));
        hasher.field(structure.repository.files[file as usize].digest.0);
        hasher.field(plan.digest(structure).0);
        let needs = &structure.graph.dependencies[file as usize];
        for files in [&offered, &skipped, needs] {
            hasher.list(structure.paths(files));
        }
        Some(hasher.finish())
    }

    async fn simulate(
        &self,
        structure: &Structure,
        plan: &Plan,
        file: u32,
    ) -> Authored<Draft, Halt> {
        let mut desk = Desk {
            simulator: self,
            structure,
            plan,
            draft: Draft { file, steps: vec![], ..Draft::default() },
            requests: vec![],
        };
        let result = desk.work().await;
        let Desk { draft, requests, .. } = desk;
        Authored { result: result.map(|()| draft), requests }
    }
}

/// One sub-agent at work.
struct Desk<'a> {
    simulator: &'a Simulator,
    structure: &'a Structure,
    plan: &'a Plan,
    draft: Draft,
    requests: Vec<Request>,
}

impl Desk<'_> {
    async fn work(&mut self) -> Result<(), Halt> {
        let (structure, file, budget) = (self.structure, self.draft.file, self.simulator.budget);
        let Choice { reads: offered, skipped } = reads::dependencies(structure, file, budget);
        let moment = Moment::BeforeReading { offered: &offered, skipped: &skipped };
        let thought = self.think(moment).await?;
        let chosen = thought.reads.as_deref().unwrap_or(&offered);
        let Choice { reads, skipped } = reads::asked(structure, file, chosen, budget);
        self.draft.unread = skipped;
        self.draft.steps.push(Step::Think(thought.text.clone()));
        let read = |&read: &u32| [Step::Read(read), Step::Observation(read)];
        self.draft.steps.extend(reads.iter().flat_map(read));

        let moment = Moment::BeforeWriting { reads: &reads, need: &thought.text };
        let design = self.think(moment).await?;
        self.draft.steps.extend([Step::Think(design.text), Step::Write(file)]);
        Ok(())
    }

    /// A thought that passes the gates, or is let through with a mark.
    async fn think(&mut self, moment: Moment<'_>) -> Result<Thought, Halt> {
        let Self { simulator, structure, plan, .. } = *self;
        let (mode, file) = (simulator.mode, self.draft.file);
        let mut attempt = 0;
        loop {
            let scene = Scene { structure, plan, file, moment, mode, attempt };
            let authored = simulator.author.think(&scene).await;
            self.requests.extend(authored.requests);
            let path = structure.path(file);
            let thought =
                authored.result.map_err(|error| Halt::of(error, Stage::Simulate, Some(path)))?;
            let shown = Shown::at(structure, plan, file, moment);
            let quality = measure(&thought.text, structure.text(file), &shown);
            let found = simulator.gates.iter();
            let found: Vec<_> =
                found.filter_map(|gate| Some((gate, gate.check(&quality)?))).collect();
            if found.iter().any(|(gate, _)| attempt < gate.attempts) {
                self.refuse(&found[0].1);
                attempt += 1;
                continue;
            }
            if let Some((_, why)) = found.iter().find(|(gate, _)| gate.then == Then::Reject) {
                self.refuse(why);
                let message = format!("a thought was refused: {why}");
                let path = Arc::clone(path);
                let failure = Failure::file(path, Stage::Simulate, FailureKind::Gate, message);
                return Err(Halt::Failed(failure));
            }
            self.draft.qualities.push(quality);
            return Ok(thought);
        }
    }

    /// Says of the last request that its answer was not used.
    fn refuse(&mut self, why: &str) {
        if let Some(request) = self.requests.last_mut() {
            request.outcome = Outcome::Refused;
            request.message = Some(why.to_owned());
        }
    }
}
