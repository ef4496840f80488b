//! What a repository has to do.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Facts, NAMES};
use crate::prose::{count, list, some};
use crate::readme;

/// Most folders, and most files with a public interface, that are named.
const PARTS: usize = 10;

/// Most signatures named per file.
const OFFERS: usize = 4;

/// Most dependency cycles named.
const CYCLES: usize = 3;

/// The requirements, in paragraphs.
pub(crate) fn write(facts: &Facts<'_>) -> String {
    let paragraphs = [
        purpose(facts),
        makeup(facts),
        parts(facts),
        interface(facts),
        tests(facts),
        limits(facts),
    ];
    paragraphs.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// What the repository says of itself.
fn purpose(facts: &Facts<'_>) -> Option<String> {
    let repository = &facts.structure.repository;
    let description = readme::description(repository);
    let said = match (description, readme::about(repository)) {
        (Some(short), Some(long)) if !long.contains(short.trim_end_matches('.')) => {
            format!("{}. {long}", short.trim_end_matches('.'))
        }
        (_, Some(long)) => long,
        (Some(short), None) => short,
        (None, None) => return None,
    };
    Some(format!("{}: {said}", repository.name))
}

/// Languages by number of files.
fn makeup(facts: &Facts<'_>) -> Option<String> {
    let files = &facts.structure.repository.files;
    let mut languages = BTreeMap::<_, usize>::new();
    for file in files {
        *languages.entry(file.language).or_default() += 1;
    }
    let mut languages: Vec<_> = languages.into_iter().collect();
    languages.sort_by_key(|&(name, files)| (std::cmp::Reverse(files), name));
    let words: Vec<_> = match &languages[..] {
        [] => return None,
        [(only, _)] => vec![format!("all in {only}")],
        several => several.iter().map(|(name, files)| format!("{files} in {name}")).collect(),
    };
    Some(format!("It consists of {}, {}.", count(files.len(), "source file"), list(&words)))
}

/// Folders with what lies in them.
fn parts(facts: &Facts<'_>) -> Option<String> {
    let mut folders = BTreeMap::<&str, Vec<&str>>::new();
    for file in &facts.structure.repository.files {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or((".", &file.path));
        folders.entry(folder).or_default().push(name);
    }
    if folders.len() < 2 {
        return None;
    }
    let line = |(folder, names): (&&str, &Vec<&str>)| format!("- {folder}: {}", some(names, NAMES));
    let mut lines: Vec<_> = folders.iter().take(PARTS).map(line).collect();
    if folders.len() > PARTS {
        lines.push(format!("- and {}", count(folders.len() - PARTS, "more folder")));
    }
    Some(format!("Its parts:\n{}", lines.join("\n")))
}

/// What the files offer that no other part needs: it is there for whoever uses the repository.
fn interface(facts: &Facts<'_>) -> Option<String> {
    let files = outermost(facts).into_iter();
    let mut lines: Vec<_> = files.filter_map(|file| offered(facts, file)).take(PARTS + 1).collect();
    if lines.is_empty() {
        return None;
    }
    if lines.len() > PARTS {
        lines[PARTS] = "- and more".into();
    }
    Some(format!("It has to offer to its users:\n{}", lines.join("\n")))
}

/// The files that no other part needs, in the order of implementation; what only shows or checks it is no
/// part. Of files that need each other it is the one that needs the most: the root of a crate, the top
/// of a package.
fn outermost(facts: &Facts<'_>) -> Vec<u32> {
    let graph = &facts.structure.graph;
    let users = graph.dependents();
    let mut found = BTreeMap::<u32, Option<u32>>::new();
    for &file in graph.order.iter().filter(|&&file| is_part(facts, file)) {
        let component = graph.components[file as usize];
        let within = |user: u32| graph.components[user as usize] == component;
        let is_needed =
            users[file as usize].iter().any(|&user| !within(user) && is_part(facts, user));
        let needs = |file: u32| graph.dependencies[file as usize].len();
        let top = found.entry(component).or_insert(Some(file));
        *top = match *top {
            _ if is_needed => None,
            Some(other) if needs(file) > needs(other) => Some(file),
            other => other,
        };
    }
    let mut files: Vec<_> = found.into_values().flatten().collect();
    files.sort_unstable_by_key(|&file| facts.positions[file as usize]);
    files
}

/// Whether a file is neither a test nor an example nor a benchmark.
fn is_part(facts: &Facts<'_>, file: u32) -> bool {
    const FOLDERS: [&str; 5] = ["bench", "benches", "benchmarks", "example", "examples"];
    let folders = facts.path(file).rsplit_once('/').map_or("", |(folders, _)| folders);
    !facts.is_test(file) && !folders.split('/').any(|folder| FOLDERS.contains(&folder))
}

fn offered(facts: &Facts<'_>, file: u32) -> Option<String> {
    let mut seen = BTreeSet::new();
    let signatures = facts.names(file).map(|offer| offer.signature());
    let mut offers = signatures.filter(|signature| seen.insert(signature.clone()));
    let mut words: Vec<_> = offers.by_ref().take(OFFERS).collect();
    let more = offers.count();
    if more > 0 {
        words.push(format!("{more} more"));
    }
    (!words.is_empty()).then(|| format!("- {}: {}", facts.path(file), words.join("; ")))
}

/// What tests there are.
fn tests(facts: &Facts<'_>) -> Option<String> {
    let files = 0..facts.structure.repository.files.len() as u32;
    let tests: Vec<_> = files.filter(|&file| facts.is_test(file)).collect();
    if tests.is_empty() {
        return None;
    }
    let paths: Vec<_> = tests.iter().map(|&file| facts.path(file)).collect();
    let verb = if tests.len() == 1 { "checks" } else { "check" };
    Some(format!("{} {verb} it: {}.", count(tests.len(), "test file"), some(&paths, NAMES)))
}

/// What the solution has to keep to.
fn limits(facts: &Facts<'_>) -> Option<String> {
    let repository = &facts.structure.repository;
    let mut lines = vec![];
    let versions = readme::versions(repository);
    if !versions.is_empty() {
        lines.push(format!("- runs with {}", list(&versions)));
    }
    if let Some(license) = &repository.license {
        lines.push(format!("- is licensed under {license}"));
    }
    lines.extend(cycles(facts).iter().take(CYCLES).map(|files| {
        let paths: Vec<_> = files.iter().map(|&file| facts.path(file)).collect();
        format!("- {} depend on each other", some(&paths, NAMES))
    }));
    (!lines.is_empty()).then(|| format!("It keeps to this:\n{}", lines.join("\n")))
}

/// Files that depend on each other in a circle, in the order of implementation.
fn cycles(facts: &Facts<'_>) -> Vec<Vec<u32>> {
    let mut components = BTreeMap::<u32, Vec<u32>>::new();
    for &file in &facts.structure.graph.order {
        let component = facts.structure.graph.components[file as usize];
        components.entry(component).or_default().push(file);
    }
    let mut cycles: Vec<_> = components.into_values().filter(|files| files.len() > 1).collect();
    cycles.sort_by_key(|files| facts.positions[files[0] as usize]);
    cycles
}
