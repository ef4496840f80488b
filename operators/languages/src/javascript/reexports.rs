//! Where a name is defined that a file offers without defining it: `export { a } from "./a"`, and
//! `export * from "./a"`, step by step.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{Import, Outline, Repository};

/// The names that the files of a repository offer again.
#[derive(Default)]
pub(crate) struct Reexports<'a> {
    /// Per file: a name that it offers, the file that it is from, and its name there.
    named: HashMap<u32, HashMap<&'a str, (u32, &'a str)>>,
    /// Per file with `export *`: a name, and the file behind the stars that has it.
    starred: HashMap<u32, HashMap<&'a str, u32>>,
}

/// How many steps a name is followed.
const MOST_STEPS: usize = 100;

/// How many names and files behind stars are looked at per file of the repository, on average.
const NAMES_PER_FILE: usize = 100;

impl<'a> Reexports<'a> {
    /// `target` gives the file that an import of a file leads to.
    pub(crate) fn new(
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
        target: impl Fn(u32, &Import) -> Option<u32>,
    ) -> Self {
        let mut reexports = Self::default();
        let mut stars = HashMap::<u32, Vec<u32>>::new();
        for (file, outline) in (0..).zip(outlines) {
            for import in outline.imports.iter().filter(|import| import.exported) {
                let Some(target) = target(file, import) else { continue };
                for name in &import.names {
                    if name.name == "*" {
                        stars.entry(file).or_default().push(target);
                    } else {
                        let offered = name.alias.as_deref().unwrap_or(&name.name);
                        let names = reexports.named.entry(file).or_default();
                        names.insert(offered, (target, &*name.name));
                    }
                }
            }
        }
        let mut left = NAMES_PER_FILE * outlines.len();
        for file in (0..outlines.len() as u32).filter(|file| stars.contains_key(file)) {
            let names = reexports.behind(repository, outlines, &stars, file, &mut left);
            reexports.starred.insert(file, names);
        }
        reexports
    }

    /// The names that a file has by itself or through stars, and the file that has each. The nearest wins.
    fn behind(
        &self,
        repository: &'a Repository,
        outlines: &'a [Arc<Outline>],
        stars: &HashMap<u32, Vec<u32>>,
        first: u32,
        left: &mut usize,
    ) -> HashMap<&'a str, u32> {
        let (mut names, mut seen) = (HashMap::new(), HashSet::from([first]));
        let mut level = vec![first];
        while !level.is_empty() {
            *left = left.saturating_sub(level.len());
            for &file in &level {
                let text = &*repository.files[file as usize].text;
                let own = outlines[file as usize].top_level().filter(|one| one.public);
                let own = own.map(|one| one.name(text));
                let offered = self.named.get(&file).into_iter().flatten().map(|(name, _)| *name);
                for name in own.chain(offered).filter(|name| *name != "default") {
                    names.entry(name).or_insert(file);
                    *left = left.saturating_sub(1);
                }
            }
            let next = level.iter().filter_map(|file| stars.get(file)).flatten().copied();
            level = next.filter(|file| *left > 0 && seen.insert(*file)).collect();
        }
        names
    }

    /// The file that defines what `file` offers by a name; none if that is `file` itself.
    pub(crate) fn definer(&self, file: u32, name: &str) -> Option<u32> {
        let (mut place, mut name) = (file, name);
        for _ in 0..MOST_STEPS {
            let named = self.named.get(&place).and_then(|names| names.get(name));
            let starred = || self.starred.get(&place)?.get(name).copied();
            if let Some(&(next, there)) = named {
                (place, name) = (next, there);
            } else if let Some(next) = starred().filter(|next| *next != place) {
                place = next;
            } else {
                break;
            }
        }
        (place != file).then_some(place)
    }
}
