//! From matches to an outline: which of them decide, and what imports say. Where definitions stand is
//! told by [`super::sweep`].

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;

use backstory_core::{Import, ImportedName, Outline};

use super::matches::{Match, Matches};
use super::sweep::{Event, Sweep};
use super::{Rules, text};
use crate::sketch::{LONGEST_PATH, MOST_NAMES};
use crate::{Limits, TooComplex};

/// The outline that the matches make.
pub(super) fn outline(
    mut matches: Matches,
    source: &str,
    rules: &Rules,
    limits: Limits,
) -> Result<Outline, TooComplex> {
    let path = |one: &Match| one.path.clone().unwrap_or(one.whole.clone());
    let mut imports = settle(std::mem::take(&mut matches.imports), path);
    imports.sort_by_key(|group| group[0].whole.start);
    let imported: HashSet<_> = imports.iter().map(|group| group[0].whole.clone()).collect();
    let mut found = std::mem::take(&mut matches.definitions);
    found.retain(|one| !imported.contains(&one.whole));
    let definitions = settle(found, |one| one.whole.clone());
    let definitions: Vec<_> = definitions.into_iter().flat_map(by_name).collect();

    let mut sweep = Sweep::new(source, rules, limits, &matches);
    for (place, event) in events(&matches, &definitions, &imports) {
        let definition = match event {
            Event::Definition(index) => Some(&definitions[index]),
            _ => None,
        };
        sweep.come_by(place, event, definition)?;
    }
    let mut outline = sweep.finish();
    outline.imports = imports.iter().flat_map(|group| read_import(group, source, rules)).collect();
    outline.package =
        matches.package.map(|place| text(source, &place).split_whitespace().collect());
    Ok(outline)
}

/// Per place that `key` gives, all matches of the first pattern that has any.
fn settle(mut matches: Vec<Match>, key: impl Fn(&Match) -> Range<u32>) -> Vec<Vec<Match>> {
    matches.sort_by_key(|one| (key(one).start, key(one).end, one.pattern));
    let mut settled = Vec::<Vec<Match>>::new();
    for one in matches {
        match settled.last_mut() {
            Some(group) if key(&group[0]) == key(&one) => {
                if group[0].pattern == one.pattern {
                    group.push(one);
                }
            }
            _ => settled.push(vec![one]),
        }
    }
    settled
}

/// One match per name out of the matches for one place.
fn by_name(mut group: Vec<Match>) -> Vec<Match> {
    group.sort_by_key(|one| one.name.as_ref().map(|name| name.start));
    group.dedup_by(|one, before| {
        let same = one.name == before.name;
        if same {
            before.merge(one);
        }
        same
    });
    let crowded = group.len() > MOST_NAMES;
    for one in &mut group {
        match (&one.name, one.start) {
            (Some(name), _) if crowded => {
                (one.whole, one.end) = (name.clone(), None);
            }
            (_, Some(start)) => one.whole.start = start.min(one.whole.start),
            _ => {}
        }
    }
    group
}

/// Everything in the order of the file, an enclosing thing before what is in it.
fn events(
    matches: &Matches,
    definitions: &[Match],
    imports: &[Vec<Match>],
) -> Vec<(Range<u32>, Event)> {
    let of = |places: &[Range<u32>], event| {
        places.iter().map(|place| (place.clone(), event)).collect::<Vec<_>>()
    };
    let mut events = of(&matches.comments, Event::Comment);
    events.extend(of(&matches.docs, Event::Doc));
    events.extend(of(&matches.docs_inside, Event::DocInside));
    events.extend(of(&matches.locals, Event::Local));
    events.extend(imports.iter().map(|group| (group[0].whole.clone(), Event::Import)));
    events.extend(matches.words.iter().map(|(word, place)| (place.clone(), Event::Word(*word))));
    let definitions = definitions.iter().enumerate();
    events.extend(definitions.map(|(index, one)| (one.whole.clone(), Event::Definition(index))));
    events.sort_by_key(|(place, event)| (place.start, Reverse(place.end), *event));
    events
}

/// What an import says, out of all its matches.
fn read_import(group: &[Match], source: &str, rules: &Rules) -> Vec<Import> {
    let first = &group[0];
    let Some(path) = &first.path else {
        let read = (rules.imports)(text(source, &first.whole)).into_iter();
        let read =
            read.filter(|import| !import.path.is_empty() && import.path.len() <= LONGEST_PATH);
        return read.map(|import| Import { line: first.line, ..import }).collect();
    };
    let path = text(source, path).trim_matches(['"', '\'', '`']);
    if path.is_empty() || path.len() > LONGEST_PATH {
        return vec![];
    }
    let word = |place: &Range<u32>| text(source, place).to_owned();
    let alias = |one: &Match| one.alias.as_ref().map(word).filter(|alias| alias != "_");
    let mut import = Import { path: path.to_owned(), line: first.line, ..Import::default() };
    let mut known = HashSet::new();
    for one in group {
        import.exported |= one.exported;
        match &one.imported {
            Some(name) if known.insert(name.start) => {
                let name = word(name);
                let alias = alias(one).filter(|alias| *alias != name);
                import.names.push(ImportedName { name, alias });
            }
            Some(_) => {}
            None => import.alias = import.alias.or_else(|| alias(one)),
        }
    }
    vec![import]
}
