//! Runs that search: rewritten thoughts, scored by a model of random weights on the processor or behind a
//! server, while processes are killed and servers are away.
//!
//! Catches a rewrite that is kept though it makes the file less likely, decisions that no record explains,
//! runs that decide otherwise a second time, and scores or answers that are paid twice.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::common::{Outcome, Place, ROOT};
use crate::made;
use crate::models::{Model, query};
use crate::score_server::{Behaviour, Fault, Server as ScoreServer, Speaks};
use crate::server::Scenario;

const FILES: [(&str, &str); 6] = [
    ("shop/README.md", "# Shop\n\nTakes orders and gives discounts.\n"),
    (
        "shop/order.py",
        "\"\"\"Orders.\"\"\"\n\n\ndef discount(total):\n    \"\"\"A tenth off from 100.\"\"\"\n    return \
         total // 10 if total >= 100 else 0\n",
    ),
    (
        "shop/cart.py",
        "\"\"\"A cart.\"\"\"\n\nfrom order import discount\n\n\nclass Cart:\n    \"\"\"What is to be \
         bought.\"\"\"\n\n    def __init__(self):\n        self.items = []\n\n    def total(self):\n        \
         total = sum(self.items)\n        return total - discount(total)\n",
    ),
    (
        "shop/hours.py",
        "\"\"\"When it is open.\"\"\"\n\nHOURS = range(9, 17)\n\n\ndef is_open(hour):\n    return hour in \
         HOURS\n",
    ),
    (
        "till/till.py",
        "\"\"\"A till.\"\"\"\n\n\ndef open_till():\n    \"\"\"Opens it.\"\"\"\n    return []\n",
    ),
    ("till/notice.py", "# Copyright 2024 The Till Authors\n# SPDX-License-Identifier: MIT\n"),
];

/// The plan of both arms, its paths in this folder, with a model to score.
pub fn place() -> Place {
    let plan = fs::read_to_string(Path::new(ROOT).join("plans/repo2agent-search.toml")).unwrap();
    let (plan, _) = plan.split_once("[test]").unwrap();
    let plan = plan
        .replace("../datasets/tokenizer.json", "tokenizer.json")
        .replace("../datasets/repositories", "repositories")
        .replace("../out/random-model", "model")
        .replace("swap_share = 0.25", "swap_share = 1.0")
        .replace("../out/repo2agent-search", "out");
    let place = Place::with_plan(&plan);
    for (path, contents) in FILES {
        place.write(&format!("repositories/{path}"), contents);
    }
    fs::create_dir(place.at("model")).unwrap();
    made::with_tokenizer(&place.at("model"), &place.at("tokenizer.json"));
    place
}

fn scored(outcome: &Outcome, key: &str) -> u64 {
    outcome.json()["scorers"][0][key].as_u64().unwrap()
}

fn trials(place: &Place, out: &str) -> Value {
    let order = "repo, path, step, round, variant, candidate";
    let sql = format!("SELECT * FROM trials ORDER BY {order}");
    let outcome = place.run(&["query", out, &sql, "--json"]).exits(0);
    outcome.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
}

