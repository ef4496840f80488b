//! A draft as it is kept between runs.
//!
//! Responsible for naming files in a way that outlives changes elsewhere in their repository, and for telling
//! whether what a draft read is what it was. Not responsible for where records are kept, nor for whether what
//! else a draft is made of is what it was: see [`crate::SimulateFile::inputs`].

use std::collections::HashMap;
use std::iter::once;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Digest, Draft, Request, Step, Structure, Trial};

/// Raised whenever what is kept means something else than before.
const VERSION: u32 = 1;

/// A draft with what was asked and compared for it. Files are named by their paths, and contents by their
/// digests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DraftRecord {
    version: u32,
    /// Every file that is named below, where it is named by its place here.
    files: Vec<Named>,
    draft: Draft,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    requests: Vec<Request>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trials: Vec<Trial>,
}

/// A file as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    path: Arc<str>,
    digest: Digest,
}

/// What was on record of a draft, in terms of a structure.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// The draft.
    pub draft: Draft,
    /// What was asked of models for it, in order.
    pub requests: Vec<Request>,
    /// What was compared for it, in order.
    pub trials: Vec<Trial>,
    /// Whether a file that it reads, or that was asked for and did not fit, has another content by now.
    pub changed: bool,
}

impl DraftRecord {
    /// The record of a draft that was made in `structure`.
    pub fn of(
        structure: &Structure,
        draft: &Draft,
        requests: &[Request],
        trials: &[Trial],
    ) -> Self {
        let (mut draft, mut requests, mut trials) =
            (draft.clone(), requests.to_vec(), trials.to_vec());
        let mut files = vec![];
        let mut places = HashMap::new();
        for file in named(&mut draft, &mut requests, &mut trials) {
            *file = *places.entry(*file).or_insert_with(|| {
                let source = &structure.repository.files[*file as usize];
                files.push(Named { path: Arc::clone(&source.path), digest: source.digest });
                files.len() as u32 - 1
            });
        }
        Self { version: VERSION, files, draft, requests, trials }
    }

    /// What is on record, in terms of `structure`. None if a file that it names is not there, or if the record
    /// is of another version.
    pub fn recall(self, structure: &Structure) -> Option<Recalled> {
        let Self { version, files, mut draft, mut requests, mut trials } = self;
        if version != VERSION {
            return None;
        }
        let sources = &structure.repository.files;
        let place =
            |named: &Named| sources.binary_search_by(|file| file.path.cmp(&named.path)).ok();
        let places: Vec<_> = files.iter().map(place).collect::<Option<_>>()?;
        for file in named(&mut draft, &mut requests, &mut trials) {
            *file = *places.get(*file as usize)? as u32;
        }
        let digests: HashMap<_, _> =
            places.iter().zip(&files).map(|(&place, named)| (place as u32, named.digest)).collect();
        let differs = |file: &u32| digests.get(file) != Some(&sources[*file as usize].digest);
        let changed = asked_for(&draft).any(differs);
        Some(Recalled { draft, requests, trials, changed })
    }
}

/// Every place where a file is named.
fn named<'a>(
    draft: &'a mut Draft,
    requests: &'a mut [Request],
    trials: &'a mut [Trial],
) -> impl Iterator<Item = &'a mut u32> {
    let Draft { file, steps, unread, .. } = draft;
    let steps = steps.iter_mut().filter_map(|step| match step {
        Step::Think(_) => None,
        Step::Read(file) | Step::Observation(file) | Step::Write(file) => Some(file),
    });
    let requests = requests.iter_mut().filter_map(|request| request.file.as_mut());
    let trials = trials.iter_mut().map(|trial| &mut trial.file);
    once(file).chain(steps).chain(unread).chain(requests).chain(trials)
}

/// The files that a draft asked to read.
fn asked_for(draft: &Draft) -> impl Iterator<Item = &u32> {
    let read = draft.steps.iter().filter_map(|step| match step {
        Step::Read(file) => Some(file),
        _ => None,
    });
    read.chain(&draft.unread)
}

#[cfg(test)]
mod tests;
