use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where in the flow something was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Finding and reading repositories.
    Source,
    /// Outlining one file.
    Parse,
    /// Resolving and ordering a repository.
    Graph,
    /// Writing requirements and plan.
    Plan,
    /// Writing the steps of one file.
    Simulate,
    /// Searching for better thoughts of one file.
    Search,
    /// Making one trajectory.
    Flatten,
    /// Making tokens and mask.
    Mask,
}

impl Stage {
    /// The name used in plans, tables and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Parse => "parse",
            Self::Graph => "graph",
            Self::Plan => "plan",
            Self::Simulate => "simulate",
            Self::Search => "search",
            Self::Flatten => "flatten",
            Self::Mask => "mask",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What was wrong, as a word that can be grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A repository without a single source file.
    NoSourceFiles,
    /// A repository with more files, or more bytes, than the plan allows.
    TooLarge,
    /// A source file that is not UTF-8.
    NotUtf8,
    /// A file or folder that could not be read.
    Unreadable,
    /// A repository that changed while it was read.
    ChangedWhileRead,
    /// A repository that changed since its rows were committed.
    ChangedSinceCommit,
    /// A file that cannot be parsed within the limits.
    ParseLimit,
    /// An author that gave no usable answer.
    Author,
    /// A thought that a gate of the plan refused.
    Gate,
    /// A text that the tokenizer does not give back.
    Tokenizer,
    /// A template that cannot render this trajectory.
    Template,
    /// A repository in which every arm failed.
    NoTrajectory,
}

impl FailureKind {
    /// The name used in the `errors` table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoSourceFiles => "no-source-files",
            Self::TooLarge => "too-large",
            Self::NotUtf8 => "not-utf-8",
            Self::Unreadable => "unreadable",
            Self::ChangedWhileRead => "changed-while-read",
            Self::ChangedSinceCommit => "changed-since-commit",
            Self::ParseLimit => "parse-limit",
            Self::Author => "author",
            Self::Gate => "gate",
            Self::Tokenizer => "tokenizer",
            Self::Template => "template",
            Self::NoTrajectory => "no-trajectory",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A file or a whole repository that was rejected: one row of the `errors` table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failure {
    /// The file, relative to the repository; none when the whole repository was rejected.
    pub path: Option<Arc<str>>,
    /// Where it was rejected.
    pub stage: Stage,
    /// Why, as a word.
    pub kind: FailureKind,
    /// Why, as a sentence: lower case, no full stop, what to do if anything can be done.
    pub message: String,
}

impl Failure {
    /// A rejected repository.
    pub fn repository(stage: Stage, kind: FailureKind, message: impl Into<String>) -> Self {
        Self { path: None, stage, kind, message: message.into() }
    }

    /// A rejected file.
    pub fn file(
        path: impl Into<Arc<str>>,
        stage: Stage,
        kind: FailureKind,
        message: impl Into<String>,
    ) -> Self {
        Self { path: Some(path.into()), stage, kind, message: message.into() }
    }
}
