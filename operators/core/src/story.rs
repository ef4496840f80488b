use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Digest, Gains, Hasher, Mode, Quality, Structure};

/// What the main agent decides about one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlan {
    /// Index of the file in the repository.
    pub file: u32,
    /// What the file is for, one sentence.
    pub purpose: String,
    /// What it must offer, one entry per thing.
    pub interface: Vec<String>,
    /// Files it relies on, all of them earlier in the plan, sorted by their place in it.
    pub relies_on: Vec<u32>,
}

/// What the main agent writes before any file exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What the repository has to do.
    pub requirements: String,
    /// Every file of the repository once, in the order of implementation.
    pub files: Vec<FilePlan>,
}

impl Plan {
    /// The entry of a file.
    pub fn of(&self, file: u32) -> Option<&FilePlan> {
        self.files.iter().find(|entry| entry.file == file)
    }

    /// Digest of all that it says. Files count by their paths in `structure`.
    pub fn digest(&self, structure: &Structure) -> Digest {
        let mut hasher = Hasher::new();
        hasher.field(&self.requirements);
        for entry in &self.files {
            hasher.field(&**structure.path(entry.file)).field(&entry.purpose);
            hasher.list(&entry.interface).list(structure.paths(&entry.relies_on));
        }
        hasher.finish()
    }
}

/// One step of a sub-agent. Only thoughts carry text of their own: what is observed and what is written
/// is named by file, so that no author can change a byte of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// A thought.
    Think(String),
    /// A request to see a file that is already written.
    Read(u32),
    /// The file that was asked for, whole.
    Observation(u32),
    /// The file itself, whole.
    Write(u32),
}

/// How one file came to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Index of the file in the repository.
    pub file: u32,
    /// Think, (Read, Observation)*, Think, Write; the last is always the write. A draft that was searched may
    /// lack a thought, or both.
    pub steps: Vec<Step>,
    /// What is known of each thought that is there, in order.
    pub qualities: Vec<Quality>,
    /// What each thought that is there does for the file, in order; empty where nothing was searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gains: Vec<Gains>,
    /// Files that were asked for and not read, because they did not fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<u32>,
    /// Whether thoughts were kept although a file that is read before one of them, or was asked for, has changed
    /// since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

impl Draft {
    /// The thoughts, in order.
    pub fn thoughts(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Think(thought) => Some(&**thought),
            _ => None,
        })
    }
}

/// A whole repository's simulation.
#[derive(Clone, Debug)]
pub struct Story {
    /// The main agent's part.
    pub plan: Arc<Plan>,
    /// One draft per file, in the order of the plan.
    pub drafts: Vec<Arc<Draft>>,
    /// Who wrote it, as recorded in rows: name and version.
    pub author: String,
    /// What the author of a thought saw of its file.
    pub mode: Mode,
}
