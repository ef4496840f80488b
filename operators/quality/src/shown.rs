use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use backstory_core::Outline;

use crate::names::{Name, is_joint, names, words};

/// The words of one text, and its pairs of words that are joined as in a path.
#[derive(Default)]
pub(crate) struct Words<'a>(HashSet<&'a str>);

impl<'a> Words<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let mut words = Self::default();
        words.add(text);
        words
    }

    fn add(&mut self, text: &'a str) {
        let mut before: Option<Range<usize>> = None;
        for word in words(text) {
            self.0.insert(&text[word.clone()]);
            if let Some(before) = before
                && is_joint(&text[before.end..word.start])
            {
                self.0.insert(&text[before.start..word.end]);
            }
            before = Some(word);
        }
    }

    fn has(&self, name: &Name<'_>) -> bool {
        match name {
            Name::Word(word) => self.0.contains(word),
            Name::Path(path) => {
                let ends = words(path).zip(words(path).skip(1));
                ends.map(|(a, b)| a.start..b.end).all(|pair| self.0.contains(&path[pair]))
            }
        }
    }
}

/// What the author of a thought may know: texts that were shown before it. Cheap to clone: words are
/// collected once per text, and shared.
#[derive(Clone, Default)]
pub struct Shown<'a> {
    texts: Vec<Arc<Words<'a>>>,
}

impl<'a> Shown<'a> {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text: requirements, the plan, a file that is read. Linear in the text.
    pub fn add(&mut self, text: &'a str) {
        self.texts.push(Arc::new(Words::of(text)));
    }

    /// Adds what an outline of `text` shows: signatures with their names, and imports, but no bodies.
    /// Linear in what it shows.
    pub fn add_outline(&mut self, outline: &'a Outline, text: &'a str) {
        let mut words = Words::default();
        for definition in &outline.definitions {
            words.add(definition.name(text));
            words.add(definition.signature(text));
        }
        for import in &outline.imports {
            words.add(&import.path);
            for taken in &import.names {
                words.add(&taken.name);
                words.add(taken.alias.as_deref().unwrap_or_default());
            }
            words.add(import.alias.as_deref().unwrap_or_default());
        }
        self.texts.push(Arc::new(words));
    }

    /// Adds all that `other` has, which is not read again.
    pub fn extend(&mut self, other: &Self) {
        self.texts.extend(other.texts.iter().map(Arc::clone));
    }

    fn has(&self, name: &Name<'_>) -> bool {
        self.texts.iter().any(|words| words.has(name))
    }
}

/// The names of a thought that the target has and nothing shown has.
pub(crate) fn ungrounded<'t>(
    thought: &'t str,
    target: &Words<'_>,
    shown: &Shown<'_>,
) -> BTreeSet<&'t str> {
    let names = names(thought).into_iter();
    let untold = names.filter(|name| target.has(name) && !shown.has(name));
    untold.map(Name::text).collect()
}

#[cfg(test)]
mod tests;
