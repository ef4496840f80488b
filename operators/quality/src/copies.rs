use crate::automaton::{Automaton, Met};
use crate::share;
use crate::tokens::tokens;
use crate::vocabulary::Vocabulary;

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
