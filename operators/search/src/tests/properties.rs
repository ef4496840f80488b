use proptest::prelude::*;

use backstory_quality::{Gate, Measure, Then};

use super::naive::{Dice, Hashed, Naive};
use super::*;

/// Two files; the second reads the first.
fn scene(text: &str) -> (Structure, Draft) {
    let structure = structure(&[("a.py", "zero one two"), ("b.py", text)]);
    let steps = vec![
        Step::Think("I need one".into()),
        Step::Read(0),
        Step::Observation(0),
        Step::Think("I write two".into()),
        Step::Write(1),
    ];
    (structure, draft(1, steps))
}

/// One file in two begins with a licence.
const TEXT: &str = "(# Copyright a\n)?[a-h]( [a-h]{1,2}){1,9}";

/// A gate on words, or none.
fn gates() -> impl Strategy<Value = Vec<Gate>> {
    let then = prop::sample::select(vec![Then::Reject, Then::Mark]);
    let gate = (prop::sample::select(vec![1.0, 3.0]), then).prop_map(|(above, then)| Gate {
        measure: Measure::Words,
        above: Some(above),
        below: None,
        then,
        attempts: 0,
    });
    prop::option::of(gate).prop_map(|gate| gate.into_iter().collect())
}

fn gain_gates(then: Vec<GainThen>) -> impl Strategy<Value = Vec<GainGate>> {
    let measure = prop::sample::select(vec![GainMeasure::VsNone, GainMeasure::VsFirst]);
    let below = prop::sample::select(vec![0.0, 0.25, 1.0]);
    let then = prop::sample::select(then);
    let gate = (measure, below, then).prop_map(|(measure, below, then)| GainGate {
        measure,
        above: None,
        below: Some(below),
        then,
    });
    prop::collection::vec(gate, 0..3)
}

fn configs() -> impl Strategy<Value = Search> {
    let numbers = (1..4_u32, 0..4_u32, prop::sample::select(vec![0.0, 0.125, 0.5]));
    let clip = prop::option::of(prop::sample::select(vec![0.5, 2.0, 3.0, 6.0]));
    let price = prop::sample::select(vec![0.0, 0.25, 1.0]);
    let words = prop::option::of((1..3_u32, 3..6_u32));
    let gates = (gates(), gain_gates(vec![GainThen::Drop, GainThen::Mark]));
    let steps = [Steps::All, Steps::All, Steps::BeforeReading, Steps::BeforeWriting];
    let scope = (prop::sample::select(steps.to_vec()), any::<bool>(), any::<bool>());
    (numbers, clip, price, words, gates, scope).prop_map(
        |((candidates, rounds, margin), clip, price_per_token, words, gates, scope)| {
            let ((gates, gain_gates), (steps, only_inferable, stop_without_gain)) = (gates, scope);
            Search {
                candidates,
                rounds,
                margin,
                clip,
                price_per_token,
                words: words.map(|(min, max)| Words { min: Some(min), max: Some(max) }),
                gates,
                gain_gates,
                steps,
                only_inferable,
                stop_without_gain,
                ..config(&json!({}))
            }
        },
    )
}

fn searcher(config: &Search, seed: u64) -> Searcher {
    config.clone().searcher(Arc::new(Dice(seed)), Arc::new(Hashed(seed)))
}

