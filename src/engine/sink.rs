//! Complete repositories to committed tables: every worker writes segments, worker 0 commits them.
//!
//! Credit goes home in two parts: bytes as soon as the rows are encoded, which take little room from then
//! on, and the repository itself when its rows are committed.

use std::collections::VecDeque;
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
use super::finish::finish;
use super::structure::Epoch;
use super::tally::Tally;
use crate::tables::{OutputError, Segment, SegmentWriter};

/// Segments that lie in the store, and what their commit will settle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sealed {
    segments: Vec<Segment>,
    credits: Vec<Credit>,
    tally: Tally,
}

/// Segments being written at once per worker: one repository is written to each at a time. Two, so that
/// the repositories of one worker can keep two compute threads busy when another worker has none.
const SLOTS: usize = 2;

/// Makes the rows of complete repositories and writes them to segments, which are sealed when they are
/// large, when they are old, or when no more will come. Gives sealed segments, and credit for the bytes
/// that repositories no longer hold.
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
                    slots: std::iter::repeat_with(Slot::default).take(SLOTS).collect(),
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

/// A segment in the making, with the repositories in it.
#[derive(Default)]
struct Open {
    segment: SegmentWriter,
    credits: Vec<Credit>,
    tally: Tally,
}

/// What a compute thread has done with a segment.
enum Outcome {
    /// The rows of a repository are in it, which holds no memory any more.
    Encoded(Box<Open>, Credit),
    /// It lies in the store.
    Sealed(Sealed),
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

impl Default for Slot {
    fn default() -> Self {
        Self { open: Some(Box::default()), capability: None, since: Instant::now() }
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
                    give(held, Ok(sealed));
                    *slot = Slot::default();
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

    /// Half the repositories of the window at most: the other half is being worked on meanwhile.
    fn is_due(&self, open: &Open, since: Instant) -> bool {
        let run = &self.shared.run.plan.run;
        let repositories = run.in_flight_repositories as usize / (2 * SLOTS);
        open.segment.bytes() >= run.seal_bytes
            || open.credits.len() >= repositories.max(1)
            || since.elapsed() >= self.age()
    }

    /// Makes the rows of a repository and writes them to the segment.
    fn encode(&self, slot: usize, mut open: Box<Open>, ticket: &Ticket) {
        let Ticket { repository, worker, bytes } = *ticket;
        self.spawn(slot, move |shared| {
            let tally = finish(repository, shared, &mut open.segment);
            shared.finishing.leave(bytes);
            open.tally.add(&tally?);
            open.credits.push(Credit { worker, repositories: 1, bytes: 0 });
            Ok(Outcome::Encoded(open, Credit { worker, repositories: 0, bytes }))
        });
    }

    /// Puts the segment into the store.
    fn seal(&self, slot: usize, open: Open) {
        self.spawn(slot, move |shared| {
            let Open { segment, credits, tally } = open;
            let segments = segment.close(&shared.store, &shared.runtime)?;
            Ok(Outcome::Sealed(Sealed { segments, credits, tally }))
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
        self.shared.pool.spawn_fifo(move || match work(&shared) {
            Ok(outcome) => {
                // An error means that the worker is gone, and nobody waits.
                let _ = sender.send((slot, outcome));
                let _ = activator.activate();
            }
            Err(error) => shared.run.control.fail(error.into()),
        });
    }
}

/// Commits segments on worker 0, one commit at a time with all that came meanwhile, and gives credit for
/// what is committed.
pub fn commit<'scope>(
    sealed: StreamVec<'scope, Epoch, Sealed>,
    shared: &Arc<Shared>,
) -> StreamVec<'scope, Epoch, Credit> {
    let shared = Arc::clone(shared);
    let worker = sealed.scope().worker().clone();
    let to_first_worker = Exchange::new(|_: &Sealed| 0);
    sealed.unary::<CapacityContainerBuilder<Vec<Credit>>, _, _, _>(
        to_first_worker,
        "commit",
        move |_, info| {
            let activator = Arc::new(worker.sync_activator_for(info.address.to_vec()));
            let (sender, committed) = channel::<Vec<Credit>>();
            let mut waiting = Sealed::default();
            let mut held = None::<Capability<Epoch>>;
            let mut under_way = None::<Capability<Epoch>>;
            move |input, output| {
                input.for_each(|time, batch| {
                    held.get_or_insert_with(|| time.retain(0));
                    for sealed in batch.drain(..) {
                        waiting.segments.extend(sealed.segments);
                        waiting.credits.extend(sealed.credits);
                        waiting.tally.add(&sealed.tally);
                    }
                });
                while let Ok(credits) = committed.try_recv() {
                    let capability = under_way.take().expect("a commit was under way");
                    output.session(&capability).give_iterator(credits.into_iter());
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
                            let _ = sender.send(group.credits);
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
