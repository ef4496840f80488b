//! The control: what a thought about another file gains.

use backstory_core::{Digest, Draft, Hasher, Structure};

/// The file whose thoughts stand in for those of `file`, if it is among the share that is compared: one that
/// neither depends on it nor the other way round, if there is any. The choice depends on paths alone.
pub(crate) fn control(structure: &Structure, file: u32, share: f64) -> Option<u32> {
    let path = structure.path(file);
    // 2^64 as a number.
    let place = Digest::of(&**path).prefix() as f64 / 18_446_744_073_709_551_616.0;
    if place >= share {
        return None;
    }
    let needs = &structure.graph.dependencies;
    let unrelated = |&other: &u32| {
        other != file
            && !needs[file as usize].contains(&other)
            && !needs[other as usize].contains(&file)
    };
    let rank = |&other: &u32| Hasher::new().field(&**path).field(&**structure.path(other)).finish();
    (0..structure.repository.files.len() as u32).filter(unrelated).min_by_key(rank)
}

/// The thought of `draft` that comes as its `number`th, cut to as many words as `like` has. None without words.
pub(crate) fn thought<'a>(draft: &'a Draft, number: usize, like: &str) -> Option<&'a str> {
    let thought = draft.thoughts().nth(number)?.trim();
    let words = like.split_whitespace().count();
    let last = thought.split_whitespace().nth(words);
    // Words are parts of the thought, so that the place of one tells how much comes before it.
    let end = last.map_or(thought.len(), |word| word.as_ptr().addr() - thought.as_ptr().addr());
    let cut = thought[..end].trim_end();
    (!cut.is_empty()).then_some(cut)
}
