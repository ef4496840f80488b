use std::collections::HashMap;

use crate::automaton::Automaton;
use crate::share;
use crate::shown::Words;
use crate::tokens::tokens;

/// The file that a thought is about, made ready to be compared with thoughts: once per file, in time and
/// memory linear in its text.
pub struct Target<'a> {
    /// Token to its number.
    numbers: HashMap<&'a str, u32>,
    automaton: Automaton,
    words: Words<'a>,
}

impl<'a> Target<'a> {
    /// The file with this text.
    pub fn new(text: &'a str) -> Self {
        let mut numbers = HashMap::new();
        let number = |token| {
            let new = numbers.len() as u32;
            *numbers.entry(token).or_insert(new)
        };
        let automaton = Automaton::new(tokens(text).map(number));
        Self { numbers, automaton, words: Words::of(text) }
    }

    pub(crate) fn words(&self) -> &Words<'a> {
        &self.words
    }

    /// What a thought has in common with the file.
    pub(crate) fn copies(&self, thought: &str) -> Copies {
        let numbers = tokens(thought).map(|token| self.numbers.get(token).copied());
        Copies { lengths: self.automaton.lengths(numbers) }
    }
}

/// Per token of a thought, how many tokens up to it and with it stand in the target together.
pub(crate) struct Copies {
    lengths: Vec<u32>,
}

impl Copies {
    pub(crate) fn tokens(&self) -> u32 {
        self.lengths.len() as u32
    }

    /// Share of the n-grams that occur in the target: those whose last token ends a run as long as that.
    pub(crate) fn share(&self, n: usize) -> f32 {
        let found = self.lengths.iter().filter(|&&length| length as usize >= n).count();
        share(found, (self.lengths.len() + 1).saturating_sub(n))
    }

    pub(crate) fn longest(&self) -> u32 {
        self.lengths.iter().copied().max().unwrap_or_default()
    }
}
