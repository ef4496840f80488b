//! A run that is cut short, at any moment, and run again.
//!
//! Catches rows that are lost or doubled by a crash between two commits, half-written tables that stop
//! the next run, a Ctrl-C that loses finished work or never ends. No test depends on when the signal
//! strikes: whatever was done, the rows in the end are those of a run in one go.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{Place, Rows};
use crate::corpus::{Dice, place_with_corpus};

const REPOSITORIES: u64 = 40;

/// One commit per repository, so that there are many moments to strike at.
const SLOW: [&str; 6] =
    ["--workers", "1", "--set", "run.in_flight_repositories=1", "--set", "run.seal_bytes=1"];

fn start(place: &Place, out: &str) -> Child {
    let sink = format!("sink.uri={out}");
    let arguments = [&["run", "plan.toml", "--json", "--set", &sink][..], &SLOW].concat();
    let mut command = place.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until the last of the tables has `commits`, or the run is over.
fn wait_for_commits(place: &Place, child: &mut Child, commits: usize, out: &str) {
    let begin = Instant::now();
    while place.versions(out)[2] < commits && child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < Duration::from_mins(1), "the run makes no progress");
        sleep(Duration::from_millis(1));
    }
}

fn in_one_go(place: &Place) -> Rows {
    let outcome = place.run_into("whole", &[]);
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.report());
    place.rows("whole")
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let place = place_with_corpus(REPOSITORIES);
    let expected = in_one_go(&place);
    let mut dice = Dice(1);
    let mut cut_short = 0;
    for _ in 0..10 {
        let before = place.versions("out")[2];
        let mut child = start(&place, "out");
        wait_for_commits(&place, &mut child, before + 1 + dice.roll(4) as usize, "out");
        sleep(Duration::from_micros(dice.roll(30_000)));
        child.kill().unwrap();
        cut_short += usize::from(child.wait().unwrap().code().is_none());
    }
    assert!(cut_short > 0, "no kill struck a run that was under way");
    let last = place.run_into("out", &["--json"]);
    assert!(matches!(last.code, Some(0 | 1)), "{}", last.report());
    expected.assert_same(&place.rows("out"), &format!("after {cut_short} kills"));
    place.run(&["verify", "out"]).exits(0);
}

#[test]
fn a_run_killed_while_its_tables_are_made_can_be_run_again() {
    let place = place_with_corpus(4);
    let expected = in_one_go(&place);
    let mut dice = Dice(2);
    for attempt in 0..10 {
        let out = format!("out-{attempt}");
        let mut child = start(&place, &out);
        let begin = Instant::now();
        while !place.at(&out).exists() && begin.elapsed() < Duration::from_mins(1) {
            std::thread::yield_now();
        }
        sleep(Duration::from_micros(dice.roll(20_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        place.run_into(&out, &[]);
        expected.assert_same(&place.rows(&out), &format!("attempt {attempt}"));
    }
}

#[test]
fn ctrl_c_commits_what_is_finished() {
    a_signal_commits_what_is_finished("INT");
}

#[test]
fn a_request_to_terminate_commits_what_is_finished() {
    a_signal_commits_what_is_finished("TERM");
}

fn a_signal_commits_what_is_finished(signal: &str) {
    let place = place_with_corpus(REPOSITORIES);
    let expected = in_one_go(&place);
    let mut child = start(&place, "out");
    wait_for_commits(&place, &mut child, 5, "out");
    send(signal, &child);
    let outcome = place.outcome(&child.wait_with_output().unwrap());
    assert!(matches!(outcome.code, Some(130 | 1)), "{}", outcome.report());
    let kept = place.rows("out").repositories() as u64;
    let repositories = &outcome.json()["repositories"];
    let count = |key: &str| repositories[key].as_u64().unwrap();
    assert_eq!(kept, count("committed") + count("rejected"));
    assert_eq!(REPOSITORIES, kept + count("not_started"));
    if outcome.code == Some(130) {
        assert!(kept >= 4);
        assert!(outcome.stderr.starts_with("stopping: "), "{}", outcome.report());
        let verdict = place.run(&["verify", "out", "--json"]).exits(0).json();
        assert_eq!(verdict["missing"], count("not_started"));
    }
    place.run_into("out", &[]);
    expected.assert_same(&place.rows("out"), "interrupted and run again");
}

#[test]
fn ctrl_c_twice_leaves_at_once() {
    let place = place_with_corpus(REPOSITORIES);
    let expected = in_one_go(&place);
    let mut child = start(&place, "out");
    wait_for_commits(&place, &mut child, 3, "out");
    send("INT", &child);
    send("INT", &child);
    let outcome = place.outcome(&child.wait_with_output().unwrap());
    assert!(matches!(outcome.code, Some(130 | 1)), "{}", outcome.report());
    place.run_into("out", &[]);
    expected.assert_same(&place.rows("out"), "interrupted twice and run again");
}

fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    // It fails when the run is over already.
    let _ = Command::new("sh").args(["-c", "kill -$0 $1 2>/dev/null", signal, &id]).status();
}
