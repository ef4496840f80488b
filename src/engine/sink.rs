//! Complete repositories to committed tables: every worker writes segments, worker 0 commits them.
//!
//! Credit goes home as soon as rows are encoded: what waits for its commit lies in the store.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::generic::operator::Operator;
use timely::dataflow::operators::{Capability, OkErr};
use timely::scheduling::{Activator, SyncActivator};

use super::Shared;
use super::admit::{Credit, Ticket};
use super::finish::{Finished, finish};
use super::structure::Epoch;
use super::tally::Tally;
use crate::tables::{Change, Operation, OutputError, SegmentWriter};

/// Segments that lie in the store, and what their commit will settle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sealed {
    change: Change,
    tally: Tally,
}

/// Segments being written at once per worker: one repository is written to each at a time. Two, so that
/// the repositories of one worker can keep two compute threads busy when another worker has none.
const SLOTS: usize = 2;

/// Makes the rows of complete repositories and writes them to segments, which are sealed when they are
/// large, when they are old, or when no more will come. Gives sealed segments, and credit for repositories
/// that hold no memory any more.
pub fn write<'scope>(
    complete: StreamVec<'scope, Epoch, Ticket>,
    shared: &Arc<Shared>,
) -> (StreamVec<'scope, Epoch, Sealed>, StreamVec<'scope, Epoch, Credit>) {
    let shared = Arc::clone(shared);
    let index = complete.scope().index();
    let worker = complete.scope().worker().clone();
    complete
        .unary_frontier::<CapacityContainerBuilder<Vec<Result<Sealed, Credit>>>, _, _, _>(
            Pipeline,
            "write",
            move |_, info| {
                let activator = || worker.sync_activator_for(info.address.to_vec());
                shared.finishing.register(index, activator());
                let (sender, outcomes) = channel();
                let mut writer = Writer {
                    worker: index,
                    waiting: VecDeque::new(),
                    slots: (0..SLOTS).map(|_| Slot::new(&shared)).collect(),
                    pool: Pool { shared, sender, activator: Arc::new(activator()) },
                    outcomes,
                    timer: worker.activator_for(info.address),
                };
                move |(input, frontier), output| {
                    input.for_each(|time, tickets| {
                        let capability = time.retain(0);
                        let tickets = tickets.drain(..);
                        writer.waiting.extend(tickets.map(|ticket| (capability.clone(), ticket)));
                    });
                    writer.receive(|capability, outcome| {
                        output.session(capability).give(outcome);
                    });
                    writer.seal(frontier.frontier().is_empty());
                    writer.start();
                }
            },
        )
        .ok_err(|outcome| outcome)
}

/// A segment in the making, with what its commit will change.
struct Open {
    segment: SegmentWriter,
    change: Change,
    tally: Tally,
}

impl Open {
    fn new(shared: &Shared) -> Self {
        let segment = SegmentWriter::new(Arc::clone(&shared.store), shared.runtime.clone());
        Self { segment, change: Change::default(), tally: Tally::default() }
    }

    /// Takes in a repository whose rows are in the segment.
    fn add(&mut self, finished: &Finished) {
        self.tally.add(&finished.tally);
        self.change.recorded.extend(&finished.recorded);
        match (finished.tally.abandoned, finished.replaces) {
            (0, true) => {
                self.change.replaced.insert(finished.name.to_string());
            }
            (0, false) => self.change.added += 1,
            _ => {}
        }
    }
}

/// What a compute thread has done with a segment.
enum Outcome {
    /// The rows of a repository are in it, which holds no memory any more.
    Encoded(Box<Open>, Credit),
    /// It lies in the store.
    Sealed(Box<Sealed>),
}

/// A place for one segment at a time.
struct Slot {
    /// None while a compute thread has it.
    open: Option<Box<Open>>,
    /// Held from the first repository of a segment until the segment is sealed.
    capability: Option<Capability<Epoch>>,
    /// When the first repository came.
    since: Instant,
}

impl Slot {
    fn new(shared: &Shared) -> Self {
        Self { open: Some(Box::new(Open::new(shared))), capability: None, since: Instant::now() }
    }
}

/// State of the writer of one worker.
struct Writer {
    worker: usize,
    waiting: VecDeque<(Capability<Epoch>, Ticket)>,
    slots: Vec<Slot>,
    pool: Pool,
    outcomes: Receiver<(usize, Outcome)>,
    timer: Activator,
}

impl Writer {
    /// Takes back segments from compute threads.
    fn receive(&mut self, mut give: impl FnMut(&Capability<Epoch>, Result<Sealed, Credit>)) {
        while let Ok((slot, outcome)) = self.outcomes.try_recv() {
            let slot = &mut self.slots[slot];
            let held = slot.capability.as_ref().expect("a slot under way holds a capability");
            match outcome {
                Outcome::Encoded(open, credit) => {
                    give(held, Err(credit));
                    slot.open = Some(open);
                }
                Outcome::Sealed(sealed) => {
                    give(held, Ok(*sealed));
                    *slot = Slot::new(&self.pool.shared);
                }
            }
        }
    }

