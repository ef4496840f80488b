//! What a sub-agent thinks before it reads and before it writes.

use std::collections::BTreeSet;

use backstory_core::Moment;

use crate::facts::{Facts, NAMES, Offer, named};
use crate::prose::{count, list, some};

/// Most files that a thought goes into.
const FILES: usize = 8;

/// Most signatures named of another file.
const BORROWED: usize = 4;

/// Most things listed that the file has to offer.
const OFFERS: usize = 16;

/// What is needed, and why it is read.
pub(crate) fn before_reading(
    facts: &Facts<'_>,
    file: u32,
    reads: &[u32],
    skipped: &[u32],
) -> String {
    before_reading_parts(facts, file, reads, skipped).join(" ")
}

fn before_reading_parts(
    facts: &Facts<'_>,
    file: u32,
    reads: &[u32],
    skipped: &[u32],
) -> Vec<String> {
    let sentences = [
        Some(format!("Next is {}. {}", facts.path(file), facts.purpose(file))),
        users(facts, file),
        reading(facts, file, reads),
        left_unread(facts, reads, skipped),
        not_there_yet(facts, file),
    ];
    sentences.into_iter().flatten().collect()
}

/// Who will use the file, and what of it.
fn users(facts: &Facts<'_>, file: u32) -> Option<String> {
    if facts.is_test(file) {
        return None;
    }
    let (tests, others): (Vec<_>, Vec<_>) =
        facts.users(file).into_iter().partition(|&user| facts.is_test(user));
    let with_names = |&user: &u32| match names(&facts.uses(user, file)) {
        Some(names) => format!("{} ({names})", facts.path(user)),
        None => facts.path(user).to_owned(),
    };
    if others.is_empty() {
        let users: Vec<_> = tests.iter().map(with_names).collect();
        return Some(match &users[..] {
            [] => "No other file imports it.".into(),
            users => format!("Only tests import it: {}.", some(users, BORROWED)),
        });
    }
    let users: Vec<_> = others.iter().take(FILES).map(with_names).collect();
    let left = others.len() - users.len();
    let more = if left > 0 { format!(" and {}", count(left, "more file")) } else { String::new() };
    let users = if left > 0 { users.join(", ") } else { list(&users) };
    Some(format!("It will be used by {users}{more}."))
}

