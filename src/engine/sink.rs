//! Rows to committed tables: every worker writes segments, worker 0 commits them, and only then do the
//! tickets go home.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::operator::Operator;

use super::Shared;
use super::admit::Ticket;
use super::finish::Finished;
use super::structure::Epoch;
use super::tally::Tally;
use crate::tables::{RepositoryRows, Segment, write_segments};

/// Segments that lie in the store, and what their commit will settle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sealed {
    segments: Vec<Segment>,
    tickets: Vec<Ticket>,
    tally: Tally,
}

/// Rows that wait to be sealed.
struct Open {
    since: Instant,
    capability: Capability<Epoch>,
    finished: Vec<Finished>,
    bytes: u64,
    /// Bytes of the budget that they hold until they are committed.
    charged: u64,
}

/// Collects the rows of finished repositories and writes them as segments: when they are many, when they
/// are old, or when no more will come.
pub fn write<'scope>(
    finished: StreamVec<'scope, Epoch, Finished>,
    shared: &Arc<Shared>,
) -> StreamVec<'scope, Epoch, Sealed> {
    let shared = Arc::clone(shared);
    let worker = finished.scope().worker().clone();
    finished.unary_frontier::<CapacityContainerBuilder<Vec<Sealed>>, _, _, _>(
        Pipeline,
        "write",
        move |_, info| {
            let activator = worker.sync_activator_for(info.address.to_vec());
            let timer = worker.activator_for(info.address);
            let activator = Arc::new(activator);
            let (sender, written) = channel::<Sealed>();
            let age = Duration::from_secs(shared.run.plan.run.seal_seconds);
            let mut open = None::<Open>;
            let mut under_way = None;
            move |(input, frontier), output| {
                input.for_each(|time, batch| {
                    let open = open.get_or_insert_with(|| {
                        timer.activate_after(age);
                        Open {
                            since: Instant::now(),
                            capability: time.retain(0),
                            finished: vec![],
                            bytes: 0,
                            charged: 0,
                        }
                    });
                    for finished in batch.drain(..) {
                        open.bytes += finished.rows.bytes();
                        open.charged += finished.ticket.bytes;
                        open.finished.push(finished);
                    }
                });
                let over = frontier.frontier().is_empty();
                while let Ok(sealed) = written.try_recv() {
                    let capability = under_way.take().expect("a seal was under way");
                    output.session(&capability).give(sealed);
                }
                // One seal at a time: its rows are in memory three times, as rows, arrays and bytes.
                if under_way.is_none()
                    && open.as_ref().is_some_and(|open| over || is_due(open, &shared, age))
                    && let Some(open) = open.take()
                {
                    under_way = Some(open.capability);
                    let (shared, sender) = (Arc::clone(&shared), sender.clone());
                    let activator = Arc::clone(&activator);
                    let run = Arc::clone(&shared);
                    run.pool.spawn_fifo(move || {
                        if let Some(sealed) = seal(open.finished, &shared) {
                            let _ = sender.send(sealed);
                            let _ = activator.activate();
                        }
                    });
                }
            }
        },
    )
}

/// Half the window at most: the other half is being worked on meanwhile.
fn is_due(open: &Open, shared: &Shared, age: Duration) -> bool {
    let run = &shared.run.plan.run;
    open.bytes >= run.seal_bytes
        || open.finished.len() >= run.in_flight_repositories.div_ceil(2) as usize
        || open.charged >= run.in_flight_bytes.div_ceil(2)
        || open.since.elapsed() >= age
}

/// Writes the segments; none if the output failed, which ends the run.
fn seal(finished: Vec<Finished>, shared: &Shared) -> Option<Sealed> {
    let mut sealed = Sealed::default();
    let mut rows = RepositoryRows::default();
    for one in finished {
        sealed.tickets.push(one.ticket);
        sealed.tally.add(&one.tally);
        let one = Arc::unwrap_or_clone(one.rows);
        rows.trajectories.extend(one.trajectories);
        rows.sequences.extend(one.sequences);
        rows.errors.extend(one.errors);
    }
    match write_segments(rows, &shared.store, &shared.runtime) {
        Ok(segments) => {
            sealed.segments = segments;
            Some(sealed)
        }
        Err(error) => {
            shared.run.control.fail(error.into());
            None
        }
    }
}

/// Commits segments on worker 0, one commit at a time with all that came meanwhile, and gives back the
/// tickets of what is committed.
pub fn commit<'scope>(
    sealed: StreamVec<'scope, Epoch, Sealed>,
    shared: &Arc<Shared>,
) -> StreamVec<'scope, Epoch, Ticket> {
    let shared = Arc::clone(shared);
    let worker = sealed.scope().worker().clone();
    let to_first_worker = Exchange::new(|_: &Sealed| 0);
    sealed.unary::<CapacityContainerBuilder<Vec<Ticket>>, _, _, _>(
        to_first_worker,
        "commit",
        move |_, info| {
            let activator = Arc::new(worker.sync_activator_for(info.address.to_vec()));
            let (sender, committed) = channel::<Vec<Ticket>>();
            let mut waiting = Sealed::default();
            let mut held = None::<Capability<Epoch>>;
            let mut under_way = None::<Capability<Epoch>>;
            move |input, output| {
                input.for_each(|time, batch| {
                    held.get_or_insert_with(|| time.retain(0));
                    for sealed in batch.drain(..) {
                        waiting.segments.extend(sealed.segments);
                        waiting.tickets.extend(sealed.tickets);
                        waiting.tally.add(&sealed.tally);
                    }
                });
                while let Ok(tickets) = committed.try_recv() {
                    let capability = under_way.take().expect("a commit was under way");
                    output.session(&capability).give_iterator(tickets.into_iter());
                }
                if under_way.is_none() && held.is_some() {
                    under_way = held.take();
                    let group = std::mem::take(&mut waiting);
                    let (shared, sender) = (Arc::clone(&shared), sender.clone());
                    let activator = Arc::clone(&activator);
                    let runtime = shared.runtime.clone();
                    runtime.spawn(async move {
                        if commit_group(group.segments, &shared).await {
                            shared.run.progress.count_committed(&group.tally);
                            let _ = sender.send(group.tickets);
                            let _ = activator.activate();
                        }
                    });
                }
            }
        },
    )
}

async fn commit_group(segments: Vec<Segment>, shared: &Shared) -> bool {
    let mut output = shared.output.lock().await;
    // Whoever ends a failed run waits for the output once, and for no commit after that.
    if shared.run.control.has_failed() {
        return false;
    }
    let result = output.commit(segments).await;
    result.map_err(|error| shared.run.control.fail(error.into())).is_ok()
}
