//! What becomes of thoughts by what they gain, which thoughts and files are searched, and what a replay says of
//! both.

use backstory_quality::{Gate, Measure, Then};

use super::effects::{FILE, Script, Spelled, decisions, search, search_in};
use super::*;

fn gate(measure: &str, below: f64, then: &str) -> serde_json::Value {
    json!({ "gain_gates": [{ "measure": measure, "below": below, "then": then }] })
}

/// The draft reads a file between its two thoughts.
fn search_two(first: &str, second: &str, fields: &serde_json::Value) -> Found {
    let steps = vec![
        Step::Think(first.into()),
        Step::Read(1),
        Step::Observation(1),
        Step::Think(second.into()),
        Step::Write(0),
    ];
    let searcher = config(fields).searcher(Arc::new(Script(vec![])), Arc::new(Spelled));
    let structure = structure(&[("f", FILE), ("g", "x")]);
    run(&searcher, &structure, &draft(0, steps), None).result.unwrap()
}

#[test]
fn a_thought_that_does_not_beat_silence_can_be_dropped() {
    let drop = gate("vs-none", 0.0, "drop");
    let searched = search("-5 -5 -5", &[], &drop);
    let without = Draft { file: 0, steps: vec![Step::Write(0)], ..Draft::default() };
    assert_eq!(searched.draft, without);
    let why = "vs-none is -1.00, below 0";
    assert_eq!(searched.trials[0].decision, Decision::Dropped(why.into()));
    assert_eq!((searched.trials[0].decision.name(), searched.trials.len()), ("dropped", 2));

    let searched = search("-6 -6 -6", &[&["-7 -7 -7", "-5 -5 -5"]], &drop);
    assert_eq!(searched.draft, without);
    assert_eq!(decisions(&searched), ["not-better", "dropped"]);
    assert_eq!(searched.trials[0].decision, Decision::Reference);
    assert_eq!(searched.trials[3].decision.why(), Some(why));

    let searched = search("-6 -6 -6", &[&["-4 -4 -4"]], &drop);
    assert_eq!(searched.draft.steps[0], Step::Think("-4 -4 -4".into()), "as good as silence");
}

#[test]
fn a_gain_can_be_marked_or_fail_the_file() {
    let searched = search("-5 -5 -5", &[], &gate("vs-none", 0.0, "mark"));
    assert_eq!(searched.marks, ["f, thought 1: vs-none is -1.00, below 0"]);
    assert_eq!(searched.trials[0].decision, Decision::Reference);

    let rounds: &[&[_]] = &[&["-7 -7 -7"]];
    let reject = gate("vs-first", 0.5, "reject");
    let authored = search_in(&[("f", FILE)], "-5 -5 -5", rounds, &reject, None);
    let why = "a thought was refused: vs-first is 0.00, below 0.5";
    let failure = Failure::file("f", Stage::Search, FailureKind::Gate, why);
    assert_eq!(authored.result, Err(Halt::Failed(failure)));
    assert_eq!(authored.requests.len(), 1, "what was asked is on record");

    let structure = structure(&[("f", FILE)]);
    let first = draft(0, vec![Step::Think("-5 -5 -5".into()), Step::Write(0)]);
    let rejecting = config(&reject).searcher(Arc::new(Script(vec![])), Arc::new(Spelled));
    let searched = run_whole(&rejecting, &structure, &first, None);
    assert!(searched.draft.result.is_err());
    assert_eq!(searched.trials.len(), 2, "what was compared is on record");
}

