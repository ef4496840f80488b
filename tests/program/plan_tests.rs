//! `test`: a plan's own test, recorded once and run without anybody to ask.

use std::fs;

use crate::common::Place;
use crate::golden::SMALL;
use crate::models::{Model, write_plan};
use crate::server::Scenario;

/// A plan with a model and a test of one repository of two.
fn place(model: &Model) -> Place {
    let place = Place::with_files(&SMALL);
    place.write("other/one/one.py", "def one() -> int:\n    return 1\n");
    write_plan(&place, model, "");
    let plan = fs::read_to_string(place.at("plan.toml")).unwrap();
    let test = "[test]\nset = [\"source.path=other\"]\ngolden = \"golden\"\n";
    place.write("plan.toml", format!("{plan}\n{test}"));
    place
}

#[test]
fn a_test_is_recorded_once_and_needs_nobody_then() {
    let mut model = Model::new(Scenario::default());
    let place = place(&model);
    let nothing = place.run(&["test", "plan.toml"]).exits(5);
    insta::assert_snapshot!("unrecorded", nothing.report());
    assert_eq!(model.requests(), 0);

    insta::assert_snapshot!(
        "record",
        place.run(&["test", "plan.toml", "--record"]).exits(0).report()
    );
    let asked = model.requests();
    assert_eq!(asked, 3, "a plan and two thoughts");
    place.run(&["test", "plan.toml", "--record"]).exits(0);
    assert_eq!(model.requests(), asked, "what is recorded is not asked for");
    model.stop();
    insta::assert_snapshot!("passed", place.run(&["test", "plan.toml"]).exits(0).report());
    assert!(!place.at("out").exists() && !place.at("answers").exists(), "only the golden folder");
}

#[test]
fn a_test_says_what_differs() {
    let model = Model::new(Scenario::default());
    let place = place(&model);
    place.run(&["test", "plan.toml", "--record"]).exits(0);
    place.write("golden/rows/two.repo2agent.txt", "nothing\n");
    let raw = place.at("golden/rows/one.raw-repos.txt");
    let text = fs::read_to_string(&raw).unwrap();
    fs::write(&raw, text.replace("return 1", "return 2")).unwrap();
    let differs = place.run(&["test", "plan.toml"]).exits(1);
    insta::assert_snapshot!("differs", differs.report());
    place.run(&["test", "plan.toml", "--update"]).exits(0);
    assert!(!place.at("golden/rows/two.repo2agent.txt").exists(), "what is not expected is gone");
    place.run(&["test", "plan.toml"]).exits(0);

    // A source of other content has other questions.
    place.write("other/one/one.py", "def one() -> int:\n    return 3\n");
    place.run(&["test", "plan.toml"]).exits(5);
    place.run(&["test", "plan.toml", "--record"]).exits(0);
    let answers = fs::read_dir(place.at("golden/answers")).unwrap();
    let answers = answers.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    assert_eq!(answers.count(), 3, "answers that nothing asks for are gone");
}

#[test]
fn tests_that_are_none() {
    let place = Place::with_files(&SMALL);
    insta::assert_snapshot!("no_test", place.run(&["test", "plan.toml"]).exits(2).report());
    let plan = fs::read_to_string(place.at("plan.toml")).unwrap();
    let test = "[test]\nset = [\"source.pth=other\", 7]\ngolden = \"\"\nrows = 3\n";
    place.write("plan.toml", format!("{plan}\n{test}"));
    insta::assert_snapshot!("wrong_test", place.run(&["test", "plan.toml"]).exits(2).report());
}
