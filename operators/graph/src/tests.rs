//! Small graphs say what the rules are; properties compare the order with one made naively, straight from
//! the rules; the last tests are about size.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use backstory_core::{Digest, SourceFile};
use proptest::prelude::*;

use super::*;
use crate::order::Ordered;

/// The order as text, from files and what they need: `b` by an import, `b?` for being of one package.
fn ordered(lines: &[(&str, &str)]) -> String {
    let paths: Vec<&str> = lines.iter().map(|(path, _)| *path).collect();
    let index = |name: &str| paths.iter().position(|path| *path == name).expect("a file") as u32;
    let edges: Vec<Edge> = lines
        .iter()
        .enumerate()
        .flat_map(|(from, (_, names))| names.split_whitespace().map(move |name| (from, name)))
        .map(|(from, name)| match name.strip_suffix('?') {
            Some(name) => edge(from as u32, index(name), EdgeKind::SamePackage),
            None => edge(from as u32, index(name), EdgeKind::Import),
        })
        .collect();
    let ordered = order(&paths, &edges);
    let names: Vec<&str> = ordered.order.iter().map(|&file| paths[file as usize]).collect();
    names.join(" ")
}

fn edge(from: u32, to: u32, kind: EdgeKind) -> Edge {
    Edge { from, to, kind }
}

/// Imports.
fn edges(dependencies: &[Vec<u32>]) -> Vec<Edge> {
    let needed = dependencies.iter().enumerate();
    needed
        .flat_map(|(from, needed)| {
            needed.iter().map(move |&to| edge(from as u32, to, EdgeKind::Import))
        })
        .collect()
}

#[test]
fn a_circle_is_broken_at_its_weakest_edge() {
    assert_eq!(ordered(&[("a", "b?"), ("b", "a")]), "a b");
    assert_eq!(ordered(&[("a", "b"), ("b", "a?")]), "b a");
    // `x` needs one of the circle and comes after all of it, though its path is smaller.
    assert_eq!(ordered(&[("b", "c?"), ("c", "d"), ("d", "b"), ("a", "b")]), "b d c a");
}

#[test]
fn dependencies_come_first() {
    assert_eq!(ordered(&[("a", "c"), ("b", ""), ("c", "d"), ("d", "")]), "b d c a");
}

#[test]
fn the_smallest_path_that_is_ready_comes_first() {
    assert_eq!(ordered(&[("z", ""), ("m", ""), ("a", "z"), ("b", "m")]), "m b z a");
}

#[test]
fn a_circle_stands_together_by_in_degree_and_path() {
    // `c` needs two of the circle, the others one each, so `a` begins; then `d` lacks nothing.
    let circle = [("a", "b"), ("b", "c"), ("c", "a d"), ("d", "a"), ("e", ""), ("f", "a")];
    assert_eq!(ordered(&circle), "a d c b e f");
}

#[test]
fn a_circle_waits_for_what_it_needs() {
    assert_eq!(ordered(&[("a", "b"), ("b", "a z"), ("c", ""), ("z", "")]), "c z a b");
}

#[test]
fn the_smallest_path_of_a_circle_counts() {
    // `b` is needed by nobody else, so it opens the circle of which `a` is a part.
    assert_eq!(ordered(&[("ab", ""), ("z", "a"), ("a", "z"), ("b", "")]), "a z ab b");
}

#[test]
fn imports_make_the_graph() {
    let file = |path: &str, text: &str| SourceFile {
        path: path.into(),
        language: "python",
        digest: Digest::of(text),
        text: text.into(),
    };
    let repository = Repository {
        name: "r".into(),
        commit: None,
        license: None,
        files: vec![
            file("a.py", "import b, a, os, b"),
            file("b.py", "from c import *"),
            file("c.py", ""),
        ],
        context: BTreeMap::new(),
        left_out: BTreeMap::new(),
        failures: vec![],
    };
    let outlines: Vec<Arc<Outline>> = repository
        .files
        .iter()
        .map(|file| {
            backstory_languages::outline(
                file.language,
                &file.path,
                &file.text,
                backstory_languages::Limits::default(),
            )
        })
        .map(|outline| Arc::new(outline.expect("a small file")))
        .collect();
    let environment = Environment { base: Path::new("."), author: &|_| None, scorer: &|_| None };
    let Ok(Work::Order(work)) = Graph::default().build(&environment) else {
        panic!("not an order")
    };
    let graph = work.order(&repository, &outlines);
    assert_eq!(graph.order, [2, 1, 0]);
    assert_eq!(graph.dependencies, [vec![1], vec![2], vec![]]);
    assert_eq!(graph.components, [2, 1, 0]);
    assert_eq!(graph.edges, [edge(0, 1, EdgeKind::Import), edge(1, 2, EdgeKind::Import)]);
    assert_eq!(graph.unresolved, []);
}

#[test]
fn no_files_are_no_problem() {
    assert_eq!(order(&[], &[]), Ordered { order: vec![], components: vec![] });
}

/// Which files each file needs, directly or not, itself included.
fn reach(dependencies: &[Vec<u32>]) -> Vec<BTreeSet<u32>> {
    let from = |file| {
        let mut seen = BTreeSet::from([file]);
        let mut open = vec![file];
        while let Some(file) = open.pop() {
            open.extend(dependencies[file as usize].iter().filter(|needed| seen.insert(**needed)));
        }
        seen
    };
    (0..dependencies.len() as u32).map(from).collect()
}

