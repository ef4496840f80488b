//! The order of files that need each other: components, then an order of components, then an order
//! inside each. Without recursion into the depth of the graph and in `n log n`, since repositories may be
//! chains of many files.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use backstory_core::{Edge, EdgeKind};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Files in order, and the component of each.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ordered {
    /// Every file once, dependencies first.
    pub(crate) order: Vec<u32>,
    /// Per file, the number of its component, in the order of the components.
    pub(crate) components: Vec<u32>,
}

/// The order of files with these paths. It depends on paths and edges, not on the order in which files or
/// edges are listed.
///
/// Among files whose dependencies are all there, the one with the smallest path comes first. Files that
/// need each other in a circle stand together, where their smallest path would; inside the circle, its
/// weakest kind of edge is left out of account and the rest ordered by the same rule. In a circle of
/// imports, which has no weaker edges, again and again the file with the fewest dependencies in it that
/// are not yet there comes first (its in-degree, edges running from what is needed to what needs it), then
/// the one with the smaller path.
pub(crate) fn order(paths: &[&str], edges: &[Edge]) -> Ordered {
    let mut needs = vec![vec![]; paths.len()];
    for edge in edges {
        needs[edge.from as usize].push((edge.to, edge.kind));
    }
    let count = paths.len();
    let mut ordering = Ordering {
        ranks: ranks(paths),
        needs,
        part: vec![0; count],
        parts: 0,
        place: vec![0; count],
        ordered: Ordered { order: Vec::with_capacity(count), components: vec![0; count] },
        components: 0,
    };
    let all: Vec<u32> = (0..count as u32).collect();
    ordering.arrange(&all, EdgeKind::ALL.len() - 1);
    ordering.ordered
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

struct Ordering {
    ranks: Vec<u32>,
    needs: Vec<Vec<(u32, EdgeKind)>>,
    /// Per file, the part that is being arranged, and its place in it.
    part: Vec<u32>,
    place: Vec<usize>,
    parts: u32,
    ordered: Ordered,
    components: u32,
}

impl Ordering {
    /// Appends `files` to the order, minding edges as strong as `weakest` and stronger. Calls itself as
    /// often as there are kinds.
    fn arrange(&mut self, files: &[u32], weakest: usize) {
        let needs = self.local_needs(files, EdgeKind::ALL[weakest]);
        let ranks: Vec<u32> = files.iter().map(|&file| self.ranks[file as usize]).collect();
        let members = components(&needs);
        for component in sequence(&members, &needs, &ranks) {
            let places = &members[component];
            let files: Vec<u32> = places.iter().map(|&place| files[place]).collect();
            match weakest {
                _ if files.len() == 1 => self.append(&files),
                0 => self.append(&circle(places, &needs, &ranks, &files)),
                _ => self.arrange(&files, weakest - 1),
            }
        }
    }

    /// Per file, the places in `files` of those it needs.
    fn local_needs(&mut self, files: &[u32], weakest: EdgeKind) -> Vec<Vec<usize>> {
        self.parts += 1;
        for (place, &file) in files.iter().enumerate() {
            self.part[file as usize] = self.parts;
            self.place[file as usize] = place;
        }
        let counts = |(other, kind): &&(u32, EdgeKind)| {
            *kind <= weakest && self.part[*other as usize] == self.parts
        };
        let place = |(other, _): &(u32, EdgeKind)| self.place[*other as usize];
        let local = |&file: &u32| {
            self.needs[file as usize].iter().filter(counts).map(place).collect::<Vec<_>>()
        };
        files.iter().map(local).collect()
    }

    /// Appends one component.
    fn append(&mut self, files: &[u32]) {
        for &file in files {
            self.ordered.components[file as usize] = self.components;
        }
        self.ordered.order.extend(files);
        self.components += 1;
    }
}

/// The strongly connected components. Kosaraju's algorithm, because petgraph's Tarjan recurses.
fn components(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let edges = needs.iter().map(Vec::len).sum();
    let mut graph = DiGraph::<(), (), u32>::with_capacity(needs.len(), edges);
    for _ in needs {
        graph.add_node(());
    }
    for (file, needed) in needs.iter().enumerate() {
        for &other in needed {
            graph.add_edge(NodeIndex::new(file), NodeIndex::new(other), ());
        }
    }
    let places = |component: Vec<NodeIndex>| component.iter().map(|node| node.index()).collect();
    kosaraju_scc(&graph).into_iter().map(places).collect()
}

/// Numbers of components, dependencies first; among those that are ready, the smallest path first.
fn sequence(members: &[Vec<usize>], needs: &[Vec<usize>], ranks: &[u32]) -> Vec<usize> {
    let mut component_of = vec![0; needs.len()];
    for (component, places) in members.iter().enumerate() {
        for &place in places {
            component_of[place] = component;
        }
    }
    let mut waiting = vec![0_u32; members.len()];
    let mut dependents = vec![vec![]; members.len()];
    for (place, needed) in needs.iter().enumerate() {
        let component = component_of[place];
        for needed in needed.iter().map(|&other| component_of[other]) {
            if needed != component {
                waiting[component] += 1;
                dependents[needed].push(component);
            }
        }
    }
    let smallest =
        |component: usize| members[component].iter().map(|&place| ranks[place]).min().unwrap_or(0);
    let mut ready: BinaryHeap<_> = (0..members.len())
        .filter(|&component| waiting[component] == 0)
        .map(|component| Reverse((smallest(component), component)))
        .collect();
    let mut sequence = Vec::with_capacity(members.len());
    while let Some(Reverse((_, component))) = ready.pop() {
        sequence.push(component);
        for &dependent in &dependents[component] {
            waiting[dependent] -= 1;
            if waiting[dependent] == 0 {
                ready.push(Reverse((smallest(dependent), dependent)));
            }
        }
    }
    sequence
}

/// The files of one circle in order: no first file has all that it needs, so the one that lacks least comes
/// first, and what it gives is counted before the next is chosen. `places` and `files` run alongside.
fn circle(places: &[usize], needs: &[Vec<usize>], ranks: &[u32], files: &[u32]) -> Vec<u32> {
    let members = places.iter().enumerate().map(|(member, &place)| (place, member));
    let member_of: HashMap<usize, usize> = members.collect();
    let mut lacking = vec![0_u32; files.len()];
    let mut dependents = vec![vec![]; files.len()];
    for (member, &place) in places.iter().enumerate() {
        for needed in needs[place].iter().filter_map(|other| member_of.get(other).copied()) {
            lacking[member] += 1;
            dependents[needed].push(member);
        }
    }
    let entry =
        |member: usize, lacking: &[u32]| Reverse((lacking[member], ranks[places[member]], member));
    let mut queue: BinaryHeap<_> = (0..files.len()).map(|member| entry(member, &lacking)).collect();
    let mut order = Vec::with_capacity(files.len());
    let mut written = vec![false; files.len()];
    while let Some(Reverse((count, _, member))) = queue.pop() {
        // A file is queued anew whenever it lacks less; older entries are stale.
        if written[member] || count != lacking[member] {
            continue;
        }
        written[member] = true;
        order.push(files[member]);
        for &dependent in dependents[member].iter().filter(|dependent| !written[**dependent]) {
            lacking[dependent] -= 1;
            queue.push(entry(dependent, &lacking));
        }
    }
    order
}
