//! Runs a resolved plan: the dataflow, its threads, and what bounds them.
//!
//! ```text
//! admit --(row, epoch, +-1)--> structure (differential) --> work items --> draft, one future per file
//!   ^                                                         |               |
//!   |                                                      headers ------> assemble per repository
//!   |                                                                         |
//!   +<------------------- bytes out of memory ---- finish and write (every worker)
//!   |                                                                         |
//!   +<-------------------- repositories committed ---- commit (worker 0) <----+
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
mod offload;
mod process;
mod resident;
mod sink;
mod structure;
mod tally;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::plan::Resolved;
use crate::tables::{Output, OutputError};

pub use allocator::give_memory_back;
pub use control::{Control, RunError};
pub use process::{EXIT_PANIC, exit_on_panic};
pub use tally::{Progress, Tally};

pub(crate) use finish::trajectory_id;
pub(crate) use resident::Resident;

use budget::Finishing;
use resident::{Residents, repository_id};

/// A run: everything that its threads share.
pub struct Run {
    /// The plan.
    pub plan: Resolved,
    /// Names of all repositories of the source.
    pub names: Vec<Arc<str>>,
    /// Repositories that have rows already, with the content they were made from.
    pub committed: HashMap<String, Option<String>>,
    /// Timely workers, and compute threads.
    pub workers: usize,
    /// Counts for whoever watches.
    pub progress: Arc<Progress>,
    /// Stops the run.
    pub control: Arc<Control>,
}

/// What the operators of one process share.
struct Shared {
    run: Run,
    residents: Residents,
    finishing: Finishing,
    pool: rayon::ThreadPool,
    runtime: tokio::runtime::Handle,
    output: Mutex<Output>,
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
        output: Mutex::new(output),
        store,
        run,
    });
    let result = process::execute(&shared);
    // A run that failed may leave a commit under way, which must not be cut off with the runtime.
    drop(runtime.block_on(shared.output.lock()));
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
