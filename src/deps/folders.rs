//! A repository as a graph of folders.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;

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

/// A folder that may be opened: how many edges are in it, and its path with a slash at its end.
type Shut<'a> = (usize, Reverse<&'a str>);

/// At most `most` folders: again and again the one with the most edges in it is replaced by those in it,
/// until there is none with edges between its folders.
pub(super) fn cut(deps: &Deps, most: usize) -> Folders {
    let paths: Vec<&str> = deps.files.iter().map(|file| &*file.path).collect();
    let mut shut = BinaryHeap::<Shut<'_>>::from([(deps.edges.len(), Reverse(""))]);
    let mut done: Vec<&str> = vec![];
    while let Some((edges, Reverse(folder))) = shut.pop() {
        let begin = paths.partition_point(|path| *path < folder);
        let count = paths[begin..].partition_point(|path| path.starts_with(folder));
        let (inner, direct) = inner(&paths[begin..begin + count], folder);
        let more = inner.len() + usize::from(direct);
        let fits = shut.len() + done.len() + more <= most;
        if inner.is_empty() || edges == 0 && !folder.is_empty() || !fits {
            done.push(folder);
            continue;
        }
        if direct {
            done.push(folder);
        }
        shut.extend(count_edges(deps, &paths, begin..begin + count, inner));
    }
    done.sort_unstable();
    assign(&done, &paths)
}

/// The folders directly in a folder that holds these paths, and whether it holds a file itself.
fn inner<'a>(paths: &[&'a str], folder: &str) -> (BTreeMap<&'a str, usize>, bool) {
    let mut inner = BTreeMap::new();
    let mut direct = false;
    for path in paths {
        match path[folder.len()..].find('/') {
            Some(slash) => drop(inner.insert(&path[..=folder.len() + slash], 0)),
            None => direct = true,
        }
    }
    (inner, direct)
}

/// The folders `inner` of the folder that holds the files `within`, with the edges in each.
fn count_edges<'a>(
    deps: &Deps,
    paths: &[&'a str],
    within: Range<usize>,
    mut inner: BTreeMap<&'a str, usize>,
) -> Vec<Shut<'a>> {
    let begin = deps.edges.partition_point(|edge| (edge.from as usize) < within.start);
    let end = deps.edges.partition_point(|edge| (edge.from as usize) < within.end);
    for edge in &deps.edges[begin..end] {
        let [from, to] = [edge.from, edge.to].map(|file| paths[file as usize]);
        let folder = inner.range_mut(..=from).next_back();
        if let Some((folder, count)) = folder
            && from.starts_with(folder)
            && to.starts_with(folder)
        {
            *count += 1;
        }
    }
    inner.into_iter().map(|(folder, edges)| (edges, Reverse(folder))).collect()
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
    for &folder in &folder_of {
        counts[folder] += 1;
    }
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
        let highest = left.iter().position(|&folder| needed[folder] == 0);
        let gain = |place: &usize| (needed[left[*place]] - needs[left[*place]], Reverse(*place));
        let most = || (0..left.len()).max_by_key(gain);
        let is_first = lowest.is_some() || highest.is_none();
        let place = lowest.or(highest).or_else(most).unwrap_or(0);
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
