//! When is a repository complete? When as many items are through as the structural part announced.
//!
//! The announcement waits for the structural frontier only, which nothing slow holds back; the items
//! themselves are counted as they come, whatever their time.

use std::collections::HashMap;

use differential_dataflow::Hashable as _;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::operator::Operator;

use super::admit::Ticket;
use super::resident::RepositoryId;
use super::structure::{Epoch, WorkItem};

/// A ticket with the number of its items.
pub type Header = (Ticket, u64);

/// Counts the items of each ticket, once no more can come.
pub fn count<'scope>(
    items: StreamVec<'scope, Epoch, WorkItem>,
    tickets: StreamVec<'scope, Epoch, Ticket>,
) -> StreamVec<'scope, Epoch, Header> {
    items.binary_frontier::<_, CapacityContainerBuilder<Vec<Header>>, _, _, _, _>(
        tickets,
        Exchange::new(|item: &WorkItem| item.repository.hashed()),
        Exchange::new(|ticket: &Ticket| ticket.repository.hashed()),
        "count",
        |_, _| {
            let mut counts = HashMap::<RepositoryId, u64>::new();
            let mut waiting = Vec::<(Capability<Epoch>, Ticket)>::new();
            move |(items, items_frontier), (tickets, tickets_frontier), output| {
                items.for_each(|_, items| {
                    for item in items.drain(..) {
                        *counts.entry(item.repository).or_default() += 1;
                    }
                });
                tickets.for_each(|time, tickets| {
                    let capability = time.retain(0);
                    waiting.extend(tickets.drain(..).map(|ticket| (capability.clone(), ticket)));
                });
                waiting.retain(|(capability, ticket)| {
                    let time = capability.time();
                    if items_frontier.less_equal(time) || tickets_frontier.less_equal(time) {
                        return true;
                    }
                    let count = counts.remove(&ticket.repository).unwrap_or(0);
                    output.session(capability).give((ticket.clone(), count));
                    false
                });
            }
        },
    )
}

/// Gives a ticket as soon as all its items are through.
pub fn assemble<'scope>(
    done: StreamVec<'scope, Epoch, RepositoryId>,
    headers: StreamVec<'scope, Epoch, Header>,
) -> StreamVec<'scope, Epoch, Ticket> {
    done.binary::<_, CapacityContainerBuilder<Vec<Ticket>>, _, _, _, _>(
        headers,
        Exchange::new(|repository: &RepositoryId| repository.hashed()),
        Exchange::new(|(ticket, _): &Header| ticket.repository.hashed()),
        "assemble",
        |_, _| {
            let mut partial = HashMap::<RepositoryId, Partial>::new();
            move |done, headers, output| {
                done.for_each(|time, repositories| {
                    for repository in repositories.drain(..) {
                        let entry = partial.entry(repository).or_default();
                        entry.outstanding -= 1;
                        if let Some(ticket) = entry.complete() {
                            partial.remove(&repository);
                            output.session(&time).give(ticket);
                        }
                    }
                });
                headers.for_each(|time, headers| {
                    for (ticket, count) in headers.drain(..) {
                        let repository = ticket.repository;
                        let entry = partial.entry(repository).or_default();
                        entry.outstanding += count as i64;
                        entry.ticket = Some(ticket);
                        if let Some(ticket) = entry.complete() {
                            partial.remove(&repository);
                            output.session(&time).give(ticket);
                        }
                    }
                });
            }
        },
    )
}

/// A repository of which something is missing: its header, or items.
#[derive(Default)]
struct Partial {
    /// Items announced less items through; below zero until the header is in.
    outstanding: i64,
    ticket: Option<Ticket>,
}

impl Partial {
    fn complete(&mut self) -> Option<Ticket> {
        if self.outstanding == 0 { self.ticket.take() } else { None }
    }
}
