//! A source that changes between runs into the same output.
//!
//! Catches rows that a fresh run would not make, rows that are missing or double, requests that are made again
//! although nothing they show has changed, and thoughts that are kept without a mark.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use backstory::tables::TrajectoryRow;

use crate::common::{Place, Rows};
use crate::corpus::{Dice, place_with_corpus};
use crate::models::{Model, place_with};
use crate::server::Scenario;

const REPOSITORIES: u64 = 8;

/// Source files of a folder, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
            match path.is_dir() {
                true if path.file_name().is_some_and(|name| name != "build") => folders.push(path),
                false if ["py", "rs", "ts", "go"].contains(&extension) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Changes something, as people do between two commits.
fn edit(place: &Place, dice: &mut Dice, round: u64) {
    let repositories = fs::read_dir(place.at("repositories")).unwrap();
    let mut repositories: Vec<_> = repositories.map(|entry| entry.unwrap().path()).collect();
    repositories.sort();
    let repository = &repositories[dice.roll(repositories.len() as u64) as usize];
    let files = sources(repository);
    let file = files.get(dice.roll(files.len().max(1) as u64) as usize);
    match (dice.roll(8), file) {
        (0..=3, Some(file)) => {
            // Other bodies, the same outlines.
            let Ok(text) = fs::read_to_string(file) else { return };
            fs::write(file, text.replace("value + ", &format!("{round} + value + "))).unwrap();
        }
        (4, Some(file)) => {
            let copy = file.with_file_name(format!("more_{round}_{}", name(file)));
            fs::copy(file, copy).unwrap();
        }
        (5, Some(file)) => fs::remove_file(file).unwrap(),
        (6, _) => fs::write(repository.join("README.md"), format!("# Round {round}\n")).unwrap(),
        _ => place.write(&format!("repositories/late-{round}/main.py"), format!("x = {round}\n")),
    }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap()
}

/// Twenty states of a source, one after the other; sees what comes of it every few of them.
fn follow(place: &Place, arguments: &[&str], compare: impl Fn(&Rows, &Rows, &str)) {
    let mut dice = Dice(7);
    place.run_into("out", arguments);
    for round in 0..20 {
        edit(place, &mut dice, round);
        let run = place.run_into("out", arguments);
        assert!(matches!(run.code, Some(0 | 1)), "{}", run.report());
        if round % 5 == 4 {
            let fresh = format!("fresh-{round}");
            place.run_into(&fresh, arguments);
            compare(&place.rows(&fresh), &place.rows("out"), &fresh);
            place.run(&["verify", "out"]).exits(0);
        }
    }
    let history = place.run(&["history", "out", "--json"]).exits(0);
    assert!(history.stdout.lines().count() > 15, "{}", history.report());
}

#[test]
fn twenty_states_end_as_the_last_one_alone() {
    let place = place_with_corpus(REPOSITORIES);
    follow(&place, &[], |fresh, out, which| fresh.assert_same(out, which));
    // Small files, joined, are the same rows.
    let before = place.rows("out");
    place.run(&["compact", "out"]).exits(0);
    before.assert_same(&place.rows("out"), "compacted");
    place.run(&["vacuum", "out", "--keep", "0s"]).exits(0);
    before.assert_same(&place.rows("out"), "vacuumed");
    place.run(&["verify", "out"]).exits(0);
}

#[test]
fn twenty_states_with_a_model_that_rethinks_end_as_the_last_one_alone() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, REPOSITORIES, "");
    let rethink = ["--set", "operator.simulate.rethink=true"];
    follow(&place, &rethink, |fresh, out, which| fresh.assert_same(out, which));
    model.asked_once();
}

#[test]
fn thoughts_are_kept_and_marked_when_only_what_was_read_before_them_has_changed() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, REPOSITORIES, "");
    let kept = std::cell::Cell::new(0);
    follow(&place, &[], |fresh, out, which| {
        let is_kept = |row: &&TrajectoryRow| row.thoughts.iter().any(|thought| thought.kept);
        let marked: BTreeSet<_> =
            out.trajectories.iter().filter(is_kept).map(|row| row.trajectory_id.clone()).collect();
        kept.set(kept.get() + marked.len());
        let without = |rows: &Rows| Rows {
            trajectories: rows.trajectories.clone(),
            sequences: rows.sequences.clone(),
            errors: rows.errors.clone(),
            trials: vec![],
        };
        let (mut fresh, mut out) = (without(fresh), without(out));
        for rows in [&mut fresh, &mut out] {
            rows.trajectories.retain(|row| !marked.contains(&row.trajectory_id));
            rows.sequences.retain(|row| !marked.contains(&row.trajectory_id));
        }
        fresh.assert_same(&out, which);
    });
    assert!(kept.get() > 0, "no thought was kept");
    model.asked_once();
}

#[test]
fn repositories_that_are_gone_from_the_source_keep_their_rows_until_they_are_pruned() {
    let place = place_with_corpus(4);
    place.run_into("out", &[]).exits(0);
    fs::remove_dir_all(place.at("repositories/repo-002")).unwrap();
    insta::assert_snapshot!("vanished", place.run_into("out", &[]).exits(0).report());
    assert_eq!(place.rows("out").repositories(), 4);
    insta::assert_snapshot!("pruned", place.run_into("out", &["--prune"]).exits(0).report());
    place.run_into("fresh", &[]).exits(0);
    place.rows("fresh").assert_same(&place.rows("out"), "pruned");
}
