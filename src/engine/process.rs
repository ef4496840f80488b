//! Threads and processes: the one place that says how workers talk to each other, and the panic hook
//! that keeps a dead thread from leaving the others waiting for ever.

use std::sync::Arc;

use backstory_core::{Digest, is_contained};
use timely::dataflow::operators::{ConnectLoop, Feedback};
use timely::worker::Worker;
use timely::{CommunicationConfig, WorkerConfig};

use super::admit::{Admissions, Credit, admit};
use super::assemble::{assemble, count};
use super::draft::draft;
use super::resident::RepositoryId;
use super::sink::{commit, write};
use super::structure::{Epoch, Outlined, work_items};
use super::{RunError, Shared};

/// Exit code of a process in which a thread panicked: a bug of ours (`EX_SOFTWARE` of sysexits.h).
pub const EXIT_PANIC: u8 = 70;

/// Makes any panic end the process. A worker that is gone, or a task that never answers, would otherwise
/// leave the rest of the dataflow waiting. Those that are contained are broken inputs.
pub fn exit_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if is_contained() {
            return;
        }
        report(info);
        std::process::exit(i32::from(EXIT_PANIC));
    }));
}

/// Runs the dataflow on the workers of this process, until it is over or has failed.
pub fn execute(shared: &Arc<Shared>) -> Result<(), RunError> {
    let communication = match shared.run.workers {
        1 => CommunicationConfig::Thread,
        workers => CommunicationConfig::Process(workers),
    };
    let config = timely::Config { communication, worker: WorkerConfig::default() };
    let of_worker = Arc::clone(shared);
    let guards = timely::execute(config, move |worker| run_worker(worker, &of_worker))
        .map_err(RunError::Threads)?;
    for result in guards.join() {
        result.map_err(RunError::Threads)?;
    }
    shared.run.control.take_failure().map_or(Ok(()), Err)
}

fn run_worker(worker: &mut Worker, shared: &Arc<Shared>) {
    build(worker, shared);
    while worker.has_dataflows() && !shared.run.control.has_failed() {
        worker.step_or_park(None);
    }
    for dataflow in worker.installed_dataflows() {
        worker.drop_dataflow(dataflow);
    }
}

/// The digests of structures. The outlines behind the digests are those of the resident, which entered
/// before its rows did.
fn structures(shared: &Arc<Shared>) -> impl Fn(RepositoryId, Outlined<'_>) -> Digest + use<> {
    let shared = Arc::clone(shared);
    move |repository, _outlines| {
        let admitted = shared.residents.get(repository);
        admitted.resident().structure(&*shared.run.plan.order).1
    }
}

/// The dataflow: see the drawing at [`crate::engine`].
fn build(worker: &mut Worker, shared: &Arc<Shared>) {
    worker.dataflow::<Epoch, _, _>(|scope| {
        let (encoded, returned) = scope.feedback::<Vec<Credit>>(Epoch::default());
        let Admissions { changes, tickets } = admit(scope, returned, shared);
        let items = work_items(changes, structures(shared));
        let headers = count(items.clone(), tickets);
        let done = draft(items, shared);
        let complete = assemble(done, headers);
        let (sealed, credits) = write(complete, shared);
        credits.connect_loop(encoded);
        commit(sealed, shared);
    });
}
