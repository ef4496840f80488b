//! Runs that ask a model: a real server of our own, in this process, asked by the program in its own.
//!
//! Catches requests that are lost, asked twice or paid twice, faults of a server that end a run or change a
//! byte of a file, budgets that are passed, and keys that get out.

use std::fs;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::common::{Outcome, Place};
use crate::corpus::place_with_corpus;
use crate::server::{Fault, Kind, Scenario, Server};

/// A server, and the runtime that it needs.
pub struct Model {
    server: Option<Server>,
    runtime: Runtime,
}

impl Model {
    pub fn new(scenario: Scenario) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = Some(runtime.block_on(Server::start(scenario)));
        Self { server, runtime }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub fn requests(&self) -> u64 {
        self.server().stats().requests
    }

    /// Fails if any body was answered twice.
    #[track_caller]
    pub fn asked_once(&self) {
        let stats = self.server().stats();
        let twice = stats.bodies.iter().filter(|(_, (_, answered))| *answered > 1);
        assert_eq!(twice.collect::<Vec<_>>(), []);
    }

    /// How many answers were given to what had been answered before.
    pub fn asked_again(&self) -> u64 {
        let stats = self.server().stats();
        stats.bodies.values().map(|(_, answered)| answered.saturating_sub(1)).sum()
    }

    pub fn stop(&mut self) {
        let server = self.server.take().unwrap();
        self.runtime.block_on(server.stop());
    }
}

/// The plan of both arms, with the model in place of the author without one.
pub fn write_plan(place: &Place, model: &Model, further: &str) {
    let url = model.server().url();
    let author = format!(
        "kind = \"openai\"\nmodel = \"m\"\nurls = [\"{url}\"]\nanswers = \"answers\"\n{further}"
    );
    let plan = crate::common::plan();
    let outline = "kind = \"outline\"";
    assert!(plan.contains(outline));
    place.write("plan.toml", plan.replace(outline, &author));
}

pub fn place_with(model: &Model, repositories: u64, further: &str) -> Place {
    let place = place_with_corpus(repositories);
    write_plan(&place, model, further);
    place
}

pub fn query(place: &Place, sql: &str) -> Value {
    let outcome = place.run(&["query", "out", sql, "--json"]).exits(0);
    outcome.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
}

/// Has thoughts written again when what was read before them has changed, as a run in one go would.
pub const RETHINK: [&str; 2] = ["--set", "operator.simulate.rethink=true"];

pub fn finished(outcome: Outcome) -> Outcome {
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.report());
    outcome
}

#[test]
fn a_model_writes_and_every_request_is_in_the_ledger() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, 6, "price = { input = 1.0, output = 2.0 }");
    let run = finished(place.run_into("out", &["--json"])).json();
    model.asked_once();
    let ledger = "SELECT COUNT(*) AS n, SUM(prompt_tokens) AS tokens FROM ledger";
    let rows = query(&place, ledger);
    assert_eq!(rows[0]["n"], json!(model.requests()));
    assert_eq!(run["models"][0]["answered"], json!(model.requests()));
    assert_eq!(run["models"][0]["prompt_tokens"], rows[0]["tokens"]);
    assert!(run["models"][0]["cost"].as_f64().unwrap() > 0.0);
    place.run(&["verify", "out"]).exits(0);
    let quality = "SELECT DISTINCT mode, quality['order_ok'] AS o, quality['bytes_equal'] AS b \
                   FROM trajectories WHERE arm = 'repo2agent'";
    assert_eq!(query(&place, quality), json!([{"mode": "hindsight", "o": true, "b": true}]));

    // Another output asks for nothing that is kept.
    let before = model.requests();
    finished(place.run_into("other", &[]));
    assert_eq!(model.requests(), before);
    place.rows("out").assert_same(&place.rows("other"), "out of kept answers");
}

#[test]
fn rows_do_not_depend_on_how_many_workers_ask() {
    let model = Model::new(Scenario { latency_ms: 2, ..Scenario::default() });
    let place = place_with(&model, 12, "");
    finished(place.run_into("one", &["--workers", "1"]));
    fs::remove_dir_all(place.at("answers")).unwrap();
    finished(place.run_into("four", &["--workers", "4"]));
    place.rows("one").assert_same(&place.rows("four"), "with four workers");
}

/// Whatever a server does wrong, rows are those of a run without it, and no answer is asked for twice.
#[test]
fn faults_of_a_server_change_no_row() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, 8, "first_byte_seconds = 1");
    finished(place.run_into("right", &[]));
    let expected = place.rows("right");
    for kind in [
        Kind::Busy,
        Kind::Garbage,
        Kind::HalfJson,
        Kind::HalfBody,
        Kind::Reset,
        Kind::Stall,
        Kind::WrongType,
        Kind::EmptyChoice,
        Kind::NoChoice,
        Kind::Huge,
        Kind::Error500,
    ] {
        fs::remove_dir_all(place.at("answers")).unwrap();
        let faults = vec![Fault { times: Some(1), ..Fault::every(kind, 9) }];
        let model = Model::new(Scenario { faults, ..Scenario::default() });
        write_plan(&place, &model, "first_byte_seconds = 1");
        let out = format!("{kind:?}");
        finished(place.run_into(&out, &[]));
        model.asked_once();
        expected.assert_same(&place.rows(&out), &format!("after {kind:?}"));
    }
}

