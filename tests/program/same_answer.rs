//! The same rows whatever the number of workers and however small the windows.
//!
//! Catches order that leaks from threads, arrival or hash maps into rows; a repository that is lost,
//! doubled or stuck when windows are smaller than the work, or that waits for a clock; settings of the
//! engine that change a row.

use std::time::{Duration, Instant};

use crate::common::Rows;
use crate::corpus::place_with_corpus;

const REPOSITORIES: u64 = 40;

/// Workers, and settings of the engine.
const WAYS: [&[&str]; 8] = [
    &["--workers", "1"],
    &["--workers", "1"],
    &["--workers", "2"],
    &["--workers", "4"],
    &["--workers", "1", "--set", "run.in_flight_repositories=1"],
    &["--workers", "4", "--set", "run.in_flight_repositories=3", "--set", "run.seal_bytes=1"],
    &["--workers", "2", "--set", "run.in_flight_bytes=1"],
    &["--workers", "3", "--set", "run.seal_bytes=1000", "--set", "run.in_flight_bytes=3000"],
];

#[test]
fn rows_are_the_same_whichever_way_they_are_made() {
    let place = place_with_corpus(REPOSITORIES);
    let mut first = None::<(Rows, serde_json::Value)>;
    for (number, way) in WAYS.iter().enumerate() {
        let out = format!("out-{number}");
        let outcome = place.run_into(&out, &[way, &["--json"][..]].concat()).exits(1);
        let rows = place.rows(&out);
        let summary = counts(outcome.json());
        let (expected, expected_summary) = first.get_or_insert((rows, summary.clone()));
        expected.assert_same(&place.rows(&out), &way.join(" "));
        assert_eq!(summary, *expected_summary, "{}", way.join(" "));
    }
    let (rows, summary) = first.unwrap();
    assert_eq!(rows.repositories() as u64, REPOSITORIES);
    for key in ["repositories", "files", "trajectories"] {
        insta::assert_snapshot!(key, format!("{:#}", summary[key]));
    }
    place.run(&["verify", "out-0"]).exits(0);
}

#[test]
fn a_small_budget_waits_for_no_clock() {
    let place = place_with_corpus(6);
    let begin = Instant::now();
    let budget = ["--set", "run.in_flight_bytes=1", "--set", "run.seal_seconds=30"];
    place.run_into("out", &[&["--workers", "1"][..], &budget].concat()).exits(0);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

/// A summary without what may differ.
fn counts(mut summary: serde_json::Value) -> serde_json::Value {
    let keys = summary.as_object_mut().unwrap();
    keys.remove("seconds");
    keys.remove("output");
    summary
}
