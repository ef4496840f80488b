//! What the other commands print, and how they refuse.
//!
//! Catches output that changes without anyone meaning it, results on the wrong stream, and noise when a
//! reader goes away.

use std::io::Read;
use std::process::Stdio;

use crate::common::{Place, ROOT};
use crate::golden::SMALL;

fn shop() -> Place {
    let place = Place::with_files(&SMALL);
    place.write("repositories/docs/README.md", "# Nothing but words\n");
    place.run_into("out", &["--workers", "1"]).exits(1);
    place
}

#[test]
fn query_prints_tables_and_json() {
    let place = shop();
    let sql = "SELECT repo, arm, n_tokens, n_loss_tokens FROM sequences ORDER BY arm";
    insta::assert_snapshot!("query_table", place.run(&["query", "out", sql]).exits(0).report());
    let json = place.run(&["query", "out", sql, "--json"]).exits(0);
    insta::assert_snapshot!("query_json", json.report());
    let spans = "SELECT s['kind'] AS kind, count(*) AS n FROM \
                 (SELECT unnest(spans) AS s FROM trajectories WHERE arm = 'repo2agent') \
                 GROUP BY kind ORDER BY kind";
    insta::assert_snapshot!("query_nested", place.run(&["query", "out", spans]).exits(0).report());
    let errors = "SELECT repo, path, stage, kind, message FROM errors";
    insta::assert_snapshot!("query_errors", place.run(&["query", "out", errors]).report());
    let none = "SELECT repo FROM trajectories WHERE repo = 'none'";
    insta::assert_snapshot!("query_none", place.run(&["query", "out", none]).exits(0).report());
    place.run(&["query", "out", "DESCRIBE trajectories"]).exits(0);
}

#[test]
fn queries_that_are_wrong() {
    let place = shop();
    let versions = place.versions("out");
    for (name, sql) in [
        ("query_syntax", "SELEKT 1"),
        ("query_column", "SELECT tokens FROM sequences"),
        ("query_no_such_table", "SELECT 1 FROM trajectory"),
        ("query_delete", "DELETE FROM errors"),
        ("query_insert", "INSERT INTO errors SELECT * FROM errors"),
        ("query_copy", "COPY errors TO 'errors.parquet'"),
        ("query_create", "CREATE TABLE copy AS SELECT * FROM errors"),
        ("query_set", "SET datafusion.execution.batch_size = 1"),
    ] {
        insta::assert_snapshot!(name, place.run(&["query", "out", sql]).exits(2).report());
    }
    assert_eq!(place.versions("out"), versions);
    insta::assert_snapshot!(
        "query_no_tables",
        place.run(&["query", "nowhere", "SELECT 1"]).exits(4).report()
    );
    assert!(!place.at("nowhere").exists());
}

#[test]
fn show_prints_a_trajectory() {
    let place = shop();
    let raw = place.run(&["show", "out", "--arm", "raw-repos"]).exits(0);
    insta::assert_snapshot!("show_raw", raw.report());
    let agent = place.run(&["show", "out", "--repo", "shop", "--arm", "repo2agent"]).exits(0);
    insta::assert_snapshot!("show_agent", agent.report());
    let both = place.run(&["show", "out"]).exits(0);
    assert_eq!(both.stdout, raw.stdout + &agent.stdout);
}

#[test]
fn what_show_does_not_find() {
    let place = shop();
    for (name, arguments) in [
        ("show_near", ["--repo", "shopp"]),
        ("show_far", ["--repo", "something-else"]),
        ("show_rejected", ["--repo", "docs"]),
        ("show_arm", ["--arm", "raw-repo"]),
        ("show_quotes", ["--repo", "it's"]),
    ] {
        let arguments = [&["show", "out"][..], &arguments].concat();
        insta::assert_snapshot!(name, place.run(&arguments).exits(2).report());
    }
}

#[test]
fn check_explain_and_help() {
    let place = shop();
    insta::assert_snapshot!("check", place.run(&["check", "plan.toml"]).exits(0).report());
    let explain = place.run(&["explain", "plan.toml"]).exits(0).report();
    // The digest of the plan is that of its tokenizer and templates too: golden rows are the place for it.
    let explain = explain.lines().filter(|line| !line.starts_with("plan ")).collect::<Vec<_>>();
    insta::assert_snapshot!("explain", explain.join("\n"));
    for (name, arguments) in [
        ("help", &["--help"][..]),
        ("help_run", &["run", "--help"]),
        ("help_verify", &["verify", "--help"]),
    ] {
        insta::assert_snapshot!(name, place.run(arguments).exits(0).report());
    }
    insta::assert_snapshot!("no_command", place.run(&["rnu"]).exits(2).report());
}

#[test]
fn the_schema_is_json_and_knows_every_kind() {
    let schema = Place::new().run(&["schema"]).exits(0).json();
    let operators = schema["properties"]["operator"]["items"]["oneOf"].as_array().unwrap();
    let kinds = operators.iter().map(|one| one["properties"]["kind"]["const"].as_str().unwrap());
    insta::assert_snapshot!(kinds.collect::<Vec<_>>().join(" "));
}

#[test]
fn verify_counts_what_it_compared() {
    let place = shop();
    insta::assert_snapshot!("verify", place.run(&["verify", "out"]).exits(0).report());
    let json = place.run(&["verify", "out", "--json"]).exits(0).json();
    insta::assert_snapshot!("verify_json", format!("{json:#}"));
    insta::assert_snapshot!("verify_none", place.run(&["verify", "nowhere"]).exits(4).report());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let plan = format!("{ROOT}/plans/quickstart.toml");
    place.run(&["run", &plan, "--set", "sink.uri=out"]).exits(0);
    let unnested = "SELECT repo, unnest(input_ids) FROM sequences";
    for arguments in [
        &["show", "out", "--repo", "todo"][..],
        &["query", "out", unnested],
        &["query", "out", unnested, "--json"],
    ] {
        let mut command = place.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 64];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let outcome = place.outcome(&child.wait_with_output().unwrap()).exits(0);
        assert_eq!(outcome.stderr, "", "{arguments:?}");
    }
}
