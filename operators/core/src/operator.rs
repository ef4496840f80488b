//! What an operator is: a configuration that a plan file can hold, and the work it builds.
//!
//! An operator takes the simplest shape that serves. The engine knows the shapes, not the operators:
//! it decides from the shape where the work runs, how it is spread over threads and what may wait.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{
    Author, AuthorError, Authored, Digest, Draft, Failure, FailureKind, Gains, Graph, Judge, Mode,
    Outline, Plan, Quality, Repository, Searched, Searching, Sequence, SourceFile, Stage, Story,
    Structure, Trajectory,
};

/// What flows between two operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// Repositories and their files.
    Files,
    /// Files with their outlines.
    Outlines,
    /// Repositories with their dependency graphs.
    Structure,
    /// Repositories with requirements and plan.
    Plan,
    /// Repositories with a draft per file.
    Drafts,
    /// Trajectories.
    Trajectory,
    /// Training sequences.
    Sequence,
}

impl Flow {
    /// The word for it in messages and drawings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Outlines => "outlines",
            Self::Structure => "structure",
            Self::Plan => "plan",
            Self::Drafts => "drafts",
            Self::Trajectory => "trajectory",
            Self::Sequence => "sequence",
        }
    }
}

/// Configuration of an operator: its fields are the keys of a plan file, their docs its manual.
pub trait Operator: DeserializeOwned + Serialize + JsonSchema {
    /// The `kind` in a plan file.
    const KIND: &'static str;
    /// What it does, one line.
    const SUMMARY: &'static str;
    /// What it can read; any one of these.
    const TAKES: &'static [Flow];
    /// What it gives.
    const GIVES: Flow;

    /// Makes the work, reading whatever local files the configuration names. All that is wrong is
    /// reported, not only the first thing.
    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>>;
}

/// What a configuration may refer to.
pub struct Environment<'a> {
    /// The folder that relative paths start from: that of the plan file.
    pub base: &'a Path,
    /// Finds an author by the name it has in the plan file.
    pub author: &'a dyn Fn(&str) -> Option<Arc<dyn Author>>,
    /// Finds a scorer by the name it has in the plan file.
    pub scorer: &'a dyn Fn(&str) -> Option<Arc<dyn Judge>>,
}

impl Environment<'_> {
    /// `path`, from the folder of the plan file.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        self.base.join(path)
    }

    /// The author that the key `model` names.
    pub fn model(&self, name: &str) -> Result<Arc<dyn Author>, BuildError> {
        (self.author)(name).ok_or_else(|| BuildError {
            key: "model",
            message: format!("no model is named \"{name}\""),
            hint: Some(format!("add it: [models.{name}]")),
        })
    }

    /// The scorer that the key `scorer` names.
    pub fn judge(&self, name: &str) -> Result<Arc<dyn Judge>, BuildError> {
        (self.scorer)(name).ok_or_else(|| BuildError {
            key: "scorer",
            message: format!("no scorer is named \"{name}\""),
            hint: Some(format!("add it: [scorers.{name}]")),
        })
    }
}

/// A configuration that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// The key that is wrong.
    pub key: &'static str,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// An operator ready to work, by shape.
#[derive(Clone)]
pub enum Work {
    /// A file to its outline.
    Outline(Arc<dyn OutlineFile>),
    /// The outlines of a repository to its graph.
    Order(Arc<dyn OrderFiles>),
    /// A repository to its plan.
    Plan(Arc<dyn PlanRepository>),
    /// A file of a planned repository to its draft.
    Simulate(Arc<dyn SimulateFile>),
    /// The draft of a file to one with better thoughts.
    Search(Arc<dyn SearchFile>),
    /// A repository, with its story or without, to a trajectory.
    Flatten(Arc<dyn Flatten>),
    /// A trajectory to a sequence.
    Mask(Arc<dyn Mask>),
}

/// Computes per file, in any order.
pub trait OutlineFile: Send + Sync {
    /// The outline of one file. A file that is beyond the limits has one that says so.
    fn outline(&self, file: &SourceFile) -> Outline;
}

/// Computes per repository, once all its outlines are there.
pub trait OrderFiles: Send + Sync {
    /// The graph over the files of `repository`; `outlines` has one entry per file.
    ///
    /// Must depend on paths, outlines and context alone, never on the bodies of files: the engine does
    /// not call it again when only bodies change.
    fn order(&self, repository: &Repository, outlines: &[Arc<Outline>]) -> Graph;
}

/// Waits for the world, once per repository.
#[async_trait]
pub trait PlanRepository: Send + Sync {
    /// Who writes, as recorded in rows.
    fn author(&self) -> String;

