//! Searches against the record of their trials: every decision follows from the scores, and the thoughts of the
//! rows are those that were kept.

use std::collections::BTreeMap;

use backstory_core::{Digest, Gains, Hasher};
use backstory_search::{Rule, replay};

use super::trajectories::Found;
use super::{Breach, breach};
use crate::plan::{Arm, Resolved};
use crate::tables::{OutputError, Reader, ThoughtRow, TrialRow};

/// What the record says of the thoughts of each search in each repository, by repository and operator: a digest, for
/// there are many.
pub(super) type Searches = BTreeMap<(String, String), Digest>;

/// Decides all trials again. `rules` are those of the plan's searches.
pub(super) async fn check_searches(
    rules: &BTreeMap<String, Rule>,
    reader: &Reader,
    breaches: &mut Vec<Breach>,
) -> Result<Searches, OutputError> {
    let mut searches = Searches::new();
    let each = |rows: Vec<TrialRow>| {
        let Some(TrialRow { repo, simulation, .. }) = rows.first().cloned() else { return };
        let unknown = || format!("the plan has no search \"{simulation}\"");
        let checked = rules.get(&simulation).ok_or_else(unknown);
        match checked.and_then(|rule| check(&rows, rule)) {
            Ok(kept) => drop(searches.insert((repo, simulation), kept)),
            Err(what) => breach(breaches, &repo, None, "explained", what),
        }
    };
    reader.trials(each).await?;
    Ok(searches)
}

/// The digest of the thoughts that were kept, if all decisions follow from the scores.
fn check(rows: &[TrialRow], rule: &Rule) -> Result<Digest, String> {
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
    let there = replayed.iter().filter(|step| !step.dropped);
    let kept = there.filter_map(|step| Some((step.file, &*trials[step.kept?].text, &step.gains)));
    Ok(digest(kept))
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

/// That the thoughts of a row that gain anything, or nothing, are those that its search has kept. `texts` are as
/// many as `rows`. What was not searched has no gains and is not on record.
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
    let that_gain = rows.iter().zip(texts).filter(|(row, _)| row.gains != Gains::default());
    let of_row = digest(that_gain.map(|(row, text)| (row.file, *text, &row.gains)));
    let nothing = || digest(std::iter::empty());
    let on_record = searches.get(&(repo.to_owned(), simulation)).copied();
    if on_record.unwrap_or_else(nothing) != of_row {
        let detail = "its thoughts, or what they gain, are not what the trials tell";
        found.push(("explained", detail.to_owned()));
    }
}

/// Of thoughts in order: file, text, gains. Rounds at the end that found nothing to compare are not on record.
fn digest<'a>(thoughts: impl Iterator<Item = (u32, &'a str, &'a Gains)>) -> Digest {
    let mut hasher = Hasher::new();
    for (file, text, gains) in thoughts {
        let last = gains.rounds.iter().rposition(|gain| *gain != 0.0);
        let rounds = gains.rounds[..last.map_or(0, |last| last + 1)].to_vec();
        let gains = Gains { rounds, ..gains.clone() };
        hasher.field(file.to_le_bytes()).field(text.trim()).field(format!("{gains:?}"));
    }
    hasher.finish()
}
