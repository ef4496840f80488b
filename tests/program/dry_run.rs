//! `run --dry-run`: what it says beforehand is what the run then does, and it does nothing itself.
//!
//! Catches numbers that are not those of the run, changes that ask for more than they have to, and a dry run
//! that writes, asks or waits.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::common::Place;
use crate::golden::SMALL;
use crate::models::{Model, query, write_plan};
use crate::searching;
use crate::server::Scenario;

const TILL: (&str, &str) = (
    "till/till.py",
    "\"\"\"A till.\"\"\"\n\n\ndef open_till():\n    \"\"\"Opens it.\"\"\"\n    return []\n",
);
const DISCOUNT: &str = "repositories/shop/shop/discount.py";

/// A shop of three files, each of which reads the one before, and a till of one.
fn shop(model: &Model) -> Place {
    let place = Place::with_files(&[&SMALL[..], &[TILL]].concat());
    write_plan(&place, model, "price = { input = 1.0, output = 2.0 }");
    place
}

/// A model that has every file read what it depends on.
fn reader() -> Model {
    let script = json!({ "Then choose the files to read": "I need what it depends on." });
    Model::new(Scenario { script: script.as_object().unwrap().clone(), ..Scenario::default() })
}

/// Replaces a piece of a file.
#[track_caller]
fn edit(place: &Place, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(place.at(path)).unwrap();
    assert!(text.contains(from), "{path} has no {from}");
    place.write(path, text.replace(from, to));
}

/// All files below a folder, with what would tell that they were written.
fn files(folder: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        found.push((entry.path(), metadata.len(), metadata.modified().unwrap()));
        if metadata.is_dir() {
            found.extend(files(&entry.path()));
        }
    }
    found.sort();
    found
}

fn dry_run(place: &Place, further: &[&str]) -> Value {
    let before = files(&place.at(""));
    let arguments = [&["run", "plan.toml", "--dry-run", "--json"], further].concat();
    let forecast = place.run(&arguments).exits(0).json();
    assert_eq!(files(&place.at("")), before, "nothing is written");
    forecast
}

/// Requests by purpose.
type Asked = BTreeMap<String, u64>;

/// Those that a forecast speaks of.
fn foretold(forecast: &Value) -> Asked {
    let of =
        |it: &Value| (it["purpose"].as_str().unwrap().to_owned(), it["requests"].as_u64().unwrap());
    let mut asked: Asked = forecast["requests"].as_array().unwrap().iter().map(of).collect();
    let texts =
        forecast["scores"].as_array().unwrap().iter().map(|it| it["texts"].as_u64().unwrap());
    let texts = texts.sum::<u64>();
    if texts > 0 {
        asked.insert("score".to_owned(), texts);
    }
    asked
}