/// The rules, word for word.
fn naive_order(paths: &[&str], dependencies: &[Vec<u32>]) -> Vec<u32> {
    let reach = reach(dependencies);
    let together =
        |a: u32, b: u32| reach[a as usize].contains(&b) && reach[b as usize].contains(&a);
    let mut left: BTreeSet<u32> = (0..paths.len() as u32).collect();
    let mut order = vec![];
    while !left.is_empty() {
        let is_ready = |file: &&u32| {
            reach[**file as usize]
                .iter()
                .all(|&needed| !left.contains(&needed) || together(**file, needed))
        };
        let first = left.iter().filter(is_ready).min_by_key(|file| paths[**file as usize]);
        let first = *first.expect("a circle is one component");
        let mut component: Vec<u32> =
            left.iter().copied().filter(|&file| together(first, file)).collect();
        while !component.is_empty() {
            let lacking = |file: u32| {
                let needed = dependencies[file as usize].iter();
                needed.filter(|needed| component.contains(needed)).count()
            };
            let next = component.iter().copied();
            let next = next.min_by_key(|&file| (lacking(file), paths[file as usize]));
            let next = next.expect("something is left");
            component.retain(|&file| file != next);
            left.remove(&next);
            order.push(next);
        }
    }
    order
}

/// Paths in any order, and what each file needs.
fn graphs() -> impl Strategy<Value = (Vec<String>, Vec<Vec<u32>>)> {
    (1_usize..14).prop_flat_map(|size| {
        let names: Vec<String> = (0..size).map(|file| format!("dir{}/f{file}", file % 3)).collect();
        let edges = prop::collection::vec((0..size as u32, 0..size as u32), 0..size * 2);
        (Just(names).prop_shuffle(), edges).prop_map(move |(names, edges)| {
            let mut dependencies = vec![BTreeSet::new(); size];
            for (file, needed) in edges.into_iter().filter(|(file, needed)| file != needed) {
                dependencies[file as usize].insert(needed);
            }
            (names, dependencies.into_iter().map(|needed| needed.into_iter().collect()).collect())
        })
    })
}

proptest! {
    #[test]
    fn the_order_is_the_naive_one((names, dependencies) in graphs()) {
        let paths: Vec<&str> = names.iter().map(String::as_str).collect();
        let graph = order(&paths, &edges(&dependencies));
        prop_assert_eq!(&graph.order, &naive_order(&paths, &dependencies));
        let mut positions = vec![0; paths.len()];
        for (place, &file) in graph.order.iter().enumerate() {
            positions[file as usize] = place;
        }
        let reach = reach(&dependencies);
        for (file, needed) in dependencies.iter().enumerate() {
            for &other in needed {
                let circle = reach[other as usize].contains(&(file as u32));
                prop_assert_eq!(graph.components[file] == graph.components[other as usize], circle);
                prop_assert!(circle || positions[other as usize] < positions[file]);
            }
        }
    }

    #[test]
    fn weaker_edges_never_cost_an_import(
        (names, dependencies) in graphs(),
        kinds in prop::collection::vec(0..EdgeKind::ALL.len(), 28),
    ) {
        let paths: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut edges = edges(&dependencies);
        edges.iter_mut().zip(&kinds).for_each(|(edge, &kind)| edge.kind = EdgeKind::ALL[kind]);
        let ordered = order(&paths, &edges);
        for weakest in EdgeKind::ALL {
            // Outside the circles of all edges that are as strong, each of them is satisfied.
            let strong = edges.iter().filter(|edge| edge.kind <= weakest);
            let mut needs = vec![vec![]; paths.len()];
            strong.clone().for_each(|edge| needs[edge.from as usize].push(edge.to));
            let reach = reach(&needs);
            let place = |file: u32| ordered.order.iter().position(|&other| other == file);
            for edge in strong {
                let circle = reach[edge.to as usize].contains(&edge.from);
                prop_assert!(circle || place(edge.to) < place(edge.from));
            }
        }
    }

    #[test]
    fn the_listing_does_not_matter((names, dependencies) in graphs()) {
        let paths: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut sorted: Vec<u32> = (0..paths.len() as u32).collect();
        sorted.sort_by_key(|&file| paths[file as usize]);
        let place = |file: &u32| sorted.iter().position(|other| other == file).expect("a file") as u32;
        let relisted: Vec<Vec<u32>> = sorted
            .iter()
            .map(|&file| {
                let mut needed: Vec<u32> = dependencies[file as usize].iter().map(place).collect();
                needed.sort_unstable();
                needed
            })
            .collect();
        let sorted_paths: Vec<&str> = sorted.iter().map(|&file| paths[file as usize]).collect();
        let by_name = |order: &[u32], paths: &[&str]| -> Vec<String> {
            order.iter().map(|&file| paths[file as usize].to_owned()).collect()
        };
        let first = order(&paths, &edges(&dependencies));
        let second = order(&sorted_paths, &edges(&relisted));
        prop_assert_eq!(by_name(&first.order, &paths), by_name(&second.order, &sorted_paths));
    }
}

#[test]
fn a_long_chain_and_a_long_circle_need_no_stack() {
    let size = 100_000_u32;
    let names: Vec<String> = (0..size).map(|file| format!("{file:06}")).collect();
    let paths: Vec<&str> = names.iter().map(String::as_str).collect();
    let chain: Vec<_> = (1..size).map(|file| edge(file - 1, file, EdgeKind::Import)).collect();
    let graph = order(&paths, &chain);
    assert!(graph.order.iter().rev().copied().eq(0..size));
    let next = |file: u32| edge(file, (file + 1) % size, EdgeKind::Import);
    let circle: Vec<_> = (0..size).map(next).collect();
    let graph = order(&paths, &circle);
    // The first lacks one like all others; then each needs the one before it in the order.
    assert!(graph.order.iter().copied().eq(std::iter::once(0).chain((1..size).rev())));
    assert!(graph.components.iter().all(|&component| component == 0));
}
