//! The order of files that need each other: components, then an order of components, then an order
//! inside each. Without recursion and in `n log n`, since repositories may be chains of many files.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use backstory_core::Graph;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// The graph over files with these paths. `dependencies` holds, per file, the files it needs: sorted,
/// without itself, without doubles.
///
/// The order depends on paths and dependencies, not on the order in which files are listed: among
/// components whose dependencies are all there, the one with the smallest path comes first; inside a
/// component, again and again the file with the fewest dependencies in it that are not yet there (its
/// in-degree, edges running from what is needed to what needs it), then the one with the smaller path.
pub(crate) fn order(paths: &[&str], dependencies: Vec<Vec<u32>>) -> Graph {
    let ranks = ranks(paths);
    let mut members = components(&dependencies);
    let mut component_of = vec![0; paths.len()];
    for (component, files) in members.iter().enumerate() {
        for &file in files {
            component_of[file as usize] = component as u32;
        }
    }
    for files in members.iter_mut().filter(|files| files.len() > 1) {
        *files = circle(files, &dependencies, &component_of, &ranks);
    }
    let sequence = sequence(&members, &dependencies, &component_of, &ranks);
    let mut number = vec![0; members.len()];
    for (place, &component) in sequence.iter().enumerate() {
        number[component as usize] = place as u32;
    }
    Graph {
        order: sequence
            .iter()
            .flat_map(|&component| &members[component as usize])
            .copied()
            .collect(),
        components: component_of.iter().map(|&component| number[component as usize]).collect(),
        dependencies,
    }
}

/// Per file, the place of its path among all paths.
fn ranks(paths: &[&str]) -> Vec<u32> {
    let mut sorted: Vec<u32> = (0..paths.len() as u32).collect();
    sorted.sort_by_key(|&file| paths[file as usize]);
    let mut ranks = vec![0; paths.len()];
    for (rank, &file) in sorted.iter().enumerate() {
        ranks[file as usize] = rank as u32;
    }
    ranks
}

/// The strongly connected components. Kosaraju's algorithm, because petgraph's Tarjan recurses.
fn components(dependencies: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let edges = dependencies.iter().map(Vec::len).sum();
    let mut graph = DiGraph::<(), (), u32>::with_capacity(dependencies.len(), edges);
    for _ in dependencies {
        graph.add_node(());
    }
    for (file, needed) in dependencies.iter().enumerate() {
        for &other in needed {
            graph.add_edge(NodeIndex::new(file), NodeIndex::new(other as usize), ());
        }
    }
    let files =
        |component: Vec<NodeIndex>| component.iter().map(|node| node.index() as u32).collect();
    kosaraju_scc(&graph).into_iter().map(files).collect()
}

/// The files of one component in order: no first file has all that it needs, so the one that lacks least
/// comes first, and what it gives is counted before the next is chosen.
fn circle(
    files: &[u32],
    dependencies: &[Vec<u32>],
    component_of: &[u32],
    ranks: &[u32],
) -> Vec<u32> {
    let place_of: HashMap<u32, usize> =
        files.iter().enumerate().map(|(place, &file)| (file, place)).collect();
    let mut lacking = vec![0_u32; files.len()];
    let mut dependents = vec![vec![]; files.len()];
    for (place, &file) in files.iter().enumerate() {
        let same = |other: &&u32| component_of[**other as usize] == component_of[file as usize];
        for needed in dependencies[file as usize].iter().filter(same) {
            lacking[place] += 1;
            dependents[place_of[needed]].push(place);
        }
    }
    let entry = |place: usize, lacking: &[u32]| {
        Reverse((lacking[place], ranks[files[place] as usize], place))
    };
    let mut queue: BinaryHeap<_> = (0..files.len()).map(|place| entry(place, &lacking)).collect();
    let mut order = Vec::with_capacity(files.len());
    let mut written = vec![false; files.len()];
    while let Some(Reverse((count, _, place))) = queue.pop() {
        // A file is queued anew whenever it lacks less; older entries are stale.
        if written[place] || count != lacking[place] {
            continue;
        }
        written[place] = true;
        order.push(files[place]);
        for &dependent in dependents[place].iter().filter(|dependent| !written[**dependent]) {
            lacking[dependent] -= 1;
            queue.push(entry(dependent, &lacking));
        }
    }
    order
}

/// All components, dependencies first; among those that are ready, the smallest path first.
fn sequence(
    members: &[Vec<u32>],
    dependencies: &[Vec<u32>],
    component_of: &[u32],
    ranks: &[u32],
) -> Vec<u32> {
    let mut waiting = vec![0_u32; members.len()];
    let mut dependents = vec![vec![]; members.len()];
    for (file, needed) in dependencies.iter().enumerate() {
        let component = component_of[file];
        for needed in needed.iter().map(|&other| component_of[other as usize]) {
            if needed != component {
                waiting[component as usize] += 1;
                dependents[needed as usize].push(component);
            }
        }
    }
    let smallest = |component: u32| {
        members[component as usize].iter().map(|&file| ranks[file as usize]).min().unwrap_or(0)
    };
    let is_ready = |component: &u32| waiting[*component as usize] == 0;
    let mut ready: BinaryHeap<_> = (0..members.len() as u32)
        .filter(is_ready)
        .map(|component| Reverse((smallest(component), component)))
        .collect();
    let mut sequence = Vec::with_capacity(members.len());
    while let Some(Reverse((_, component))) = ready.pop() {
        sequence.push(component);
        for &dependent in &dependents[component as usize] {
            waiting[dependent as usize] -= 1;
            if waiting[dependent as usize] == 0 {
                ready.push(Reverse((smallest(dependent), dependent)));
            }
        }
    }
    sequence
}
