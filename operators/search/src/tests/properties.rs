use proptest::prelude::*;

use super::naive::{Dice, Hashed};
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

fn configs() -> impl Strategy<Value = Search> {
    let numbers = (1..4_u32, 0..4_u32, prop::sample::select(vec![0.0, 0.125, 0.5]));
    let clip = prop::option::of(prop::sample::select(vec![0.5, 2.0, 3.0, 6.0]));
    let price = prop::sample::select(vec![0.0, 0.25, 1.0]);
    let words = prop::option::of((1..3_u32, 3..6_u32));
    (numbers, clip, price, words, any::<bool>()).prop_map(|(numbers, clip, price, words, stop)| {
        let (candidates, rounds, margin) = numbers;
        Search {
            candidates,
            rounds,
            margin,
            clip,
            price_per_token: price,
            words: words.map(|(min, max)| Words { min: Some(min), max: Some(max) }),
            stop_without_gain: stop,
            ..config(&json!({}))
        }
    })
}

fn searcher(config: &Search, seed: u64) -> Searcher {
    config.clone().searcher(Arc::new(Dice(seed)), Arc::new(Hashed(seed)))
}

proptest! {
    /// What differs between the drafts is what trials say that was kept.
    #[test]
    fn trials_explain_the_draft(text in "[a-h]( [a-h]{1,2}){1,9}", config in configs(), seed: u64) {
        let (structure, first) = scene(&text);
        let searcher = searcher(&config, seed);
        let authored = run(&searcher, &structure, &first, None);
        prop_assert_eq!(&authored, &run(&searcher, &structure, &first, None), "two runs are equal");
        let Searched { draft, trials } = authored.result.unwrap();

        let mut explained = first.clone();
        for trial in trials.iter().filter(|trial| trial.decision == Decision::Kept) {
            explained.steps[trial.step as usize] = Step::Think(trial.text.clone());
        }
        prop_assert_eq!(&explained.steps, &draft.steps);
        prop_assert_eq!(draft.gains.len(), 2);
        prop_assert_eq!(draft.qualities.len(), 2);
        for (old, new) in first.steps.iter().zip(&draft.steps) {
            prop_assert!(old == new || matches!((old, new), (Step::Think(_), Step::Think(_))));
        }
        let asked = authored.requests.len();
        let rewrites = trials.iter().filter(|trial| trial.variant == Variant::Rewrite);
        prop_assert_eq!(rewrites.clone().count(), asked, "every rewrite is on record");
        prop_assert!(rewrites.into_iter().all(|trial| trial.key == Some(Digest::of(&trial.text))));
    }

    #[test]
    fn the_naive_search_finds_the_same(
        text in "[a-h]( [a-h]{1,2}){1,9}", config in configs(), seed: u64
    ) {
        let (structure, first) = scene(&text);
        let searched = run(&searcher(&config, seed), &structure, &first, None).result.unwrap();
        let naive = naive::search(&config, &Dice(seed), &Hashed(seed), &structure, &first);
        prop_assert_eq!(naive.steps, searched.draft.steps);
    }

    /// The draft that a search ends with is scored anew.
    #[test]
    fn perplexity_never_rises(text in "[a-h]( [a-h]{1,2}){1,9}", config in configs(), seed: u64) {
        let config = Search { clip: None, price_per_token: 0.0, ..config };
        let (structure, first) = scene(&text);
        let Searched { draft, trials } =
            run(&searcher(&config, seed), &structure, &first, None).result.unwrap();
        let nats = |draft| {
            let (log_probs, _) = naive::score(&Hashed(seed), &structure, draft, 0)?;
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
            let tokens = text.split_whitespace().count() as f64;
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
        text in "[a-h]( [a-h]{1,2}){1,9}", config in configs(), seed: u64
    ) {
        let (structure, first) = scene(&text);
        let searched = run(&searcher(&config, seed), &structure, &first, None).result.unwrap();
        let replayed = replay(&searched.trials, &config.rule(), &config.rule()).unwrap();
        let decided = replayed.iter().flat_map(|step| &step.decisions);
        prop_assert!(decided.eq(searched.trials.iter().map(|trial| &trial.decision)));
        prop_assert!(replayed.iter().all(|step| step.as_run && step.same_context));
        for (step, gains) in replayed.iter().zip(&searched.draft.gains) {
            prop_assert_eq!(&step.gains, gains);
        }
    }

    /// In the first round of the first thought, nothing was proposed in the light of a decision.
    #[test]
    fn a_replay_by_another_rule_decides_as_a_run_would(
        text in "[a-h]( [a-h]{1,2}){1,9}", config in configs(), other in configs(), seed: u64
    ) {
        let config = Search { rounds: 1, ..config };
        let clip = other.clip.filter(|clip| *clip != 0.5);
        let Search { margin, price_per_token, .. } = other;
        let other = Search { margin, clip, price_per_token, ..config.clone() };
        let (structure, first) = scene(&text);
        let trials = |config| {
            run(&searcher(config, seed), &structure, &first, None).result.unwrap().trials
        };
        let replayed = replay(&trials(&config), &config.rule(), &other.rule()).unwrap();
        let ran = trials(&other);
        let ran = ran.iter().filter(|trial| trial.step == 0).map(|trial| &trial.decision);
        prop_assert!(replayed[0].decisions.iter().eq(ran));
    }
}
