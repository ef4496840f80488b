//! How a thought talks: as if it saw the answer, and in circles.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use crate::share;
use crate::tokens::is_word;

/// Phrases that betray sight of the answer; `a|b` stands for either word. Case and white space do not
/// matter, emphasis and quotes are passed over, other signs between words are not; a phrase that goes on to
/// name another thing, as `the provided file name` does, is none.
pub const PHRASES: &[&str] = &[
    "the|this given|provided|supplied|attached code|snippet|implementation|solution",
    "the|this given|provided|supplied|attached|actual|original source code",
    "the provided|attached|supplied file|files",
    "the|this actual code|solution",
    "the|this original code|implementation|solution",
    "the|this true|target implementation|solution",
    "the true code|file|source",
    "reference solution|implementation",
    "ground truth|truths",
    "ground-truth",
    "the|this above code|snippet|implementation|file",
    "the|this code|snippet|implementation above|shown|provided",
    "the code|snippet|file|implementation you|they provided|gave|shared|posted",
    "the code|snippet|file|implementation i|we was|were given|shown",
    "the code|snippet|file|implementation i|we am|are given|shown",
    "the code|file|implementation as given|shown|provided",
    "as shown|seen|implemented in the code|file|source|implementation|snippet",
    "looking at the|this code|file|source|implementation|snippet|solution",
    "look at the|this given|provided|actual|original code|file|implementation",
    "i|we can see that|in|from|how the|this code|file|source|implementation|snippet",
    "i|we see that|in|from the|this code|file|source|implementation|snippet",
    "i|we was|were given|shown the|this code|file|implementation|solution",
    "the|this code snippet shows|contains|defines|uses|does",
    "in|with hindsight",
];

/// Words after a phrase that make its last word a part of another thing.
const OTHER_THINGS: &str = "descriptor descriptors extension extensions format formats generator handle \
    handles id ids list lists name names object objects page pages path paths pattern patterns point \
    points size sizes system systems type types unit units";

/// A phrase, word by word, each with its alternatives.
type Phrase = Vec<Vec<&'static str>>;

/// Phrases by their first word.
static BY_FIRST: LazyLock<HashMap<&str, Vec<Phrase>>> = LazyLock::new(|| {
    let mut by_first = HashMap::<_, Vec<Phrase>>::new();
    for phrase in PHRASES {
        let phrase: Phrase = phrase.split(' ').map(|word| word.split('|').collect()).collect();
        for first in phrase[0].clone() {
            by_first.entry(first).or_default().push(phrase.clone());
        }
    }
    by_first
});

/// What betrays sight of the answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Talk {
    pub(crate) phrases: BTreeSet<String>,
    pub(crate) count: u32,
}

/// The phrases in a thought, from left to right, the longest first; none overlaps another. Linear in the
/// thought, and in the phrases that start with the same word.
pub(crate) fn hindsight(thought: &str) -> Talk {
    let lower = thought.to_ascii_lowercase().replace('’', "'");
    let words = spoken(&lower);
    let mut talk = Talk::default();
    let mut rest = &words[..];
    while let [first, others @ ..] = rest {
        let phrases = BY_FIRST.get(first).into_iter().flatten();
        let fits = phrases.filter(|phrase| fits(phrase, rest)).map(Vec::len);
        rest = match fits.max() {
            Some(length) => {
                talk.count += 1;
                talk.phrases.insert(rest[..length].join(" "));
                &rest[length..]
            }
            None => others,
        };
    }
    talk
}

fn fits(phrase: &Phrase, words: &[&str]) -> bool {
    let same = phrase.iter().zip(words).all(|(either, word)| either.contains(word));
    let other = |next: &&str| OTHER_THINGS.split(' ').any(|other| other == *next);
    same && words.len() >= phrase.len() && !words.get(phrase.len()).is_some_and(other)
}

/// The words of a text in lower case, without `'s`, and the signs between them.
fn spoken(text: &str) -> Vec<&str> {
    let in_word = |c: char| is_word(c) || c == '-' || c == '\'';
    let passed = |c: char| c.is_whitespace() || "*`\"“”'".contains(c);
    let mut words = vec![];
    let mut rest = text.trim_start_matches(passed);
    while let Some(first) = rest.chars().next() {
        let end = if in_word(first) { rest.find(|c| !in_word(c)) } else { Some(first.len_utf8()) };
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        let word = word.trim_end_matches('\'');
        words.push(word.strip_suffix("'s").unwrap_or(word));
        rest = after.trim_start_matches(passed);
    }
    words
}

/// Words of a run that may occur twice.
const RUN: usize = 4;

/// Share of a thought's runs of four words that stood in it before. Linear in the thought.
pub(crate) fn repetition(thought: &str) -> f32 {
    let mut numbers = HashMap::new();
    let number = |word| {
        let new = numbers.len() as u32;
        *numbers.entry(word).or_insert(new)
    };
    let words: Vec<u32> = thought.split_whitespace().map(number).collect();
    let runs = words.windows(RUN);
    let all = runs.len();
    let distinct = runs.collect::<HashSet<_>>().len();
    share(all - distinct, all)
}

#[cfg(test)]
mod tests;
