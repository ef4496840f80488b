#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::float_cmp, reason = "shares of equal counts are equal to the bit")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::tokens::tokens;

const CART: &str = "\
def total_price(cart, rate):
    return sum(item.price for item in cart) * rate
";

fn of(thought: &str, target: &str, shown: &[&str]) -> Quality {
    let mut known = Shown::new();
    for text in shown {
        known.add(text);
    }
    measure(thought, target, &known)
}

/// Every number differs from every other, so that none can stand in another's place.
#[test]
fn every_measure_is_in_its_field() {
    let thought = "Looking at the file, `total_price` is: return sum(item.price for item in cart) * \
                   rate. a b c d e a b c d e";
    let quality = of(thought, CART, &["A cart has items; sum the price."]);
    let expected = Quality {
        tokens: 32,
        copy_8: 7.0 / 25.0,
        copy_13: 2.0 / 20.0,
        longest_copy: 14,
        ungrounded: vec!["item".into(), "total_price".into()],
        n_ungrounded: 2,
        hindsight_talk: vec!["looking at the file".into()],
        n_hindsight_talk: 1,
        repetition: 2.0 / 21.0,
        words: 24,
        chars: 106,
    };
    assert_eq!(quality, expected);

    let numbers = Measure::ALL.map(|measure| measure.of(&quality) as f32);
    assert_eq!(numbers, [7.0 / 25.0, 2.0 / 20.0, 14.0, 2.0, 1.0, 2.0 / 21.0, 24.0]);
    let names = Measure::ALL.map(Measure::name);
    let expected = [
        "copy-8",
        "copy-13",
        "longest-copy",
        "ungrounded",
        "hindsight-talk",
        "repetition",
        "words",
    ];
    assert_eq!(names, expected);

    let written = serde_json::to_value(&quality).unwrap();
    assert_eq!(serde_json::from_value::<Quality>(written).unwrap(), quality);
}

#[test]
fn nothing_measures_nothing() {
    assert_eq!(of("", CART, &[]), Quality::default());
    let alone = of("Nothing to compare it with, however long it gets to be in the end.", "", &[]);
    let expected = Quality { tokens: 16, words: 14, chars: 66, ..Quality::default() };
    assert_eq!(alone, expected);
}

#[test]
fn prose_copies_nothing_and_quotes_and_white_space_hide_nothing() {
    let plan = "The cart has to know what everything in it costs together, taxes included. I add up \
                the prices of all items and apply the rate at the end, where rounding hurts least.";
    let prose = of(plan, CART, &[]);
    assert_eq!((prose.copy_8, prose.copy_13, prose.ungrounded), (0.0, 0.0, vec![]));
    assert!(prose.longest_copy <= 2);

    let quoted = CART.replace(' ', "\n  ").replace('(', "'('");
    let copied = of(&quoted, CART, &[]);
    assert_eq!((copied.copy_8, copied.copy_13, copied.longest_copy), (1.0, 1.0, copied.tokens));
}

#[test]
fn a_list_of_names_is_cut_and_its_count_is_not() {
    let target = (0..100).map(|i| format!("name_{i:03} ")).collect::<Vec<_>>().concat();
    let quality = of(&target, &target, &[]);
    assert_eq!((quality.ungrounded.len(), quality.n_ungrounded), (Quality::MOST_UNGROUNDED, 100));
    assert_eq!(quality.ungrounded.last().unwrap(), "name_063");
}

#[test]
fn a_summary_weighs_adds_and_keeps_the_worst() {
    let thoughts = [
        Quality {
            tokens: 17,
            copy_8: 0.5,
            copy_13: 0.2,
            longest_copy: 14,
            n_ungrounded: 1,
            n_hindsight_talk: 4,
            repetition: 0.25,
            words: 6,
            ..Quality::default()
        },
        Quality {
            tokens: 37,
            copy_13: 0.4,
            longest_copy: 9,
            n_ungrounded: 2,
            n_hindsight_talk: 5,
            repetition: 0.125,
            words: 7,
            ..Quality::default()
        },
        // Too short for a share.
        Quality { tokens: 7, longest_copy: 7, words: 5, ..Quality::default() },
    ];
    let expected = Summary {
        thoughts: 3,
        copy_8: 5.0 / 40.0,
        copy_13: 11.0 / 30.0,
        longest_copy: 14,
        ungrounded: 3,
        hindsight_talk: 9,
        repetition: 0.25,
        words: 18,
    };
    assert_eq!(Summary::of(&thoughts), expected);
    assert_eq!(Summary::of([]), Summary::default());
}

/// Would not end for a long time if any measure were not linear.
#[test]
fn hostile_thoughts_take_no_longer() {
    let parts = ["`", "```", "`x\n", "a/", "a.b(", "the ", "(", ") ", "'", "a b ", "the given "];
    for part in parts {
        let text = part.repeat(50_000 / part.len());
        let quality = of(&text, &text, &[&text]);
        assert_eq!((quality.chars as usize, quality.n_ungrounded), (text.len(), 0));
    }
}

/// Texts of few different tokens, so that runs repeat.
fn texts(longest: usize) -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec!["a ", "b ", "c_1 ", "(", "'", "\n"]);
    let some = prop::collection::vec(token, 0..longest).prop_map(|tokens| tokens.concat());
    // Many equal tokens in a row make long runs more likely.
    prop_oneof![some, (0..longest).prop_map(|times| "a b ".repeat(times / 2))]
}

