//! Outputs on a disk that fills up.
//!
//! Catches rows that are lost or doubled, tables that cannot be opened again, and messages that do not
//! say what is wrong, wherever in a run the room gives out. Needs a file system of its own, so it is
//! skipped, and says so, where a user may not make one.

#![expect(clippy::print_stderr, reason = "says that a test is skipped")]

use std::fs;
use std::process::Command;

use crate::common::{PROGRAM, Place, Rows};
use crate::corpus::place_with_corpus;

/// Runs into a small file system, makes room, runs again, and keeps what is there then.
const SCRIPT: &str = "\
mkdir out kept
mount -t tmpfs -o size=$1k tmpfs out || exit 99
\"$0\" run plan.toml --workers 2 --set run.in_flight_repositories=3 --set run.seal_bytes=1 >full.out 2>full.err
echo $? >full.code
mount -o remount,size=64m out || exit 99
\"$0\" run plan.toml >again.out 2>again.err
echo $? >again.code
cp -r out/. kept/
";

/// The same where rows are there already, which others take the place of.
const REPLACING: &str = "\
mkdir out kept
mount -t tmpfs -o size=64m tmpfs out || exit 99
\"$0\" run plan.toml >first.out 2>first.err
[ $? = 1 ] || exit 98
for repository in repositories/*; do echo 'changed = True' >$repository/changed.py; done
mount -o remount,size=$(($(du -sk out | cut -f1) + $1))k out || exit 99
\"$0\" run plan.toml --workers 2 --set run.in_flight_repositories=3 --set run.seal_bytes=1 >full.out 2>full.err
echo $? >full.code
mount -o remount,size=64m out || exit 99
\"$0\" run plan.toml >again.out 2>again.err
echo $? >again.code
cp -r out/. kept/
";

fn is_permitted() -> bool {
    let mount = "mount -t tmpfs -o size=4k tmpfs /mnt";
    let probe = Command::new("unshare").args(USER_AND_MOUNTS).args(["sh", "-c", mount]).output();
    probe.is_ok_and(|probe| probe.status.success())
}

const USER_AND_MOUNTS: [&str; 3] = ["--user", "--map-root-user", "--mount"];

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let whole = place_with_corpus(30);
    whole.run_into("out", &[]).exits(1);
    // From too small for the first table to nearly enough.
    fills_up(SCRIPT, &[4, 32, 64, 120, 200, 300, 400], &whole.rows("out"));
}

#[test]
fn a_disk_that_fills_up_loses_no_rows_that_are_replaced() {
    let whole = place_with_corpus(30);
    for repository in fs::read_dir(whole.at("repositories")).unwrap() {
        fs::write(repository.unwrap().path().join("changed.py"), "changed = True\n").unwrap();
    }
    whole.run_into("out", &[]).exits(1);
    fills_up(REPLACING, &[0, 8, 40, 100, 180, 260], &whole.rows("out"));
}

/// By so many kilobytes of room.
#[track_caller]
fn fills_up(script: &str, sizes: &[u32], expected: &Rows) {
    if !is_permitted() {
        eprintln!("skipped: file systems cannot be mounted here");
        return;
    }
    let mut full = 0;
    for &size in sizes {
        let place = place_with_corpus(30);
        let mut command = Command::new("unshare");
        command.args(USER_AND_MOUNTS).args(["sh", "-c", script, PROGRAM, &size.to_string()]);
        let status = command.current_dir(place.at("")).status().unwrap();
        assert!(status.success(), "{size} kB");
        let said = |name: &str| fs::read_to_string(place.at(name)).unwrap();
        if said("full.code") == "4\n" {
            full += 1;
            assert_full(&place, size, &said("full.err"));
        } else {
            assert_eq!(said("full.code"), "1\n", "{size} kB: {}", said("full.err"));
        }
        let again = said("again.code");
        assert!(["0\n", "1\n"].contains(&&*again), "{size} kB: {again}{}", said("again.err"));
        expected.assert_same(&place.rows("kept"), &format!("filled up at {size} kB"));
        place.run(&["verify", "kept"]).exits(0);
    }
    assert!(full >= 4, "the disk filled up {full} times only");
}

#[track_caller]
fn assert_full(place: &Place, size: u32, message: &str) {
    let message = message.replace(&place.at("").display().to_string(), "[place]/");
    let lines = message.lines().collect::<Vec<_>>();
    assert!(lines.first().is_some_and(|line| line.contains("no space left")), "{size}: {message}");
    assert!(lines.last().is_some_and(|line| line.starts_with("  hint: ")), "{size}: {message}");
}
