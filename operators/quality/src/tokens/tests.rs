use proptest::prelude::*;

use super::*;

fn of(text: &str) -> Vec<&str> {
    tokens(text).collect()
}

#[test]
fn white_space_and_quotes_are_no_tokens() {
    assert_eq!(of("x_1 =  'a b'\n\t+3.14;"), ["x_1", "=", "a", "b", "+", "3.14", ";"]);
    assert_eq!(of("“größe”: 1_000."), ["größe", ":", "1_000", "."]);
    assert_eq!(of("0x1F..7"), ["0x1F", ".", ".", "7"]);
    assert_eq!(of(" \n\"'"), [""; 0]);
}

#[test]
fn rules_are_one_token() {
    assert_eq!(of("a(((b)))"), ["a", "(", "(", "(", "b", ")", ")", ")"]);
    assert_eq!(of("# -------- #"), ["#", "-", "#"]);
    assert_eq!(of("────x"), ["─", "x"]);
}

#[test]
fn the_table_is_what_unicode_says() {
    for c in '\0'..='\u{7f}' {
        assert!(Kind::ASCII[c as usize] == Kind::of(c), "{c:?}");
    }
}

/// The tokens, character by character and by what Unicode says of each.
fn naive(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut found = vec![];
    let word = |text: &str| text.find(|c| !is_word(c)).unwrap_or(text.len());
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
        let Some(first) = rest.chars().next() else { return found };
        let mut end = if is_word(first) { word(rest) } else { first.len_utf8() };
        let mut after = rest[end..].chars();
        let fraction =
            after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit());
        if first.is_ascii_digit() && fraction {
            end += 1 + word(&rest[end + 1..]);
        }
        found.push(&rest[..end]);
        let run = rest.chars().take_while(|&c| c == first).count();
        let decoration = !is_word(first) && run >= 4;
        rest = &rest[if decoration { run * first.len_utf8() } else { end }..];
    }
}

fn texts() -> impl Strategy<Value = String> {
    let dense = "[a1_.ä٣ '´(─-]{0,40}";
    prop_oneof![dense, "(-{1,6}|─{1,6}|1\\.|\\.2|x){0,12}", ".{0,80}"]
}

proptest! {
    #[test]
    fn tokens_are_those_of_a_slow_lexer(text in texts()) {
        prop_assert_eq!(of(&text), naive(&text));
    }

    #[test]
    fn words_are_what_splitting_leaves(text in texts()) {
        let found: Vec<_> = words(&text).map(|word| &text[word]).collect();
        let split = text.split(|c| !is_word(c)).filter(|word| !word.is_empty());
        prop_assert_eq!(found, split.collect::<Vec<_>>());
    }
}