fn naive_share(thought: &[&str], target: &[&str], n: usize) -> f32 {
    let found = thought.windows(n).filter(|run| target.windows(n).any(|other| other == *run));
    share(found.count(), thought.windows(n).len())
}

fn naive_longest(thought: &[&str], target: &[&str]) -> usize {
    let occurs = |&n: &usize| {
        n == 0 || thought.windows(n).any(|run| target.windows(n).any(|other| other == run))
    };
    (0..=thought.len()).rev().find(occurs).unwrap()
}

fn naive_repetition(thought: &str) -> f32 {
    let words: Vec<_> = thought.split_whitespace().collect();
    let runs: Vec<_> = words.windows(4).collect();
    let repeated = (0..runs.len()).filter(|&i| runs[..i].contains(&runs[i])).count();
    share(repeated, runs.len())
}

const NAMES: [&str; 6] = ["add_item", "cartTotal", "Cart2", "LIMIT", "price", "a_b"];

/// Which of the names stand in a text.
fn some_names() -> impl Strategy<Value = BTreeSet<&'static str>> {
    prop::collection::btree_set(prop::sample::select(NAMES.to_vec()), 0..NAMES.len())
}

fn text(names: &BTreeSet<&str>) -> String {
    names.iter().map(|name| format!("so `{name}`, ")).collect::<Vec<_>>().concat()
}

#[test]
fn what_is_copied_has_its_place() {
    let thought = "I return the sum of item.price for every item in the cart";
    let places = copied(thought, "x = 1; y = item.price for e in the cart; item.price", 3);
    let target = "x = 1; y = item.price for e in the cart; item.price";
    let texts: Vec<_> = places.into_iter().map(|place| &target[place]).collect();
    assert_eq!(texts, ["item.price for", "in the cart", "item.price"]);
}

/// Every run of tokens of the target that is long enough and stands in the thought, taken together.
fn naive_copied(thought: &str, target: &str, shortest: usize) -> BTreeSet<usize> {
    let ours: Vec<_> = tokens(thought).collect();
    let places: Vec<_> = crate::tokens::ranges(target).collect();
    let runs = (shortest..=places.len()).flat_map(|length| places.windows(length));
    let copies = runs.filter(|run| {
        let texts: Vec<_> = run.iter().map(|place| &target[place.clone()]).collect();
        ours.windows(run.len()).any(|window| window == texts)
    });
    copies.flat_map(|run| run[0].start..run[run.len() - 1].end).collect()
}

proptest! {
    #[test]
    fn copied_runs_are_those_that_a_search_finds(
        thought in texts(40), target in texts(60), shortest in 1..5_u32
    ) {
        let found = copied(&thought, &target, shortest);
        prop_assert!(found.is_sorted_by(|a, b| a.end < b.start));
        let bytes: BTreeSet<_> = found.into_iter().flatten().collect();
        prop_assert_eq!(bytes, naive_copied(&thought, &target, shortest as usize));
    }

    #[test]
    fn copies_are_those_that_a_search_finds(thought in texts(40), target in texts(60)) {
        let quality = of(&thought, &target, &[]);
        let (ours, theirs): (Vec<_>, Vec<_>) =
            (tokens(&thought).collect(), tokens(&target).collect());
        prop_assert_eq!(quality.tokens as usize, ours.len());
        prop_assert_eq!(quality.copy_8, naive_share(&ours, &theirs, 8));
        prop_assert_eq!(quality.copy_13, naive_share(&ours, &theirs, 13));
        prop_assert_eq!(quality.longest_copy as usize, naive_longest(&ours, &theirs));
    }

    #[test]
    fn repetition_is_what_a_search_finds(thought in texts(60)) {
        prop_assert_eq!(of(&thought, "", &[]).repetition, naive_repetition(&thought));
    }

    #[test]
    fn ungrounded_is_in_the_target_and_not_shown(
        thought in some_names(),
        target in some_names(),
        shown in prop::collection::vec(some_names(), 0..3),
    ) {
        let shown_texts: Vec<_> = shown.iter().map(text).collect();
        let shown_texts: Vec<_> = shown_texts.iter().map(String::as_str).collect();
        let quality = of(&text(&thought), &text(&target), &shown_texts);
        let untold = |name: &&&str| target.contains(*name) && !shown.iter().any(|s| s.contains(*name));
        let expected: Vec<_> = thought.iter().filter(untold).copied().collect();
        prop_assert_eq!(quality.ungrounded, expected);
    }

    #[test]
    fn any_text_is_measured(thought in ".{0,200}", target in ".{0,200}") {
        let quality = of(&thought, &target, &[]);
        let shares = [quality.copy_8, quality.copy_13, quality.repetition];
        prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        prop_assert!(quality.copy_13 == 0.0 || quality.copy_8 > 0.0);
        prop_assert!(quality.longest_copy <= quality.tokens);
        prop_assert!(quality.ungrounded.is_sorted() && quality.hindsight_talk.is_sorted());
        prop_assert_eq!(of(&thought, &target, &[&target]).n_ungrounded, 0);
        prop_assert_eq!(of(&thought, &target, &[&thought]).n_ungrounded, 0);
    }
}
