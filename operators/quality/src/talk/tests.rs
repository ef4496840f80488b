use proptest::prelude::*;

use super::*;

fn of(thought: &str) -> Vec<String> {
    hindsight(thought).phrases.into_iter().collect()
}

#[test]
fn sight_of_the_answer_is_heard() {
    for (thought, phrase) in [
        ("The given\n   code starts with imports.", "the given code"),
        ("Three helpers, as shown in the code, are enough.", "as shown in the code"),
        ("I follow the provided file.", "the provided file"),
        ("This agrees with the ground truth.", "ground truth"),
        ("a ground-truth order", "ground-truth"),
        ("**The original implementation** sorts first", "the original implementation"),
        ("The actual code is shorter", "the actual code"),
        ("close to the reference solution", "reference solution"),
        ("LOOKING AT THE FILE’S imports", "looking at the file"),
        ("the code above", "the code above"),
        ("(I can see that the file is short)", "i can see that the file"),
        ("\"the `given` code\"", "the given code"),
        ("the code I was given", "the code i was given"),
        ("Look at the given code closely", "look at the given code"),
        ("In hindsight, a list", "in hindsight"),
    ] {
        assert_eq!(of(thought), [phrase], "{thought}");
    }
}

#[test]
fn ordinary_planning_is_not() {
    for thought in [
        "Open the given path with the provided arguments.",
        "Check the provided file name and the provided file's size.",
        "Count the given code points; compare the actual value with the original list.",
        "What is the given? Code follows. On solid ground. Truth matters.",
        "Split the given code_path, or the given code-path.",
        "Soothe given code, background truths, the provided files_by_name",
        "I can see that a file is needed, and I see how the parser fits.",
        "Fail for a file above the limit, with an error code below 100.",
        "Looking at the interface, the file needs two functions.",
        "The implementation will use a map; the code stays short.",
        "in the code, I will show the source of each error",
        "",
    ] {
        assert_eq!(hindsight(thought), Talk::default(), "{thought}");
    }
}

#[test]
fn phrases_count_once_each_time() {
    let talk = hindsight("Looking at the code above, I see the given code. The given code!");
    assert_eq!(talk.count, 3);
    let phrases = talk.phrases.into_iter().collect::<Vec<_>>();
    assert_eq!(phrases, ["looking at the code", "the given code"]);
}

#[test]
fn the_table_is_in_plain_lower_case() {
    for phrase in PHRASES {
        let plain = |c: char| c.is_ascii_lowercase() || " |-".contains(c);
        assert!(phrase.chars().all(plain), "{phrase}");
        assert!(phrase.contains([' ', '-']), "{phrase}");
    }
}

#[test]
fn loops_are_caught() {
    assert!(repetition("one two three").abs() < f32::EPSILON);
    assert!(repetition("one two three four five six").abs() < f32::EPSILON);
    assert!(repetition(&"wait, maybe not. ".repeat(100)) > 0.9);
}

/// A phrase of the table, with one of its alternatives for every word.
fn phrases() -> impl Strategy<Value = Vec<&'static str>> {
    (prop::sample::select(PHRASES.to_vec()), any::<prop::sample::Index>()).prop_map(
        |(phrase, index)| {
            let word = |word: &'static str| *index.get(&word.split('|').collect::<Vec<_>>());
            phrase.split(' ').map(word).collect()
        },
    )
}

proptest! {
    #[test]
    fn every_phrase_is_heard_in_any_dress(
        phrase in phrases(),
        gap in prop::sample::select(vec![" ", "\n", " \t ", "** ", " `"]),
        loud in any::<bool>(),
    ) {
        let said = phrase.join(gap);
        let said = if loud { said.to_uppercase() } else { said };
        let talk = hindsight(&format!("so then, {said}, and {said} again"));
        prop_assert_eq!(talk.count, 2);
        prop_assert_eq!(talk.phrases, BTreeSet::from([phrase.join(" ")]));
    }

    #[test]
    fn no_phrase_is_heard_inside_of_words(phrase in phrases()) {
        let said = phrase.join(" ");
        prop_assert_eq!(hindsight(&format!("x{said}x")), Talk::default());
    }
}
