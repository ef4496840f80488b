//! Which files are read before a file is written.

use backstory_core::Structure;

/// Files that are written by then, in the order in which they are to be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Those that fit the budget.
    pub(crate) reads: Vec<u32>,
    /// Those that do not.
    pub(crate) skipped: Vec<u32>,
}

/// What the graph says: the dependencies, in the order in which they were written.
pub(crate) fn dependencies(structure: &Structure, file: u32, budget: u64) -> Choice {
    let positions = structure.graph.positions();
    let mut needed = structure.graph.dependencies[file as usize].clone();
    needed.sort_unstable_by_key(|&other| positions[other as usize]);
    choose(structure, &positions, file, &needed, budget)
}

/// What an author asks for, in the order of asking. What does not exist, or not yet, is not read.
pub(crate) fn asked(structure: &Structure, file: u32, asked: &[u32], budget: u64) -> Choice {
    choose(structure, &structure.graph.positions(), file, asked, budget)
}

fn choose(
    structure: &Structure,
    positions: &[u32],
    file: u32,
    wanted: &[u32],
    budget: u64,
) -> Choice {
    let place = |file: u32| positions.get(file as usize);
    let written = |&other: &u32| place(other).is_some_and(|other| Some(other) < place(file));
    let mut choice = Choice::default();
    let mut left = budget;
    for other in wanted.iter().copied().filter(written) {
        if choice.reads.contains(&other) || choice.skipped.contains(&other) {
            continue;
        }
        let bytes = structure.text(other).len() as u64;
        if bytes <= left {
            left -= bytes;
            choice.reads.push(other);
        } else {
            choice.skipped.push(other);
        }
    }
    choice
}
