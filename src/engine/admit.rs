//! The source: reads repositories on the compute pool and admits them against a budget.
//!
//! Credit comes back per repository, in any order, so one slow repository holds one credit. At least one
//! repository is always let in, however large.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use backstory_core::{Digest, Failure, Repository};
use differential_dataflow::Hashable as _;
use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::{Scope, StreamVec};
use timely::progress::Antichain;
use timely::progress::operate::FrontierInterest;
use timely::scheduling::SyncActivator;

use super::budget::Budget;
use super::resident::{Admitted, RepositoryId, Resident, repository_id};
use super::structure::{Change, Epoch, FileRow};
use super::{Run, Shared};

/// A repository that is on its way through the flow, and who waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The repository.
    pub repository: RepositoryId,
    /// The worker whose budget it is charged to.
    pub worker: usize,
    /// Bytes charged.
    pub bytes: u64,
}

/// What comes back to the worker that charged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// The worker.
    pub worker: usize,
    /// Repositories whose rows are made.
    pub repositories: u64,
    /// Bytes that are out of memory.
    pub bytes: u64,
}

/// What the source gives.
pub struct Admissions<'scope> {
    /// Files that come and go.
    pub changes: StreamVec<'scope, Epoch, Change>,
    /// Repositories that were admitted at an epoch; a rejected one has no changes.
    pub tickets: StreamVec<'scope, Epoch, Ticket>,
}

/// How many repositories are read ahead of the budget per worker: their size is not known before.
const READ_AHEAD: usize = 2;

/// Builds the source. `returned` is not connected to the outputs, so that the circle is none for progress
/// tracking.
pub fn admit<'scope>(
    scope: Scope<'scope, Epoch>,
    returned: StreamVec<'scope, Epoch, Credit>,
    shared: &Arc<Shared>,
) -> Admissions<'scope> {
    let mut builder = OperatorBuilder::new("source".to_owned(), scope);
    let (changes_output, changes) = builder.new_output::<Vec<Change>>();
    let (tickets_output, tickets) = builder.new_output::<Vec<Ticket>>();
    let mut changes_output =
        OutputBuilder::<Epoch, CapacityContainerBuilder<Vec<Change>>>::from(changes_output);
    let mut tickets_output =
        OutputBuilder::<Epoch, CapacityContainerBuilder<Vec<Ticket>>>::from(tickets_output);
    let unconnected: [(usize, Antichain<Epoch>); 0] = [];
    let home = Exchange::new(|credit: &Credit| credit.worker as u64);
    let mut returned = builder.new_input_connection(returned, home, unconnected);
    builder.set_notify_for(0, FrontierInterest::Never);

    let address = builder.operator_info().address.to_vec();
    let worker = scope.worker().clone();
    let activator = move || worker.sync_activator_for(address.clone());
    shared.run.control.register(activator());
    let mut admission =
        Admission::new(Arc::clone(shared), scope.index(), scope.peers(), Box::new(activator));
    builder.build(move |capabilities| {
        let mut capabilities = Some(capabilities);
        move |_frontiers| {
            returned.for_each(|_, credits| {
                credits.drain(..).for_each(|credit| admission.give_back(&credit));
            });
            admission.start_reading();
            let arrivals = admission.arrivals();
            let Some(held) = &mut capabilities else { return };
            if !arrivals.is_empty() {
                let (gone, come, tickets) = admission.changes_of(&arrivals);
                let mut changes = changes_output.activate();
                advance(held, odd_after);
                let epoch = *held[0].time();
                let rows = gone.into_iter().map(|row| (row, epoch, -1));
                changes.session(&held[0]).give_iterator(rows);
                advance(held, |epoch| epoch + 1);
                let epoch = *held[0].time();
                let rows = come.into_iter().map(|row| (row, epoch, 1));
                changes.session(&held[0]).give_iterator(rows);
                tickets_output.activate().session(&held[1]).give_iterator(tickets.into_iter());
                advance(held, |epoch| epoch + 1);
            }
            if admission.is_over() {
                capabilities = None;
            }
        }
    });
    Admissions { changes, tickets }
}

fn odd_after(epoch: Epoch) -> Epoch {
    epoch | 1
}

fn advance(capabilities: &mut [Capability<Epoch>], to: impl Fn(Epoch) -> Epoch) {
    for capability in capabilities {
        let next = to(*capability.time());
        capability.downgrade(&next);
    }
}

type Row = (RepositoryId, FileRow);
/// A repository that was read and is to be admitted: its name, rows and charge.
struct Arrival {
    ticket: Ticket,
    rows: Vec<Row>,
}

/// State of the source of one worker.
struct Admission {
    shared: Arc<Shared>,
    worker: usize,
    names: std::vec::IntoIter<Arc<str>>,
    activator: Box<dyn Fn() -> SyncActivator>,
    sender: Sender<(Arc<str>, Option<Admitted>)>,
    read: Receiver<(Arc<str>, Option<Admitted>)>,
    budget: Budget,
    /// Read but not let in for want of room.
    waiting: VecDeque<(Arc<str>, Admitted)>,
    /// Repositories being read or waiting.
    reading: usize,
    /// Rows of the last batch, to leave memory with the next.
    window: Vec<Row>,
}