#[test]
fn an_answer_of_no_use_is_a_row_in_errors() {
    let script = json!({ "The files, in order:": "I would rather not.", "That answer": "{}" });
    let script = script.as_object().unwrap().clone();
    let model = Model::new(Scenario { script, ..Scenario::default() });
    let place = place_with(&model, 3, "");
    place.run_into("out", &[]).exits(1);
    let errors = "SELECT DISTINCT stage, kind, message FROM errors WHERE arm = 'repo2agent' \
                  AND stage = 'plan'";
    let message = "the plan cannot be used, also when asked again: its JSON is not as asked: \
                   missing field `files`";
    let expected = json!([{"stage": "plan", "kind": "author", "message": message}]);
    assert_eq!(query(&place, errors), expected);
    let outcomes = "SELECT DISTINCT outcome, message FROM ledger ORDER BY message";
    let expected = json!([
        {"outcome": "unusable", "message": "it holds no JSON object"},
        {"outcome": "unusable", "message": "its JSON is not as asked: missing field `files`"},
    ]);
    assert_eq!(query(&place, outcomes), expected);
    // Asked again, the same is known without asking.
    let before = model.requests();
    place.run_into("again", &[]).exits(1);
    assert_eq!(model.requests(), before);
}

#[test]
fn a_budget_is_kept_and_raised() {
    let model = Model::new(Scenario::default());
    let place = place_with(&model, 12, "");
    finished(place.run_into("whole", &[]));
    let all = model.requests();
    fs::remove_dir_all(place.at("answers")).unwrap();
    let model = Model::new(Scenario { latency_ms: 1, ..Scenario::default() });

    let half = all / 2;
    write_plan(&place, &model, &format!("budget = {{ requests = {half} }}"));
    // One repository after another: were all under way, none need be complete when the budget is spent.
    let stopped = place.run_into("out", &["--set", "run.in_flight_bytes=1"]).exits(5);
    assert!(stopped.stdout.contains("the budget of"), "{}", stopped.report());
    assert_eq!(model.requests(), half);
    let settled = place.rows("out").trajectories.len();
    assert!(settled > 0, "what was complete is committed");

    write_plan(&place, &model, &format!("budget = {{ requests = {} }}", 10 * all));
    finished(place.run_into("out", &[]));
    assert_eq!(model.requests(), all, "nothing is paid twice");
    place.rows("whole").assert_same(&place.rows("out"), "after a budget");
}

#[test]
fn a_run_waits_for_its_server_and_then_gives_up() {
    let mut model = Model::new(Scenario::default());
    let place = place_with(&model, 3, "patience_seconds = 1");
    model.stop();
    let stopped = place.run_into("out", &[]).exits(5);
    assert!(stopped.stdout.contains("no server of model m"), "{}", stopped.report());
    assert!(place.rows("out").trajectories.is_empty());

    let model = Model::new(Scenario::default());
    write_plan(&place, &model, "");
    finished(place.run_into("out", &[]));
    place.run(&["verify", "out"]).exits(0);
}

#[test]
fn a_dead_server_among_several_ends_nothing() {
    let mut dead = Model::new(Scenario::default());
    let alive = Model::new(Scenario::default());
    let place = place_with(&alive, 4, "");
    let url = alive.server().url();
    let both = format!("\"{url}\", \"{}\"", dead.server().url());
    let plan = fs::read_to_string(place.at("plan.toml")).unwrap();
    place.write("plan.toml", plan.replace(&format!("\"{url}\""), &both));
    dead.stop();
    finished(place.run_into("out", &[]));
    alive.asked_once();
}

/// A key is in no table, no message, no plan of the output, and no answer that is kept.
#[test]
fn a_key_gets_nowhere_but_to_the_server() {
    const KEY: &str = "sk-0123456789-never-to-be-seen";
    let faults = vec![Fault::every(Kind::Error401, 3)];
    let model = Model::new(Scenario { faults, ..Scenario::default() });
    let place = place_with(&model, 3, "api_key = \"AUTHOR_KEY\"");
    let arguments = ["run", "plan.toml"];
    let output = place.command(&arguments).env("AUTHOR_KEY", KEY).output().unwrap();
    let outcome = place.outcome(&output);
    assert_eq!(model.server().stats().keys, [format!("Bearer {KEY}")]);
    assert!(!outcome.report().contains(KEY), "{}", outcome.report());
    let mut folders = vec![place.at("out"), place.at("answers")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
    assert!(files > 0);

    place.run(&["verify", "out"]).exits(0);
    let check = place.run(&["check", "plan.toml"]).exits(2);
    insta::assert_snapshot!("models_missing_key", check.report());
    let plan = fs::read_to_string(place.at("plan.toml")).unwrap();
    place.write("plan.toml", plan.replace("AUTHOR_KEY", KEY));
    let check = place.run(&["check", "plan.toml"]).exits(2);
    assert!(!check.report().contains(KEY));
    insta::assert_snapshot!("models_key_in_plan", check.report());
}
