//! What a folder promises before it says that something is there, seen from outside: which calls were made to
//! the system in which order, and what is left on a disk that is full.
//!
//! Both run this program again, once under `strace` and once on a file system of its own. Where one may not do
//! that, the test is skipped, and says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "says that a test is skipped")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use backstory_store::{Location, StoreError, StoreErrorKind, block_on};
use object_store::{ObjectStoreExt, PutMode, PutPayload};

/// Names the folder to the program that is run again.
const FOLDER: &str = "DURABLE_FOLDER";

fn again(command: &mut Command, test: &str, folder: &Path) -> bool {
    command.env(FOLDER, folder);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads", "1"]);
    command.output().is_ok_and(|output| output.status.success())
}

fn given() -> (PathBuf, Location) {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let place = Location::folder(&folder).unwrap();
    (folder, place)
}

#[test]
#[ignore = "run by another test"]
fn writes_in_every_way() {
    let (_, place) = given();
    let [put, create, upload, copy, rename] =
        ["new/folder/put", "create", "upload", "other/copy", "third/rename"].map(|n| place.path(n));
    let store = place.root();
    let done = |what: &str| writeln!(std::io::stdout(), "done {what}").unwrap();
    block_on(async {
        store.put(&put, "x".into()).await.unwrap();
        done("put");
        store.put_opts(&create, "x".into(), PutMode::Create.into()).await.unwrap();
        done("create");
        let mut parts = store.put_multipart(&upload).await.unwrap();
        parts.put_part("x".into()).await.unwrap();
        parts.complete().await.unwrap();
        done("upload");
        store.copy(&create, &copy).await.unwrap();
        done("copy");
        store.rename(&create, &rename).await.unwrap();
        done("rename");
        store.delete(&upload).await.unwrap();
        done("delete");
    });
}

/// A call to the system: its name and what it is about.
#[derive(Debug)]
struct Call<'a>(&'a str);

impl Call<'_> {
    /// Makes what it is about durable.
    fn syncs(&self, path: &Path) -> bool {
        self.0.contains("fsync(") && self.0.contains(&format!("<{}>", path.display()))
    }

    /// Gives a name, or takes one.
    fn names(&self, path: &Path) -> bool {
        let names = ["rename", "link", "mkdir"].iter().any(|call| self.0.contains(call));
        names && self.0.contains(&format!("\"{}\"", path.display()))
    }
}

/// Whether such calls were made in this order.
fn in_order(calls: &[Call<'_>], wanted: &[&dyn Fn(&Call<'_>) -> bool]) -> bool {
    let mut calls = calls.iter();
    wanted.iter().all(|is| calls.any(is))
}

#[test]
fn bytes_are_durable_before_names_and_names_before_answers() {
    let place = tempfile::tempdir().unwrap();
    let folder = fs::canonicalize(place.path()).unwrap();
    let trace = folder.join("trace");
    let mut command = Command::new("strace");
    let calls =
        "trace=fsync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,write";
    command.args(["-f", "-y", "-s", "4096", "-e", calls, "-o"]).arg(&trace);
    if !again(&mut command, "writes_in_every_way", &folder.join("out")) {
        eprintln!("skipped: programs cannot be traced here");
        return;
    }
    let trace = fs::read_to_string(trace).unwrap();
    let mut rest = &trace[..];
    let mut until = |what: &str| {
        let end = rest.find(&format!("done {what}")).unwrap();
        let calls = rest[..end].lines().map(Call).collect::<Vec<_>>();
        rest = &rest[end..];
        calls
    };
    // Without a slash at the end of the folder itself.
    let at = |name: &str| folder.join("out").join(name).components().collect::<PathBuf>();
    let syncs = |name: &str| {
        let path = at(name);
        move |call: &Call<'_>| call.syncs(&path)
    };
    let names = |name: &str| {
        let path = at(name);
        move |call: &Call<'_>| call.names(&path)
    };
    let put = until("put");
    let made = [names("new"), names("new/folder")];
    let kept = [syncs(""), syncs("new"), syncs("new/folder/put#1")];
    assert!(in_order(&put, &[&made[0], &kept[0], &made[1], &kept[1], &kept[2]]), "{put:#?}");
    for (what, calls, name, staged, above) in [
        ("put", put, "new/folder/put", "new/folder/put#1", "new/folder"),
        ("create", until("create"), "create", "create#1", ""),
        ("upload", until("upload"), "upload", "upload#1", ""),
        ("copy", until("copy"), "other/copy", "create", "other"),
        ("rename", until("rename"), "third/rename", "create", "third"),
    ] {
        let ordered = in_order(&calls, &[&syncs(staged), &names(name), &syncs(above)]);
        assert!(ordered, "{what}: {calls:#?}");
    }
    let delete = until("delete");
    assert!(in_order(&delete, &[&names("upload"), &syncs("")]), "{delete:#?}");
}

#[test]
#[ignore = "run by another test"]
fn fills_a_disk() {
    let (folder, place) = given();
    let large = || PutPayload::from(vec![1; 40_000]);
    let store = place.root();
    block_on(async {
        store.put(&place.path("first"), large()).await.unwrap();
        let full = store.put(&place.path("second"), large()).await.unwrap_err();
        assert_eq!(StoreError::new("second", &full).kind, StoreErrorKind::Full, "{full:?}");
        let create = store.put_opts(&place.path("second"), large(), PutMode::Create.into()).await;
        assert_eq!(StoreError::new("second", &create.unwrap_err()).kind, StoreErrorKind::Full);
        // What is there stays what it was.
        store.put(&place.path("first"), large()).await.unwrap_err();
        let mut parts = store.put_multipart(&place.path("third")).await.unwrap();
        parts.put_part(large()).await.unwrap_err();
        parts.abort().await.unwrap();
    });
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(fs::read(&left[0]).unwrap(), vec![1; 40_000]);
}

#[test]
fn a_full_disk_is_told_and_nothing_is_left_on_it() {
    let place = tempfile::tempdir().unwrap();
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command
    };
    let mount = format!("mount -t tmpfs -o size=64k tmpfs {}", place.path().display());
    if !unshare().arg(&mount).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: file systems cannot be mounted here");
        return;
    }
    let mut command = unshare();
    command.arg(format!("{mount} && exec \"$0\" \"$@\""));
    assert!(again(&mut command, "fills_a_disk", place.path()));
}
