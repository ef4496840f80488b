//! Input that is wrong or hostile: what comes of it, the exit code, and the message.
//!
//! Catches a mistake that is found only after something was written, a message that does not say what to
//! do, one bad file that costs the others their rows, and input that takes time or memory out of all
//! proportion.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Place, Rows, plan};
use crate::golden::SMALL;

/// Fails unless nothing was written.
#[track_caller]
fn refused(place: &Place, arguments: &[&str], code: i32) -> String {
    let outcome = place.run(arguments).exits(code);
    assert!(!place.at("out").exists(), "refused, but something was written");
    outcome.report()
}

#[test]
fn plans_that_are_wrong() {
    let place = Place::with_files(&SMALL);
    let run = |plan: &str| {
        place.write("plan.toml", plan);
        refused(&place, &["run", "plan.toml"], 2)
    };
    insta::assert_snapshot!("plan_no_toml", run("[source\nkind = dir\n"));
    insta::assert_snapshot!("plan_empty", run(""));
    let mistakes = plan()
        .replace("train = [\"frame\", \"write\"]", "train = [\"frame\", \"wirte\"]")
        .replace("kind = \"simulate\"", "kind = \"simulat\"")
        .replace("[sink]", "[sink]\ncompress = true");
    insta::assert_snapshot!("plan_mistakes", run(&mistakes));
    let absent = plan()
        .replace("path = \"repositories\"", "path = \"repos\"")
        .replace("tokenizer.json", "no-tokenizer.json");
    insta::assert_snapshot!("plan_absent_files", run(&absent));
    insta::assert_snapshot!("plan_missing", refused(&place, &["run", "no-plan.toml"], 2));
    insta::assert_snapshot!("plan_folder", refused(&place, &["run", "repositories"], 2));
}

#[test]
fn settings_that_are_wrong() {
    let place = Place::with_files(&SMALL);
    let set = |set: &str| refused(&place, &["run", "plan.toml", "--set", set], 2);
    insta::assert_snapshot!("set_unknown", set("sink.url=elsewhere"));
    insta::assert_snapshot!("set_no_value", set("sink.uri"));
    insta::assert_snapshot!("set_range", set("run.in_flight_repositories=0"));
    insta::assert_snapshot!("set_variable", set("sink.uri=${BACKSTORY_TEST_IS_NOT_SET}/out"));
    insta::assert_snapshot!("workers", refused(&place, &["run", "plan.toml", "--workers", "0"], 2));
}

#[test]
fn tokenizers_that_are_none() {
    let place = Place::with_files(&SMALL);
    for (name, contents) in [
        ("tokenizer_text", "not JSON\n"),
        ("tokenizer_other_json", "{\"version\": \"1.0\"}\n"),
        ("tokenizer_empty", ""),
    ] {
        place.write("other.json", contents);
        let tokenizer = "operator.mask.tokenizer=other.json";
        let report = refused(&place, &["run", "plan.toml", "--set", tokenizer], 2);
        insta::assert_snapshot!(name, report);
    }
}

#[test]
fn sources_that_hold_nothing() {
    let place = Place::with_files(&[]);
    fs::create_dir(place.at("repositories")).unwrap();
    insta::assert_snapshot!("source_empty", refused(&place, &["run", "plan.toml"], 2));
}

#[test]
fn an_output_that_cannot_be_written() {
    let place = Place::with_files(&SMALL);
    // Nobody, not even root, makes a folder there.
    let outcome = place.run_into("/proc/backstory/out", &[]).exits(4);
    insta::assert_snapshot!("output_unwritable", outcome.report());
}

#[test]
fn nothing_but_the_bad_file_or_repository_is_lost() {
    let place = Place::with_files(&SMALL);
    place.write("repositories/latin/good.py", "x = 1\n");
    place.write("repositories/latin/bad.py", b"name = 'caf\xe9'\n");
    place.write("repositories/docs/README.md", "# Nothing but words\n");
    fs::create_dir(place.at("repositories/empty")).unwrap();
    place.write("repositories/huge/small.rs", "fn main() {}\n");
    File::create(place.at("repositories/huge/huge.rs")).unwrap().set_len(200 << 20).unwrap();
    place.write("repositories/loop/main.go", "package main\n");
    symlink("b", place.at("repositories/loop/a")).unwrap();
    symlink("a", place.at("repositories/loop/b")).unwrap();
    symlink("..", place.at("repositories/loop/up")).unwrap();
    symlink("/etc/hosts", place.at("repositories/loop/out.py")).unwrap();
    let begin = Instant::now();
    insta::assert_snapshot!("files_run", place.run_into("out", &[]).exits(1).report());
    assert!(begin.elapsed() < Duration::from_secs(20));
    insta::assert_snapshot!("files_rows", found(&place.rows("out")));
    place.run(&["verify", "out"]).exits(0);
}

