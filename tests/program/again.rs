//! Running into an output that is there already.
//!
//! Catches rows that are made twice, commits without content, changed repositories that go unnoticed or take
//! others with them, and outputs of others that are written to.

use std::fs;

use crate::common::Place;
use crate::corpus::place_with_corpus;
use crate::golden::SMALL;

#[test]
fn a_finished_output_is_left_as_it_is() {
    let place = place_with_corpus(12);
    place.run_into("out", &[]).exits(1);
    let (rows, versions) = (place.rows("out"), place.versions("out"));
    let outcome = place.run_into("out", &["--json"]).exits(0);
    assert_eq!(place.versions("out"), versions);
    rows.assert_same(&place.rows("out"), "after the second run");
    let repositories = &outcome.json()["repositories"];
    assert_eq!(repositories["unchanged"], 12);
    assert_eq!(repositories["committed"], 0);
    insta::assert_snapshot!(place.run_into("out", &[]).exits(0).report());
}

#[test]
fn a_new_repository_is_added_to_the_others() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    place.write("repositories/late/main.py", "print(1)\n");
    place.run_into("out", &[]).exits(0);
    place.run_into("fresh", &[]).exits(0);
    place.rows("fresh").assert_same(&place.rows("out"), "added later");
}

#[test]
fn a_repository_that_has_changed_gets_other_rows_and_no_other_does() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    place.write("repositories/shop/shop/order.py", "TOTAL = 1\n");
    insta::assert_snapshot!("changed_verify", place.run(&["verify", "out"]).exits(1).report());
    insta::assert_snapshot!("changed_run", place.run_into("out", &[]).exits(0).report());
    place.run(&["verify", "out"]).exits(0);
    place.run_into("fresh", &[]).exits(0);
    place.rows("fresh").assert_same(&place.rows("out"), "after the change");
    // As it was before, as long as nobody clears it away.
    let before = place.run(&["query", "out", "--version", "1", LATEST, "--json"]).exits(0);
    let after = place.run(&["query", "out", LATEST, "--json"]).exits(0);
    assert_ne!(before.stdout, after.stdout);
}

const LATEST: &str = "SELECT repo, content_id FROM repositories ORDER BY repo";

#[test]
fn a_repository_that_cannot_be_read_is_tried_again() {
    let place = Place::with_files(&SMALL);
    place.write("repositories/docs/README.md", "# Nothing but words\n");
    place.run_into("out", &[]).exits(1);
    let versions = place.versions("out");
    place.run_into("out", &[]).exits(0);
    assert_eq!(place.versions("out"), versions, "it is as it was");
    place.write("repositories/docs/main.py", "print('words')\n");
    place.run_into("out", &[]).exits(0);
    place.run_into("fresh", &[]).exits(0);
    place.rows("fresh").assert_same(&place.rows("out"), "with source in it");
}

#[test]
fn another_plan_makes_all_rows_again() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    let versions = place.versions("out");
    // What changes no row is no other plan.
    place.run_into("out", &["--set", "run.seal_bytes=1"]).exits(0);
    assert_eq!(place.versions("out"), versions);
    let other = ["--set", "operator.simulate.read_budget=7"];
    insta::assert_snapshot!("other_plan", place.run_into("out", &other).exits(0).report());
    place.run_into("fresh", &other).exits(0);
    place.rows("fresh").assert_same(&place.rows("out"), "by another plan");
    place.run(&["verify", "out"]).exits(0);
}

#[test]
fn a_source_may_move() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    let versions = place.versions("out");
    fs::rename(place.at("repositories"), place.at("elsewhere")).unwrap();
    let moved =
        place.run_into("out", &["--set", "source.path=elsewhere", "--json"]).exits(0).json();
    assert_eq!(moved["repositories"]["unchanged"], moved["repositories"]["listed"]);
    assert_eq!(place.versions("out"), versions);
}

#[test]
fn folders_of_others_are_not_touched() {
    let place = Place::with_files(&SMALL);
    place.write("thesis/chapter.tex", "\\chapter{One}\n");
    place.write("a-file", "");
    insta::assert_snapshot!("foreign", place.run_into("thesis", &[]).exits(4).report());
    assert_eq!(fs::read_dir(place.at("thesis")).unwrap().count(), 1);
    insta::assert_snapshot!("output_is_file", place.run_into("a-file", &[]).exits(2).report());
    let below = place.run_into("a-file/out", &[]).exits(4);
    insta::assert_snapshot!("output_below_file", below.report());
    assert_eq!(fs::read(place.at("a-file")).unwrap(), b"");
}

#[test]
fn a_second_run_is_kept_out_while_the_first_one_writes() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    let lock = fs::File::open(place.at("out/_backstory/lock")).unwrap();
    lock.lock().unwrap();
    let refused = place.run_into("out", &[]).exits(4).report();
    let (before, rest) = refused.split_once(": run ").unwrap();
    let (who, hint) = rest.split_once('\n').unwrap();
    assert!(who.contains(", process ") && who.contains(" since "), "{who}");
    insta::assert_snapshot!("busy", format!("{before}: run [who]\n{hint}"));
    // Reading is no writing.
    place.run(&["verify", "out"]).exits(0);
    drop(lock);
    place.run_into("out", &[]).exits(0);
}

#[test]
fn a_data_file_that_is_gone_is_no_empty_one() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    let files = fs::read_dir(place.at("out/sequences")).unwrap().map(|entry| entry.unwrap().path());
    let file = files.into_iter().find(|path| path.is_file()).unwrap();
    fs::remove_file(&file).unwrap();
    let query = ["query", "out", "SELECT sum(n_tokens) FROM sequences"];
    let report = place.run(&query).exits(4).report();
    let name = file.file_name().unwrap().to_str().unwrap();
    insta::assert_snapshot!(report.replace(name, "[file]"));
}
