//! What a prompt says of the files of a repository, within a budget.
//!
//! # The rule
//!
//! A file can be shown at four levels: its path; with its purpose; with the names it offers; with their
//! signatures and topics. All files get the highest level at which all of them fit. What is then left of
//! the budget raises single files by one level, the one that most files depend on first, and of equals the
//! one that is written first, as long as they fit. Where not even all paths fit, files are taken by the
//! same rank, and the rest is counted.

use std::cmp::Reverse;

use crate::facts::{Facts, NAMES, Offer};
use crate::prose::{count, some};

/// Levels of detail, the lowest first.
const LEVELS: usize = 4;

/// Most signatures shown of one file.
const SIGNATURES: usize = 40;

/// The files, a paragraph each, in the order in which they are written. `budget` is in bytes.
pub(crate) fn describe(facts: &Facts<'_>, files: &[u32], budget: usize) -> String {
    let ranked = ranked(facts, files);
    // Paths alone tell what does not fit at all, before anything costly is made.
    let paths: usize = files.iter().map(|&file| facts.path(file).len() + 1).sum();
    if paths > budget {
        return those_that_fit(facts, files, &ranked, budget);
    }
    let texts: Vec<[String; LEVELS]> = files.iter().map(|&file| levels(facts, file)).collect();
    let size = |file: usize, level: usize| texts[file][level].len() + 1;
    let total = |level: usize| (0..files.len()).map(|file| size(file, level)).sum::<usize>();
    let common = (0..LEVELS).rev().find(|&level| total(level) <= budget).unwrap_or(0);
    let mut level = vec![common; files.len()];
    let mut left = budget - total(common).min(budget);
    if common + 1 < LEVELS {
        for file in ranked {
            let more = size(file, common + 1).saturating_sub(size(file, common));
            if more <= left {
                left -= more;
                level[file] = common + 1;
            }
        }
    }
    let lines = texts.iter().zip(level).map(|(texts, level)| texts[level].as_str());
    lines.collect::<Vec<_>>().join("\n")
}

/// Indexes into `files`, what most files depend on first.
fn ranked(facts: &Facts<'_>, files: &[u32]) -> Vec<usize> {
    let dependents = facts.structure.graph.dependents();
    let mut ranked: Vec<_> = (0..files.len()).collect();
    ranked.sort_by_key(|&at| Reverse(dependents[files[at] as usize].len()));
    ranked
}

fn those_that_fit(facts: &Facts<'_>, files: &[u32], ranked: &[usize], budget: usize) -> String {
    let mut left = budget;
    let mut shown = vec![false; files.len()];
    for &at in ranked {
        let size = facts.path(files[at]).len() + 1;
        if size > left {
            break;
        }
        left -= size;
        shown[at] = true;
    }
    let paths = files.iter().zip(&shown).filter(|(_, shown)| **shown);
    let mut lines: Vec<_> = paths.map(|(&file, _)| facts.path(file).to_owned()).collect();
    let hidden = files.len() - lines.len();
    lines.push(format!("... and {}", count(hidden, "more file")));
    lines.join("\n")
}

/// A file at each level.
fn levels(facts: &Facts<'_>, file: u32) -> [String; LEVELS] {
    let path = facts.path(file).to_owned();
    let purpose = format!("{path}: {}", facts.purpose(file));
    let offers: Vec<_> = facts.distinct_offers(file).collect();
    if offers.is_empty() {
        return [path, purpose.clone(), purpose.clone(), purpose];
    }
    let names: Vec<_> = facts.names(file).map(|offer| offer.name()).collect();
    let offering = if names.is_empty() {
        purpose.clone()
    } else {
        format!("{purpose} Offers {}.", some(&names, 2 * NAMES))
    };
    let mut detailed = purpose.clone();
    for offer in offers.iter().take(SIGNATURES) {
        detailed.push_str("\n  ");
        detailed.push_str(&topic(offer));
    }
    if offers.len() > SIGNATURES {
        let more = count(offers.len() - SIGNATURES, "more definition");
        detailed.extend(["\n  and ", &more]);
    }
    [path, purpose, offering, detailed]
}

/// A signature, with what its comment is about.
pub(crate) fn topic(offer: &Offer<'_>) -> String {
    match offer.doc() {
        Some(doc) => format!("{}: {doc}", offer.signature()),
        None => offer.signature(),
    }
}
