//! An operator whose work happens elsewhere: on the compute pool, on the async runtime, on a device.

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};

use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::operator::Operator;
use timely::scheduling::SyncActivator;

use super::structure::Epoch;

/// Where the result of one piece of work goes. Dropping it without an answer would hold its time open
/// for ever; a panic, the only way to do so, ends the process.
pub struct Reply<O> {
    slot: usize,
    sender: Sender<(usize, O)>,
    activator: SyncActivator,
}

impl<O> Reply<O> {
    /// Hands the result back to the operator.
    pub fn send(self, output: O) {
        // Queue first, then wake. An error means that the worker is gone, and nobody waits.
        let _ = self.sender.send((self.slot, output));
        let _ = self.activator.activate();
    }
}

/// Starts work for each record and gives its results as they come, at the time of their record; at most
/// `limit` pieces are under way per worker. `start` must not block.
pub fn offload<'scope, I: Clone + 'static, O: Clone + 'static>(
    input: StreamVec<'scope, Epoch, I>,
    name: &str,
    limit: usize,
    start: impl Fn(I, Reply<O>) + 'static,
) -> StreamVec<'scope, Epoch, O> {
    let worker = input.scope().worker().clone();
    input.unary::<CapacityContainerBuilder<Vec<O>>, _, _, _>(Pipeline, name, move |_, info| {
        let address = info.address.to_vec();
        let (sender, results) = channel::<(usize, O)>();
        let mut waiting = VecDeque::<(Capability<Epoch>, I)>::new();
        let mut slots = (0..limit).map(|_| None).collect::<Vec<Option<Capability<Epoch>>>>();
        let mut free = (0..limit).rev().collect::<Vec<_>>();
        move |input, output| {
            input.for_each(|time, records| {
                let capability = time.retain(0);
                waiting.extend(records.drain(..).map(|record| (capability.clone(), record)));
            });
            while let Ok((slot, result)) = results.try_recv() {
                let capability = slots[slot].take().expect("a slot under way holds a capability");
                free.push(slot);
                output.session(&capability).give(result);
            }
            while let Some(slot) = free.pop() {
                let Some((capability, record)) = waiting.pop_front() else {
                    free.push(slot);
                    break;
                };
                slots[slot] = Some(capability);
                let activator = worker.sync_activator_for(address.clone());
                start(record, Reply { slot, sender: sender.clone(), activator });
            }
        }
    })
}