proptest! {
    /// What differs between the drafts is what trials say that was kept.
    #[test]
    fn trials_explain_the_draft(text in TEXT, config in configs(), seed: u64) {
        let (structure, first) = scene(&text);
        let searcher = searcher(&config, seed);
        let authored = run(&searcher, &structure, &first, None);
        prop_assert_eq!(&authored, &run(&searcher, &structure, &first, None), "two runs are equal");
        let Found { draft, trials, .. } = authored.result.unwrap();

        let mut explained: Vec<_> = first.steps.iter().cloned().map(Some).collect();
        for trial in &trials {
            let step = &mut explained[trial.step as usize];
            match (&trial.decision, trial.variant) {
                (Decision::Kept, _) => *step = Some(Step::Think(trial.text.clone())),
                (Decision::Dropped(_), _) => *step = None,
                _ => {}
            }
        }
        prop_assert!(explained.iter().flatten().eq(&draft.steps));
        let lacks = first.steps.len() - draft.steps.len();
        prop_assert_eq!(draft.thoughts().count(), 2 - lacks);
        prop_assert_eq!((draft.gains.len(), draft.qualities.len()), (2 - lacks, 2 - lacks));
        let world = |draft: &Draft| {
            let thought = |step: &&Step| !matches!(step, Step::Think(_));
            draft.steps.iter().filter(thought).cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(world(&first), world(&draft));
        for trial in &trials {
            let told = matches!(trial.variant, Variant::First | Variant::Rewrite)
                && !trial.text.is_empty()
                && !matches!(trial.decision, Decision::Excluded(_));
            prop_assert_eq!(trial.quality.is_some(), told);
        }
        let asked = authored.requests.len();
        let rewrites = trials.iter().filter(|trial| trial.variant == Variant::Rewrite);
        prop_assert_eq!(rewrites.clone().count(), asked, "every rewrite is on record");
        prop_assert!(rewrites.into_iter().all(|trial| trial.key == Some(Digest::of(&trial.text))));
    }

    #[test]
    fn the_naive_search_finds_the_same(
        text in TEXT, config in configs(), seed: u64
    ) {
        let (structure, first) = scene(&text);
        let searched = run(&searcher(&config, seed), &structure, &first, None).result.unwrap();
        let naive = Naive::new(&config, &structure, seed).search(&first);
        prop_assert_eq!(naive.steps, searched.draft.steps);
    }

    /// The draft that a search ends with is scored anew.
    #[test]
    fn perplexity_never_rises(text in TEXT, config in configs(), seed: u64) {
        let config = Search { clip: None, price_per_token: 0.0, gain_gates: vec![], ..config };
        let (structure, first) = scene(&text);
        let Found { draft, trials, .. } =
            run(&searcher(&config, seed), &structure, &first, None).result.unwrap();
        let nats = |draft| {
            let (log_probs, _) = Naive::new(&config, &structure, seed).score(draft, 0, true)?;
            Some(-log_probs.iter().sum::<f64>())
        };
        let mut last = nats(&first).unwrap_or(f64::INFINITY);
        for trial in trials.iter().filter(|trial| trial.decision == Decision::Kept) {
            let now = trial.score.as_ref().unwrap().nats;
            prop_assert!(now < last);
            last = now;
        }
        if let Some((before, after)) = nats(&first).zip(nats(&draft)) {
            prop_assert_eq!(after, last);
            let tokens = naive::counted(&config, &text) as f64;
            let gained = draft.gains.iter().filter_map(|gains| gains.vs_first).map(f64::from);
            prop_assert!((gained.sum::<f64>() * tokens - (before - after)).abs() < 1e-4);
        }
        for gains in &draft.gains {
            let rounds = gains.rounds.iter().sum::<f32>();
            prop_assert!((rounds - gains.vs_first.unwrap_or_default()).abs() < 1e-4);
        }
    }

    #[test]
    fn a_replay_by_the_same_rule_decides_the_same(
        text in TEXT, config in configs(), seed: u64
    ) {
        let (structure, first) = scene(&text);
        let searched = run(&searcher(&config, seed), &structure, &first, None).result.unwrap();
        let replayed = replay(&searched.trials, &config.rule(), &config.rule()).unwrap();
        let decided = replayed.iter().flat_map(|step| &step.decisions);
        prop_assert!(decided.eq(searched.trials.iter().map(|trial| &trial.decision)));
        prop_assert!(replayed.iter().all(|step| step.as_run && step.same_context));
        prop_assert!(replayed.iter().all(|step| step.rejected.is_none()));
        if config.steps == Steps::All {
            let there = replayed.iter().filter(|step| !step.dropped).map(|step| &step.gains);
            prop_assert!(there.eq(&searched.draft.gains));
        }
    }

    /// In the first round of the first thought, nothing was proposed in the light of a decision.
    #[test]
    fn a_replay_by_another_rule_decides_as_a_run_would(
        text in TEXT, config in configs(), other in configs(), seed: u64
    ) {
        let config = Search { rounds: 1, words: None, gates: vec![], ..config };
        let clip = other.clip.filter(|clip| *clip != 0.5);
        let Search { steps, only_inferable, .. } = config;
        let (rounds, candidates) = (other.rounds.min(1), other.candidates.min(config.candidates));
        let other = Search { candidates, rounds, steps, clip, only_inferable, ..other };
        let (structure, first) = scene(&text);
        let trials = |config| {
            run(&searcher(config, seed), &structure, &first, None).result.unwrap().trials
        };
        let replayed = replay(&trials(&config), &config.rule(), &other.rule()).unwrap();
        let ran = trials(&other);
        let of_first = |trial: &&Trial| ran.first().is_some_and(|first| first.step == trial.step);
        let decided = ran.iter().filter(of_first).map(|trial| &trial.decision);
        let asked = replayed[0].decisions.iter().filter(|&then| *then != Decision::NotAsked);
        prop_assert!(asked.eq(decided));
    }

    /// Until a search ends, it does not know that it will.
    #[test]
    fn fewer_rounds_are_the_first_of_more(
        text in TEXT, config in configs(), rounds in 0..4_u32, stop: bool, seed: u64
    ) {
        let config = Search { gain_gates: vec![], stop_without_gain: false, ..config };
        let (rounds, steps) = (rounds.min(config.rounds), Steps::BeforeWriting);
        let more = Search { steps, ..config };
        let fewer = Search { rounds, stop_without_gain: stop, ..more.clone() };
        let (structure, first) = scene(&text);
        let trials = |config| {
            run(&searcher(config, seed), &structure, &first, None).result.unwrap().trials
        };
        let (more_trials, fewer_trials) = (trials(&more), trials(&fewer));
        let replayed = replay(&more_trials, &more.rule(), &fewer.rule()).unwrap();
        let decided = fewer_trials.iter().map(|trial| &trial.decision);
        let asked = replayed[0].decisions.iter().filter(|&then| *then != Decision::NotAsked);
        prop_assert!(asked.eq(decided));
        prop_assert_eq!(replayed[0].gains.rounds.len() <= rounds as usize, true);
    }

    /// Nothing is asked in the light of what a file fails for.
    #[test]
    fn a_replay_fails_the_files_that_a_run_would(
        text in TEXT, config in configs(), gates in gain_gates(vec![GainThen::Reject]), seed: u64
    ) {
        let config = Search { gain_gates: vec![], ..config };
        let strict = Search { gain_gates: gates, ..config.clone() };
        let (structure, first) = scene(&text);
        let ran = run(&searcher(&config, seed), &structure, &first, None).result.unwrap();
        let replayed = replay(&ran.trials, &config.rule(), &strict.rule()).unwrap();
        let rejected = replayed.iter().find_map(|step| step.rejected.clone());
        match run(&searcher(&strict, seed), &structure, &first, None).result {
            Ok(searched) => {
                prop_assert_eq!(rejected, None);
                prop_assert_eq!(searched, ran);
            }
            Err(Halt::Failed(failure)) => {
                let why = format!("a thought was refused: {}", rejected.unwrap_or_default());
                let failed = Failure::file("b.py", Stage::Search, FailureKind::Gate, why);
                prop_assert_eq!(failure, failed);
            }
            Err(halt) => prop_assert!(false, "{halt:?}"),
        }
    }
}
