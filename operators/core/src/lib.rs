//! The contract below all operators: the records that flow between them, the shapes an operator can
//! have, and the failures it may report.
//!
//! Responsible for types and their invariants. Not responsible for any work: reading, parsing,
//! ordering, writing prose, counting tokens are the operators' own, and running them is the engine's.
//!
//! Data flows one way, each record made from the one above it:
//!
//! ```text
//! Repository -> Outline (per file) -> Structure -> Plan -> Draft (per file) -> Trajectory -> Sequence
//! ```

mod author;
mod contain;
mod digest;
mod failure;
mod graph;
mod judge;
mod operator;
mod outline;
mod quality;
mod record;
mod repository;
mod request;
mod search;
mod sequence;
mod story;
mod suggest;
mod trajectory;

pub use author::{
    Answers, Author, AuthorError, Authored, Mode, ModelEnvironment, ModelStatus, Moment, Rewriting,
    Scene, Spent, Thought,
};
pub use contain::{Panicked, contain, is_contained};
pub use digest::{Digest, DigestParseError, Hasher};
pub use failure::{Failure, FailureKind, Stage};
pub use graph::{Edge, EdgeKind, Graph, Structure, Unresolved};
pub use judge::{Case, Judge, Likelihood, ScorerStatus, Unscored, Weighing};
pub use operator::{
    BuildError, Environment, Flatten, Flow, Halt, Mask, Operator, OrderFiles, OutlineFile,
    PlanRepository, SearchFile, SimulateFile, Work,
};
pub use outline::{Definition, DefinitionKind, Import, ImportedName, Outline, When};
pub use quality::Quality;
pub use record::{DraftRecord, Recalled};
pub use repository::{
    Classify, FileClass, LeftOut, Repository, Source, SourceError, SourceFile, is_settled,
};
pub use request::{Outcome, Request};
pub use search::{Decision, Gains, Searched, Searching, Trial, TrialScore, Variant};
pub use sequence::{Sequence, TokenSpan};
pub use story::{Draft, FilePlan, Plan, Step, Story};
pub use suggest::closest;
pub use trajectory::{Message, Span, SpanKind, ToolCall, Trajectory};
