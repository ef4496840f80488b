//! A run that is cut short, at any moment, and run again.
//!
//! Catches rows that are lost or doubled by a crash between two commits or within one, answers that are paid
//! twice, half-written tables that stop the next run, leases that outlive their run, a Ctrl-C that loses finished work or never ends. No test depends on when the signal
//! strikes: whatever was done, the rows in the end are those of a run in one go.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::buckets::{ANSWERS, OUT, serve};
use crate::common::{Place, Rows};
use crate::corpus::{Dice, place_with_corpus};
use crate::models::{Model, RETHINK, finished, place_with};
use crate::server::Scenario;

const REPOSITORIES: u64 = 40;

/// One commit per repository, so that there are many moments to strike at.
const SMALL_STEPS: [&str; 4] =
    ["--set", "run.in_flight_repositories=1", "--set", "run.seal_bytes=1"];

fn start(place: &Place, out: &str) -> Child {
    let sink = format!("sink.uri={out}");
    let arguments = ["run", "plan.toml", "--json", "--workers", "1", "--set", &sink];
    let arguments = [&arguments[..], &SMALL_STEPS].concat();
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

/// What is killed again and again.
struct Killed {
    place: Place,
    model: Model,
    /// Folder or URI, and where its files are.
    out: &'static str,
    files: PathBuf,
    further: Vec<&'static str>,
}

const IN_FLIGHT: u64 = 4;

/// Of each output: sixty in all.
const KILLS: u64 = 30;

impl Killed {
    fn new() -> Self {
        let model = Model::new(Scenario { latency_ms: 2, ..Scenario::default() });
        let place = place_with(&model, 6, &format!("max_in_flight = {IN_FLIGHT}"));
        let files = place.at("out");
        Self { place, model, out: "out", files, further: RETHINK.to_vec() }
    }

    /// A change that some rows follow from, and rarely a repository that was not there.
    fn change(&self, dice: &mut Dice) {
        let name = match dice.roll(8) {
            0 => format!("late-{}", dice.roll(3)),
            _ => format!("repo-{:03}", dice.roll(6)),
        };
        let text = format!("def changed(value):\n    return value + {}\n", dice.roll(1_000_000));
        self.place.write(&format!("repositories/{name}/changed_{}.py", dice.roll(3)), text);
    }

    fn start(&self, workers: &str) -> Child {
        let sink = format!("sink.uri={}", self.out);
        let arguments = ["run", "plan.toml", "--workers", workers, "--set", &sink];
        let command = [&arguments[..], &SMALL_STEPS, &self.further].concat();
        let mut command = self.place.command(&command);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn commits(&self) -> usize {
        fs::read_dir(self.files.join("_backstory/commits")).map_or(0, Iterator::count)
    }

    /// Whether the latest commit is written down, and not done in all tables yet.
    fn is_half_done(&self) -> bool {
        let entries = fs::read_dir(self.files.join("_backstory/commits")).into_iter().flatten();
        let paths = entries.map(|entry| entry.unwrap().path());
        let Some(latest) =
            paths.filter(|path| path.extension().is_some_and(|it| it == "json")).max()
        else {
            return false;
        };
        let commit: Value = serde_json::from_slice(&fs::read(latest).unwrap()).unwrap();
        let version = commit["tables"]["repositories"]["version"].as_u64().unwrap();
        !self.files.join(format!("repositories/_delta_log/{version:020}.json")).exists()
    }

    /// Waits for a part of the time that a run takes, or for the next commit and a smaller part; not for long if the
    /// run is over.
    fn wait(&self, child: &mut Child, whole: Duration, dice: &mut Dice) {
        let part = |dice: &mut Dice| whole.mul_f64(dice.roll(1000) as f64 / 1000.0);
        let mut until = |wanted: &dyn Fn() -> bool| {
            while !wanted() && child.try_wait().unwrap().is_none() {
                sleep(Duration::from_millis(1));
            }
        };
        let (begin, before) = (Instant::now(), self.commits());
        let mut time = part(dice);
        if dice.roll(2) == 0 {
            until(&|| self.commits() > before);
            time = begin.elapsed() + time / 4;
        }
        until(&|| begin.elapsed() >= time);
    }

    /// Many kills of runs by one worker and by several, while repositories change: in the end all is as if there
    /// had been one run.
    fn is_killed_often(&self) {
        let begin = Instant::now();
        finished(self.place.run_into("measured", &[&SMALL_STEPS, &self.further[..]].concat()));
        let mut whole = begin.elapsed();
        let (mut dice, mut struck, mut half_done) = (Dice(5), 0, 0);
        for round in 0..KILLS {
            self.change(&mut dice);
            self.change(&mut dice);
            let begin = Instant::now();
            let mut child = self.start(if round % 2 == 0 { "1" } else { "3" });
            self.wait(&mut child, whole, &mut dice);
            child.kill().unwrap();
            match child.wait().unwrap().code() {
                None => struck += 1,
                Some(_) => whole = begin.elapsed(),
            }
            half_done += usize::from(self.is_half_done());
        }
        assert!(struck > KILLS / 2, "only {struck} kills struck a run that was under way");
        assert!(half_done > 0, "no kill struck a commit that was under way");
        let begin = Instant::now();
        finished(self.place.run_into(self.out, &self.further));
        assert!(begin.elapsed() < Duration::from_secs(25), "nobody holds the output any more");
        let again = self.model.asked_again();
        assert!(again <= struck * IN_FLIGHT, "{again} paid twice, after {struck} kills");
        self.is_whole(struck);
    }

    fn is_whole(&self, struck: u64) {
        let asked = self.model.requests();
        finished(self.place.run_into("whole", &self.further));
        assert_eq!(self.model.requests(), asked, "every answer is there");
        let which = format!("after {struck} kills");
        self.place.rows("whole").assert_same(&self.place.rows(self.out), &which);
        self.place.run(&["verify", self.out]).exits(0);
        let history = self.place.run(&["history", self.out, "--json"]).exits(0).stdout;
        let replacing = history.lines().filter(|line| !line.contains("\"replaced\":0,")).count();
        assert!(replacing > 0, "no commit replaced rows");
        self.is_clean();
    }

    /// Files that no commit names, whole or cut off, can be cleared away.
    fn is_clean(&self) {
        let rows = self.place.rows(self.out);
        let mut left = vec!["sequences/part-0.parquet"];
        // An upload that was cut off is no file in a bucket.
        left.extend(self.place.at(self.out).is_dir().then_some("sequences/part-0.parquet#1"));
        for name in &left {
            fs::write(self.files.join(name), "cut off").unwrap();
        }
        self.place.run(&["vacuum", self.out, "--keep", "0s"]).exits(0);
        assert!(left.iter().all(|name| !self.files.join(name).exists()));
        rows.assert_same(&self.place.rows(self.out), "after clearing away");
    }
}

#[test]
fn kills_in_a_folder_leave_nothing_behind() {
    let killed = Killed::new();
    killed.is_killed_often();
}

#[test]
fn kills_in_a_bucket_leave_nothing_behind() {
    let mut killed = Killed::new();
    let server = serve(&mut killed.place, "60");
    killed.out = OUT;
    killed.files = server.bucket("bucket").join("some/out");
    killed.further.extend(ANSWERS);
    killed.is_killed_often();
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
