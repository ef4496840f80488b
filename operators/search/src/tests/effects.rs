//! What each setting does, on numbers that are written down.

use super::naive::{Dice, Hashed};
use super::*;

/// Takes the numbers in the next thought for the log-probabilities of the file's words after it. No thought is
/// -4 for each.
pub(super) struct Spelled;

#[async_trait]
impl Judge for Spelled {
    fn identity(&self) -> String {
        "spelled/1".into()
    }

    async fn weigh(&self, case: Case) -> Weighing {
        let ends = ends(&case.target);
        let read = |parts: &Vec<Arc<str>>| {
            let open = parts.iter().position(|part| &**part == "<think>\n");
            let thought = open.map_or("", |open| &parts[open + 1]);
            if thought.contains("away") {
                return Err(Unscored::Unavailable("nobody is there".into()));
            }
            let numbers = thought.split_whitespace().filter_map(|word| word.parse().ok());
            let mut log_probs: Vec<f64> = numbers.collect();
            if thought.is_empty() {
                log_probs = vec![-4.0; ends.len()];
            }
            if log_probs.len() != ends.len() {
                return Err(Unscored::Refused(format!("{} numbers", log_probs.len())));
            }
            Ok(Likelihood { log_probs, ends: Arc::clone(&ends), tokens: words(parts) })
        };
        let likelihoods = case.candidates.iter().map(read).collect();
        Weighing { likelihoods, request: None }
    }
}

