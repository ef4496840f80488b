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

use super::resident::RepositoryId;

/// Orders changes within a run; means nothing beyond it.
pub type Epoch = u64;

/// A file of a repository: path, digest of its body, digest of its outline.
pub type FileRow = (Arc<str>, Digest, Digest);

/// A change of the files, as differential sees it.
pub type Change = ((RepositoryId, FileRow), Epoch, isize);

/// A file to work on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkItem {
    /// Its repository.
    pub repository: RepositoryId,
    /// Its path.
    pub path: Arc<str>,
}

/// The files of a repository as its structure sees them: paths and digests of outlines.
pub type Outlined<'a> = &'a [(&'a (Arc<str>, Digest), isize)];

/// Files to work items: an item for every file whose body is new, or whose repository's structure is.
/// `structure` gives the digest of the structure that follows from some outlines.
pub fn work_items(
    changes: StreamVec<'_, Epoch, Change>,
    structure: impl Fn(RepositoryId, Outlined<'_>) -> Digest + 'static,
) -> StreamVec<'_, Epoch, WorkItem> {
    let files = changes.as_collection();
    let structures = files
        .clone()
        .map(|(repository, (path, _body, outline))| (repository, (path, outline)))
        .reduce(move |repository, outlines, output| {
            output.push((structure(*repository, outlines), 1_isize));
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

#[cfg(test)]
mod tests {
    //! Which items follow from which changes, against the table of edits that the engine is built on.

    use std::collections::BTreeSet;
    use std::sync::mpsc::channel;

    use backstory_core::Hasher;
    use timely::dataflow::InputHandle;
    use timely::dataflow::operators::{Input, Inspect, Probe};

    use super::*;

    /// A file as (path, body, outline).
    type File = (&'static str, &'static str, &'static str);

    fn row((path, body, outline): File) -> (RepositoryId, FileRow) {
        (7, (path.into(), Digest::of(body), Digest::of(outline)))
    }

    /// Here a structure is no more than its outlines.
    fn structure(_: RepositoryId, outlines: Outlined<'_>) -> Digest {
        let mut hasher = Hasher::new();
        for ((path, outline), _) in outlines {
            hasher.field(&**path).field(outline.0);
        }
        hasher.finish()
    }

    /// The paths of the items that each epoch of changes leads to.
    fn items(epochs: Vec<Vec<(File, isize)>>) -> Vec<BTreeSet<String>> {
        let last = epochs.len();
        let (sender, receiver) = channel();
        timely::execute_directly(move |worker| {
            let mut input = InputHandle::new();
            let probe = worker.dataflow::<Epoch, _, _>(|scope| {
                let changes = scope.input_from(&mut input);
                let items = work_items(changes, structure);
                let items = items.inspect_time(move |time, item: &WorkItem| {
                    sender.send((*time, item.path.to_string())).expect("the test listens");
                });
                items.probe().0
            });
            for (epoch, changes) in epochs.into_iter().enumerate() {
                let epoch = epoch as Epoch;
                for (file, difference) in changes {
                    input.send((row(file), epoch, difference));
                }
                input.advance_to(epoch + 1);
                while probe.less_than(input.time()) {
                    worker.step();
                }
            }
        });
        let mut found = vec![BTreeSet::new(); last];
        for (epoch, path) in receiver {
            assert!(found[epoch as usize].insert(path), "an item comes once");
        }
        found
    }

    fn paths(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    const A: File = ("a", "body a", "outline a");
    const B: File = ("b", "body b", "outline b");

    #[test]
    fn every_file_of_a_new_repository_is_an_item() {
        assert_eq!(items(vec![vec![(A, 1), (B, 1)]]), [paths(&["a", "b"])]);
    }

    #[test]
    fn a_body_concerns_its_file_only() {
        let edited = ("a", "other body", "outline a");
        let found = items(vec![vec![(A, 1), (B, 1)], vec![], vec![(A, -1), (edited, 1)]]);
        assert_eq!(found[2], paths(&["a"]));
    }

    #[test]
    fn an_outline_concerns_the_whole_repository() {
        let edited = ("a", "other body", "other outline");
        let found = items(vec![vec![(A, 1), (B, 1)], vec![], vec![(A, -1), (edited, 1)]]);
        assert_eq!(found[2], paths(&["a", "b"]));
    }

    #[test]
    fn moving_in_and_out_of_memory_is_no_change() {
        let load = vec![(A, 1), (B, 1)];
        let evict = vec![(A, -1), (B, -1)];
        let edited = ("b", "other body", "outline b");
        let found = items(vec![load.clone(), evict, vec![], load, vec![(B, -1), (edited, 1)]]);
        let nothing = BTreeSet::new();
        assert_eq!(
            found,
            [paths(&["a", "b"]), nothing.clone(), nothing.clone(), nothing, paths(&["b"])]
        );
    }
}
