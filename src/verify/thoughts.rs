//! Thoughts against what their rows say of them.
//!
//! All measures but one follow from thought and file. Which names are ungrounded also depends on the plan,
//! which a row holds as text only: a name that is said to be grounded has to stand somewhere in that text,
//! or in what was shown otherwise.

use backstory_core::{Draft, Quality, Span, SpanKind, Structure};
use backstory_quality::{Shown, measure};

use super::searches::{Searches, check_kept};
use super::sequences::arm_of;
use super::trajectories::{Found, text_of};
use crate::plan::Resolved;
use crate::tables::TrajectoryRow;

/// A thought, and what its author had been shown of the repository besides the plan.
struct Thought<'a> {
    file: u32,
    text: &'a str,
    shown: Shown<'a>,
}

/// Measures every thought again, and lets the gates say again what is to be said of it.
pub(super) fn check_thoughts(
    plan: &Resolved,
    searches: &Searches,
    structure: &Structure,
    row: &TrajectoryRow,
    found: &mut Found,
) {
    let Some(arm) = arm_of(plan, &row.arm) else { return };
    let Some(simulation) = arm.simulation else {
        if row.mode.is_some() || !row.thoughts.is_empty() || !row.marks.is_empty() {
            found.push(("measured", "an arm without thoughts has measures of some".to_owned()));
        }
        return;
    };
    if row.mode != Some(plan.mode(simulation)) {
        found.push(("measured", "the mode is not the plan's".to_owned()));
    }
    let thoughts = thoughts(row);
    let files = thoughts.iter().map(|thought| thought.file);
    if !files.eq(row.thoughts.iter().map(|thought| thought.file)) {
        found.push(("measured", "not every thought has its measures".to_owned()));
        return;
    }
    let planned = planned(row);
    for (number, (thought, stored)) in thoughts.iter().zip(&row.thoughts).enumerate() {
        let Some(file) = structure.repository.files.get(thought.file as usize) else { continue };
        // Of what it was measured by, something is not there any more.
        if stored.kept {
            continue;
        }
        let again = measure(thought.text, &file.text, &thought.shown);
        if let Some(what) = contradiction(&again, &stored.quality, &planned, structure) {
            let number = number + 1;
            found.push(("measured", format!("{what} of thought {number}, of \"{}\"", file.path)));
        }
    }
    let texts: Vec<_> = thoughts.iter().map(|thought| thought.text).collect();
    check_kept(plan, arm, searches, &row.repo, &row.thoughts, &texts, found);
    let of_file = row.thoughts.chunk_by(|one, next| one.file == next.file);
    let marks = of_file.flat_map(|thoughts| {
        let (mut qualities, mut gains) = (vec![], vec![]);
        for thought in thoughts {
            qualities.push(thought.quality.clone());
            gains.push(thought.gains.clone());
        }
        let file = thoughts[0].file;
        plan.marks(simulation, structure, &Draft { file, qualities, gains, ..Draft::default() })
    });
    if !marks.eq(row.marks.iter().cloned()) {
        found.push(("measured", "the marks are not what the plan's gates say".to_owned()));
    }
}

/// The thoughts of a row in their order.
fn thoughts(row: &TrajectoryRow) -> Vec<Thought<'_>> {
    let (mut thoughts, mut shown) = (vec![], Shown::new());
    for span in &row.spans {
        let text = text_of(row, span);
        match (span.kind, span.file) {
            (SpanKind::Think, Some(file)) => {
                thoughts.push(Thought { file, text, shown: shown.clone() });
                shown.add(text);
            }
            (SpanKind::Observation, _) => shown.add(text),
            (SpanKind::Write, _) => shown = Shown::new(),
            _ => {}
        }
    }
    thoughts
}

/// Requirements and plan, as the row shows them.
fn planned(row: &TrajectoryRow) -> Vec<&str> {
    let of_plan = |span: &&Span| matches!(span.kind, SpanKind::Requirements | SpanKind::Plan);
    row.spans.iter().filter(of_plan).map(|span| text_of(row, span)).collect()
}

/// Which measure cannot be true. `again` knows nothing of the plan, and so may know too many names.
fn contradiction(
    again: &Quality,
    stored: &Quality,
    planned: &[&str],
    structure: &Structure,
) -> Option<&'static str> {
    let names = (stored.ungrounded.clone(), stored.n_ungrounded);
    let known = Quality { ungrounded: names.0, n_ungrounded: names.1, ..again.clone() };
    if known != *stored {
        return Some("the measures are not those");
    }
    let listed = stored.ungrounded.len() as u32 == stored.n_ungrounded;
    let cut = stored.ungrounded.len() == Quality::MOST_UNGROUNDED;
    let all_known = again.ungrounded.len() == again.n_ungrounded as usize;
    let invented = |name: &&String| all_known && !again.ungrounded.contains(name);
    if stored.n_ungrounded > again.n_ungrounded
        || !(listed || cut)
        || stored.ungrounded.iter().any(|name| invented(&name))
    {
        return Some("too many names are ungrounded");
    }
    let paths = || structure.repository.files.iter().map(|file| &*file.path);
    let told = |name: &str| planned.iter().copied().chain(paths()).any(|text| text.contains(name));
    let mut grounded = again.ungrounded.iter().filter(|name| !stored.ungrounded.contains(name));
    let untold = listed && grounded.any(|name| !told(name));
    untold.then_some("too few names are ungrounded")
}