fn names(offers: &[Offer<'_>]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let names = offers.iter().map(Offer::name);
    let names: Vec<_> = names.filter(|name| seen.insert(*name)).collect();
    (!names.is_empty()).then(|| some(&names, NAMES))
}

/// What is read, in which order, and what for.
fn reading(facts: &Facts<'_>, file: u32, reads: &[u32]) -> Option<String> {
    if facts.needs(file).is_empty() {
        let nothing =
            "It imports no other file of the repository, so there is nothing to read first.";
        return Some(nothing.into());
    }
    let reason = |&read: &u32| match names(&facts.uses(file, read)) {
        Some(names) => format!("{} for {names}", facts.path(read)),
        None => format!("{}, which it imports", facts.path(read)),
    };
    let shown: Vec<_> = reads.iter().take(FILES).map(reason).collect();
    let more = reads.len() - shown.len();
    match &shown[..] {
        [] => None,
        [only] => Some(format!("Before that I read {only}.")),
        several => {
            let more = if more > 0 {
                format!("; {} after these", count(more, "file"))
            } else {
                String::new()
            };
            Some(format!("Before that I read, in this order: {}{more}.", several.join("; ")))
        }
    }
}

/// What there is no room for.
fn left_unread(facts: &Facts<'_>, reads: &[u32], skipped: &[u32]) -> Option<String> {
    let one = |&other: &u32| {
        let bytes = count(facts.structure.text(other).len(), "byte");
        format!("{} ({bytes})", facts.path(other))
    };
    let files: Vec<_> = skipped.iter().map(one).collect();
    let what = some(&files, FILES);
    let too = if reads.is_empty() { "" } else { " as well" };
    match skipped.len() {
        0 => None,
        1 => Some(format!("{what} is too long to read{too}; its entry in the plan has to do.")),
        _ => Some(format!("{what} are too long to read{too}; the plan has to do for them.")),
    }
}

/// What is needed and comes later, because of a cycle.
fn not_there_yet(facts: &Facts<'_>, file: u32) -> Option<String> {
    let later: Vec<_> =
        facts.needs(file).into_iter().filter(|&other| facts.precedes(file, other)).collect();
    let paths: Vec<_> = later.iter().map(|&other| facts.path(other)).collect();
    let what = some(&paths, FILES);
    match later.len() {
        0 => None,
        1 => Some(format!("It needs {what} too, which in turn needs it and comes later.")),
        _ => Some(format!("It needs {what} too, which come later in the same cycle.")),
    }
}

/// What reading showed, what the file has to offer, and how it is laid out.
pub(crate) fn before_writing(facts: &Facts<'_>, file: u32, reads: &[u32]) -> String {
    before_writing_parts(facts, file, reads, helpers).join("\n")
}

fn before_writing_parts(
    facts: &Facts<'_>,
    file: u32,
    reads: &[u32],
    helpers: fn(&Facts<'_>, u32) -> Option<String>,
) -> Vec<String> {
    let parts = [
        learned(facts, file, reads),
        offers(facts, file),
        Some(layout(facts, file)),
        helpers(facts, file),
    ];
    parts.into_iter().flatten().collect()
}

/// Other ways to tell what there is to tell at a moment, none twice: in more detail, from the last part to
/// the first, each part left out, each part alone.
pub(crate) fn tellings(facts: &Facts<'_>, file: u32, moment: Moment<'_>) -> Vec<String> {
    let (plain, detailed, between) = match moment {
        Moment::BeforeReading { offered, skipped } => {
            let parts = before_reading_parts(facts, file, offered, skipped);
            (parts.clone(), parts, " ")
        }
        Moment::BeforeWriting { reads, .. } => {
            let parts = |helpers| before_writing_parts(facts, file, reads, helpers);
            (parts(helpers), parts(detailed_helpers), "\n")
        }
    };
    let all = 0..detailed.len();
    let without = all.clone().map(|left_out| {
        let kept = all.clone().filter(|&part| part != left_out);
        kept.map(|part| detailed[part].clone()).collect::<Vec<_>>()
    });
    let alone = detailed.iter().map(|part| vec![part.clone()]);
    let reversed = detailed.iter().rev().cloned().collect();
    let tellings = [detailed.clone(), reversed].into_iter().chain(without).chain(alone);
    let mut told = BTreeSet::from([plain.join(between), String::new()]);
    let tellings = tellings.map(|parts| parts.join(between));
    tellings.filter(|telling| told.insert(telling.clone())).collect()
}

/// What the files that were read offer for this one.
fn learned(facts: &Facts<'_>, file: u32, reads: &[u32]) -> Option<String> {
    let one = |&read: &u32| {
        let used = facts.uses(file, read);
        let (used, verb) = if used.is_empty() {
            (facts.names(read).take(BORROWED).collect(), "has")
        } else {
            (used, "gives me")
        };
        let signatures: Vec<_> = used.iter().take(BORROWED).map(signature).collect();
        let path = facts.path(read);
        (!used.is_empty()).then(|| format!("- {path} {verb} {}", signatures.join(", ")))
    };
    let lines: Vec<_> = reads.iter().filter_map(one).take(FILES).collect();
    (!lines.is_empty()).then(|| format!("What I have to build on:\n{}", lines.join("\n")))
}

fn signature(offer: &Offer<'_>) -> String {
    format!("`{}`", offer.signature())
}

/// What others may use, with what it does where that is known.
fn offers(facts: &Facts<'_>, file: u32) -> Option<String> {
    if facts.is_test(file) {
        return None;
    }
    let mut offers = facts.distinct_offers(file);
    let line = |offer: Offer<'_>| match offer.doc() {
        Some(doc) => format!("- {}: {doc}", signature(&offer)),
        None => format!("- {}", signature(&offer)),
    };
    let mut lines: Vec<_> = offers.by_ref().take(OFFERS).map(line).collect();
    let more = offers.count();
    if more > 0 {
        lines.push(format!("- and {more} more"));
    }
    (!lines.is_empty()).then(|| format!("{} has to offer:\n{}", facts.path(file), lines.join("\n")))
}

/// The order of the file's parts.
fn layout(facts: &Facts<'_>, file: u32) -> String {
    let imports = facts.structure.outline(file).imports.iter().map(|import| &*import.path);
    let mut seen = BTreeSet::new();
    let imports: Vec<_> = imports.filter(|path| seen.insert(*path)).collect();
    let imports = some(&imports, FILES);
    let top: Vec<_> = facts.definitions(file).filter(|offer| offer.owner.is_none()).collect();
    match (&*imports, &top[..]) {
        ("", []) => format!("{} defines nothing of its own.", facts.path(file)),
        (_, []) => {
            format!("{} defines nothing of its own; it imports {imports}.", facts.path(file))
        }
        ("", top) => format!("In this order: {}.", named(top)),
        (_, top) => format!("In this order: the imports of {imports}, then {}.", named(top)),
    }
}

/// What is for the file's own use, with signatures and what is known of it.
fn detailed_helpers(facts: &Facts<'_>, file: u32) -> Option<String> {
    let private = facts.definitions(file).filter(|offer| !offer.definition.public);
    let line = |offer: Offer<'_>| match offer.doc() {
        Some(doc) => format!("- {}: {doc}", signature(&offer)),
        None => format!("- {}", signature(&offer)),
    };
    let lines: Vec<_> = private.take(OFFERS).map(line).collect();
    (!lines.is_empty()).then(|| format!("For its own use:\n{}", lines.join("\n")))
}

/// What is for the file's own use.
fn helpers(facts: &Facts<'_>, file: u32) -> Option<String> {
    let private = |offer: &Offer<'_>| offer.is_function() && !offer.definition.public;
    let helpers: Vec<_> = facts.definitions(file).filter(private).collect();
    if facts.is_test(file) {
        return None;
    }
    let names = names(&helpers)?;
    Some(match helpers.len() {
        1 => format!("{names} stays private."),
        _ => format!("Private helpers: {names}."),
    })
}
