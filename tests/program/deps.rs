//! `backstory deps` on the sample repositories, on commits, and on what is none.
//!
//! Catches a format that changes without anyone meaning it, a file that is missing from the order, and a
//! refusal that does not say what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::process::Stdio;

use gix::create::Kind;
use serde_json::Value;

use crate::common::{Place, ROOT};
use crate::git::make;

const SAMPLES: [&str; 5] = ["abacus", "intervals", "mdtable", "todo", "trickle"];

fn sample(name: &str) -> String {
    format!("{ROOT}/datasets/repositories/{name}")
}

fn deps(arguments: &[&str]) -> String {
    Place::new().run(&[&["deps"], arguments].concat()).exits(0).stdout
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn every_format_of_the_samples() {
    for name in SAMPLES {
        let text = deps(&[&sample(name)]);
        assert_eq!(text, deps(&[&sample(name), "--format", "text"]));
        insta::assert_snapshot!(format!("{name}_text"), text);
        insta::assert_snapshot!(format!("{name}_json"), deps(&[&sample(name), "--format", "json"]));
    }
    insta::assert_snapshot!("abacus_dot", deps(&[&sample("abacus"), "--format", "dot"]));
}

#[test]
fn the_picture_of_the_readme_is_current() {
    let picture = fs::read_to_string(format!("{ROOT}/plans/trickle.svg")).unwrap();
    assert_eq!(deps(&[&sample("trickle"), "--format", "svg"]), picture);
}

#[test]
fn json_keeps_its_promises() {
    for name in SAMPLES {
        let json: Value =
            serde_json::from_str(&deps(&[&sample(name), "--format", "json"])).unwrap();
        let (files, order) = (strings(&json["files"]), strings(&json["order"]));
        assert!(files.is_sorted());
        let known: BTreeSet<_> = files.iter().copied().collect();
        assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), known);
        assert_eq!(order.len(), files.len());
        let place: BTreeMap<_, _> = order.iter().zip(0..).collect();
        let circles = json["components"].as_array().unwrap().iter().map(strings);
        let circles: Vec<_> = circles.collect();
        for edge in json["edges"].as_array().unwrap() {
            let [from, to, kind] = strings(edge)[..] else { panic!("{edge}") };
            // Circles are those of imports; the order gives way in circles of weaker kinds.
            if kind != "import" {
                continue;
            }
            let circle = circles.iter().any(|files| files.contains(&from) && files.contains(&to));
            assert!(circle || place[&to] < place[&from], "{from} needs {to}");
        }
    }
}

#[test]
fn a_circle_is_marked() {
    let text = deps(&[&sample("abacus")]);
    assert!(text.contains("circle of 2 files"), "{text}");
    let svg = deps(&[&sample("abacus"), "--format", "svg"]);
    assert!(svg.contains("in a circle"), "{svg}");
}

/// A repository of several languages with everything that can be odd about a file.
fn odd() -> Place {
    let place = Place::new();
    for (path, text) in [
        ("repo/.git/HEAD", ""),
        ("repo/.gitignore", "ignored/\n"),
        ("repo/ignored/a.py", "x = 1\n"),
        ("repo/shop/__init__.py", ""),
        ("repo/shop/cart.py", "from . import price\nfrom .gone import x\nfrom typing import Any\n"),
        ("repo/shop/price.py", "from . import cart\n"),
        ("repo/vendor/lib/lib.go", "package lib\n"),
        ("repo/web/app.min.js", "import './style.js'\n"),
        ("repo/web/style.js", "// @generated\n"),
        ("repo/web/style.css", "a { color: red }\n"),
        ("repo/README.md", "# Shop\n"),
    ] {
        place.write(path, text);
    }
    place.write("repo/latin.py", b"# caf\xe9\nfrom shop import cart\n");
    place.write("repo/binary.py", b"a\0b");
    place
}

