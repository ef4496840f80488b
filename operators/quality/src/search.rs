use std::collections::BTreeSet;

use crate::names::{Name, is_joint};
use crate::tokens::{is_word, word, words};
use crate::vocabulary::Vocabulary;

/// Those of `names` that occur in one of the texts: a word as a word, and a path where all its words are
/// joined in the same way, two by two. Linear in the texts, which are only read through.
pub(crate) fn find<'t>(names: &BTreeSet<Name<'t>>, texts: &[&str]) -> BTreeSet<Name<'t>> {
    if names.is_empty() {
        return BTreeSet::new();
    }
    let mut search = Search::new(names);
    for text in texts {
        search.read(text);
    }
    names.iter().filter(|name| search.has(name)).copied().collect()
}

struct Search<'t> {
    starts: Starts,
    /// All words of the names, those of paths included.
    words: Vocabulary<'t>,
    seen: Vec<bool>,
    /// Words that a path joins, two by two, with what joins them.
    pairs: Vocabulary<'t>,
    /// Per pair, the number of the text that was the last to have it.
    text: Vec<u32>,
    texts: u32,
    /// Paths that no text has so far, with their pairs; sorted.
    missing: Vec<(&'t str, Vec<u32>)>,
}

impl<'t> Search<'t> {
    fn new(names: &BTreeSet<Name<'t>>) -> Self {
        let mut starts = Starts::new();
        let (mut all, mut pairs) = (Vocabulary::new(), Vocabulary::new());
        let mut missing = vec![];
        for name in names {
            let text = name.text();
            for word in words(text) {
                let number = all.add(&text[word.clone()]);
                starts.add(&text[word], number);
            }
            if let Name::Path(path) = name {
                let ends = words(path).zip(words(path).skip(1));
                let joined = ends.map(|(a, b)| pairs.add(&path[a.start..b.end])).collect();
                missing.push((*path, joined));
            }
        }
        let (seen, text) = (vec![false; all.len()], vec![0; pairs.len()]);
        Self { starts, words: all, seen, pairs, text, texts: 0, missing }
    }

    fn read(&mut self, text: &str) {
        self.texts += 1;
        let mut joined = false;
        let mut before = 0..0;
        let mut at = 0;
        while let Some(start) = self.starts.next(text, at) {
            let found = start..word(text, start);
            at = found.end;
            let Some(number) = self.words.get(&text[found.clone()]) else { continue };
            self.seen[number as usize] = true;
            let pair = before.start..found.end;
            if is_joint(&text[before.end..found.start])
                && let Some(pair) = self.pairs.get(&text[pair])
            {
                self.text[pair as usize] = self.texts;
                joined = true;
            }
            before = found;
        }
        if joined {
            let here = |pair: &u32| self.text[*pair as usize] == self.texts;
            self.missing.retain(|(_, pairs)| !pairs.iter().all(here));
        }
    }

    fn has(&self, name: &Name<'_>) -> bool {
        match name {
            Name::Word(word) => {
                self.words.get(word).is_some_and(|number| self.seen[number as usize])
            }
            Name::Path(path) => {
                self.missing.binary_search_by_key(path, |&(missing, _)| missing).is_err()
            }
        }
    }
}

/// Where some words may start. Each has one of eight bits, which stands in all tables at the bytes that are
/// there where the word starts; so most bytes of a text are passed over without a branch.
struct Starts {
    before: [u8; 256],
    first: [u8; 256],
    second: [u8; 256],
}

impl Starts {
    fn new() -> Self {
        let mut before = [!0; 256];
        // Whether other characters are of words, their last bytes do not tell.
        (0..128)
            .filter(|&byte| is_word(char::from(byte)))
            .for_each(|byte| before[usize::from(byte)] = 0);
        Self { before, first: [0; 256], second: [0; 256] }
    }

    fn add(&mut self, word: &str, number: u32) {
        let bit = 1 << (number % 8);
        match *word.as_bytes() {
            [] => {}
            [first] => {
                self.first[usize::from(first)] |= bit;
                self.second.iter_mut().for_each(|second| *second |= bit);
            }
            [first, second, ..] => {
                self.first[usize::from(first)] |= bit;
                self.second[usize::from(second)] |= bit;
            }
        }
    }

    /// The first place from `at` on at which a word starts that may be one of those; a word may end at `at`,
    /// but none goes on.
    fn next(&self, text: &str, at: usize) -> Option<usize> {
        let is_start = |start: usize| !text[at..start].ends_with(is_word);
        // Bits of the words that the byte before may start, and of those that may start here.
        let (mut open, mut free) = (0, !0);
        for (offset, byte) in
            text.as_bytes()[at..].iter().map(|&byte| usize::from(byte)).enumerate()
        {
            if open & self.second[byte] != 0 && is_start(at + offset - 1) {
                return Some(at + offset - 1);
            }
            open = free & self.first[byte];
            free = self.before[byte];
        }
        let last = text.len().saturating_sub(1);
        (open & self.second[usize::from(b' ')] != 0 && is_start(last)).then_some(last)
    }
}