/// Those whose answers are kept.
fn kept(place: &Place) -> Asked {
    let mut asked = Asked::new();
    for (path, ..) in files(&place.at("answers")).into_iter().filter(|(path, ..)| path.is_file()) {
        let answer: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        *asked.entry(answer["request"]["purpose"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    asked
}

fn asked(numbers: &[(&str, u64)]) -> Asked {
    numbers.iter().map(|(purpose, number)| ((*purpose).to_owned(), *number)).collect()
}

/// A run after its forecast: what was foretold, and what was asked.
struct Told {
    forecast: Value,
    foretold: Asked,
    asked: Asked,
}

/// Foretells a run, and runs. All but requests has to be as it was told.
#[track_caller]
fn tell(place: &Place, model: &Model, further: &[&str]) -> Told {
    let (before, requests) = (kept(place), model.requests());
    let forecast = dry_run(place, further);
    assert_eq!(model.requests(), requests, "nobody is asked");
    let arguments = [&["run", "plan.toml", "--json"], further].concat();
    let run = place.run(&arguments).exits(0).json();
    let (told, done) = (&forecast["repositories"], &run["repositories"]);
    let number = |of: &Value, key: &str| of[key].as_u64().unwrap();
    let rows = number(done, "committed") + number(done, "rejected");
    assert_eq!(number(told, "new"), rows - number(done, "replaced"));
    assert_eq!(number(told, "changed") + number(told, "other_plan"), number(done, "replaced"));
    for key in ["listed", "unchanged", "vanished"] {
        assert_eq!(told[key], done[key], "{key}");
    }
    let dealt = forecast["dealt_with"].as_array().unwrap().iter();
    let dealt = dealt.map(|it| format!("'{}'", it["repo"].as_str().unwrap()));
    let sql = format!(
        "SELECT count(*) AS n FROM (SELECT repo, unnest(thoughts) AS thought FROM trajectories) \
         WHERE thought['kept'] AND repo IN ({})",
        dealt.chain(["''".to_owned()]).collect::<Vec<_>>().join(", ")
    );
    assert_eq!(forecast["thoughts_kept"], query(place, &sql)[0]["n"]);
    let mut asked = kept(place);
    for (purpose, number) in &mut asked {
        *number -= before.get(purpose).copied().unwrap_or_default();
    }
    asked.retain(|_, number| *number > 0);
    assert_eq!(asked.values().sum::<u64>(), model.requests() - requests);
    Told { foretold: foretold(&forecast), forecast, asked }
}

/// Foretells a run, and runs: all is as it was told.
#[track_caller]
fn tell_exactly(place: &Place, model: &Model, further: &[&str]) -> (Value, Asked) {
    let Told { forecast, foretold, asked } = tell(place, model, further);
    assert_eq!(foretold, asked);
    (forecast, asked)
}

#[test]
fn what_is_new_and_then_nothing() {
    let model = Model::new(Scenario::default());
    let place = shop(&model);
    let report = place.run(&["run", "plan.toml", "--dry-run"]).exits(0).report();
    insta::assert_snapshot!("dry_run_new", report);
    let (forecast, all) = tell_exactly(&place, &model, &[]);
    assert_eq!(all, asked(&[("plan", 2), ("need", 4), ("design", 4)]));
    assert_eq!(forecast["repositories"]["new"], 2);
    let (_, none) = tell_exactly(&place, &model, &[]);
    assert_eq!(none, asked(&[]));
    insta::assert_snapshot!(
        "dry_run_nothing",
        place.run(&["run", "plan.toml", "--dry-run"]).exits(0).report()
    );
    // Into another output all is new, and all answers are there.
    let (forecast, none) = tell_exactly(&place, &model, &["--set", "sink.uri=other"]);
    assert_eq!((&forecast["repositories"]["new"], none), (&json!(2), asked(&[])));
}

#[test]
fn a_body_asks_about_its_own_file_alone() {
    let model = reader();
    let place = shop(&model);
    place.run(&["run", "plan.toml"]).exits(0);
    edit(&place, DISCOUNT, "// 10", "// 5");
    insta::assert_snapshot!(
        "dry_run_changed",
        place.run(&["run", "plan.toml", "--dry-run"]).exits(0).report()
    );
    let (forecast, own) = tell_exactly(&place, &model, &[]);
    assert_eq!(own, asked(&[("need", 1), ("design", 1)]));
    assert_eq!(forecast["thoughts_kept"], 2, "those of the file that reads it");
    let dealt = json!([{ "repo": "shop", "why": "changed", "files": {
        "added": [], "changed": ["shop/discount.py"], "removed": [], "untouched": 2,
    }}]);
    assert_eq!(forecast["dealt_with"], dealt);
    place.run(&["verify", "out"]).exits(0);
}

#[test]
fn a_body_asks_about_its_readers_where_they_think_again() {
    let model = reader();
    let place = shop(&model);
    let rethink = ["--set", "operator.simulate.rethink=true"];
    place.run(&[&["run", "plan.toml"], &rethink[..]].concat()).exits(0);
    edit(&place, DISCOUNT, "// 10", "// 5");
    let (forecast, readers) = tell_exactly(&place, &model, &rethink);
    assert_eq!(readers, asked(&[("need", 1), ("design", 2)]));
    assert_eq!(forecast["thoughts_kept"], 0);
    place.run(&[&["run", "plan.toml", "--set", "sink.uri=fresh"], &rethink[..]].concat()).exits(0);
    place.rows("fresh").assert_same(&place.rows("out"), "thought again");
}

/// The plan comes out as it was, which nobody can foretell: all that it may change is counted.
#[test]
fn an_import_asks_for_the_plan_and_at_most_for_all_that_follows() {
    let model = Model::new(Scenario::default());
    let place = shop(&model);
    place.run(&["run", "plan.toml"]).exits(0);
    let test = "repositories/shop/tests/test_order.py";
    edit(&place, test, "from shop", "from shop.discount import discount\nfrom shop");
    let Told { foretold, asked: real, forecast } = tell(&place, &model, &[]);
    assert_eq!(real, asked(&[("plan", 1), ("need", 1), ("design", 1)]));
    assert_eq!(foretold, asked(&[("plan", 1), ("need", 3), ("design", 3)]));
    assert_eq!(forecast["files"]["changed"], 1);
}

#[test]
fn a_readme_asks_for_everything() {
    let model = Model::new(Scenario::default());
    let place = shop(&model);
    place.run(&["run", "plan.toml"]).exits(0);
    edit(&place, "repositories/shop/README.md", "Prices", "Sums");
    let (forecast, all) = tell_exactly(&place, &model, &[]);
    assert_eq!(all, asked(&[("plan", 1), ("need", 3), ("design", 3)]));
    assert_eq!(
        forecast["files"],
        json!({ "added": 0, "changed": 0, "removed": 0, "untouched": 3 })
    );
}

#[test]
fn an_option_asks_again_from_its_operator_on() {
    let model = Model::new(Scenario::default());
    let place = shop(&model);
    place.run(&["run", "plan.toml"]).exits(0);
    let blinded = ["--set", "operator.simulate.mode=blinded"];
    let report = place.run(&[&["run", "plan.toml", "--dry-run"], &blinded[..]].concat());
    insta::assert_snapshot!("dry_run_other_plan", report.exits(0).report());
    let (forecast, thoughts) = tell_exactly(&place, &model, &blinded);
    assert_eq!(thoughts, asked(&[("need", 4), ("design", 4)]));
    assert_eq!(forecast["repositories"]["other_plan"], 2);
    assert_eq!(
        forecast["dealt_with"][0],
        json!({ "repo": "shop", "why": "other-plan", "files": null })
    );
    // What no answer is made of asks for nothing.
    let (_, none) = tell_exactly(
        &place,
        &model,
        &[&blinded[..], &["--set", "operator.simulate.rethink=true"]].concat(),
    );
    assert_eq!(none, asked(&[]));
}

#[test]
fn repositories_and_files_come_and_go() {
    let model = Model::new(Scenario::default());
    let place = shop(&model);
    place.run(&["run", "plan.toml"]).exits(0);
    fs::remove_dir_all(place.at("repositories/till")).unwrap();
    place.write("repositories/late/main.py", "print(1)\n");
    place.write("repositories/shop/shop/tax.py", "RATE = 7\n");
    fs::remove_file(place.at("repositories/shop/tests/test_order.py")).unwrap();
    insta::assert_snapshot!(
        "dry_run_come_and_go",
        place.run(&["run", "plan.toml", "--dry-run", "--prune"]).exits(0).report()
    );
    let (forecast, all) = tell_exactly(&place, &model, &[]);
    assert_eq!(all, asked(&[("plan", 2), ("need", 4), ("design", 4)]));
    assert_eq!(forecast["vanished"], json!(["till"]));
    assert_eq!(
        forecast["files"],
        json!({ "added": 1, "changed": 0, "removed": 1, "untouched": 2 })
    );
    // One that is forgotten is not met again.
    place.run(&["forget", "out", "--repo", "late"]).exits(1);
    let (forecast, none) = tell_exactly(&place, &model, &["--prune"]);
    assert_eq!((&forecast["repositories"]["listed"], none), (&json!(1), asked(&[])));
}

/// Scores that are kept decide as they have decided before.
#[test]
fn texts_are_scored_that_were_not_scored_before() {
    let place = searching::place();
    let texts = |forecast: &Value| forecast["scores"][0]["texts"].as_u64().unwrap_or_default();
    let run = |further: &[&str]| {
        let outcome = place.run(&[&["run", "plan.toml", "--json"], further].concat()).exits(0);
        outcome.json()["scorers"][0]["scored"].as_u64().unwrap()
    };
    assert!(texts(&dry_run(&place, &[])) > 0);
    run(&[]);
    assert_eq!(texts(&dry_run(&place, &[])), 0);
    // Nothing is kept by this rule, whatever the scores are: those that are not there change nothing.
    let rule = ["--set", "operator.search.margin=1000"];
    let foretold = texts(&dry_run(&place, &rule));
    assert_eq!(foretold, run(&rule));
}

/// Rewrites are as many whatever the scores are, as long as rounds do not end by them.
#[test]
fn rewrites_are_counted() {
    let model = Model::new(Scenario::default());
    let place = searching::place();
    searching::write_by(&place, &model);
    for (from, to) in [("// 10", "// 5"), ("// 5", "// 4")] {
        let before = model.requests();
        let asked = foretold(&dry_run(&place, &[]));
        assert!(asked["rewrite"] > 0 && asked["score"] > 0);
        assert_eq!(model.requests(), before, "nobody is asked");
        place.run(&["run", "plan.toml"]).exits(0);
        let asked = asked.iter().filter(|(purpose, _)| *purpose != "score");
        assert_eq!(asked.map(|(_, number)| number).sum::<u64>(), model.requests() - before);
        edit(&place, "repositories/shop/order.py", from, to);
    }
}

/// That an answer cannot be used is known once it is there, and so is what was asked then.
#[test]
fn answers_of_no_use_are_not_asked_for_again() {
    let script = json!({ "The files, in order:": "I would rather not.", "That answer": "{}" });
    let script = script.as_object().unwrap().clone();
    let model = Model::new(Scenario { script, ..Scenario::default() });
    let place = shop(&model);
    place.run(&["run", "plan.toml"]).exits(1);
    assert_eq!(kept(&place), asked(&[("plan", 4)]));
    let other = ["--set", "sink.uri=other"];
    assert_eq!(foretold(&dry_run(&place, &other)), asked(&[]));
}

#[test]
fn it_waits_for_nobody_and_says_what_a_run_would_say() {
    let place = Place::with_files(&SMALL);
    place.write("thesis/chapter.tex", "\\chapter{One}\n");
    let dry = |sink: &str| place.run(&["run", "plan.toml", "--dry-run", "--set", sink]);
    assert_eq!(
        dry("sink.uri=thesis").exits(4).report(),
        place.run_into("thesis", &[]).exits(4).report()
    );
    place.run_into("out", &[]).exits(0);
    let lock = fs::File::open(place.at("out/_backstory/lock")).unwrap();
    lock.lock().unwrap();
    dry("sink.uri=out").exits(0);
    drop(lock);
    fs::remove_dir_all(place.at("out/ledger")).unwrap();
    assert_eq!(dry("sink.uri=out").exits(4).report(), place.run_into("out", &[]).exits(4).report());
}
