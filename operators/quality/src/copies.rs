use std::ops::Range;

use crate::automaton::{Automaton, Met};
use crate::share;
use crate::tokens::{ranges, tokens};
use crate::vocabulary::Vocabulary;

/// Where `target` repeats `thought`: the bytes of all runs of at least `shortest` tokens that stand in the
/// thought as well, from the start of the first token to the end of the last. In order, apart from each other.
///
/// Tokens are those of [`Quality::tokens`](crate::Quality::tokens). Linear in both texts.
pub fn copied(thought: &str, target: &str, shortest: u32) -> Vec<Range<usize>> {
    let mut vocabulary = Vocabulary::new();
    let run: Vec<u32> = tokens(thought).map(|token| vocabulary.add(token)).collect();
    let automaton = Automaton::new(&run);
    let mut met = Met::new(&automaton);
    let mut copied: Vec<Range<usize>> = vec![];
    let mut starts = vec![];
    for Range { start, end } in ranges(target) {
        starts.push(start);
        met.read(vocabulary.get(&target[start..end]));
        if met.length() < shortest.max(1) {
            continue;
        }
        let first = starts[starts.len() - met.length() as usize];
        match copied.last_mut() {
            Some(last) if first <= last.end => last.end = end,
            _ => copied.push(first..end),
        }
    }
    copied
}

/// What a thought has in common with the file that it is about.
pub(crate) struct Copies<'t> {
    vocabulary: Vocabulary<'t>,
    /// Per number of the vocabulary, whether the file has it.
    shared: Vec<bool>,
    /// Per token of the thought, how many tokens up to it and with it stand in the file together.
    lengths: Vec<u32>,
}

impl<'t> Copies<'t> {
    /// Linear in the thought and in the file `target`, which is only read through.
    pub(crate) fn of(thought: &'t str, target: &str) -> Self {
        let mut vocabulary = Vocabulary::new();
        let run: Vec<u32> = tokens(thought).map(|token| vocabulary.add(token)).collect();
        let automaton = Automaton::new(&run);
        let mut met = Met::new(&automaton);
        tokens(target).for_each(|token| met.read(vocabulary.get(token)));
        let lengths = met.lengths(&run);
        let mut shared = vec![false; vocabulary.len()];
        run.iter().zip(&lengths).for_each(|(&token, &length)| shared[token as usize] = length > 0);
        Self { vocabulary, shared, lengths }
    }

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

    /// Whether both have a token.
    pub(crate) fn has(&self, token: &str) -> bool {
        self.vocabulary.get(token).is_some_and(|number| self.shared[number as usize])
    }
}
