//! The namespaces of a repository, and which files define which types and extension methods in them.

use std::collections::HashMap;
use std::sync::Arc;

use backstory_core::{Definition, DefinitionKind, Outline, Repository};

use super::projects::Projects;
use crate::sketch::LONGEST_PATH;

/// Files that define one name, more than anybody has on purpose: of more, only the nearest by path are
/// looked at.
const MOST_CANDIDATES: usize = 64;

/// A file that defines a name in a namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Candidate {
    file: u32,
    /// Whether it is one part of a type, or one method of several.
    partial: bool,
}

/// The names of one namespace: `Name`, `` Name`2 `` for types, `.Name` for extension methods.
type Names = HashMap<String, Vec<Candidate>>;

/// All namespaces.
pub(super) struct Namespaces {
    pub(super) projects: Projects,
    /// Only looked up, never iterated into what is found.
    namespaces: HashMap<Arc<str>, Names>,
    /// Per file, the namespaces that it adds to.
    of: Vec<Vec<Arc<str>>>,
}

impl Namespaces {
    pub(super) fn new(repository: &Repository, outlines: &[Arc<Outline>]) -> Self {
        let mut namespaces = HashMap::<Arc<str>, Names>::new();
        let mut of = vec![vec![]; repository.files.len()];
        for (index, (file, outline)) in repository.files.iter().zip(outlines).enumerate() {
            if file.language != "csharp" {
                continue;
            }
            let within = namespaces_around(outline, &file.text);
            for (definition, namespace) in outline.definitions.iter().zip(within) {
                let Some(namespace) = namespace else { continue };
                let own: &mut Vec<Arc<str>> = &mut of[index];
                if own.last() != Some(&namespace) {
                    own.push(Arc::clone(&namespace));
                }
                let names = namespaces.entry(namespace).or_default();
                let Some((name, partial)) = exported(definition, outline, &file.text) else {
                    continue;
                };
                let candidate = Candidate { file: index as u32, partial };
                let known = names.entry(name).or_default();
                if known.last() != Some(&candidate) {
                    known.push(candidate);
                }
            }
            of[index].sort_unstable();
            of[index].dedup();
        }
        Self { projects: Projects::new(repository), namespaces, of }
    }

    /// The namespaces that a file adds to.
    pub(super) fn of(&self, file: u32) -> &[Arc<str>] {
        &self.of[file as usize]
    }

    /// Whether any file adds to this namespace.
    pub(super) fn has(&self, namespace: &str) -> bool {
        self.namespaces.contains_key(namespace)
    }

    /// The names that `namespace` defines among the sorted `names`.
    pub(super) fn defined<'n>(&self, namespace: &str, names: &'n [String]) -> Vec<&'n str> {
        let Some(defined) = self.namespaces.get(namespace) else { return vec![] };
        let mut found: Vec<&str> = if names.len() <= defined.len() {
            names.iter().filter(|name| defined.contains_key(*name)).map(|name| &**name).collect()
        } else {
            let place = |name: &String| names.binary_search(name).ok();
            defined.keys().filter_map(place).map(|at| &*names[at]).collect()
        };
        found.sort_unstable();
        found
    }

    /// The files that `name` of `namespace` means in the file `from`: all parts of the type in the nearest
    /// project that can be seen from there.
    pub(super) fn named(&self, from: u32, namespace: &str, name: &str) -> Vec<u32> {
        let Some(all) = self.namespaces.get(namespace).and_then(|names| names.get(name)) else {
            return vec![];
        };
        let near = all.partition_point(|candidate| candidate.file < from);
        let start = near.saturating_sub(MOST_CANDIDATES / 2);
        let some = &all[start..all.len().min(start + MOST_CANDIDATES)];
        let rank = |candidate: &Candidate| {
            let sees = self.projects.can_see(from, candidate.file);
            (!sees, self.projects.distance(from, candidate.file), candidate.file)
        };
        let Some(best) = some.iter().min_by_key(|candidate| rank(candidate)) else { return vec![] };
        if !best.partial {
            return vec![best.file];
        }
        let project = self.projects.of(best.file);
        let parts =
            some.iter().filter(|part| part.partial && self.projects.of(part.file) == project);
        parts.map(|candidate| candidate.file).collect()
    }
}

