//! The second phase: what plans name, and what they add up to.

use std::fs;
use std::path::Path;

use super::super::load::{Loaded, from_echo};
use super::super::{Diagnostics, Resolved};
use super::fakes::FAKES;
use super::{GOOD, changed, load_in, snapshot};

/// A folder with all that [`GOOD`] names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("repositories")).unwrap();
    fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    folder
}

fn loaded(folder: &Path, plan: &str) -> Loaded {
    let plan = load_in(folder.to_owned(), plan, &[]);
    plan.unwrap_or_else(|wrong| panic!("{}", wrong.to_plain_string()))
}

fn built(folder: &Path, plan: &str) -> Resolved {
    let plan = loaded(folder, plan).build();
    plan.unwrap_or_else(|wrong| panic!("{}", wrong.to_plain_string()))
}

fn wrong(folder: &Path, plan: &str) -> Diagnostics {
    loaded(folder, plan).build().err().unwrap()
}

#[test]
fn readers_share_what_they_read() {
    let folder = folder();
    let more = format!(
        "{}\n{}",
        GOOD.replace("[\"raw-tokens\", \"mask\"]", "[\"raw-tokens\", \"mask\", \"third\"]"),
        "[[operator]]\nkind = \"flatten\"\nname = \"f\"\narm = \"b\"\ninput = \"simulate\"\n\
         [[operator]]\nkind = \"mask\"\nname = \"third\"\ntokenizer = \"tokenizer.json\"\n",
    );
    let plan = built(folder.path(), &more);
    assert_eq!(plan.simulations.len(), 1);
    let arms: Vec<_> = plan.arms.iter().map(|arm| (arm.name.as_str(), arm.simulation)).collect();
    assert_eq!(arms, [("raw-repos", None), ("repo2agent", Some(0)), ("b", Some(0))]);
    assert_eq!(plan.sink.local(), Some(folder.path().join("out")));
}

#[test]
fn a_search_builds_on_the_simulation_it_reads() {
    let folder = folder();
    let simulate = "kind = \"simulate\"\nmodel = \"author\"\n";
    let search = "[[operator]]\nkind = \"search\"\nmodel = \"author\"\nscorer = \"judge\"\n";
    let scored = |sides: u32| {
        let plan = changed(simulate, &format!("{simulate}\n{search}\n"));
        format!("{plan}\n[scorers.judge]\nkind = \"dice\"\nsides = {sides}\n")
    };
    let plan = built(folder.path(), &scored(6));
    let names: Vec<_> = plan.simulations.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["simulate", "search"]);
    assert_eq!(plan.arms[1].simulation, Some(1));
    assert_eq!((plan.planned_by(0), plan.planned_by(1)), (0, 0));
    assert_eq!((plan.author(0), plan.author(1)), ("facts/1".into(), "facts/1; luck/1".into()));
    assert_ne!(plan.hash, built(folder.path(), &scored(7)).hash, "another scorer scores otherwise");
    let echo = from_echo(&FAKES, "the echo", &plan.echo, &[]).ok().unwrap().build_rehearsed();
    assert_eq!(echo.ok().unwrap().hash, plan.hash);
}

#[test]
fn everything_that_cannot_be_built_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let plan = changed("arm = \"raw-repos\"", "template = \"raw.txt\"");
    snapshot!("build", wrong(folder.path(), &plan).to_plain_string());
}

#[test]
fn a_missing_author_is_told_once() {
    let plan = changed("kind = \"facts\"", "kind = \"facts\"\nschool = \"grammar\"");
    snapshot!("build_author", wrong(folder().path(), &plan).to_plain_string());
}

#[test]
fn a_sink_is_a_folder_or_in_a_bucket() {
    let folder = folder();
    let elsewhere = changed("uri = \"out\"", "uri = \"ftp://host/out\"");
    snapshot!("sink_scheme", wrong(folder.path(), &elsewhere).to_plain_string());
    fs::write(folder.path().join("out"), "").unwrap();
    let message = wrong(folder.path(), GOOD).to_plain_string();
    snapshot!("build_sink", message.replace(&folder.path().display().to_string(), "/FOLDER"));
}

#[test]
fn arms_have_names_of_their_own() {
    let plan = changed("arm = \"raw-repos\"", "arm = \"repo2agent\"");
    snapshot!("build_arms", wrong(folder().path(), &plan).to_plain_string());
}

#[test]
fn the_hash_is_of_what_determines_rows() {
    let folder = folder();
    let hash = |plan: &str| built(folder.path(), plan).hash;
    let same = [
        changed("seal_seconds = 1", "seal_seconds = 2"),
        changed("uri = \"out\"", "uri = \"elsewhere\""),
        changed("path = \"repositories\"", "path = \".\""),
        changed("[\"raw-tokens\", \"mask\"]", "[\"mask\", \"raw-tokens\"]"),
        changed("tokenizer = \"tokenizer.json\"", "tokenizer = \"./tokenizer.json\""),
        GOOD.replace("raw-tokens", "other"),
    ];
    for plan in same {
        assert_eq!(hash(&plan), hash(GOOD), "{plan}");
    }
    let other = [
        changed("train = [\"write\", \"think\"]", "train = [\"write\"]"),
        changed("arm = \"raw-repos\"", "arm = \"raw\""),
        changed("[\"rust\", \"python\"]", "[\"rust\"]"),
    ];
    for plan in other {
        assert_ne!(hash(&plan), hash(GOOD), "{plan}");
    }
    let before = hash(GOOD);
    fs::write(folder.path().join("tokenizer.json"), "{ }").unwrap();
    assert_ne!(hash(GOOD), before);
}

#[test]
fn a_plan_in_another_place_is_the_same_plan() {
    assert_eq!(built(folder().path(), GOOD).hash, built(folder().path(), GOOD).hash);
}

#[test]
fn the_echo_reads_back() {
    let folder = folder();
    let plan = built(folder.path(), &changed("arm = \"raw-repos\"", "arm = \"$${raw}\""));
    let again = from_echo(&FAKES, "echo", &plan.echo, &[]);
    let again = again.unwrap_or_else(|wrong| panic!("{}", wrong.to_plain_string()));
    let again = again.build().unwrap_or_else(|wrong| panic!("{}", wrong.to_plain_string()));
    assert_eq!(again.hash, plan.hash);
    assert_eq!(again.echo, plan.echo);
    assert_eq!(again.sink, plan.sink);
    let folder = folder.path().display().to_string();
    snapshot!("echo", plan.echo.replace(&folder, "/FOLDER"));
}
