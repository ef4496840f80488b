//! Who reads whom, and what does not fit.

use super::{GOOD, changed, errors, good, snapshot};

/// A plan of the operators in `body`, one per line.
fn plan(body: &str, sink: &str) -> String {
    let operator = |line: &str| format!("[[operator]]\n{}\n\n", line.trim().replace("; ", "\n"));
    let operators = body.lines().map(operator).collect::<String>();
    format!("[source]\nkind = \"dir\"\npath = \"a\"\n\n{operators}[sink]\nuri = \"out\"\n{sink}\n")
}

const MASK: &str = "kind = \"mask\"; tokenizer = \"t\"";

#[test]
fn inputs() {
    snapshot!("input_unknown", errors(&changed("input = \"graph\"", "input = \"gaph\""), &[]));
    snapshot!(
        "input_stranger",
        errors(&changed("input = \"graph\"", "input = \"elsewhere\""), &[])
    );
    let below = plan(
        &format!(
            "kind = \"parse\"\nkind = \"flatten\"; input = \"graph\"\nkind = \"graph\"; input = \"parse\"\n{MASK}; input = \"flatten\""
        ),
        "",
    );
    snapshot!("input_below", errors(&below, &[]));
}

#[test]
fn circles() {
    snapshot!("circle_self", errors(&changed("input = \"graph\"", "input = \"plan\""), &[]));
    let three = plan(
        &format!(
            "kind = \"parse\"\nkind = \"graph\"\nkind = \"plan\"; model = \"m\"; input = \"flatten\"\nkind = \"simulate\"; model = \"m\"\nkind = \"flatten\"\n{MASK}"
        ),
        "",
    );
    snapshot!("circle_three", errors(&format!("{three}\n[models.m]\nkind = \"facts\"\n"), &[]));
}

#[test]
fn flows() {
    snapshot!(
        "flow_no_graph",
        errors(&plan(&format!("kind = \"parse\"\nkind = \"flatten\"\n{MASK}"), ""), &[])
    );
    snapshot!(
        "flow_nothing_before",
        errors(&plan(&format!("kind = \"flatten\"\n{MASK}"), ""), &[])
    );
    snapshot!("flow_other_input", errors(&changed("input = \"graph\"\n", ""), &[]));
    snapshot!(
        "flow_source",
        errors(
            &plan(
                &format!(
                    "kind = \"parse\"\nkind = \"graph\"; input = \"source\"\nkind = \"flatten\"\n{MASK}"
                ),
                ""
            ),
            &[]
        )
    );
}

#[test]
fn names() {
    snapshot!("name_twice", errors(&changed("name = \"raw-tokens\"\n", ""), &[]));
    snapshot!("name_source", errors(&changed("name = \"raw\"", "name = \"source\""), &[]));
}

#[test]
fn structure_is_made_once() {
    let plan = plan(
        &format!(
            "kind = \"parse\"\nkind = \"graph\"\nkind = \"parse\"; name = \"again\"; input = \"source\"\nkind = \"graph\"; name = \"other\"\nkind = \"flatten\"\n{MASK}"
        ),
        "",
    );
    snapshot!("structure_twice", errors(&plan, &[]));
}

#[test]
fn sinks() {
    snapshot!(
        "sink_unknown",
        errors(&changed("\"raw-tokens\", \"mask\"", "\"raw-token\", \"mask\""), &[])
    );
    snapshot!(
        "sink_flow",
        errors(&changed("\"raw-tokens\", \"mask\"", "\"raw-tokens\", \"flatten\""), &[])
    );
    snapshot!("sink_last", errors(&plan("kind = \"parse\"\nkind = \"graph\"", ""), &[]));
    snapshot!(
        "sink_twice",
        errors(&changed("\"raw-tokens\", \"mask\"", "\"mask\", \"mask\""), &[])
    );
    snapshot!("sink_none", errors(&changed("[\"raw-tokens\", \"mask\"]", "[]"), &[]));
}

#[test]
fn readers() {
    snapshot!("unread_arm", errors(&changed("inputs = [\"raw-tokens\", \"mask\"]\n", ""), &[]));
    let twice = plan(
        &format!(
            "kind = \"parse\"\nkind = \"graph\"\nkind = \"flatten\"\n{MASK}\n{MASK}; name = \"other\"; input = \"flatten\""
        ),
        "inputs = [\"mask\", \"other\"]",
    );
    snapshot!("read_twice", errors(&twice, &[]));
    snapshot!(
        "unread_draft",
        errors(
            &changed("kind = \"flatten\"\n\n", "kind = \"flatten\"\ninput = \"graph\"\n\n"),
            &[]
        )
    );
}

#[test]
fn models() {
    snapshot!(
        "model_unknown",
        errors(
            &changed(
                "input = \"graph\"\nmodel = \"author\"",
                "input = \"graph\"\nmodel = \"auhtor\""
            ),
            &[]
        )
    );
    snapshot!("model_none", errors(&changed("[models.author]\nkind = \"facts\"\n", ""), &[]));
    let unused = good(
        &changed("[models.author]", "[models.editor]\nkind = \"facts\"\n\n[models.author]"),
        &[],
    );
    snapshot!("model_unused", unused.warnings().to_plain_string());
}

/// The plan with a search of these keys.
fn searching(keys: &str) -> String {
    let simulate = "kind = \"simulate\"\nmodel = \"author\"\n";
    changed(simulate, &format!("{simulate}\n[[operator]]\nkind = \"search\"\n{keys}\n"))
}

const SCORER: &str = "[scorers.judge]\nkind = \"dice\"\n\n[models.author]";

#[test]
fn scorers() {
    let search = "model = \"author\"\nscorer = \"judge\"";
    snapshot!("scorer_none", errors(&searching(search), &[]));
    let with = searching(search).replace("[models.author]", SCORER);
    snapshot!(
        "scorer_unknown",
        errors(&with.replace("scorer = \"judge\"", "scorer = \"jugde\""), &[])
    );
    snapshot!(
        "scorer_is_no_model",
        errors(&with.replace("scorer = \"judge\"", "scorer = \"author\""), &[])
    );
    snapshot!("kind_of_scorer", errors(&with.replace("\"dice\"", "\"coin\""), &[]));
    let unused = good(&changed("[models.author]", SCORER), &[]);
    snapshot!("scorer_unused", unused.warnings().to_plain_string());
    let stages = good(&with, &[]).stages();
    let search = stages.iter().find(|stage| stage.kind == "search").unwrap();
    assert_eq!(search.scorers, [("judge".to_owned(), "dice")]);
    assert_eq!((search.models.len(), &search.effects[..]), (1, &["luck"][..]));
}

#[test]
fn stages_tell_who_reads_whom() {
    let stages = good(GOOD, &[]).stages();
    let line = |stage: &super::super::StageInfo| {
        let (takes, gives) = (stage.takes.name(), stage.gives.name());
        let written = if stage.written { " written" } else { "" };
        format!("{} <- {} {takes} -> {gives} {:?}{written}", stage.name, stage.reads, stage.models)
    };
    snapshot!("stages", stages.iter().map(line).collect::<Vec<_>>().join("\n"));
}
