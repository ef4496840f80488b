//! What is on the disk when the power is cut, told by the calls to the system that the program makes.
//!
//! Catches a commit whose rows, folders or record may be gone although something that refers to them is there.
//! Needs a tracer, so it is skipped, and says so, where a user may not have one.

#![expect(clippy::print_stderr, reason = "says that a test is skipped")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::{PROGRAM, Place};
use crate::golden::SMALL;

const CALLS: &str =
    "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat";

/// A call to the system: what it says, and when it began and ended among the others.
struct Call {
    text: String,
    begin: usize,
    end: usize,
}

/// The calls of a trace, by their ends. One that others came between is on two lines.
fn calls(trace: &str) -> Vec<Call> {
    let mut open = HashMap::new();
    let mut calls = vec![];
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, text)) = line.split_once(char::is_whitespace) else { continue };
        if let Some(begun) = text.strip_suffix("<unfinished ...>") {
            open.insert(thread, (at, begun));
        } else if let Some((begin, begun)) =
            open.remove(thread).filter(|_| text.contains(" resumed>"))
        {
            calls.push(Call { text: format!("{begun}{text}"), begin, end: at });
        } else {
            calls.push(Call { text: text.to_owned(), begin: at, end: at });
        }
    }
    calls.retain(|call| call.text.trim_end().ends_with("= 0"));
    calls
}

/// What is to have happened, in words of the trace.
enum Step {
    /// A folder, or the file that is to get that name, is made durable.
    Synced(PathBuf),
    /// Something gets that name.
    Named(PathBuf),
}

impl Step {
    fn is(&self, call: &Call) -> bool {
        match self {
            Self::Synced(path) => {
                let path = path.display();
                let ends = [format!("<{path}>"), format!("<{path}#")];
                call.text.contains("sync(") && ends.iter().any(|end| call.text.contains(end))
            }
            Self::Named(path) => {
                let names = ["rename", "link", "mkdir"];
                !call.text.contains("unlink")
                    && names.iter().any(|name| call.text.contains(name))
                    && call.text.contains(&format!("\"{}\"", path.display()))
            }
        }
    }
}

/// Fails unless each step ended before the next one began.
#[track_caller]
fn assert_in_order(calls: &[Call], steps: &[Step]) {
    let mut since = None;
    for step in steps {
        let next =
            calls.iter().find(|call| since.is_none_or(|end| call.begin > end) && step.is(call));
        let Some(next) = next else {
            let (Step::Synced(path) | Step::Named(path)) = step;
            let texts = calls.iter().map(|call| &*call.text).collect::<Vec<_>>().join("\n");
            panic!("{} is not durable in time:\n{texts}", path.display());
        };
        since = Some(next.end);
    }
}

fn traced(place: &Place) -> Option<Vec<Call>> {
    let trace = place.at("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "4096", "-e", CALLS, "-o"]).arg(&trace);
    command.arg(PROGRAM).args(["run", "plan.toml", "--workers", "2"]).current_dir(place.at(""));
    let ran = command.output().is_ok_and(|output| output.status.success());
    ran.then(|| calls(&fs::read_to_string(trace).unwrap()))
}

/// Commits of the folder `out` that are not among the first so many.
fn commits(out: &Path, known: usize) -> Vec<Value> {
    let entries = fs::read_dir(out.join("_backstory/commits")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let commit = |path: &PathBuf| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    paths.iter().skip(known).map(commit).collect()
}

const TABLES: [&str; 6] =
    ["errors", "ledger", "trials", "trajectories", "sequences", "repositories"];

/// Rows before the record that names them, the record before what is done by it, and one table before the next.
#[track_caller]
fn assert_durable(calls: &[Call], out: &Path, commit: &Value) {
    use Step::{Named, Synced};
    let record = out.join("_backstory/commits");
    let name = record.join(format!("{:020}.json", commit["version"].as_u64().unwrap()));
    let mut in_tables = vec![];
    for table in TABLES {
        let change = &commit["tables"][table];
        let (folder, log) = (out.join(table), out.join(table).join("_delta_log"));
        let entry = log.join(format!("{:020}.json", change["version"].as_u64().unwrap()));
        let added = change["add"].as_array().map_or(&[][..], |files| files);
        for file in added {
            let file = folder.join(file["path"].as_str().unwrap());
            let rows = [Synced(file.clone()), Named(file), Synced(folder.clone())];
            let recorded = [Synced(name.clone()), Named(name.clone()), Synced(record.clone())];
            let done = [Synced(entry.clone()), Named(entry.clone()), Synced(log.clone())];
            // The record may be made durable while rows are: it has no name yet.
            let [written, named, kept] = recorded;
            assert_in_order(calls, &[written, Named(name.clone())]);
            let steps: Vec<_> = rows.into_iter().chain([named, kept]).chain(done).collect();
            assert_in_order(calls, &steps);
        }
        if !added.is_empty() {
            in_tables.extend([Named(entry), Synced(log)]);
        }
    }
    assert!(!in_tables.is_empty());
    assert_in_order(calls, &in_tables);
}

#[test]
fn a_commit_is_durable_before_anything_refers_to_it() {
    let place = Place::with_files(&SMALL);
    let out = fs::canonicalize(place.at("")).unwrap().join("out");
    let Some(first) = traced(&place) else {
        eprintln!("skipped: programs cannot be traced here");
        return;
    };
    for table in TABLES {
        let (folder, log) = (out.join(table), out.join(table).join("_delta_log"));
        let made = [&out, &folder, &log].map(|folder| {
            let above = folder.parent().unwrap().to_owned();
            [Step::Named(folder.clone()), Step::Synced(above)]
        });
        let entry = Step::Named(log.join(format!("{:020}.json", 0)));
        let steps: Vec<_> = made.into_iter().flatten().chain([entry]).collect();
        assert_in_order(&first, &steps);
    }
    let of_first = commits(&out, 0);
    for commit in &of_first {
        assert_durable(&first, &out, commit);
    }
    // The same where rows are replaced.
    place.write("repositories/shop/shop/order.py", "TOTAL = 1\n");
    let second = traced(&place).unwrap();
    let of_second = commits(&out, of_first.len());
    assert_eq!(of_second[0]["replaced"], 1);
    for commit in &of_second {
        assert_durable(&second, &out, commit);
    }
}
