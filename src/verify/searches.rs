//! Searches against the record of their trials: every decision follows from the scores, and the thoughts of the
//! rows are those that were kept.

use std::collections::BTreeMap;

use backstory_core::{Decision, Digest, Gains};
use backstory_search::{Rule, replay};

use super::trajectories::Found;
use super::{Breach, breach};
use crate::plan::{Arm, Resolved};
use crate::tables::{OutputError, Reader, ThoughtRow, TrialRow};

/// What the record says of the thoughts of all searches: by repository and operator, then by file, in order.
pub(super) type Searches = BTreeMap<(String, String), BTreeMap<u32, Vec<Kept>>>;

/// A thought that was searched and is still there.
pub(super) struct Kept {
    text: Digest,
    gains: Gains,
}

/// Decides all trials again. `rules` are those of the plan's searches.
pub(super) async fn check_searches(
    rules: &BTreeMap<String, Rule>,
    reader: &Reader,
    breaches: &mut Vec<Breach>,
) -> Result<Searches, OutputError> {
    let mut searches = Searches::new();
    let each = |rows: Vec<TrialRow>| {
        let Some((repo, simulation)) =
            rows.first().map(|row| (row.repo.clone(), row.simulation.clone()))
        else {
            return;
        };
        match rules.get(&simulation).ok_or("the plan has no such search") {
            Ok(rule) => match check(&rows, rule) {
                Ok(kept) => drop(searches.insert((repo, simulation), kept)),
                Err(what) => breach(breaches, &repo, None, "explained", what),
            },
            Err(what) => {
                breach(breaches, &repo, None, "explained", format!("{what} as \"{simulation}\""));
            }
        }
    };
    reader.trials(each).await?;
    Ok(searches)
}

fn check(rows: &[TrialRow], rule: &Rule) -> Result<BTreeMap<u32, Vec<Kept>>, String> {
    let trials: Vec<_> = rows.iter().map(|row| row.trial.clone()).collect();
    for (row, again) in rows.iter().zip(again(rows)) {
        if *row != again {
            return Err(format!("gains of \"{}\" do not follow from its scores", row.path));
        }
    }
    let replayed = replay(&trials, rule, rule).map_err(|error| error.to_string())?;
    let decisions = replayed.iter().flat_map(|step| &step.decisions);
    for (row, decision) in rows.iter().zip(decisions) {
        if row.trial.decision != *decision {
            return Err(format!(
                "\"{}\": {} at step {} is {}, and should be {}",
                row.path,
                row.trial.variant.name(),
                row.trial.step,
                row.trial.decision.name(),
                decision.name()
            ));
        }
    }
    let mut files = BTreeMap::<u32, Vec<Kept>>::new();
    for step in replayed {
        let of_file = files.entry(step.file).or_default();
        let excluded = || {
            let first = trials.iter().find(|it| (it.file, it.step) == (step.file, step.step));
            first.filter(|trial| matches!(trial.decision, Decision::Excluded(_)))
        };
        let stands = step.kept.map(|kept| &trials[kept]).or_else(excluded);
        if let Some(trial) = stands.filter(|_| !step.dropped) {
            of_file.push(Kept { text: Digest::of(trial.text.trim()), gains: step.gains });
        }
    }
    Ok(files)
}

/// The rows as they follow from their trials.
fn again(rows: &[TrialRow]) -> Vec<TrialRow> {
    let of_file = rows.chunk_by(|a, b| a.path == b.path);
    let rows = of_file.flat_map(|rows| {
        let trials: Vec<_> = rows.iter().map(|row| row.trial.clone()).collect();
        TrialRow::of(&rows[0].repo, &rows[0].simulation, &rows[0].path, &trials)
    });
    rows.collect()
}

/// That the thoughts of a row about one file are those that its search has kept. `texts` are as many as `rows`.
pub(super) fn check_kept(
    plan: &Resolved,
    arm: &Arm,
    searches: &Searches,
    repo: &str,
    rows: &[ThoughtRow],
    texts: &[&str],
    found: &mut Found,
) {
    let Some(simulation) = arm.simulation.map(|at| plan.simulations[at].name.clone()) else {
        return;
    };
    let of_repo = searches.get(&(repo.to_owned(), simulation));
    let file = rows.first().map_or(0, |row| row.file);
    let mut kept = of_repo.and_then(|files| files.get(&file)).into_iter().flatten().peekable();
    for (row, text) in rows.iter().zip(texts) {
        let is_next =
            |kept: &&Kept| kept.text == Digest::of(text.trim()) && same(&kept.gains, &row.gains);
        // A thought that the plan does not search has no trials, and gains nothing.
        if kept.next_if(is_next).is_none() && row.gains != Gains::default() {
            found.push(("explained", format!("no trial explains a thought of file {file}")));
            return;
        }
    }
    if kept.next().is_some() {
        found.push(("explained", format!("a thought of file {file} is not the one that was kept")));
    }
}

/// Whether gains are equal. Rounds at the end that found nothing to compare are not on record.
fn same(on_record: &Gains, of_row: &Gains) -> bool {
    let (told, rest) = of_row.rounds.split_at(on_record.rounds.len().min(of_row.rounds.len()));
    let of_row = Gains { rounds: told.to_vec(), ..of_row.clone() };
    *on_record == of_row && rest.iter().all(|gain| *gain == 0.0)
}
