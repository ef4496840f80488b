//! `--set` arguments: what they change, and how messages point at them.

use std::path::Path;

use super::{GOOD, changed, errors, good, snapshot};

#[test]
fn values_are_replaced_and_added() {
    let sets = [
        "source.path=../else where",
        "operator.raw-tokens.weight=0.5",
        "operator.simulate.reads = 3",
        "run.in_flight_bytes=1_000",
        "operator.mask.train=['write']",
        "operator.raw-tokens.'tokenizer'=a=b",
        "sink.uri=/out",
    ];
    let plan = good(GOOD, &sets);
    let config = |at: usize| &plan.operators[at].table.config;
    assert_eq!(plan.source.config["path"], "/here/../else where");
    assert_eq!(config(3)["weight"], 0.5);
    assert_eq!(config(3)["tokenizer"], "/here/a=b");
    assert_eq!(config(5)["reads"], 3);
    assert_eq!(config(7)["train"], serde_json::json!(["write"]));
    assert_eq!(plan.run().in_flight_bytes, 1000);
    assert_eq!(plan.sink().unwrap().local().unwrap(), Path::new("/out"));
}

#[test]
fn tables_are_added() {
    let plan = changed("[run]\nseal_seconds = 1\n", "");
    assert_eq!(good(&plan, &["run.seal_seconds=9"]).run().seal_seconds, 9);
}

#[test]
fn wrong_arguments() {
    let sets = [
        "source.path",
        "sorce.path=a",
        "source.path.deep=1",
        "a b=1",
        "=1",
        "operator=1",
        "operator.mask={}",
        "operator.msak.begin=true",
        "operator.mask.begin=yes",
        "operator.mask.train=[write",
        "operator.mask.tokenizer=${NOPE}",
        "source.kind=git",
        "run.seal_bytes='1'",
        "models.editor.kind=fcats",
    ];
    snapshot!("set", errors(GOOD, &sets));
    snapshot!("set_no_operators", errors("", &["operator.mask.begin=true"]));
}
