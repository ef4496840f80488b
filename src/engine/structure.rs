//! The structural part: which files have to be worked on, as differential collections of digests.
//!
//! Even epochs carry real changes, odd epochs move repositories out of memory (and, once outputs are
//! updated in place, their stored state in). Times are totally ordered, so whatever is derived bears
//! the epoch of the latest change behind it; what is derived at an odd epoch is residency, not change,
//! and is dropped. So memory follows the window, not the corpus.

use std::sync::Arc;

use backstory_core::Digest;
use differential_dataflow::collection::AsCollection;
use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::operator::Operator;

use super::Shared;
use super::resident::RepositoryId;

/// Orders changes within a run; means nothing beyond it.
pub type Epoch = u64;

/// A file of a repository: path, digest of its body, digest of its outline.
pub type FileRow = (Arc<str>, Digest, Digest);

/// A change of the files, as differential sees it.
pub type Change = ((RepositoryId, FileRow), Epoch, isize);

/// A file to work on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkItem {
    /// Its repository.
    pub repository: RepositoryId,
    /// Its path.
    pub path: Arc<str>,
}

/// Files and structures to work items: an item for every file whose body or whose repository's
/// structure is new.
pub fn work_items<'scope>(
    changes: StreamVec<'scope, Epoch, Change>,
    shared: &Arc<Shared>,
) -> StreamVec<'scope, Epoch, WorkItem> {
    let shared = Arc::clone(shared);
    let files = changes.as_collection();
    let structures = files
        .clone()
        .map(|(repository, (path, _body, outline))| (repository, (path, outline)))
        .reduce(move |repository, _outlines, output| {
            // The outlines by digest are those of the resident: it entered before its rows did.
            let admitted = shared.residents.get(*repository);
            let resident = admitted.as_ref().as_ref().expect("a rejected repository has no rows");
            let (_, digest) = resident.structure(&*shared.run.plan.order);
            output.push((*digest, 1_isize));
        });
    files
        .map(|(repository, (path, body, _outline))| (repository, (path, body)))
        .join(structures)
        .consolidate()
        .inner
        .unary::<CapacityContainerBuilder<Vec<WorkItem>>, _, _, _>(
            Pipeline,
            "real changes",
            |_, _| {
                |input, output| {
                    input.for_each(|time, changes| {
                        let items = changes.drain(..).filter_map(real_change);
                        output.session(&time).give_iterator(items);
                    });
                }
            },
        )
}

type Joined = (RepositoryId, ((Arc<str>, Digest), Digest));

fn real_change((row, epoch, difference): (Joined, Epoch, isize)) -> Option<WorkItem> {
    let (repository, ((path, _body), _structure)) = row;
    (epoch % 2 == 0 && difference > 0).then_some(WorkItem { repository, path })
}