/// Says what is written down, round by round.
pub(super) struct Script(pub(super) Vec<Vec<&'static str>>);

#[async_trait]
impl Author for Script {
    fn identity(&self) -> String {
        "script/1".into()
    }

    async fn plan(&self, _: &Structure) -> Authored<Plan> {
        unreachable!("a search asks for no plan")
    }

    async fn think(&self, _: &Scene<'_>) -> Authored<Thought> {
        unreachable!("a search asks for no new thoughts")
    }

    async fn rewrite(&self, rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
        assert_eq!(rewriting.scene.mode, Mode::Blinded);
        let texts = self.0.get(rewriting.round as usize).cloned().unwrap_or_default();
        let requests = texts.iter().map(|text| request(text)).collect();
        let result = match texts[..] {
            ["unusable"] => Err(AuthorError::Unusable("no thought".into())),
            ["absent"] => Err(AuthorError::Unavailable("nobody is there".into())),
            _ => Ok(texts.into_iter().map(str::to_owned).collect()),
        };
        Authored { result, requests }
    }
}

/// Rewrites as another does, of whom it says what its words are made of.
struct Paid(Dice);

#[async_trait]
impl Author for Paid {
    fn identity(&self) -> String {
        self.0.identity()
    }

    async fn plan(&self, structure: &Structure) -> Authored<Plan> {
        self.0.plan(structure).await
    }

    async fn think(&self, scene: &Scene<'_>) -> Authored<Thought> {
        self.0.think(scene).await
    }

    fn inputs(&self, scene: &Scene<'_>) -> Option<Digest> {
        Some(Digest::of(&**scene.structure.text(scene.file)))
    }

    async fn rewrite(&self, rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
        self.0.rewrite(rewriting).await
    }
}

#[test]
fn inputs_are_all_but_drafts_and_what_other_files_hold() {
    let searcher = |dice, judge, fields| {
        config(&fields).searcher(Arc::new(Paid(Dice(dice))), Arc::new(Hashed(judge)))
    };
    let usual = searcher(1, 1, json!({}));
    let inputs = |searcher: &Searcher, structure: &Structure| {
        searcher.inputs(structure, &plan(structure), 0, Mode::Blinded).unwrap()
    };
    let structure = structure(&[("f", FILE), ("g", "d e")]);
    let before = inputs(&usual, &structure);
    assert_eq!(inputs(&usual, &super::structure(&[("f", FILE), ("g", "d")])), before);
    for files in [[("f", "a b"), ("g", "d e")], [("e", FILE), ("g", "d e")]] {
        assert_ne!(inputs(&usual, &super::structure(&files)), before);
    }
    for other in [
        searcher(2, 1, json!({})),
        searcher(1, 2, json!({})),
        searcher(1, 1, json!({ "rounds": 1 })),
        searcher(1, 1, json!({ "candidates": 1 })),
        searcher(1, 1, json!({ "margin": 0.5 })),
        searcher(1, 1, json!({ "swap_share": 1.0 })),
        searcher(1, 1, json!({ "gates": [{"measure": "words", "above": 9, "then": "reject"}] })),
    ] {
        assert_ne!(inputs(&other, &structure), before);
    }
    let mut other = plan(&structure);
    other.files[1].purpose = "Something else.".into();
    assert_ne!(usual.inputs(&structure, &other, 0, Mode::Blinded), Some(before));
    assert_ne!(usual.inputs(&structure, &plan(&structure), 0, Mode::Hindsight), Some(before));

    let free = |rounds| {
        let config = config(&json!({ "rounds": rounds }));
        let searcher = config.searcher(Arc::new(Dice(1)), Arc::new(Hashed(1)));
        searcher.inputs(&structure, &plan(&structure), 0, Mode::Blinded)
    };
    assert_eq!(free(1), None, "nobody says what rewrites are made of");
    assert!(free(0).is_some(), "there are none");
}

pub(super) const FILE: &str = "a b c";

pub(super) fn search_in(
    files: &[(&str, &str)],
    first: &str,
    rounds: &[&[&'static str]],
    fields: &serde_json::Value,
    control: Option<&str>,
) -> Authored<Found, Halt> {
    let script = Script(rounds.iter().map(|round| round.to_vec()).collect());
    let mut config = config(fields);
    config.candidates = 4;
    assert_eq!(config.problems(), []);
    let searcher = config.searcher(Arc::new(script), Arc::new(Spelled));
    let think = |text: &str, file| draft(file, vec![Step::Think(text.into()), Step::Write(file)]);
    let control = control.map(|text| think(text, 1));
    run(&searcher, &structure(files), &think(first, 0), control.as_ref())
}

pub(super) fn search(first: &str, rounds: &[&[&'static str]], fields: &serde_json::Value) -> Found {
    search_in(&[("f", FILE)], first, rounds, fields, None).result.unwrap()
}

/// What became of the rewrites.
pub(super) fn decisions(searched: &Found) -> Vec<&'static str> {
    let rewrites = searched.trials.iter().filter(|trial| trial.variant == Variant::Rewrite);
    rewrites.map(|trial| trial.decision.name()).collect()
}

#[test]
fn the_best_of_a_round_is_kept_and_the_earlier_of_equals() {
    let rounds: &[&[_]] = &[&["-3 -1 -1", "-1 -1 -1", "-1 -1 -1 ."], &["-1 -1 -2", "-1 0 0"]];
    let searched = search("-2 -2 -2", rounds, &json!({}));
    let expected = ["not-better", "kept", "not-better", "not-better", "kept"];
    assert_eq!(decisions(&searched), expected);
    assert_eq!(searched.draft.steps[0], Step::Think("-1 0 0".into()));
    let gains = &searched.draft.gains[0];
    assert_eq!(gains.rounds, [1.0, 2.0 / 3.0]);
    assert_eq!((gains.vs_first, gains.vs_none), (Some(5.0 / 3.0), Some(11.0 / 3.0)));
    let kept = &searched.trials[3];
    assert_eq!((kept.current, kept.key), (Some(-6.0), Some(Digest::of("-1 -1 -1"))));
    assert_eq!(searched.draft.qualities[0].words, 3, "measured anew");
}

#[test]
fn a_rewrite_has_to_gain_more_than_the_margin() {
    let rounds: &[&[_]] = &[&["-1 -2 -2"]];
    let by = |margin: f64| decisions(&search("-2 -2 -2", rounds, &json!({ "margin": margin })))[0];
    assert_eq!((by(0.3), by(0.34)), ("kept", "not-better"));
    assert_eq!(decisions(&search("-2 -2 -2", &[&["-2 -2 -2 ."]], &json!({}))), ["not-better"]);
}

#[test]
fn a_clip_keeps_one_token_from_deciding() {
    let rounds: &[&[_]] = &[&["-9 -1 -1"]];
    assert_eq!(decisions(&search("-2 -2 -2", rounds, &json!({}))), ["not-better"]);
    let searched = search("-2 -2 -2", rounds, &json!({ "clip": 3.0 }));
    assert_eq!(decisions(&searched), ["kept"]);
    let score = searched.trials.last().unwrap().score.clone().unwrap();
    assert_eq!((score.nats, score.clipped, score.objective), (11.0, 5.0, -5.0));
    assert_eq!(score.excess[..3], [7.0, 6.0, 5.0]);
}

#[test]
fn a_price_makes_long_thoughts_pay() {
    let rounds: &[&[_]] = &[&["-1 -2 -2 and many more words"]];
    let by = |price: f64| {
        decisions(&search("-2 -2 -2", rounds, &json!({ "price_per_token": price })))[0]
    };
    assert_eq!((by(0.1), by(0.3)), ("kept", "not-better"));
}

#[test]
fn what_is_not_compared_says_why() {
    let rounds: &[&[_]] =
        &[&["-1 -1 -1 way too long", "0 0", "-2 -2 -2", " "], &["-1 -1 -1", "-1 -1 -1", "0 0 0 0"]];
    let searched = search("-2 -2 -2", rounds, &json!({ "words": { "min": 3, "max": 5 } }));
    let expected =
        ["too-long", "too-short", "repeated", "too-short", "kept", "repeated", "unscored"];
    assert_eq!(decisions(&searched), expected);
    assert_eq!(searched.trials.last().unwrap().decision.why(), Some("4 numbers"));
}

#[test]
fn a_gate_refuses_or_marks() {
    let gates = |then: &str| json!({ "gates": [{ "measure": "words", "above": 3, "then": then }] });
    let rounds: &[&[_]] = &[&["-1 -1 -1 .", "-1 -1 -2"]];
    let authored = search_in(&[("f", FILE)], "-2 -2 -2", rounds, &gates("reject"), None);
    assert_eq!(authored.requests[0].outcome, Outcome::Refused);
    assert_eq!(decisions(&authored.result.unwrap()), ["gate", "kept"]);
    let searched = search("-2 -2 -2", rounds, &gates("mark"));
    assert_eq!(decisions(&searched), ["kept", "not-better"]);
    assert_eq!(searched.marks, ["f, thought 1: words is 4, above 3"]);
}

#[test]
fn rounds_end_as_the_plan_says() {
    let rounds: &[&[_]] = &[&["-3 -3 -3"], &["-1 -1 -1"], &["0 0 0"]];
    let count = |fields| search("-2 -2 -2", rounds, &fields).draft.gains[0].rounds.len();
    assert_eq!(count(json!({})), 3);
    assert_eq!(count(json!({ "stop_without_gain": true })), 1);
    assert_eq!(count(json!({ "stop_perplexity": 3.0 })), 2);
    assert_eq!(count(json!({ "stop_perplexity": 8.0 })), 0);
    assert_eq!(count(json!({ "rounds": 0 })), 0);
    assert_eq!(count(json!({ "rounds": 7 })), 3, "until there is nothing else to say");
    let searched = search("-2 -2 -2", &[&["unusable"], &["-1 -1 -1"]], &json!({}));
    assert_eq!(searched.draft.gains[0].rounds, [0.0, 1.0]);
}

#[test]
fn what_a_search_would_ask_can_be_counted_without_a_model() {
    let rounds = vec![vec!["one", "two"]; 3];
    let config = Search { stop_perplexity: Some(1e9), ..config(&json!({})) };
    let searcher =
        config.searcher(Arc::new(Script(rounds)), Arc::new(Even::like(&Even::default())));
    let first = draft(0, vec![Step::Think("zero".into()), Step::Write(0)]);
    let authored = run(&searcher, &structure(&[("f", "# Copyright A\na b c")]), &first, None);
    let asked = |purpose| authored.requests.iter().filter(|it| it.purpose == purpose).count();
    // Scored are the thought and none at all, then whatever is not a repetition.
    assert_eq!((asked("rewrite"), asked("score")), (6, 2));
    assert_eq!(authored.result.unwrap().draft.steps, first.steps);
}

#[test]
fn who_is_away_leaves_the_file_to_a_later_run() {
    let away = Err(Halt::Unavailable("nobody is there".into()));
    for rounds in [&[&["absent"][..]][..], &[&["-1 -1 -1", "away"]]] {
        let authored = search_in(&[("f", FILE)], "-2 -2 -2", rounds, &json!({}), None);
        assert_eq!(authored.result, away);
        assert!(!authored.requests.is_empty(), "what was asked is on record");
    }
}

#[test]
fn what_cannot_be_inferred_is_left_alone() {
    let why = |text, first, fields| {
        let rounds: &[&[_]] = &[&["-1 -1 -1"]];
        let authored = search_in(&[("f", text)], first, rounds, &fields, None);
        assert_eq!(authored.requests, [], "nothing is asked");
        let searched = authored.result.unwrap();
        assert_eq!(searched.draft.steps[0], Step::Think(first.into()));
        assert_eq!(searched.draft.gains, [Gains::default()]);
        let [Trial { decision: Decision::Excluded(why), .. }] = &searched.trials[..] else {
            panic!("{:?}", searched.trials)
        };
        why.clone()
    };
    assert_eq!(why(" \n", "-2", json!({})), "the file has no content");
    let limit = json!({ "max_file_bytes": 4 });
    assert_eq!(why(FILE, "-2 -2 -2", limit), "the file has 5 bytes, more than 4");
    assert_eq!(why(FILE, "-2 -2", json!({})), "2 numbers");
}

#[test]
fn a_thought_about_another_file_is_scored_as_control() {
    let files = [("f", FILE), ("g", "x")];
    let fields = json!({ "rounds": 0, "swap_share": 1.0 });
    let other = Some("-5 -5 -2 and words that are cut off");
    let found = search_in(&files, "-2 -2 -2", &[], &fields, other).result.unwrap();
    assert_eq!(found.draft.gains[0].swap_control, Some(0.0));
    assert_eq!(found.trials[2].text, "-5 -5 -2");
    let at = |share| {
        let searcher = config(&json!({ "swap_share": share }))
            .searcher(Arc::new(Script(vec![])), Arc::new(Spelled));
        searcher.control(&structure(&files), 0)
    };
    assert_eq!((at(1.0), at(0.0)), (Some(1), None));
}

/// Of a gain that all lies in what was copied, nothing is left.
#[test]
fn copies_are_taken_out_of_the_gain() {
    let text = "one two three four five six seven eight nine";
    let first = "one two three four five six seven eight: -1 -1 -1 -1 -1 -1 -1 -1 -4";
    let gains = |first| {
        let searched = search_in(&[("f", text)], first, &[], &json!({}), None);
        searched.result.unwrap().draft.gains.remove(0)
    };
    let leaked = gains(first);
    assert_eq!((leaked.vs_none, leaked.leak_adjusted), (Some(24.0 / 9.0), Some(0.0)));
    let honest = gains("one two three: -1 -1 -1 -1 -1 -1 -1 -1 -4");
    assert_eq!(honest.leak_adjusted, honest.vs_none);
}

#[test]
fn the_keys_are_checked() {
    let fields = json!({
        "candidates": 0, "margin": -1.0, "clip": 0.0, "price_per_token": -1.0, "swap_share": 2.0,
        "stop_perplexity": 0.5, "words": { "min": 9, "max": 3 },
        "gates": [{ "measure": "words", "above": 3, "then": "mark", "attempts": 1 }],
        "gain_gates": [{ "measure": "vs-none", "then": "drop" }],
    });
    let nobody = Environment { base: Path::new("."), author: &|_| None, scorer: &|_| None };
    let errors = config(&fields).build(&nobody).err().unwrap();
    let keys: Vec<_> = errors.iter().map(|error| error.key).collect();
    let expected = [
        "gain_gates",
        "candidates",
        "margin",
        "price_per_token",
        "swap_share",
        "clip",
        "stop_perplexity",
        "words",
        "gates",
        "model",
        "scorer",
    ];
    assert_eq!(keys, expected);
    assert_eq!(errors[10].message, "no scorer is named \"s\"");
    let usual = config(&json!({}));
    assert_eq!((usual.candidates, usual.rounds, usual.margin), (2, 3, 0.0));
    let environment = Environment {
        author: &|_| Some(Arc::new(Script(vec![]))),
        scorer: &|_| Some(Arc::new(Spelled)),
        ..nobody
    };
    let Ok(Work::Search(work)) = usual.build(&environment) else { panic!("not a search") };
    assert_eq!(work.identity(), "search/1 script/1, scored by spelled/1");
    assert!(
        serde_json::from_value::<Search>(json!({ "model": "m", "scorer": "s", "c": 1 })).is_err()
    );
}

#[test]
fn a_replay_decides_by_another_rule() {
    let rounds: &[&[_]] = &[&["-1 -2 -2", "-9 -1 -1"], &["-1 -1 -1"]];
    let Found { trials, .. } = search("-2 -2 -2", rounds, &json!({}));
    let ran = Rule::default();
    let names = |rule: &Rule| {
        let replayed = replay(&trials, &ran, rule).unwrap().remove(0);
        let names: Vec<_> = replayed.decisions[2..].iter().map(Decision::name).collect();
        (names, replayed.kept, replayed.as_run)
    };
    assert_eq!(names(&ran), (vec!["kept", "not-better", "kept"], Some(4), true));
    let strict = Rule { margin: 0.5, ..Rule::default() };
    assert_eq!(names(&strict), (vec!["not-better", "not-better", "kept"], Some(4), false));
    let clipped = Rule { clip: Some(2.0), ..Rule::default() };
    assert_eq!(names(&clipped), (vec!["not-better", "kept", "kept"], Some(4), false));
    let odd = Rule { clip: Some(2.5), ..Rule::default() };
    assert_eq!(replay(&trials, &ran, &odd), Err(UnrecordedClip(2.5)));
}
