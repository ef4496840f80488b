//! Edits folders and commits in ways that hide, and compares revisions with what is read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::Dir;
use crate::filter::Filter;
use crate::testing::{LIMITS, classify, write};
use crate::walk;

/// Longer than clocks of file systems stand still, short enough to test with.
const RACY: Duration = Duration::from_millis(30);

/// A way to change a repository, with two numbers that say where and what.
type Edit = (u8, u8, u8);

const PATHS: [&str; 8] =
    ["a.py", "b.py", "d/c.py", "d/README.md", "vendor/v.py", ".gitignore", "d/.gitignore", "x.txt"];
const TEXTS: [&str; 4] = ["x = 1", "x = 2", "*.py\n", "c.py\n"];

/// Makes one change. Those that cannot be made are left.
fn edit(root: &Path, (way, place, what): Edit) {
    let path = root.join(PATHS[usize::from(place) % PATHS.len()]);
    let other = root.join(PATHS[usize::from(what) % PATHS.len()]);
    let text = TEXTS[usize::from(what) % TEXTS.len()];
    fs::create_dir_all(root.join("d")).ok();
    fs::create_dir_all(root.join("vendor")).ok();
    let modified = || fs::metadata(&path).and_then(|data| data.modified());
    match way % 9 {
        0 | 1 => _ = fs::write(&path, text),
        2 | 3 => {
            let before = modified();
            fs::write(&path, text).ok();
            if let Ok(before) = before {
                File::options()
                    .write(true)
                    .open(&path)
                    .and_then(|file| file.set_modified(before))
                    .ok();
            }
        }
        4 => _ = fs::rename(&path, &other),
        5 => {
            let mode = if what % 2 == 0 { 0o644 } else { 0o755 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).ok();
        }
        6 => _ = fs::remove_file(&path),
        7 => {
            fs::remove_file(&path).ok();
            symlink(&other, &path).ok();
        }
        _ => {
            // A folder that is touched, and one that becomes a submodule and none again.
            fs::write(root.join("d/.git"), "").ok();
            if what % 2 == 0 {
                fs::remove_file(root.join("d/.git")).ok();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_revisions_promise_equal_repositories(
        edits in prop::collection::vec((any::<Edit>(), 0_u64..50), 1..30),
    ) {
        let root = tempfile::tempdir().unwrap();
        let repository = root.path().join("r");
        write(&repository, &[("a.py", b"x = 0"), ("d/c.py", b"x = 0"), ("b.py", b"x = 0")]);
        let filter = Filter::new(classify, LIMITS, &[]).unwrap_or_else(|errors| panic!("{errors:?}"));
        let reader = Reader::of("dir", &"");
        let dir: Dir = toml::from_str("path = \".\"\nlayout = \"many\"").unwrap();
        let source = dir.open(root.path(), classify).unwrap();
        let mut known = HashMap::new();
        let mut given = 0;
        for (change, wait) in edits {
            edit(&repository, change);
            thread::sleep(Duration::from_millis(wait));
            let listing = walk::list(&repository, &filter).unwrap();
            let Some(revision) = reader.of_listing(&listing, Moment::ago(RACY)) else { continue };
            given += 1;
            let read = source.read("r").map(|repository| repository.content());
            let before = known.entry(revision).or_insert_with(|| read.clone());
            prop_assert_eq!(&read, before);
        }
        let listing = walk::list(&repository, &filter).unwrap();
        thread::sleep(RACY);
        prop_assert!(reader.of_listing(&listing, Moment::ago(Duration::ZERO)).is_some());
        prop_assert!(given <= 30);
    }
}

#[test]
fn a_state_that_is_left_alone_keeps_its_revision() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("a.py", b"x = 1"), ("caf.md", b"x")]);
    let filter = Filter::new(classify, LIMITS, &[]).unwrap_or_else(|errors| panic!("{errors:?}"));
    let revision = |config: &str| {
        let listing = walk::list(root.path(), &filter).unwrap();
        Reader::of("dir", &config).of_listing(&listing, Moment::ago(Duration::ZERO))
    };
    thread::sleep(RACY);
    let first = revision("").unwrap();
    assert_eq!(revision("").unwrap(), first);
    assert_ne!(revision("other").unwrap(), first);
    fs::write(root.path().join("image.png"), "").unwrap();
    assert_ne!(revision("").unwrap(), first);
}

#[test]
fn a_file_that_was_just_written_has_no_revision() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("r/a.py", b"x = 1")]);
    let dir: Dir = toml::from_str("path = \"r\"\nlayout = \"one\"").unwrap();
    let source = dir.open(root.path(), classify).unwrap();
    assert_eq!(source.revision("r"), None);
    let (read, revision) = source.read_with_revision("r");
    assert!(read.is_ok() && revision.is_none());
    thread::sleep(super::RACY + RACY);
    let now = source.revision("r");
    assert!(now.is_some());
    assert_eq!(source.read_with_revision("r").1, now);
}

/// Prints what a thousand repositories take: `cargo test --release -p backstory-source -- --ignored --nocapture`.
#[test]
#[ignore = "measures; wants a release build"]
#[expect(clippy::print_stderr, reason = "a figure for people")]
fn a_thousand_repositories_are_asked_quickly() {
    let root = tempfile::tempdir().unwrap();
    for repository in 0..1_000 {
        for file in 0..30 {
            let path = format!("{repository:04}/src/{}/f{file:02}.rs", file % 4);
            write(root.path(), &[(&path, b"fn f() {}\n")]);
        }
        let rules = format!("/target\n*.log\n/build-{repository}/\n");
        write(root.path(), &[(&format!("{repository:04}/.gitignore"), rules.as_bytes())]);
    }
    thread::sleep(super::RACY + RACY);
    let dir: Dir = toml::from_str("path = \".\"\nlayout = \"many\"").unwrap();
    let source = dir.open(root.path(), classify).unwrap();
    let names = source.list().unwrap();
    for _ in 0..5 {
        let start = Instant::now();
        assert!(names.iter().all(|name| source.revision(name).is_some()));
        eprintln!("{:?} for {} repositories", start.elapsed(), names.len());
    }
}
