use std::path::Path;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, Draft, Plan, Request, Step, Structure};

/// What the author of a thought sees of the file that it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The file itself.
    #[default]
    Hindsight,
    /// Signatures, imports and topics of doc comments, no bodies: what is not shown cannot be copied.
    Blinded,
}

impl Mode {
    /// The name used in plans and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hindsight => "hindsight",
            Self::Blinded => "blinded",
        }
    }
}

/// When a sub-agent thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment<'a> {
    /// Before anything is read: what is needed.
    BeforeReading {
        /// Dependencies that can be read, in the order in which they were written.
        offered: &'a [u32],
        /// Dependencies that do not fit the reading budget.
        skipped: &'a [u32],
    },
    /// After everything is read: how the file will be made.
    BeforeWriting {
        /// Files that were read, in order.
        reads: &'a [u32],
        /// The thought before reading.
        need: &'a str,
    },
}

/// What a thought is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The repository.
    pub structure: &'a Structure,
    /// Its plan.
    pub plan: &'a Plan,
    /// The file to be written.
    pub file: u32,
    /// The moment of its making.
    pub moment: Moment<'a>,
    /// What may be seen of the file.
    pub mode: Mode,
    /// How often the same thought was asked for before, and refused.
    pub attempt: u32,
}

/// A thought that is to be said better.
#[derive(Clone, Copy, Debug)]
pub struct Rewriting<'a> {
    /// What it was asked for. What was read is what the draft reads.
    pub scene: Scene<'a>,
    /// The file's draft as it is by now, with the thought in it.
    pub draft: &'a Draft,
    /// The thought, as index into the draft's steps.
    pub step: usize,
    /// How often the thought was rewritten before.
    pub round: u32,
    /// How many are wanted.
    pub candidates: u32,
}

impl<'a> Rewriting<'a> {
    /// The thought as it is by now; empty if the step is none.
    pub fn current(&self) -> &'a str {
        match self.draft.steps.get(self.step) {
            Some(Step::Think(thought)) => thought,
            _ => "",
        }
    }
}

/// A thought of a sub-agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thought {
    /// The thought.
    pub text: String,
    /// Files that it asks to read, in order, before anything was read. None leaves the choice to the graph.
    /// May name files that are not there yet; those are not read.
    pub reads: Option<Vec<u32>>,
}

/// What was written, with what was asked of models for it, answered or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Authored<T, E = AuthorError> {
    /// What was asked for.
    pub result: Result<T, E>,
    /// Requests made, in order; none by an author without a model.
    pub requests: Vec<Request>,
}

impl<T, E> Authored<T, E> {
    /// Written without any request.
    pub fn free(value: T) -> Self {
        Self { result: Ok(value), requests: vec![] }
    }

    /// The same requests with what was made of their result.
    pub fn then<U, F>(self, make: impl FnOnce(Result<T, E>) -> Result<U, F>) -> Authored<U, F> {
        Authored { result: make(self.result), requests: self.requests }
    }
}

/// Where the answers of models come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers<'a> {
    /// From the models. They are kept at this URI, unless the configuration names another one.
    Asked(&'a str),
    /// From this folder, whatever the configuration names.
    Recorded {
        /// The folder.
        folder: &'a Path,
        /// Whether a model is asked for what is not there, and its answer kept there.
        asks: bool,
    },
    /// From what is kept at this URI, unless the configuration names another one. What is not there is made up
    /// and not asked for, to count what it would cost; nothing is kept.
    Foreseen(&'a str),
    /// From nobody: requests are made up but not sent, to count what they would cost.
    Rehearsed,
}

/// What a configuration of a model, who writes or who scores, may refer to.
#[derive(Clone, Copy)]
pub struct ModelEnvironment<'a> {
    /// The folder that relative paths start from: that of the plan file.
    pub base: &'a Path,
    /// Where the answers of models come from.
    pub answers: Answers<'a>,
    /// Finds the key to a server by the name of its environment variable.
    pub key: &'a dyn Fn(&str) -> Option<String>,
}

/// What was paid for a model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Requests sent, answered or not.
    pub requests: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Money, in the unit of the plan's prices.
    pub money: f64,
}

impl Spent {
    /// Adds what was paid elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.tokens += other.tokens;
        self.money += other.money;
    }
}

impl From<&Request> for Spent {
    fn from(request: &Request) -> Self {
        Self {
            requests: request.tries.into(),
            tokens: request.prompt_tokens + request.completion_tokens,
            money: request.cost.unwrap_or(0.0),
        }
    }
}

/// Whoever writes requirements, plans and thoughts. Called concurrently.
///
/// An author never supplies the content of a file: see [`crate::Step`].
#[async_trait]
pub trait Author: Send + Sync {
    /// Name and version, recorded in every row it has a part in: `outline/1`.
    fn identity(&self) -> String;

    /// Requirements and a file-level plan: every file once, in the order of `structure.graph`.
    async fn plan(&self, structure: &Structure) -> Authored<Plan>;

    /// One thought of a sub-agent.
    async fn think(&self, scene: &Scene<'_>) -> Authored<Thought>;

    /// Digest of all that what is written for a file, from this scene on, is made of: who writes and how, what
    /// is shown of the repository, of the plan and of the file. Not of files that are read later, nor of what
    /// follows from them. Asks nobody.
    ///
    /// None by an author whose words cost nothing: they are written anew.
    fn inputs(&self, _scene: &Scene<'_>) -> Option<Digest> {
        None
    }

    /// Other thoughts in the place of one, in the order in which they were asked for: as many as are wanted,
    /// or fewer if there is nothing else to say.
    async fn rewrite(&self, _rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
        Authored::free(vec![])
    }

    /// Takes into account what earlier runs into the same output have paid for it.
    fn charge(&self, _spent: &Spent) {}

    /// How the models behind it are doing; none if there is none.
    fn status(&self) -> Option<ModelStatus> {
        None
    }
}

/// Why an author gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorError {
    /// No usable answer; asking again would give the same.
    #[error("{0}")]
    Unusable(String),
    /// No answer for now, for a reason that has nothing to do with what was asked: a budget is spent, no
    /// server is there. A later run goes on from here.
    #[error("{0}")]
    Unavailable(String),
}

/// How the models behind an author are doing, for whoever watches a run. Counts are of this run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ModelStatus {
    /// The model.
    pub model: String,
    /// Requests that its servers may work on at a time, at most.
    pub slots: u64,
    /// Requests that servers are working on.
    pub in_flight: u64,
    /// Requests that wait for a server.
    pub waiting: u64,
    /// Requests answered by a server.
    pub answered: u64,
    /// Requests whose answers were there from before.
    pub recalled: u64,
    /// Requests that failed for good.
    pub failed: u64,
    /// Tries that were repeated: refused, broken off, unreadable.
    pub repeated: u64,
    /// Tokens of prompts of answered requests.
    pub prompt_tokens: u64,
    /// Tokens of answers of answered requests.
    pub completion_tokens: u64,
    /// What answered requests cost, in the unit of the plan's prices; none without prices.
    pub cost: Option<f64>,
    /// What is wrong at the moment, as a sentence: no server answers, a budget is spent.
    pub trouble: Option<String>,
}
