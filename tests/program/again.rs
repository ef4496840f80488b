//! Running into an output that is there already.
//!
//! Catches rows that are made twice, commits without content, changed repositories that go unnoticed,
//! and outputs of others that are written to.

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
fn a_repository_that_has_changed_is_reported_and_keeps_its_rows() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    let before = place.rows("out");
    place.write("repositories/shop/shop/order.py", "TOTAL = 1\n");
    insta::assert_snapshot!("changed_run", place.run_into("out", &[]).exits(1).report());
    insta::assert_snapshot!("changed_verify", place.run(&["verify", "out"]).exits(1).report());
    before.assert_same(&place.rows("out"), "after the change");
}

#[test]
fn tables_of_another_plan_are_not_touched() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    let versions = place.versions("out");
    let other = place.run_into("out", &["--set", "operator.simulate.read_budget=7"]).exits(4);
    assert_eq!(place.versions("out"), versions);
    // Which plan is which is said by digests.
    let stderr = other.stderr.split("(plan").next().unwrap();
    insta::assert_snapshot!(stderr);
    // What changes no row is no other plan.
    place.run_into("out", &["--set", "run.seal_bytes=1"]).exits(0);
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
    insta::assert_snapshot!("busy", place.run_into("out", &[]).exits(4).report());
    // Reading is no writing.
    place.run(&["verify", "out"]).exits(0);
    drop(lock);
    place.run_into("out", &[]).exits(0);
}
