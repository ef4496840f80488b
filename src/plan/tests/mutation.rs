//! No text makes the checks or their messages panic.

use proptest::prelude::*;

use super::{GOOD, load};

/// Changes, deletions and insertions of bytes and of whole words.
fn mutated() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(vec![
            "",
            "\n",
            "\"",
            "[",
            "]",
            "[[operator]]\n",
            "=",
            "${",
            "input = \"mask\"\n",
            "kind = 'graph'\n",
            "é"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    let change = (0..GOOD.len(), 0..12_usize, piece);
    prop::collection::vec(change, 1..6).prop_map(|changes| {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (at, length, piece) in changes {
            let at = at.min(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn mutated_plans_are_judged(plan in mutated(), set in ".{0,30}") {
        for sets in [&[][..], &[set.as_str()]] {
            match load(&plan, sets) {
                Ok(plan) => drop(plan.stages()),
                Err(wrong) => prop_assert!(!wrong.to_plain_string().is_empty()),
            }
        }
    }

    #[test]
    fn any_argument_is_judged(key in "[a-z.\"' ]{0,20}", value in ".{0,10}") {
        if let Err(wrong) = load(GOOD, &[&format!("{key}={value}")]) {
            prop_assert!(!wrong.to_plain_string().is_empty());
        }
    }
}