/// Per definition, the full name of the namespace it stands in, or that it is; none for what is in a type,
/// except methods, which can be extensions.
fn namespaces_around(outline: &Outline, text: &str) -> Vec<Option<Arc<str>>> {
    let is_block = |definition: &Definition| definition.kind == DefinitionKind::Module;
    let has_blocks = outline.definitions.iter().any(is_block);
    let file = outline.package.as_deref().filter(|_| !has_blocks).unwrap_or_default();
    let file: Arc<str> = file.into();
    let mut around = Vec::<Option<Arc<str>>>::with_capacity(outline.definitions.len());
    for definition in &outline.definitions {
        let parent = definition.parent.map(|parent| parent as usize);
        let outer = parent.map_or(Some(&file), |parent| around[parent].as_ref());
        let in_type = parent.is_some_and(|parent| !is_block(&outline.definitions[parent]));
        let name = match outer {
            Some(outer) if is_block(definition) => nested(outer, definition.name(text)),
            Some(outer) if !in_type || definition.kind == DefinitionKind::Method => {
                Some(Arc::clone(outer))
            }
            _ => None,
        };
        around.push(name);
    }
    around
}

/// The full name of a namespace in another one; none for what is nested without end.
fn nested(outer: &str, name: &str) -> Option<Arc<str>> {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    let whole = if outer.is_empty() { name } else { format!("{outer}.{name}") };
    (whole.len() <= LONGEST_PATH).then(|| whole.into())
}

/// What a definition is called in its namespace, if it is anything to others.
fn exported(definition: &Definition, outline: &Outline, text: &str) -> Option<(String, bool)> {
    let name = definition.name(text);
    let signature = definition.signature(text);
    match definition.kind {
        DefinitionKind::Type | DefinitionKind::Interface => {
            let arguments =
                arguments(&text[definition.name.end as usize..definition.range.end as usize]);
            let name = if arguments == 0 { name.to_owned() } else { format!("{name}`{arguments}") };
            let mut words = signature.split_whitespace().take(8);
            Some((name, words.any(|word| word == "partial")))
        }
        DefinitionKind::Method => {
            let owner = &outline.definitions[definition.parent? as usize];
            let is_extension = owner.kind == DefinitionKind::Type
                && owner.signature(text).contains("static ")
                && signature.split_once('(').is_some_and(|(_, parameters)| is_extended(parameters));
            is_extension.then(|| (format!(".{name}"), true))
        }
        _ => None,
    }
}

/// How many type parameters stand at the start of what follows a name.
fn arguments(rest: &str) -> usize {
    if !rest.starts_with('<') {
        return 0;
    }
    let end = rest.find('>').unwrap_or(0);
    rest[..end].matches(',').count() + 1
}

/// Whether the first parameter is `this` one, behind its attributes.
fn is_extended(parameters: &str) -> bool {
    let mut rest = parameters.trim_start();
    while rest.starts_with('[') {
        rest = rest.split_once(']').map_or("", |(_, rest)| rest.trim_start());
    }
    rest.strip_prefix("this").is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_parameters_are_counted() {
        assert_eq!(arguments("<A, B> : C<D, E>"), 2);
        assert_eq!(arguments(" : C<D, E>"), 0);
        assert_eq!(arguments("<A"), 1);
    }

    #[test]
    fn extensions_say_this() {
        assert!(is_extended("this A a)") && is_extended("[NotNull] this\nA a"));
        assert!(!is_extended("thistle a)") && !is_extended(""));
    }
}