/// The scorer counts no thought as -4 for each word, and sees the next thought where there is one.
#[test]
fn what_comes_after_a_dropped_thought_does_without_it() {
    let mut fields = gate("vs-none", 0.0, "drop");
    fields["gates"] = json!([{ "measure": "words", "below": 9, "then": "mark" }]);
    let Found { draft, marks, trials } = search_two("-5 -5 -5 helper_one", "-2 -2 -2", &fields);
    let steps =
        [Step::Read(1), Step::Observation(1), Step::Think("-2 -2 -2".into()), Step::Write(0)];
    assert_eq!(draft.steps, steps);
    assert_eq!(marks, ["f, thought 1: words is 3, below 9"]);
    assert_eq!((draft.gains.len(), draft.qualities.len()), (1, 1));
    assert_eq!((draft.gains[0].vs_none, draft.qualities[0].words), (Some(2.0), 3));
    let tried: Vec<_> = trials.iter().map(|trial| (trial.step, trial.variant)).collect();
    let expected =
        [(0, Variant::First), (0, Variant::None), (3, Variant::First), (3, Variant::None)];
    assert_eq!(tried, expected, "steps are those of the draft as simulated");
    let nats = |at: usize| trials[at].score.as_ref().unwrap().nats;
    assert_eq!(nats(2), nats(1), "the draft without the thought is not scored again");
    assert_eq!(trials[2].score.as_ref().unwrap().thought_tokens, 3);

    let Found { draft, .. } = search_two("-6 -6 -6", "-5 -5 -5", &fields);
    assert_eq!((draft.thoughts().count(), draft.steps.len()), (0, 3));
}