#[test]
fn files_become_more_likely_and_the_record_says_why() {
    let place = place();
    let outcome = place.run(&["run", "plan.toml", "--json"]).exits(0);
    assert!(scored(&outcome, "scored") > 0);
    place.run(&["verify", "out"]).exits(0);
    let trials = trials(&place, "out");
    let trials = trials.as_array().unwrap();
    let text = |trial: &Value, key: &str| trial[key].as_str().unwrap().to_owned();
    let of_step = trials.chunk_by(|a, b| (&a["path"], &a["step"]) == (&b["path"], &b["step"]));
    let (mut kept, mut excluded) = (0, 0);
    for step in of_step {
        if text(&step[0], "decision") == "excluded" {
            assert_eq!((text(&step[0], "path"), step.len()), ("notice.py".to_owned(), 1));
            excluded += 1;
            continue;
        }
        let count = |variant: &str| step.iter().filter(|it| it["variant"] == variant).count();
        assert_eq!((count("first"), count("none")), (1, 1));
        assert_eq!(count("swap"), 1, "every file has one that it has nothing to do with");
        let first = step.iter().find(|it| it["variant"] == "first").unwrap();
        let mut current = first["nats"].as_f64().unwrap();
        for trial in step.iter().filter(|it| it["decision"] == "kept") {
            let nats = trial["nats"].as_f64().unwrap();
            assert!(nats < current, "what is kept is better than what was there");
            current = nats;
            kept += 1;
        }
    }
    assert!(kept > 0, "a search that keeps nothing proves nothing");
    assert_eq!(excluded, 2, "both thoughts of a file that nobody could infer");
    let sql = "SELECT thought['gain_vs_first'] AS gain FROM (SELECT unnest(thoughts) AS thought \
               FROM trajectories WHERE arm = 'repo2agent-search' AND repo = 'shop')";
    let gains = query(&place, sql);
    let gains = gains.as_array().unwrap().iter().map(|row| row["gain"].as_f64().unwrap());
    assert!(gains.clone().all(|gain| gain >= 0.0) && gains.clone().any(|gain| gain > 0.0));
    let sql = "SELECT count(*) AS n FROM (SELECT unnest(thoughts) AS thought FROM trajectories \
               WHERE arm = 'repo2agent') WHERE thought['gain_vs_none'] IS NOT NULL";
    assert_eq!(query(&place, sql)[0]["n"], 0, "the arm that is not searched has no gains");
}

#[test]
fn two_runs_decide_alike() {
    let place = place();
    for (out, workers) in [("one", "1"), ("two", "2")] {
        let sink = format!("sink.uri={out}");
        place.run(&["run", "plan.toml", "--set", &sink, "--workers", workers]).exits(0);
    }
    place.rows("one").assert_same(&place.rows("two"), "another number of workers");
}

#[test]
fn a_killed_search_scores_nothing_twice() {
    let place = place();
    let whole = place.run(&["run", "plan.toml", "--json", "--set", "sink.uri=whole"]).exits(0);
    let mut command = place.command(&["run", "plan.toml", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while kept_scores(&place) < 3 && child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < Duration::from_mins(1), "nothing is scored");
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "the run was over before the kill");
    let kept = kept_scores(&place);
    let rest = place.run(&["run", "plan.toml", "--json"]).exits(0);
    assert!(kept >= 3 && scored(&rest, "recalled") >= kept);
    let all = scored(&rest, "recalled") + scored(&rest, "scored");
    assert_eq!(all, scored(&whole, "scored"));
    place.rows("whole").assert_same(&place.rows("out"), "killed and run again");
}

/// Scores that are in place.
fn kept_scores(place: &Place) -> u64 {
    let folders = fs::read_dir(place.at("out/_backstory/scores")).into_iter().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "json")).count() as u64
}

/// Lets a model write and rewrite.
pub fn write_by(place: &Place, model: &Model) {
    let url = model.server().url();
    let author = format!(
        "kind = \"openai\"\nmodel = \"m\"\nurls = [\"{url}\"]\nprice = {{ input = 1.0, output = 1.0 }}"
    );
    let plan = fs::read_to_string(place.at("plan.toml")).unwrap();
    assert!(plan.contains("kind = \"outline\""));
    place.write("plan.toml", plan.replace("kind = \"outline\"", &author));
}