impl Admission {
    fn new(
        shared: Arc<Shared>,
        worker: usize,
        workers: usize,
        activator: Box<dyn Fn() -> SyncActivator>,
    ) -> Self {
        // The same partition as differential's, so that a repository stays on one worker.
        let mine =
            |name: &&Arc<str>| repository_id(name).hashed() % workers as u64 == worker as u64;
        let names = shared.run.names.iter().filter(mine).cloned().collect::<Vec<_>>();
        let (sender, read) = channel();
        let limits = shared.run.plan.run;
        Self {
            worker,
            names: names.into_iter(),
            activator,
            sender,
            read,
            budget: Budget::new(limits.in_flight_repositories.into(), limits.in_flight_bytes),
            waiting: VecDeque::new(),
            reading: 0,
            window: vec![],
            shared,
        }
    }

    fn give_back(&mut self, credit: &Credit) {
        self.budget.give_back(credit.repositories, credit.bytes);
    }

    /// Starts to read repositories, a few ahead of the budget.
    fn start_reading(&mut self) {
        while self.reading < READ_AHEAD && !self.shared.run.control.is_stopping() {
            let Some(name) = self.names.next() else { return };
            self.reading += 1;
            self.shared.run.progress.count_admitted();
            let (shared, sender) = (Arc::clone(&self.shared), self.sender.clone());
            let activator = (self.activator)();
            let pool = &self.shared.pool;
            pool.spawn_fifo(move || {
                let admitted = read(&shared, &name);
                // An error means that the worker is gone, and nobody waits.
                let _ = sender.send((name, admitted));
                let _ = activator.activate();
            });
        }
    }

    /// Lets in what was read and fits the budget.
    fn arrivals(&mut self) -> Vec<Arrival> {
        while let Ok((name, admitted)) = self.read.try_recv() {
            match admitted {
                Some(admitted) => self.waiting.push_back((name, admitted)),
                None => self.reading -= 1,
            }
        }
        let mut arrivals = vec![];
        while let Some((_, admitted)) = self.waiting.front() {
            let resident = admitted.resident.as_ref();
            let bytes = resident.map_or(0, |resident| resident.repository.bytes());
            if !self.budget.charge(bytes) {
                break;
            }
            let Some((name, admitted)) = self.waiting.pop_front() else { break };
            let repository = repository_id(&name);
            let resident = admitted.resident.as_ref();
            let rows = resident.map_or(vec![], |resident| rows(repository, resident));
            self.shared.residents.insert(name, admitted);
            self.reading -= 1;
            arrivals
                .push(Arrival { ticket: Ticket { repository, worker: self.worker, bytes }, rows });
        }
        // What was skipped or let in has made room.
        self.start_reading();
        arrivals
    }

    /// Rows that leave memory, rows that come, and the tickets of what comes.
    fn changes_of(&mut self, arrivals: &[Arrival]) -> (Vec<Row>, Vec<Row>, Vec<Ticket>) {
        let come = arrivals.iter().flat_map(|arrival| arrival.rows.clone()).collect::<Vec<_>>();
        let gone = std::mem::replace(&mut self.window, come.clone());
        let tickets = arrivals.iter().map(|arrival| arrival.ticket.clone()).collect();
        (gone, come, tickets)
    }

    fn is_over(&self) -> bool {
        let exhausted = self.names.len() == 0 || self.shared.run.control.is_stopping();
        exhausted && self.reading == 0
    }
}

fn rows(repository: RepositoryId, resident: &Resident) -> Vec<Row> {
    let files = resident.repository.files.iter().zip(&resident.outline_digests);
    files
        .map(|(file, outline)| (repository, (Arc::clone(&file.path), file.digest, *outline)))
        .collect()
}

/// Reads and outlines one repository. None if its rows are what they should be.
fn read(shared: &Shared, name: &Arc<str>) -> Option<Admitted> {
    let run = &shared.run;
    let Some((read, revision, content)) = read_if_new(run, name) else {
        run.progress.count_unchanged();
        return None;
    };
    let replaces = run.known.contains_key(&**name);
    let resident = read.map(|repository| {
        let simulations = run.plan.simulations.len();
        let mut resident = Resident::new(repository, &*run.plan.outline, simulations);
        resident.has_rows = replaces;
        // Here, on the compute pool, and not where a worker asks for it first.
        resident.structure(&*run.plan.order);
        resident
    });
    Some(Admitted { resident, content, revision, replaces })
}

/// A repository as it was read, the state that its source told of, and the digest of what was read.
type New = (Result<Repository, Failure>, Option<String>, Digest);

/// Reads a repository; none if its rows are what they should be.
pub fn read_if_new(run: &Run, name: &str) -> Option<New> {
    let source = &run.plan.source;
    let known = run.known.get(name);
    if known.is_some_and(|known| known.is_same_revision(source.revision(name).as_deref())) {
        return None;
    }
    let (read, revision) = source.read_with_revision(name);
    let content = match &read {
        Ok(repository) => repository.content(),
        Err(failure) => Digest::of(format!("{} {}", failure.kind.name(), failure.message)),
    };
    // What has rows is compared before it is parsed again.
    let is_new = !known.is_some_and(|known| known.is_same_content(content));
    is_new.then_some((read, revision, content))
}