#[test]
fn the_plan_says_which_thoughts_are_searched() {
    let of = |steps: &str| {
        let searched = search_two("-1 -1 -1", "-2 -2 -2", &json!({ "steps": steps }));
        assert_eq!((searched.draft.gains.len(), searched.draft.qualities.len()), (2, 2));
        let known: Vec<_> =
            searched.draft.gains.iter().map(|gains| gains.vs_none.is_some()).collect();
        let mut steps: Vec<_> = searched.trials.iter().map(|trial| trial.step).collect();
        steps.dedup();
        (steps, known)
    };
    assert_eq!(of("before-reading"), (vec![0], vec![true, false]));
    assert_eq!(of("before-writing"), (vec![3], vec![false, true]));
    assert_eq!(of("all"), (vec![0, 3], vec![true, true]));
    let left = |steps: &str| {
        let mut fields = gate("vs-none", 9.0, "drop");
        fields["steps"] = json!(steps);
        let Found { draft, .. } = search_two("-1 -1 -1", "-2 -2 -2", &fields);
        draft.thoughts().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(left("before-reading"), ["-2 -2 -2"]);
    assert_eq!(left("before-writing"), ["-1 -1 -1"]);
}

#[test]
fn trials_are_measured_once() {
    let rounds: &[&[_]] = &[&["-1 -1 -1 way too long", " ", "-2 -2 -2", "-1 -1 -1"]];
    let Found { trials, .. } = search("-2 -2 -2", rounds, &json!({ "words": { "max": 5 } }));
    let measured = |trial: &Trial| trial.quality.as_ref().map(|quality| quality.words);
    let words: Vec<_> = trials.iter().map(measured).collect();
    assert_eq!(words, [Some(3), None, Some(6), None, Some(3), Some(3)]);
    let excluded = search_in(&[("f", " ")], "-2", &[], &json!({}), None).result.unwrap();
    assert_eq!(excluded.trials[0].quality, None);
}

#[test]
fn a_licence_at_the_top_is_scored_but_does_not_count() {
    let files = [("f", "# Copyright A\na b c")];
    let score = |fields: &serde_json::Value| {
        let rounds: &[&[_]] = &[&["-1 -1 -1 -3 -2 -2"]];
        let Found { draft, trials, .. } =
            search_in(&files, "-9 -9 -9 -2 -2 -2", rounds, fields, None).result.unwrap();
        let score = trials[0].score.clone().unwrap();
        let of_file = (score.nats, score.target_tokens, score.target_bytes, score.excess[0]);
        (of_file, draft.gains[0].vs_none, trials.last().unwrap().decision.name())
    };
    assert_eq!(score(&json!({})), ((6.0, 3, 6, 0.0), Some(2.0), "not-better"));
    let all = json!({ "only_inferable": false });
    assert_eq!(score(&all), ((33.0, 6, 19, 21.0), Some(14.0 / 6.0), "kept"));
}

#[test]
fn what_nobody_wrote_is_not_searched() {
    let files = [("f", "# Nothing here\n")];
    let search = |fields| search_in(&files, "-1 -1 -1", &[], &fields, None).result.unwrap().trials;
    let why = "the file has nothing but comments".to_owned();
    assert_eq!(search(json!({}))[0].decision, Decision::Excluded(why));
    assert_eq!(search(json!({ "only_inferable": false }))[0].decision, Decision::Reference);
}

#[test]
fn a_replay_lets_gates_decide_again() {
    let rounds: &[&[_]] = &[&["-1 -1 -1 long", "-3 -1 -1"], &["-1 -1 -2 0 0 0 0", "-1 0 0"]];
    let ran = config(&json!({ "words": { "max": 6 } }));
    let Found { trials, .. } = search("-2 -2 -2", rounds, &json!({ "words": { "max": 6 } }));
    let again = |fields: &serde_json::Value| {
        let replayed = replay(&trials, &ran.rule(), &config(fields).rule()).unwrap().remove(0);
        let names: Vec<_> = replayed.decisions[2..].iter().map(Decision::name).collect();
        (names, replayed.as_run, replayed)
    };
    let (names, as_run, as_it_was) = again(&json!({ "words": { "max": 6 } }));
    assert_eq!((names, as_run), (vec!["kept", "not-better", "too-long", "kept"], true));
    assert_eq!(as_it_was.gains.rounds, [1.0, 2.0 / 3.0]);

    let short = json!({ "gates": [{ "measure": "words", "above": 3, "then": "reject" }] });
    let (names, as_run, replayed) = again(&short);
    let expected = ["gate", "kept", "gate", "kept"];
    assert_eq!((names, as_run), (expected.to_vec(), false));
    assert_eq!(replayed.decisions[2].why(), Some("words is 4, above 3"));
    let (names, ..) = again(&json!({ "words": { "max": 3 } }));
    assert_eq!(names, ["too-long", "kept", "too-long", "kept"]);
    let (names, ..) = again(&json!({}));
    assert_eq!(names[2], "too-long", "what was never scored stays out");

    let (names, as_run, replayed) = again(&gate("vs-first", 2.0, "drop"));
    assert_eq!((names[3], as_run, replayed.dropped), ("dropped", true, true));
    assert_eq!((replayed.kept, &replayed.gains), (Some(5), &as_it_was.gains));
    let (.., replayed) = again(&gate("leak-adjusted", 4.0, "reject"));
    let why = "leak-adjusted is 3.67, below 4".to_owned();
    assert_eq!((replayed.rejected, replayed.dropped), (Some(why), false));
    let (.., replayed) = again(&gate("swap-control", 4.0, "reject"));
    assert_eq!(replayed.rejected, None, "not on record");
}

#[test]
fn a_replay_says_what_stands_in_another_context() {
    let fields = gate("vs-none", 0.0, "drop");
    let (dropping, plain) = (config(&fields).rule(), Rule::default());
    let Found { trials, .. } = search_two("-5 -5 -5", "-2 -2 -2", &fields);
    let same = |rule: &Rule| {
        let replayed = replay(&trials, &dropping, rule).unwrap();
        let same: Vec<_> = replayed.iter().map(|step| step.same_context).collect();
        (same, replayed[0].dropped, replayed[0].as_run)
    };
    assert_eq!(same(&dropping), (vec![true, true], true, true));
    assert_eq!(same(&plain), (vec![true, false], false, true));
    let gates = vec![Gate {
        measure: Measure::Words,
        above: Some(0.0),
        below: None,
        then: Then::Reject,
        attempts: 0,
    }];
    assert_eq!(same(&Rule { gates, ..dropping.clone() }), same(&dropping), "first thoughts stay");
}