/// Both arms share the requests of the first, and a rewrite is asked for once.
#[test]
fn a_model_rewrites_and_every_request_is_paid_once() {
    let model = Model::new(Scenario::default());
    let place = place();
    write_by(&place, &model);
    let estimated = place.run(&["estimate", "plan.toml", "--json"]).exits(0).json();
    place.run(&["run", "plan.toml", "--json"]).exits(0);
    let sql = "SELECT simulation, purpose, sum(tries) AS tries FROM ledger \
               GROUP BY simulation, purpose ORDER BY simulation, purpose";
    let ledger = query(&place, sql);
    let is_score = |row: &&Value| row["purpose"] == "score";
    let (scores, rows): (Vec<_>, Vec<_>) = ledger.as_array().unwrap().iter().partition(is_score);
    assert_eq!(scores.len(), 1);
    assert!(rows.iter().any(|row| row["simulation"] == "search" && row["purpose"] == "rewrite"));
    let tries = rows.iter().map(|row| row["tries"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(tries, model.requests());
    let twice = "SELECT key FROM ledger WHERE tries > 0 GROUP BY key HAVING count(*) > 1";
    assert_eq!(query(&place, twice).as_array().unwrap().len(), 0, "each is paid once");
    let stages = estimated["stages"].as_array().unwrap().iter();
    let asked = stages.filter(|stage| stage["purpose"] != "score");
    let expected = asked.map(|stage| stage["requests"]["value"].as_f64().unwrap()).sum::<f64>();
    assert!((expected - tries as f64).abs() < 0.5, "{expected} estimated, {tries} sent");
    let keyless =
        query(&place, "SELECT count(*) AS n FROM trials WHERE variant = 'rewrite' AND key IS NULL");
    assert_eq!(keyless[0]["n"], 0, "the record of a rewrite names its request");
    place.run(&["verify", "out"]).exits(0);
}

#[test]
fn what_cannot_score_is_said() {
    let place = place();
    let run = |set: &str| place.run(&["run", "plan.toml", "--set", set]);
    insta::assert_snapshot!(
        "search_no_model",
        run("scorers.judge.folder=nowhere").exits(2).report()
    );
    let digest = format!("scorers.judge.digest={}", "0".repeat(64));
    insta::assert_snapshot!("search_other_model", run(&digest).exits(2).report());
    let small = "scorers.judge={ kind = \"local\", folder = \"model\", cache_tokens = 64 }";
    let outcome = run(small).exits(0);
    place.run(&["verify", "out"]).exits(0);
    let why = query(&place, "SELECT DISTINCT why FROM trials WHERE why LIKE '%memory%'");
    assert!(!why.as_array().unwrap().is_empty(), "{}", outcome.report());
}

/// A server goes away in the middle of a run, and is there again for the next one.
#[test]
fn a_server_scores() {
    let place = place();
    let runtime = Runtime::new().unwrap();
    let toy = Behaviour { max_model_len: 16_384, ..Behaviour::good(Speaks::Echo) };
    let server = runtime.block_on(ScoreServer::start(toy));
    let set = |url: &str| {
        format!(
            "scorers.judge={{ kind = \"http\", urls = [\"{url}\"], model = \"toy\", tokenizer = \
             \"tokenizer.json\", start_token = 0, patience_seconds = 1, tries = 1 }}"
        )
    };
    let set = set(&server.url());
    let run = |out: &str| {
        let sink = format!("sink.uri={out}");
        place.run(&["run", "plan.toml", "--json", "--set", &set, "--set", &sink])
    };
    let whole = run("whole").exits(0);
    let texts = server.stats().texts;
    assert!(texts > scored(&whole, "scored"), "a request has several texts");
    place.run(&["verify", "whole"]).exits(0);

    server.set(|behaviour| (behaviour.fault, behaviour.after) = (Some(Fault::Reset), texts / 2));
    let cut = run("out").exits(5);
    assert!(cut.json()["stopped_because"].as_str().unwrap().contains(&server.url()));
    let kept = scored(&cut, "scored");
    assert!((1..scored(&whole, "scored")).contains(&kept));
    server.set(|behaviour| behaviour.fault = None);
    let rest = run("out").exits(0);
    assert_eq!(scored(&rest, "recalled"), kept);
    assert_eq!(scored(&rest, "recalled") + scored(&rest, "scored"), scored(&whole, "scored"));
    place.rows("whole").assert_same(&place.rows("out"), "after the server was away");
}

/// Before anything is spent on what would come first.
#[test]
fn a_server_that_is_away_stops_the_run_at_once() {
    let model = Model::new(Scenario::default());
    let place = place();
    write_by(&place, &model);
    let server = "scorers.judge={ kind = \"http\", urls = [\"http://127.0.0.1:9\"], model = \"m\", \
                  tokenizer = \"tokenizer.json\", patience_seconds = 1 }";
    let outcome = place.run(&["run", "plan.toml", "--set", server]).exits(5);
    insta::assert_snapshot!("search_no_server", outcome.report());
    assert_eq!(model.requests(), 0);
}

#[test]
fn a_search_is_decided_again_by_another_rule() {
    let place = place();
    place.run(&["run", "plan.toml"]).exits(0);
    let replay = |sets: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", *set]);
        let arguments = ["replay", "out", "--json"].into_iter().chain(sets).collect::<Vec<_>>();
        place.run(&arguments).exits(0).json()["searches"][0].clone()
    };
    let same = replay(&[]);
    assert_eq!(same["as_run"], same["replayed"]);
    assert_eq!((&same["changed"], &same["nearly"]), (&0.into(), &0.into()));
    assert!(same["as_run"]["kept"].as_u64().unwrap() > 0);
    let falling = |outcome: &Value| -> Vec<f64> {
        let numbers = outcome["perplexity_by_round"].as_array().unwrap().iter();
        numbers.map(|number| number.as_f64().unwrap()).collect()
    };
    let end = |outcome: &Value| outcome["perplexity"].as_f64().unwrap();
    let alike = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-6;
    let rounds = falling(&same["as_run"]);
    assert_eq!(rounds.len(), 4, "as simulated, and after three rounds");
    assert!(rounds.is_sorted_by(|before, after| after <= before), "{rounds:?}");
    assert!(rounds[3] < rounds[0] && alike(rounds[3], end(&same["as_run"])));

    let shorter = replay(&["search.rounds=1"]);
    assert_eq!(falling(&shorter["replayed"]).len(), 2);
    assert!(alike(end(&shorter["replayed"]), rounds[1]));

    let none = replay(&["search.margin=100"]);
    assert_eq!(none["replayed"]["kept"], 0);
    assert_eq!(none["changed"], same["as_run"]["kept"]);
    assert!(falling(&none["replayed"]).into_iter().all(|number| alike(number, rounds[0])));

    // A run by the other rule decides as was foretold, where all that it compares is on record.
    let sql = "SELECT thought['gain_vs_none'] AS gain FROM (SELECT unnest(thoughts) AS thought \
               FROM trajectories) WHERE thought['gain_vs_none'] IS NOT NULL ORDER BY gain";
    let gains = query(&place, sql);
    let second = gains[1]["gain"].as_f64().unwrap();
    let gate = format!("[{{ measure = \"vs-none\", below = {second}, then = \"drop\" }}]");
    let foretold = replay(&[&format!("search.gain_gates={gate}")]);
    let set = format!("operator.search.gain_gates={gate}");
    place.run(&["run", "plan.toml", "--set", "sink.uri=gated", "--set", &set]).exits(0);
    let gated = place.run(&["replay", "gated", "--json"]).exits(0).json();
    let dropped = &foretold["replayed"]["dropped"];
    assert!(dropped.as_u64().unwrap() > 0, "a gate that drops nothing proves nothing");
    if foretold["nearly"] == 0 {
        assert_eq!(gated["searches"][0]["as_run"]["dropped"], *dropped);
    }
    place.run(&["verify", "gated"]).exits(0);
}

#[test]
fn what_cannot_be_decided_again_is_said() {
    let place = place();
    place.run(&["run", "plan.toml"]).exits(0);
    // Numbers depend on the instructions that a processor has.
    let report = place.run(&["replay", "out"]).exits(0).report();
    let names = report.lines().map(|line| line.split("  ").next().unwrap_or_default());
    insta::assert_snapshot!("replayed", names.collect::<Vec<_>>().join("\n"));
    for (name, set) in [
        ("replay_rounds", "search.rounds=4"),
        ("replay_steps", "search.steps=before-writing"),
        ("replay_source", "source.path=elsewhere"),
        ("replay_clip", "search.clip=5"),
        ("replay_negative", "search.margin=-1"),
    ] {
        insta::assert_snapshot!(
            name,
            place.run(&["replay", "out", "--set", set]).exits(2).report()
        );
    }
}
