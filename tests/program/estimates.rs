//! `estimate`: what it foretells is what a run then asks, and what it asks is kept for the run.

use std::fs;

use serde_json::{Value, json};

use crate::models::{Model, place_with, query};
use crate::server::Scenario;

/// `value` and `error` of a figure of all stages together.
fn total(estimate: &Value, figure: &str) -> (f64, f64) {
    let range = &estimate["total"][figure];
    (range["value"].as_f64().unwrap(), range["error"].as_f64().unwrap())
}

#[test]
fn from_the_structure_alone_requests_are_known() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, 9, "price = { input = 1.0, output = 2.0 }");
    let estimate = place.run(&["estimate", "plan.toml", "--json"]).exits(0).json();
    assert_eq!(model.requests(), 0, "nobody is asked");
    assert!(!place.at("answers").exists() && !place.at("out").exists(), "nothing is written");
    place.run_into("out", &[]);
    assert_eq!(total(&estimate, "requests"), (model.requests() as f64, 0.0));
    // Thoughts of the server are shorter than asked for, and stand in the prompts of later thoughts.
    let sums = "SELECT CAST(SUM(prompt_tokens) AS DOUBLE) AS i, SUM(cost) AS m FROM ledger";
    let sums = &query(&place, sums)[0];
    let near = |figure, truth: &Value| {
        let (foretold, truth) = (total(&estimate, figure).0, truth.as_f64().unwrap());
        assert!((0.5..2.0).contains(&(foretold / truth)), "{figure}: {foretold} for {truth}");
    };
    near("tokens_in", &sums["i"]);
    assert!(total(&estimate, "money").0 > sums["m"].as_f64().unwrap() / 2.0);
}

#[test]
fn a_sample_of_all_is_the_truth_and_is_paid_once() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, 6, "price = { input = 1.0, output = 2.0 }");
    // Answers in the output, where they are if a plan does not say.
    let plan = fs::read_to_string(place.at("plan.toml")).unwrap();
    place.write("plan.toml", plan.replace("answers = \"answers\"\n", ""));
    let arguments = ["estimate", "plan.toml", "--json", "--sample", "6"];
    let estimate = place.run(&arguments).exits(0).json();
    let asked = model.requests();
    assert!(asked > 0);
    place.run(&["run", "plan.toml"]);
    assert!(!place.at("answers").exists());
    assert_eq!(model.requests(), asked, "the run asks for nothing that the sample has asked for");
    let sums = "SELECT CAST(SUM(tries) AS DOUBLE) AS requests, \
                CAST(SUM(prompt_tokens) AS DOUBLE) AS tokens_in, \
                CAST(SUM(completion_tokens) AS DOUBLE) AS tokens_out, SUM(cost) AS money FROM ledger";
    let sums = &query(&place, sums)[0];
    for figure in ["requests", "tokens_in", "tokens_out", "money"] {
        let ((value, error), truth) = (total(&estimate, figure), sums[figure].as_f64().unwrap());
        assert!((value / truth - 1.0).abs() < 1e-9 && error == 0.0, "{figure}: {value} ± {error}");
    }
    assert!(total(&estimate, "seconds").0 > 0.0);
}

#[test]
fn a_sample_of_some_leaves_a_range() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, 12, "");
    let arguments = ["estimate", "plan.toml", "--json", "--sample", "3", "--count", "8"];
    let estimate = place.run(&arguments).exits(0).json();
    assert_eq!((&estimate["counted"], &estimate["sampled"]), (&json!(8), &json!(3)));
    assert!(total(&estimate, "requests").1 > 0.0);
    assert_eq!(estimate["total"]["money"], Value::Null);
    let again = place.run(&arguments).exits(0).json();
    assert_eq!(again["total"]["requests"], estimate["total"]["requests"], "the same are chosen");
}

#[test]
fn an_estimate_in_words() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, 6, "");
    let timeless = |report: String| {
        let lines = report.lines().map(|line| match line.split_once("work: about") {
            Some((told, _)) => format!("{told}work: about [time]."),
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let report = place.run(&["estimate", "plan.toml", "--count", "4"]).exits(0).report();
    insta::assert_snapshot!("estimate", timeless(report));
    let plan = fs::read_to_string(place.at("plan.toml")).unwrap();
    place.write("plan.toml", plan.replace(&model.server().url(), "http://localhost:1"));
    let none = place.run(&[
        "estimate",
        "plan.toml",
        "--sample",
        "1",
        "--set",
        "models.author.patience_seconds=1",
    ]);
    assert!(none.exits(5).stderr.contains("no server of model m"));
}
