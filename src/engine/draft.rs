//! One future per file: its plan, then its draft, in each simulation of the plan file.

use std::sync::Arc;

use backstory_core::{Authored, Halt};
use timely::dataflow::StreamVec;
use timely::dataflow::operators::vec::Map;

use super::Shared;
use super::offload::offload;
use super::resident::{RepositoryId, Resident};
use super::structure::{Epoch, WorkItem};

/// Files under way per worker. A file waits for the world most of its time and costs little memory
/// beyond its repository's.
const FILES_IN_FLIGHT: usize = 1024;

/// Drafts every item in every simulation; the drafts stay with the resident, the identifier goes on.
pub fn draft<'scope>(
    items: StreamVec<'scope, Epoch, WorkItem>,
    shared: &Arc<Shared>,
) -> StreamVec<'scope, Epoch, RepositoryId> {
    if shared.run.plan.simulations.is_empty() {
        return items.map(|item| item.repository);
    }
    let shared = Arc::clone(shared);
    offload(items, "draft", FILES_IN_FLIGHT, move |item: WorkItem, reply| {
        let shared = Arc::clone(&shared);
        let runtime = shared.runtime.clone();
        runtime.spawn(async move {
            let admitted = shared.residents.get(item.repository);
            let resident = admitted.as_ref().as_ref().expect("a rejected repository has no items");
            let file = resident.file(&item.path);
            for simulation in 0..shared.run.plan.simulations.len() {
                draft_file(&shared, resident, simulation, file).await;
            }
            // Before the reply: who receives it may be the last to hold the repository.
            let repository = item.repository;
            drop(admitted);
            reply.send(repository);
        });
    })
}

async fn draft_file(shared: &Shared, resident: &Resident, simulation: usize, file: u32) {
    let plan = &shared.run.plan;
    let operators = &plan.simulations[simulation];
    let (structure, _) = resident.structure(&*plan.order);
    let story = &resident.stories[simulation];
    let ask = || async { operators.plan.plan(structure).await.then(|result| result.map(Arc::new)) };
    let planned = story.plan.get_or_init(ask).await;
    let draft = match &planned.result {
        Ok(plan) => {
            let draft = operators.simulate.simulate(structure, plan, file).await;
            draft.then(|result| result.map(Arc::new))
        }
        Err(halt) => Authored { result: Err(halt.clone()), requests: vec![] },
    };
    if let Err(Halt::Unavailable(why)) = &draft.result {
        shared.run.control.stop_because(why);
    }
    story.drafts[file as usize].get_or_init(|| draft);
}
