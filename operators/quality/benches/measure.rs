//! What it costs to measure the two thoughts of a file.
//!
//! ```text
//! cargo bench -p backstory-quality --bench measure
//! ```
//!
//! Isolates measuring: no author, no dataflow. Targets are cut from this project's own sources; 200 KB show
//! what a byte of the target costs, 8 KB are a usual file and show what a thought costs. Thoughts have 1 KB:
//! `prose` names things of the target and quotes a line, `copy` is a piece of the target and the most work
//! that there is. Shown is nothing, or the 32 KB that are usually read at most. Each figure is the best of
//! several rounds.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use backstory_quality::{Shown, measure};

const ROUNDS: usize = 30;
const THOUGHT: usize = 1 << 10;
const READ: usize = 32 << 10;

fn main() {
    let all = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let read = cut(&all, all.len() - READ, READ);
    println!("| target | thoughts | shown | µs a file | ns a byte of target |");
    println!("|--:|---|--:|--:|--:|");
    for bytes in [8_000, 200_000] {
        let target = cut(&all, 0, bytes);
        let copy = cut(target, target.len() / 2, THOUGHT).to_owned();
        for (kind, thought) in [("prose", prose(target)), ("copy", copy)] {
            for shown in ["", read] {
                let best = (0..ROUNDS).map(|_| seconds(target, &thought, shown));
                let best = best.fold(f64::INFINITY, f64::min);
                let (kilobytes, read) = (bytes / 1000, shown.len() / 1000);
                let (micros, nanos) = (best * 1e6, best * 1e9 / bytes as f64);
                println!("| {kilobytes} KB | {kind} | {read} KB | {micros:.0} | {nanos:.1} |");
            }
        }
    }
}

/// What two thoughts of a file take.
fn seconds(target: &str, thought: &str, read: &str) -> f64 {
    let begin = Instant::now();
    for _ in 0..2 {
        let mut shown = Shown::new();
        shown.add(black_box(read));
        black_box(measure(black_box(thought), black_box(target), &shown));
    }
    begin.elapsed().as_secs_f64()
}

/// A thought as authors have them: sentences, with a name of the target in some, and one line of it.
fn prose(target: &str) -> String {
    let looks = |word: &&str| {
        word.contains('_') && word.chars().all(|c| c == '_' || c.is_ascii_lowercase())
    };
    let mut names =
        target.split(|c: char| c != '_' && !c.is_alphanumeric()).filter(looks).step_by(7).cycle();
    let line = target.lines().rev().find(|line| line.len() > 40).unwrap_or_default();
    let mut thought = format!("The line that matters is `{line}`.");
    while thought.len() < THOUGHT {
        thought.extend([
            " What comes next depends on what the caller already knows, so the order is: first `",
            names.next().unwrap_or_default(),
            "`, then the rest of it, which src/lib.rs has to offer.",
        ]);
    }
    cut(&thought, 0, THOUGHT).to_owned()
}

/// About `bytes` from `start`.
fn cut(text: &str, start: usize, bytes: usize) -> &str {
    &text[text.floor_char_boundary(start)..text.floor_char_boundary(start + bytes)]
}

/// All Rust below a folder, in the order of its paths.
fn sources(folder: &Path) -> String {
    let mut found: Vec<PathBuf> = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}
