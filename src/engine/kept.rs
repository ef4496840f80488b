//! Drafts as they are kept between runs, so that a thought stays when nothing has changed but the contents of
//! files that were read before it.
//!
//! A draft is found by all that it was made of, apart from those contents. One that read what is there by now is
//! not taken from here: it is made again, of answers that are kept, which costs nothing and counts what was paid.

use backstory_core::{Digest, DraftRecord, Hasher, Recalled, Request, Structure};
use backstory_keep::{Place, Shelves};
use backstory_store::Location;
use serde::{Deserialize, Serialize};

use super::resident::{Drafted, Resident};
use crate::plan::{Drafter, Resolved};

/// Where in an output drafts are kept.
const DRAFTS: &str = "_backstory/drafts";

/// A draft, and the repository that it is of.
#[derive(Serialize, Deserialize)]
struct Entry {
    repository: String,
    draft: DraftRecord,
}

/// The repository that a kept draft is of, by the bytes of its object.
pub fn owner(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<Entry>(bytes).ok().map(|entry| entry.repository)
}

/// Where an output keeps drafts.
pub fn drafts(output: &Location) -> Shelves {
    let place = output.join(DRAFTS);
    Shelves::new(match place.local() {
        Some(path) => Place::Folder { path, own: true },
        None => Place::Store { location: place, own: true },
    })
}

/// Drafts of earlier runs into an output.
pub struct Kept {
    shelves: Shelves,
    grows: bool,
}

impl Kept {
    /// Those of an output, and more as they are made.
    pub fn of(output: &Location) -> Self {
        Self { shelves: drafts(output), grows: true }
    }

    /// Those of an output and no more, for a run that says what another one would pay. Theirs are paid.
    pub fn foreseen(output: &Location) -> Self {
        Self { shelves: drafts(output), grows: false }
    }

    /// The draft of that key, in terms of a structure. What cannot be read counts as absent: it is made again.
    pub async fn find(&self, key: Digest, structure: &Structure) -> Option<Recalled> {
        let bytes = self.shelves.read(key).await.ok()??;
        let mut found = serde_json::from_slice::<Entry>(&bytes).ok()?.draft.recall(structure)?;
        if !self.grows {
            found.requests = found.requests.into_iter().map(Request::unpaid).collect();
        }
        Some(found)
    }

    /// Keeps a draft, if drafts are kept. A power cut may take it back, and then it is made again.
    pub async fn keep(
        &self,
        key: Digest,
        structure: &Structure,
        drafted: &Drafted,
    ) -> Result<(), String> {
        let (true, Ok(draft)) = (self.grows, &drafted.draft.result) else { return Ok(()) };
        let draft = DraftRecord::of(structure, draft, &drafted.draft.requests, &drafted.trials);
        let entry = Entry { repository: structure.repository.name.clone(), draft };
        let bytes = serde_json::to_vec(&entry).map_err(|error| error.to_string())?;
        self.shelves.put(key, bytes.into()).await.map(drop)
    }
}

/// Digest of all that the draft of a file is made of in a simulation, apart from the contents of files that are
/// read. None where a draft costs nothing, or where thoughts are always asked for again; and as long as the
/// repository has no plan.
pub fn key(
    plan: &Resolved,
    resident: &Resident,
    structure: &Structure,
    simulation: usize,
    file: u32,
) -> Option<Digest> {
    let planned = resident.stories[plan.planned_by(simulation)].plan.get()?;
    let of_plan = planned.result.as_ref().ok()?;
    match &plan.simulations[simulation].drafter {
        Drafter::Simulate(_, simulator) => {
            if simulator.rethinks() {
                None
            } else {
                simulator.inputs(structure, of_plan, file)
            }
        }
        Drafter::Search(of, searcher) => {
            let drafted = |file| key(plan, resident, structure, *of, file);
            let simulated = drafted(file)?;
            let control = searcher.control(structure, file);
            let own = searcher.inputs(structure, of_plan, file, plan.mode(*of))?;
            let mut hasher = Hasher::new();
            hasher.field(simulated.0).field(own.0);
            if let Some(control) = control {
                hasher.field(drafted(control)?.0);
            }
            Some(hasher.finish())
        }
    }
}
