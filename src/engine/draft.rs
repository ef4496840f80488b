//! One future per file: its plan, then its draft, then the search over its thoughts, in each simulation of the
//! plan file.

use std::sync::Arc;

use backstory_core::{
    Authored, Draft, Halt, Plan, PlanRepository, Recalled, SearchFile, Searched, Searching,
    SimulateFile, Structure,
};
use timely::dataflow::StreamVec;
use timely::dataflow::operators::vec::Map;

use super::offload::offload;
use super::resident::{Drafted, RepositoryId, Resident};
use super::structure::{Epoch, WorkItem};
use super::{Shared, kept};
use crate::plan::Drafter;

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
            let resident = admitted.resident();
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

/// The draft of a file in one simulation: made by whoever asks first.
async fn draft_file<'a>(
    shared: &Shared,
    resident: &'a Resident,
    simulation: usize,
    file: u32,
) -> &'a Drafted {
    let make = || async {
        let made = keep_or_make(shared, resident, simulation, file).await;
        if let Err(Halt::Unavailable(why)) = &made.draft.result {
            shared.run.control.stop_because(why);
        }
        made
    };
    resident.stories[simulation].drafts[file as usize].get_or_init(make).await
}

/// The draft that there was, if all it was made of is still the same but the contents of what it reads; or
/// another one.
async fn keep_or_make(
    shared: &Shared,
    resident: &Resident,
    simulation: usize,
    file: u32,
) -> Drafted {
    let plan = &shared.run.plan;
    let (structure, _) = resident.structure(&*plan.order);
    if let Drafter::Simulate(planner, _) = &plan.simulations[plan.planned_by(simulation)].drafter {
        plan_repository(resident, structure, plan.planned_by(simulation), &**planner).await;
    }
    let key = kept::key(plan, resident, structure, simulation, file);
    let found = match key.filter(|_| resident.has_rows) {
        Some(key) => shared.run.kept.find(key, structure).await,
        None => None,
    };
    let is_known = match found {
        Some(found) if found.changed => return kept(found),
        found => found.is_some(),
    };
    let made = make(shared, resident, structure, simulation, file).await;
    if let Some(key) = key.filter(|_| !is_known)
        && let Err(why) = shared.run.kept.keep(key, structure, &made).await
    {
        return halted(&Halt::Unavailable(format!("drafts cannot be kept: {why}")));
    }
    made
}

fn kept(Recalled { draft, requests, trials, .. }: Recalled) -> Drafted {
    let draft = Arc::new(Draft { kept: true, ..draft });
    Drafted { draft: Authored { result: Ok(draft), requests }, trials }
}

async fn make(
    shared: &Shared,
    resident: &Resident,
    structure: &Structure,
    simulation: usize,
    file: u32,
) -> Drafted {
    match &shared.run.plan.simulations[simulation].drafter {
        Drafter::Simulate(planner, simulator) => {
            let by_plan = plan_repository(resident, structure, simulation, &**planner).await;
            simulate(structure, by_plan, &**simulator, file).await
        }
        Drafter::Search(of, searcher) => search(shared, resident, *of, &**searcher, file).await,
    }
}

async fn simulate(
    structure: &Structure,
    planned: &Authored<Arc<Plan>, Halt>,
    simulator: &dyn SimulateFile,
    file: u32,
) -> Drafted {
    let plan = match &planned.result {
        Ok(plan) => plan,
        Err(halt) => return halted(halt),
    };
    let draft = simulator.simulate(structure, plan, file).await;
    Drafted { draft: draft.then(|draft| draft.map(Arc::new)), trials: vec![] }
}

/// Searches the draft of a file in the simulation `of`.
async fn search(
    shared: &Shared,
    resident: &Resident,
    of: usize,
    searcher: &dyn SearchFile,
    file: u32,
) -> Drafted {
    let plan = &shared.run.plan;
    let (structure, _) = resident.structure(&*plan.order);
    // A simulation builds on those before it alone, so this comes to an end.
    let drafted = |file| Box::pin(draft_file(shared, resident, of, file));
    let simulated = match &drafted(file).await.draft.result {
        Ok(simulated) => simulated,
        Err(halt) => return halted(halt),
    };
    let control = match searcher.control(structure, file) {
        Some(control) => drafted(control).await.draft.result.as_ref().ok(),
        None => None,
    };
    let searching = Searching {
        structure,
        plan: resident.plan(plan.planned_by(of)),
        draft: simulated,
        mode: plan.mode(of),
        control: control.map(|control| &**control),
    };
    let Searched { draft, trials } = searcher.search(&searching).await;
    Drafted { draft: draft.then(|draft| draft.map(Arc::new)), trials }
}

async fn plan_repository<'a>(
    resident: &'a Resident,
    structure: &Structure,
    simulation: usize,
    planner: &dyn PlanRepository,
) -> &'a Authored<Arc<Plan>, Halt> {
    let ask = || async { planner.plan(structure).await.then(|result| result.map(Arc::new)) };
    resident.stories[simulation].plan.get_or_init(ask).await
}

/// What comes of a file whose repository has no plan, or that has no draft to go on from.
fn halted(halt: &Halt) -> Drafted {
    let draft = Authored { result: Err(halt.clone()), requests: vec![] };
    Drafted { draft, trials: vec![] }
}