#[test]
fn every_source_file_is_shown() {
    let place = odd();
    for (name, format) in [("odd_text", "text"), ("odd_json", "json"), ("odd_dot", "dot")] {
        let report = place.run(&["deps", "repo", "--format", format]).exits(0).report();
        insta::assert_snapshot!(name, report);
    }
}

#[test]
fn languages_and_kinds_can_be_chosen() {
    let place = odd();
    let run = |arguments: &[&str]| place.run(&[&["deps", "repo"], arguments].concat());
    let both = run(&["--lang", "go,css"]).exits(0).stdout;
    assert_eq!(both, run(&["--lang", "go", "--lang", "css"]).exits(0).stdout);
    insta::assert_snapshot!("lang", both);
    insta::assert_snapshot!("kind", run(&["--kind", "import", "--lang", "py"]).exits(0).stdout);
    insta::assert_snapshot!("lang_unknown", run(&["--lang", "pyhton"]).exits(2).report());
    insta::assert_snapshot!("kind_unknown", run(&["--kind", "imports"]).exits(2).report());
    insta::assert_snapshot!("kind_far", run(&["--kind", "everything"]).exits(2).report());
    insta::assert_snapshot!("format_unknown", run(&["--format", "png"]).exits(2).report());
    let help = run(&["--help"]).exits(0).report();
    insta::assert_snapshot!("help", help);
}

#[test]
fn commits_are_read_from_git() {
    let place = Place::new();
    let branches = [("main", "import os\n"), ("old", "import sys\n")];
    let commits = make(&place, "bare.git", Kind::Bare, &branches);
    make(&place, "tree", Kind::WithWorktree, &branches);
    place.write("tree/main.py", "import other\n");
    place.write("tree/other.py", "x = 1\n");
    let json = |arguments: &[&str]| {
        let all = [&["deps"], arguments, &["--format", "json"]].concat();
        place.run(&all).exits(0).stdout
    };
    let bare = json(&["bare.git"]);
    assert!(!bare.contains("other.py"));
    assert_eq!(bare, json(&["tree", "--commit", "HEAD"]));
    assert_eq!(bare, json(&["tree", "--commit", "old"]));
    assert_eq!(bare, json(&["bare.git", "--commit", &commits[1][..12]]));
    assert!(json(&["tree"]).contains("[\"main.py\",\"other.py\",\"import\"]"));
}

#[test]
fn what_is_no_repository() {
    let place = Place::new();
    place.write("file.py", "x = 1\n");
    place.write("words/README.md", "# Words\n");
    place.write("broken/.git/HEAD", "nonsense\n");
    place.write("broken/a.py", "x = 1\n");
    place.write("bare/HEAD", "ref: refs/heads/main\n");
    fs::create_dir_all(place.at("bare/objects")).unwrap();
    fs::create_dir_all(place.at("bare/refs")).unwrap();
    fs::create_dir(place.at("empty")).unwrap();
    make(&place, "one.git", Kind::Bare, &[("main", "x = 1\n")]);
    for (name, arguments) in [
        ("missing", &["nowhere"][..]),
        ("file", &["file.py"]),
        ("empty", &["empty"]),
        ("words", &["words"]),
        ("no_git", &["words", "--commit", "HEAD"]),
        ("broken", &["broken", "--commit", "HEAD"]),
        ("broken_bare", &["bare"]),
        ("no_commit", &["one.git", "--commit", "v9"]),
    ] {
        let outcome = place.run(&[&["deps"], arguments].concat()).exits(3);
        insta::assert_snapshot!(format!("refused_{name}"), outcome.report());
    }
    place.run(&["deps", "broken"]).exits(0);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    for number in 0..3_000 {
        place.write(&format!("repo/{number}.py"), "import a_module_with_a_name\n");
    }
    for format in ["text", "json", "dot", "svg"] {
        let mut command = place.command(&["deps", "repo", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let outcome = place.outcome(&child.wait_with_output().unwrap()).exits(0);
        assert_eq!(outcome.stderr, "", "{format}");
    }
}