/// What was written, left out and rejected.
fn found(rows: &Rows) -> String {
    let trajectories = rows.trajectories.iter().filter(|row| row.arm == "raw-repos").map(|row| {
        let files = row.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>();
        format!("{}: {}, left out {:?}", row.repo, files.join(" "), row.left_out)
    });
    let errors = rows.errors.iter().map(|row| {
        let (arm, path) = (row.arm.as_deref().unwrap_or("-"), row.path.as_deref().unwrap_or("-"));
        format!("{} {arm} {path}: {} {}: {}", row.repo, row.stage, row.kind, row.message)
    });
    trajectories.chain(errors).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_hundred_thousand_nested_brackets() {
    let place = Place::with_files(&SMALL);
    // In lines, lest it passes for minified.
    let lines = |bracket: &str| format!("{}\n", bracket.repeat(100)).repeat(1_000);
    let nested = format!("{}1{}", lines("("), lines(")"));
    for (path, text) in [
        ("python/nested.py", format!("x = {nested}\n")),
        ("python/lists.py", format!("x = {}\n", lines("["))),
        ("rust/src/lib.rs", format!("pub const X: u8 = {nested};\n")),
        ("rust/src/blocks.rs", format!("fn f() {}\n", lines("{"))),
        ("javascript/nested.js", format!("export const x = {nested};\n")),
        ("typescript/nested.ts", format!("export const x: any = {nested};\n")),
        ("go/nested.go", format!("package nested\n\nvar x = {nested}\n")),
    ] {
        place.write(&format!("repositories/{path}"), text);
    }
    let begin = Instant::now();
    let outcome = place.run_into("out", &[]);
    assert!(begin.elapsed() < Duration::from_mins(1), "{:?}", begin.elapsed());
    insta::assert_snapshot!("nested_run", outcome.report());
    insta::assert_snapshot!("nested_rows", found(&place.rows("out")));
    place.run(&["verify", "out"]).exits(0);
}

#[test]
fn a_folder_with_a_hundred_thousand_entries() {
    let place = Place::with_files(&SMALL);
    place.write("repositories/data/main.py", "x = 1\n");
    place.write("repositories/sources/main.py", "x = 1\n");
    for number in 0..100_000 {
        // A file has so many names at most.
        let first = format!("first-{}", number / 30_000);
        if number % 30_000 == 0 {
            place.write(&first, "x = 1\n");
        }
        let link = |path: String| fs::hard_link(place.at(&first), place.at(&path)).unwrap();
        link(format!("repositories/data/{number}.dat"));
        if number < 25_000 {
            link(format!("repositories/sources/{number}.py"));
        }
    }
    let begin = Instant::now();
    insta::assert_snapshot!("many_entries", place.run_into("out", &[]).exits(1).report());
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let rejected = &place.rows("out").errors;
    assert_eq!(rejected.len(), 1);
    insta::assert_snapshot!("many_entries_rejected", rejected[0].message);
}

/// One file after the other is written again, with the number of the turn.
const FILES: usize = 200;

fn file_of(turn: usize) -> String {
    format!("restless/{}.py", turn % FILES)
}

#[test]
fn a_repository_that_changes_while_it_is_read_is_rejected_or_whole() {
    let files = (0..FILES).map(|file| (file_of(file), "turn = 0\n")).collect::<Vec<_>>();
    let files = files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>();
    let place = Place::with_files(&[&SMALL[..], &files].concat());
    let over = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 1.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // Of another length each time.
                let text = format!("turn = {turn}\n{}", "y = 2\n".repeat(turn % 7));
                place.write(&format!("repositories/{}", file_of(turn)), text);
            }
        });
        let outcome = place.run_into("out", &[]);
        over.store(true, Ordering::Relaxed);
        outcome
    });
    let rows = place.rows("out");
    match rows.trajectories.iter().find(|row| row.repo == "restless") {
        Some(row) => assert_one_moment(&row.text),
        None => assert_eq!(rows.errors[0].kind, "changed-while-read", "{}", outcome.report()),
    }
    assert!(rows.trajectories.iter().any(|row| row.repo == "shop"), "{}", outcome.report());
}

/// Fails unless all files are as they were when the last of them was written.
fn assert_one_moment(text: &str) {
    let turns = text.lines().filter_map(|line| line.strip_prefix("turn = ")?.parse::<usize>().ok());
    let turns = turns.collect::<Vec<_>>();
    let last = turns.iter().max().unwrap();
    let old = turns.iter().filter(|turn| **turn + FILES <= *last).collect::<Vec<_>>();
    assert!(old.iter().all(|turn| **turn == 0 && *last < FILES), "{old:?} beside {last}");
}
