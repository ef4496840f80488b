//! Rows as plain records, before they become Arrow arrays.

use backstory_core::{Gains, Message, Mode, Quality, Request, Span, TokenSpan};

/// A row of `trajectories`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryRow {
    /// Digest of repository, content, plan and arm.
    pub trajectory_id: String,
    /// The repository's name in its source.
    pub repo: String,
    /// The commit it was read at; none for a plain folder.
    pub commit_id: Option<String>,
    /// Digest of everything that the row was made from.
    pub content_id: String,
    /// SPDX expression, if known.
    pub license: Option<String>,
    /// The language with the most bytes.
    pub language: Option<String>,
    /// The arm of the plan that made the row.
    pub arm: String,
    /// Who wrote plan and thoughts; none for an arm without them.
    pub author: Option<String>,
    /// What the author of a thought saw of its file; none for an arm without thoughts.
    pub mode: Option<Mode>,
    /// Digest of the plan.
    pub plan_hash: String,
    /// The files written, in the order of the repository; spans name them by index.
    pub files: Vec<FileRow>,
    /// Files met: written, left out and failed.
    pub n_files_seen: u64,
    /// Files left out, by reason.
    pub left_out: Vec<(String, u64)>,
    /// Files that failed; each has a row in `errors`.
    pub n_files_failed: u64,
    /// Whether every file was written once, in the order of the graph, and read only after that.
    pub order_ok: bool,
    /// Whether every byte of written and observed files is the repository's.
    pub bytes_equal: bool,
    /// What is known of the thoughts, in order.
    pub thoughts: Vec<ThoughtRow>,
    /// What gates found and let pass.
    pub marks: Vec<String>,
    /// The chat form.
    pub messages: Vec<Message>,
    /// The flat text.
    pub text: String,
    /// Spans of the flat text, in bytes.
    pub spans: Vec<Span>,
}

/// What is known of a thought.
#[derive(Clone, Debug, PartialEq)]
pub struct ThoughtRow {
    /// The file it is about, as index into `files`.
    pub file: u32,
    /// Its measures.
    pub quality: Quality,
    /// What it does for the file; all empty where nothing was searched.
    pub gains: Gains,
}

/// A file of a trajectory.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRow {
    /// Relative to the repository.
    pub path: String,
    /// Name of its language.
    pub language: String,
    /// Digest of its bytes.
    pub content_id: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A row of `sequences`.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceRow {
    /// The trajectory it was made from.
    pub trajectory_id: String,
    /// The repository's name in its source.
    pub repo: String,
    /// The arm of the plan that made the row.
    pub arm: String,
    /// Token ids, unshifted.
    pub input_ids: Vec<u32>,
    /// Whether token `i` is a training target.
    pub loss_mask: Vec<bool>,
    /// Spans of the sequence, in tokens.
    pub spans: Vec<TokenSpan>,
}

/// A row of `ledger`.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// The repository's name in its source.
    pub repo: String,
    /// The operator of the plan that asked.
    pub simulation: String,
    /// The file it was about; none when it was the whole repository.
    pub path: Option<String>,
    /// The request.
    pub request: Request,
}

/// A row of `errors`.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRow {
    /// The repository's name in its source.
    pub repo: String,
    /// The arm that failed; none when it concerns all of them.
    pub arm: Option<String>,
    /// The file; none when the whole repository was rejected.
    pub path: Option<String>,
    /// Where in the flow.
    pub stage: String,
    /// Why, as a word.
    pub kind: String,
    /// Why, as a sentence.
    pub message: String,
}
