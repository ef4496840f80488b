//! Runs a resolved plan: the dataflow, its threads, and what bounds them.
//!
//! ```text
//! admit --(row, epoch, +-1)--> structure (differential) --> work items --> draft, one future per file
//!   ^                                                         |               |
//!   |                                                      headers ------> assemble per repository
//!   |                                                                         |
//!   +<-------------------- out of memory --------- finish and write (every worker)
//!                                                                             |
//!                                               commit (worker 0) <-----------+
//! ```
//!
//! Responsible for order, concurrency, memory and stopping. Not responsible for what operators do
//! ([`backstory_core`]) nor for what a table is ([`crate::tables`]).
//!
//! Three kinds of threads: timely workers, which only move records and never block; a compute pool of as
//! many threads, where files are read, parsed, flattened, tokenised and compressed; and a tokio runtime
//! for whatever waits for the world. Digests travel between operators; bodies stay in [`Residents`].
//!
//! No differential arrangement and no frontier wait lies behind a step that may wait for the world, so
//! that one slow repository holds back none but itself.

mod admit;
mod allocator;
mod assemble;
mod budget;
mod control;
mod draft;
mod finish;
mod kept;
mod offload;
mod process;
mod resident;
mod sink;
mod structure;
mod tally;

use std::collections::HashMap;
use std::sync::Arc;

use backstory_core::Digest;
use tokio::sync::Mutex;

use crate::plan::Resolved;
use crate::tables::{Output, OutputError, RepositoryRow};

pub use allocator::give_memory_back;
pub use control::{Control, RunError};
pub use process::{EXIT_PANIC, exit_on_panic};
pub use tally::{Progress, Tally};

pub(crate) use finish::trajectory_id;
pub use kept::Kept;
pub(crate) use kept::{drafts, owner as draft_owner};
pub(crate) use resident::Resident;

use budget::Finishing;
use resident::{Residents, repository_id};

/// A run: everything that its threads share.
pub struct Run {
    /// The plan.
    pub plan: Resolved,
    /// Names of all repositories of the source.
    pub names: Vec<Arc<str>>,
    /// Repositories that have rows already.
    pub known: HashMap<String, Known>,
    /// Drafts of those.
    pub kept: Kept,
    /// Timely workers, and compute threads.
    pub workers: usize,
    /// Counts for whoever watches.
    pub progress: Arc<Progress>,
    /// Stops the run.
    pub control: Arc<Control>,
}

/// What is known of a repository that has rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the rows were made from.
    pub content: Digest,
    /// Digest of what the source told of its state; none if that could not be told.
    pub revision: Option<Digest>,
    /// Whether the plan at hand made them.
    pub current: bool,
}

impl Known {
    /// By its row in `repositories`, for who runs a plan of this digest.
    pub fn of(row: &RepositoryRow, plan_hash: &str) -> Self {
        Self {
            content: row.content_id.parse().unwrap_or_else(|_| Digest::of(&row.content_id)),
            revision: row.revision.as_ref().map(Digest::of),
            current: row.plan_hash == plan_hash,
        }
    }

    /// Whether rows are still what they should be, as far as the state tells that its source is in.
    pub fn is_same_revision(&self, revision: Option<&str>) -> bool {
        self.current && revision.is_some() && self.revision == revision.map(Digest::of)
    }

    /// The same by what was read.
    pub fn is_same_content(&self, content: Digest) -> bool {
        self.current && self.content == content
    }
}

/// What the operators of one process share.
struct Shared {
    run: Run,
    residents: Residents,
    finishing: Finishing,
    pool: rayon::ThreadPool,
    runtime: tokio::runtime::Handle,
    /// None once the run is over.
    output: Mutex<Option<Output>>,
    store: Arc<dyn object_store::ObjectStore>,
}

/// Runs to the end of the source, or until [`Control`] stops it. What is committed then is final.
pub fn run(run: Run, output: Output, runtime: &tokio::runtime::Handle) -> Result<(), RunError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(run.workers)
        .thread_name(|index| format!("compute-{index}"))
        .build()
        .map_err(|error| RunError::Threads(error.to_string()))?;
    check_identifiers(&run.names)?;
    let store = output.store();
    let shared = Arc::new(Shared {
        residents: Residents::default(),
        finishing: Finishing::new(finishing_bytes(&run)),
        pool,
        runtime: runtime.clone(),
        output: Mutex::new(Some(output)),
        store,
        run,
    });
    let result = process::execute(&shared);
    // A run that failed may leave uploads and a commit under way, which must not be cut off with the runtime.
    shared.pool.broadcast(|_| ());
    let output = runtime.block_on(shared.output.lock()).take();
    if let Some(output) = output {
        runtime.block_on(output.close());
    }
    result
}

/// Bytes of repositories whose rows are made at a time: half of what may be under way.
fn finishing_bytes(run: &Run) -> u64 {
    run.plan.run.in_flight_bytes / 2 * run.workers as u64
}

/// Identifiers are 64 bits of a digest of the name; two names that share one would share everything.
fn check_identifiers(names: &[Arc<str>]) -> Result<(), RunError> {
    let mut known = HashMap::new();
    for name in names {
        if let Some(other) = known.insert(repository_id(name), name) {
            return Err(RunError::SameIdentifier(other.to_string(), name.to_string()));
        }
    }
    Ok(())
}

impl From<OutputError> for RunError {
    fn from(error: OutputError) -> Self {
        Self::Output(error)
    }
}