    /// Seals the segments that are due; all of them when nothing more will come.
    fn seal(&mut self, over: bool) {
        let over = over && self.waiting.is_empty();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let due = |open: &mut Box<Open>| over || self.pool.is_due(open, slot.since);
            if slot.capability.is_some()
                && let Some(open) = slot.open.take_if(due)
            {
                self.pool.seal(index, *open);
            }
        }
    }

    /// Starts to write the repositories that wait, as far as there are slots and room.
    fn start(&mut self) {
        for (index, slot) in
            self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.open.is_some())
        {
            let Some((_, ticket)) = self.waiting.front() else { return };
            if !self.pool.shared.finishing.enter(self.worker, ticket.bytes) {
                return;
            }
            let next = slot.open.take().zip(self.waiting.pop_front());
            let Some((open, (capability, ticket))) = next else { return };
            slot.capability.get_or_insert_with(|| {
                slot.since = Instant::now();
                self.timer.activate_after(self.pool.age());
                capability
            });
            self.pool.encode(index, open, &ticket);
        }
    }
}

/// The way to the compute threads and back.
struct Pool {
    shared: Arc<Shared>,
    sender: Sender<(usize, Outcome)>,
    activator: Arc<SyncActivator>,
}

impl Pool {
    fn age(&self) -> Duration {
        Duration::from_secs(self.shared.run.plan.run.seal_seconds)
    }

    fn is_due(&self, open: &Open, since: Instant) -> bool {
        open.segment.largest() >= self.shared.run.plan.run.seal_bytes
            || since.elapsed() >= self.age()
    }

    /// Makes the rows of a repository and writes them to the segment.
    fn encode(&self, slot: usize, mut open: Box<Open>, ticket: &Ticket) {
        let Ticket { repository, worker, bytes } = *ticket;
        self.spawn(slot, move |shared| {
            let finished = finish(repository, shared, &mut open.segment);
            shared.finishing.leave(bytes);
            open.add(&finished?);
            Ok(Outcome::Encoded(open, Credit { worker, repositories: 1, bytes }))
        });
    }

    /// Puts the segment into the store.
    fn seal(&self, slot: usize, open: Open) {
        self.spawn(slot, |_shared| {
            let Open { segment, mut change, tally } = open;
            change.add = segment.close()?;
            Ok(Outcome::Sealed(Box::new(Sealed { change, tally })))
        });
    }

    /// Runs `work` on a compute thread; an error ends the run.
    fn spawn(
        &self,
        slot: usize,
        work: impl FnOnce(&Shared) -> Result<Outcome, OutputError> + Send + 'static,
    ) {
        let (shared, sender) = (Arc::clone(&self.shared), self.sender.clone());
        let activator = Arc::clone(&self.activator);
        self.shared.pool.spawn_fifo(move || {
            if shared.run.control.has_failed() {
                return;
            }
            match work(&shared) {
                Ok(outcome) => {
                    // An error means that the worker is gone, and nobody waits.
                    let _ = sender.send((slot, outcome));
                    let _ = activator.activate();
                }
                Err(error) => shared.run.control.fail(error.into()),
            }
        });
    }
}

/// How many times as long as a commit that replaces rows took nothing is replaced again: each makes data files
/// again that other repositories share, and so many changes should share one.
const REST: u32 = 9;

/// Commits segments on worker 0, one commit at a time with all that came meanwhile.
pub fn commit(sealed: StreamVec<'_, Epoch, Sealed>, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    let worker = sealed.scope().worker().clone();
    let to_first_worker = Exchange::new(|_: &Sealed| 0);
    let _no_output = sealed.unary_frontier::<CapacityContainerBuilder<Vec<()>>, _, _, _>(
        to_first_worker,
        "commit",
        move |_, info| {
            let timer = worker.activator_for(Rc::clone(&info.address));
            let activator = Arc::new(worker.sync_activator_for(info.address.to_vec()));
            let (sender, committed) = channel();
            let mut waiting = Sealed::default();
            let mut held = None::<Capability<Epoch>>;
            let mut under_way = None::<Capability<Epoch>>;
            let mut rested = Instant::now();
            move |(input, frontier), _output| {
                input.for_each(|time, batch| {
                    held.get_or_insert_with(|| time.retain(0));
                    for sealed in batch.drain(..) {
                        waiting.change.extend(sealed.change);
                        waiting.tally.add(&sealed.tally);
                    }
                });
                while let Ok(rest) = committed.try_recv() {
                    under_way = None;
                    rested = Instant::now() + rest;
                }
                if under_way.is_some() || held.is_none() {
                    return;
                }
                let rest = rested.saturating_duration_since(Instant::now());
                let replaces = !waiting.change.replaced.is_empty();
                if replaces && !rest.is_zero() && !frontier.frontier().is_empty() {
                    timer.activate_after(rest);
                    return;
                }
                under_way = held.take();
                let group = std::mem::take(&mut waiting);
                let (shared, sender) = (Arc::clone(&shared), sender.clone());
                let activator = Arc::clone(&activator);
                shared.runtime.clone().spawn(async move {
                    let begin = Instant::now();
                    if commit_group(group.change, &shared).await {
                        shared.run.progress.count_committed(&group.tally);
                        let rest = if replaces { begin.elapsed() * REST } else { Duration::ZERO };
                        // An error means that the worker is gone, and nobody waits.
                        let _ = sender.send(rest);
                        let _ = activator.activate();
                    }
                });
            }
        },
    );
}

async fn commit_group(change: Change, shared: &Shared) -> bool {
    let mut output = shared.output.lock().await;
    // Whoever ends a failed run waits for the output once, and for no commit after that.
    let Some(output) = output.as_mut().filter(|_| !shared.run.control.has_failed()) else {
        return false;
    };
    // Repositories that were abandoned leave nothing behind.
    if change.add.is_empty() {
        return true;
    }
    let result = output.commit(Operation::Run, change).await;
    result.map_err(|error| shared.run.control.fail(error.into())).is_ok()
}
