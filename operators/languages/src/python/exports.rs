//! Where a name that a file offers really comes from: `__init__.py` files that import it from the modules
//! of their package, and star imports.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{EdgeKind, Import, Outline, Repository};

use super::imports::{Modules, is_stub};
use crate::Found;

/// How many files are looked at for one name.
const MOST_STEPS: usize = 32;

/// What the files of one repository import in order to offer it.
pub(super) struct Exports<'a> {
    /// The import that brings a name into a file, and what the name is called there; the last one counts.
    names: HashMap<(u32, &'a str), (&'a Import, &'a str)>,
    /// Per file, what it takes with a star.
    stars: HashMap<u32, Vec<&'a Import>>,
    /// The names that files define at their top level, if there are star imports to follow.
    defined: HashSet<(u32, &'a str)>,
}

impl<'a> Exports<'a> {
    pub(super) fn new(repository: &'a Repository, outlines: &'a [Arc<Outline>]) -> Self {
        let (mut names, mut stars) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
        let files = (0_u32..).zip(&repository.files).zip(outlines);
        let python = files.filter(|((_, file), _)| file.language == "python");
        for ((index, _), outline) in python.clone() {
            for import in outline.imports.iter().filter(|import| import.exported) {
                for name in &import.names {
                    if name.name == "*" {
                        stars.entry(index).or_default().push(import);
                    }
                    let here = name.alias.as_deref().unwrap_or(&name.name);
                    names.insert((index, here), (import, &*name.name));
                }
            }
        }
        let mut defined = HashSet::new();
        if !stars.is_empty() {
            for ((index, file), outline) in python {
                let top = outline.top_level().map(|definition| definition.name(&file.text));
                defined.extend(top.map(|name| (index, name)));
            }
        }
        Self { names, stars, defined }
    }

    /// Adds the files that `from` has `name` from, by way of other files too.
    pub(super) fn follow(&self, modules: &Modules<'_>, from: u32, name: &str, found: &mut Found) {
        let (mut file, mut name) = (from, name.to_owned());
        let mut steps = MOST_STEPS;
        while name != "*"
            && let Some(next) = self.next(modules, file, &name, &mut steps)
        {
            found.add(next.0, EdgeKind::ReExport);
            (file, name) = next;
        }
    }

    /// The file that `file` takes `name` from, and what it is called there.
    fn next(
        &self,
        modules: &Modules<'_>,
        file: u32,
        name: &str,
        steps: &mut usize,
    ) -> Option<(u32, String)> {
        let stub = is_stub(modules.path(file));
        if let Some((import, there)) = self.names.get(&(file, name)) {
            *steps = steps.checked_sub(1)?;
            let base = modules.base(file, &import.path).ok()?.module;
            return match modules.submodule(&base, there, stub).and_then(|module| module.file) {
                Some(module) => Some((module, "*".to_owned())),
                None => base.file.map(|file| (file, (*there).to_owned())),
            };
        }
        if self.defined.contains(&(file, name)) {
            return None;
        }
        for import in self.stars.get(&file)? {
            *steps = steps.checked_sub(1)?;
            let Some(other) =
                modules.base(file, &import.path).ok().and_then(|base| base.module.file)
            else {
                continue;
            };
            let has =
                self.defined.contains(&(other, name)) || self.names.contains_key(&(other, name));
            if has || self.next(modules, other, name, steps).is_some() {
                return Some((other, name.to_owned()));
            }
        }
        None
    }
}
