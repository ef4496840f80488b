//! Repositories read from git, from a plan file to rows.
//!
//! Catches a source that reads the working tree instead of the commit, the wrong revision, or rows that
//! do not say which commit they come from. Repositories are made object by object, without a git
//! program.

use std::fs;

use gix::ObjectId;
use gix::create::{Kind, Options};
use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Commit, Tree};

use crate::common::{Place, plan};

/// Makes a repository whose branches each hold one commit with one file.
pub fn make(place: &Place, path: &str, kind: Kind, branches: &[(&str, &str)]) -> Vec<String> {
    let path = place.at(path);
    fs::create_dir_all(&path).unwrap();
    let options = gix::open::Options::isolated();
    let repository = gix::ThreadSafeRepository::init_opts(&path, kind, Options::default(), options);
    let repository = repository.unwrap().to_thread_local();
    fs::write(repository.git_dir().join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let commits = branches.iter().map(|(branch, text)| {
        let blob = repository.write_blob(text).unwrap().detach();
        let mode = EntryKind::Blob.into();
        let entries = vec![Entry { mode, filename: "main.py".into(), oid: blob }];
        let tree = repository.write_object(Tree { entries }).unwrap().detach();
        let commit = repository.write_object(commit(tree)).unwrap().detach().to_string();
        let reference = repository.git_dir().join("refs/heads").join(branch);
        fs::create_dir_all(reference.parent().unwrap()).unwrap();
        fs::write(reference, format!("{commit}\n")).unwrap();
        commit
    });
    commits.collect()
}

fn commit(tree: ObjectId) -> Commit {
    let time = gix::date::Time { seconds: 0, offset: 0 };
    let person = gix::actor::Signature { name: "a".into(), email: "b".into(), time };
    Commit {
        tree,
        parents: vec![].into(),
        author: person.clone(),
        committer: person,
        encoding: None,
        message: "".into(),
        extra_headers: vec![],
    }
}

fn place_with_plan(source: &str) -> Place {
    let plan = plan();
    let (begin, end) = (plan.find("[source]").unwrap(), plan.find("[models.author]").unwrap());
    let source = format!("[source]\nkind = \"git\"\n{source}\n\n");
    Place::with_plan(&[&plan[..begin], &source, &plan[end..]].concat())
}

/// Repository, commit and text of each row of an arm.
fn found(place: &Place) -> Vec<(String, Option<String>, bool, String)> {
    let rows = place.rows("out").trajectories.into_iter().filter(|row| row.arm == "raw-repos");
    rows.map(|row| {
        let file = row.files[0].path == "main.py";
        let text = row.text.lines().find(|line| line.starts_with("x = "));
        let text = text.unwrap_or_default().to_owned();
        (row.repo, row.commit_id, file, text)
    })
    .collect()
}

#[test]
fn commits_are_read_whatever_lies_beside_them() {
    let place = place_with_plan(
        "repositories = [\"tree\", \"bare.git\", \"old.git@release\"]\nrevision = \"HEAD\"",
    );
    let tree = make(&place, "tree", Kind::WithWorktree, &[("main", "x = 'committed'\n")]);
    place.write("tree/main.py", "x = 'working tree'\n");
    place.write("tree/untracked.py", "x = 'untracked'\n");
    let bare = make(&place, "bare.git", Kind::Bare, &[("main", "x = 'bare'\n")]);
    let branches = [("main", "x = 'new'\n"), ("release", "x = 'released'\n")];
    let old = make(&place, "old.git", Kind::Bare, &branches);
    place.run(&["run", "plan.toml"]).exits(0);
    let row = |name: &str, commit: &String, text: &str| {
        (name.to_owned(), Some(commit.clone()), true, text.to_owned())
    };
    let expected = [
        row("bare", &bare[0], "x = 'bare'"),
        row("old", &old[1], "x = 'released'"),
        row("tree", &tree[0], "x = 'committed'"),
    ];
    assert_eq!(found(&place), expected);
    place.run(&["verify", "out"]).exits(0);
}

#[test]
fn a_branch_that_has_moved_is_a_change() {
    let place = place_with_plan("path = \"repositories\"");
    make(&place, "repositories/one", Kind::Bare, &[("main", "x = 1\n")]);
    place.run(&["run", "plan.toml"]).exits(0);
    fs::remove_dir_all(place.at("repositories/one")).unwrap();
    make(&place, "repositories/one", Kind::Bare, &[("main", "x = 2\n")]);
    place.run(&["run", "plan.toml"]).exits(0);
    assert_eq!(found(&place)[0].3, "x = 2");
}

#[test]
fn revisions_that_are_not_there() {
    let place = place_with_plan("repositories = [\"one.git@v9\", \"two.git\"]");
    make(&place, "one.git", Kind::Bare, &[("main", "x = 1\n")]);
    insta::assert_snapshot!("no_revision", place.run(&["run", "plan.toml"]).exits(2).report());
    assert!(!place.at("out").exists());
}
