//! A repository as a graph of folders.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use backstory_core::EdgeKind;

use super::Deps;

/// Folders that together hold every file once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folders {
    /// Their paths, sorted. A path that is also the beginning of others stands for the files directly in
    /// the folder.
    pub(super) names: Vec<String>,
    /// How many files each holds.
    pub(super) counts: Vec<usize>,
    /// Per file, its folder.
    pub(super) folder_of: Vec<usize>,
}

/// An opened folder waiting to be divided: how many files it holds, and its path with a slash at its end.
type Open<'a> = (usize, Reverse<&'a str>);

/// At most `most` folders: again and again the one with the most files is replaced by those in it.
pub(super) fn cut(deps: &Deps, most: usize) -> Folders {
    let paths: Vec<&str> = deps.files.iter().map(|file| &*file.path).collect();
    let within = |folder: &str| {
        let begin = paths.partition_point(|path| *path < folder);
        begin..begin + paths[begin..].partition_point(|path| path.starts_with(folder))
    };
    let mut open = BinaryHeap::<Open<'_>>::from([(paths.len(), Reverse(""))]);
    let mut closed: Vec<&str> = vec![];
    while let Some((count, Reverse(folder))) = open.pop() {
        let mut inner = BTreeMap::<&str, usize>::new();
        let mut direct = 0;
        for path in &paths[within(folder)] {
            match path[folder.len()..].find('/') {
                Some(slash) => *inner.entry(&path[..=folder.len() + slash]).or_default() += 1,
                None => direct += 1,
            }
        }
        let more = inner.len() + usize::from(direct > 0);
        if inner.is_empty() || open.len() + closed.len() + more > most {
            closed.push(folder);
            continue;
        }
        debug_assert_eq!(count, direct + inner.values().sum::<usize>());
        open.extend(inner.into_iter().map(|(folder, count)| (count, Reverse(folder))));
        if direct > 0 {
            closed.push(folder);
        }
    }
    closed.sort_unstable();
    assign(&closed, &paths)
}

/// Gives each file to the innermost of the folders, which are sorted.
fn assign(folders: &[&str], paths: &[&str]) -> Folders {
    let innermost = |path: &&str| {
        let parts = path.match_indices('/').rev().map(|(slash, _)| &path[..=slash]);
        let mut parts = parts.chain([""]);
        parts.find_map(|part| folders.binary_search(&part).ok()).unwrap_or(0)
    };
    let folder_of: Vec<usize> = paths.iter().map(innermost).collect();
    let mut counts = vec![0; folders.len()];
    folder_of.iter().for_each(|&folder| counts[folder] += 1);
    let names = folders.iter().map(|folder| folder.trim_end_matches('/').to_owned()).collect();
    Folders { names, counts, folder_of }
}

/// Edges between folders: the strongest kind, and how many edges between files.
pub(super) type Arrows = BTreeMap<(usize, usize), (EdgeKind, u64)>;

impl Folders {
    pub(super) fn arrows(&self, deps: &Deps) -> Arrows {
        let mut arrows = Arrows::new();
        for edge in &deps.edges {
            let ends = [edge.from, edge.to].map(|file| self.folder_of[file as usize]);
            if ends[0] != ends[1] {
                let arrow = arrows.entry((ends[0], ends[1])).or_insert((edge.kind, 0));
                *arrow = (arrow.0.min(edge.kind), arrow.1 + 1);
            }
        }
        arrows
    }
}

/// The places of folders in an order in which few edges lead to a later one, by the rule of Eades, Lin and
/// Smyth: what needs nothing more comes first, what nobody needs comes last, and if there is neither, what
/// is needed most in proportion comes first.
pub(super) fn ranks(count: usize, arrows: &Arrows) -> Vec<u32> {
    let mut needs = vec![0_i64; count];
    let mut needed = vec![0_i64; count];
    let mut joined = vec![vec![]; count];
    for (&(from, to), &(_, weight)) in arrows {
        needs[from] += weight as i64;
        needed[to] += weight as i64;
        joined[from].push((to, true, weight as i64));
        joined[to].push((from, false, weight as i64));
    }
    let (mut first, mut last) = (vec![], vec![]);
    let mut left: Vec<usize> = (0..count).collect();
    while !left.is_empty() {
        let lowest = left.iter().position(|&folder| needs[folder] == 0);
        let highest = || left.iter().position(|&folder| needed[folder] == 0);
        let (place, is_first) = match lowest.or_else(highest) {
            Some(place) => (place, lowest.is_some()),
            None => {
                let gain =
                    |place: &usize| (needed[left[*place]] - needs[left[*place]], Reverse(*place));
                ((0..left.len()).max_by_key(gain).unwrap_or(0), true)
            }
        };
        let folder = left.remove(place);
        if is_first { &mut first } else { &mut last }.push(folder);
        for &(other, from, weight) in &joined[folder] {
            if from { needed[other] -= weight } else { needs[other] -= weight }
        }
    }
    let mut ranks = vec![0; count];
    for (rank, &folder) in (0..).zip(first.iter().chain(last.iter().rev())) {
        ranks[folder] = rank;
    }
    ranks
}
