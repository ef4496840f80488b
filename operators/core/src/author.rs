use async_trait::async_trait;

use crate::{Plan, Structure};

/// When a sub-agent thinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment<'a> {
    /// Before anything is read: what is needed.
    BeforeReading {
        /// Files that will be read, in order.
        reads: &'a [u32],
        /// Files that matter but do not fit the reading budget.
        skipped: &'a [u32],
    },
    /// After everything is read: how the file will be made.
    BeforeWriting {
        /// Files that were read, in order.
        reads: &'a [u32],
    },
}

/// Whoever writes requirements, plans and thoughts. Called concurrently.
///
/// An author never supplies the content of a file: see [`crate::Step`].
#[async_trait]
pub trait Author: Send + Sync {
    /// Name and version, recorded in every row it has a part in: `outline/1`.
    fn identity(&self) -> String;

    /// Requirements and a file-level plan: every file once, in the order of `structure.graph`.
    async fn plan(&self, structure: &Structure) -> Result<Plan, AuthorError>;

    /// One thought about `file`, at a moment of its making.
    async fn think(
        &self,
        structure: &Structure,
        plan: &Plan,
        file: u32,
        moment: Moment<'_>,
    ) -> Result<String, AuthorError>;
}

/// An author that gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AuthorError(pub String);
