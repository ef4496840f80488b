use std::collections::BTreeSet;

use crate::copies::Copies;
use crate::names::{Name, names};
use crate::search::find;
use crate::shown::Shown;
use crate::tokens::words;

/// The names of a thought that the target has and nothing shown has. Linear in all of them.
pub(crate) fn ungrounded<'t>(
    thought: &'t str,
    target: &str,
    copies: &Copies<'_>,
    shown: &Shown<'_>,
) -> BTreeSet<&'t str> {
    // Words are tokens, but for those with a digit first, which a fraction may follow.
    let may_have = |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) || copies.has(word);
    let may_leak = |name: &Name<'_>| {
        let text = name.text();
        words(text).all(|word| may_have(&text[word]))
    };
    let mut names: BTreeSet<_> = names(thought).into_iter().filter(may_leak).collect();
    let told = find(&names, &shown.texts);
    names.retain(|name| !told.contains(name));
    // A name that is a word starts with no digit. So only paths have to be looked for.
    let (mut untold, paths): (BTreeSet<_>, BTreeSet<_>) =
        names.into_iter().partition(|name| matches!(name, Name::Word(_)));
    untold.extend(find(&paths, &[target]));
    untold.into_iter().map(Name::text).collect()
}

#[cfg(test)]
mod tests;