    /// Requirements and plan.
    async fn plan(&self, structure: &Structure) -> Authored<Plan, Halt>;
}

/// Waits for the world, once per file.
#[async_trait]
pub trait SimulateFile: Send + Sync {
    /// Who writes, as recorded in rows.
    fn author(&self) -> String;

    /// What the author of a thought sees of its file, as recorded in rows.
    fn mode(&self) -> Mode;

    /// What gates say of thoughts of a file that they let pass.
    fn marks(&self, structure: &Structure, file: u32, qualities: &[Quality]) -> Vec<String>;

    /// Whether thoughts are asked for again when nothing but the contents of files that were read before them
    /// has changed.
    fn rethinks(&self) -> bool;

    /// Digest of all that the draft of a file is made of, apart from the contents of other files.
    ///
    /// Where it is equal, a new simulation could give another draft only because the content of a file that is
    /// read has changed, or that of one that was asked for and did not fit ([`Draft::unread`]), and because of
    /// what follows from that. None where a new simulation costs nothing, so that nobody says what it is made
    /// of.
    fn inputs(&self, structure: &Structure, plan: &Plan, file: u32) -> Option<Digest>;

    /// The draft of one file.
    async fn simulate(
        &self,
        structure: &Structure,
        plan: &Plan,
        file: u32,
    ) -> Authored<Draft, Halt>;
}

/// Waits for the world, once per file that has a draft.
#[async_trait]
pub trait SearchFile: Send + Sync {
    /// Who rewrites and who scores, as recorded in rows.
    fn identity(&self) -> String;

    /// The file whose draft `file` is compared with, by way of control; none for most.
    ///
    /// It is a file of the same repository, and its draft is wanted as simulated: a simulation asked once
    /// more gives the same, from recorded answers.
    fn control(&self, structure: &Structure, file: u32) -> Option<u32>;

    /// What gates say of thoughts of a file that they let pass, besides what those of the simulation say: of
    /// the thoughts that are in the draft in the end, by what is known of them and by what they gain.
    fn marks(
        &self,
        structure: &Structure,
        file: u32,
        qualities: &[Quality],
        gains: &[Gains],
    ) -> Vec<String>;

    /// Digest of all that the search of a file's draft is made of, apart from drafts and from the contents of
    /// other files. `mode` is that of the simulation.
    ///
    /// Where it is equal, and so are the draft and that of the control as simulated, another search could end
    /// otherwise only because the content of a file that is read has changed. A draft as simulated is told by
    /// what [`SimulateFile::inputs`] gives and the contents of what it reads; where that is none, by itself.
    ///
    /// None where rewrites cost nothing, so that nobody says what they are made of: another search costs
    /// scores then, and those that are kept are found again.
    fn inputs(&self, structure: &Structure, plan: &Plan, file: u32, mode: Mode) -> Option<Digest>;

    /// The draft with better thoughts, or without some, and nothing else in it changed but what is known of
    /// them.
    async fn search(&self, searching: &Searching<'_>) -> Searched;
}

/// Why nothing came out of work that waits for the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// It cannot be done; a row in `errors`.
    Failed(Failure),
    /// It cannot be done now, for the reason given: the repository has no rows at all and is left to a later
    /// run.
    Unavailable(String),
}

impl Halt {
    /// What an author's error means for a repository, or for the file at `path`.
    pub fn of(error: AuthorError, stage: Stage, path: Option<&Arc<str>>) -> Self {
        match error {
            AuthorError::Unusable(message) => Self::Failed(Failure {
                path: path.map(Arc::clone),
                stage,
                kind: FailureKind::Author,
                message,
            }),
            AuthorError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// Computes per repository and arm.
pub trait Flatten: Send + Sync {
    /// The arm's name, unique within a plan: part of every row's identity.
    fn arm(&self) -> &str;

    /// What the sequences of this arm are marked with to tell how they were made.
    fn template(&self) -> Digest;

    /// The trajectory. `story` is there if and only if the operator's input carries drafts.
    fn flatten(&self, structure: &Structure, story: Option<&Story>) -> Result<Trajectory, Failure>;
}

/// Computes per trajectory.
pub trait Mask: Send + Sync {
    /// Digest of the tokenizer file.
    fn tokenizer(&self) -> Digest;

    /// Token ids, spans and loss mask.
    fn mask(&self, trajectory: &Trajectory) -> Result<Sequence, Failure>;

    /// The text that token ids stand for, special tokens left out.
    fn decode(&self, input_ids: &[u32]) -> Result<String, Failure>;

    /// Whether tokens of this kind are training targets.
    fn trains(&self, kind: crate::SpanKind) -> bool;
}
