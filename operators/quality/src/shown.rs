use backstory_core::{Moment, Outline, Plan, Structure};

/// What the author of a thought may know: texts that were shown before it. Borrows them, and reads them when
/// a thought is measured.
#[derive(Clone, Default)]
pub struct Shown<'a> {
    pub(crate) texts: Vec<&'a str>,
}

impl<'a> Shown<'a> {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the trajectory shows of the repository to whoever thinks at a moment: the requirements, the
    /// plan's entries and paths of the file itself and of its dependencies, what was read, and the thought
    /// before. A name of the file that is in none of these was not known yet.
    pub fn at(structure: &'a Structure, plan: &'a Plan, file: u32, moment: Moment<'a>) -> Self {
        let mut shown = Self::new();
        shown.add(&plan.requirements);
        let (reads, need) = match moment {
            Moment::BeforeReading { .. } => (&[][..], ""),
            Moment::BeforeWriting { reads, need } => (reads, need),
        };
        let dependencies = &structure.graph.dependencies[file as usize];
        let positions = structure.graph.positions();
        for &other in dependencies.iter().chain(reads).chain([&file]) {
            shown.add(structure.path(other));
            if let Some(entry) = plan.files.get(positions[other as usize] as usize) {
                shown.add(&entry.purpose);
                entry.interface.iter().for_each(|item| shown.add(item));
            }
        }
        for &read in reads {
            shown.add(structure.text(read));
        }
        shown.add(need);
        shown
    }

    /// Adds a text: requirements, the plan, a file that is read.
    pub fn add(&mut self, text: &'a str) {
        self.texts.push(text);
    }

    /// Adds what an outline of `text` shows: signatures with their names, and imports, but no bodies.
    pub fn add_outline(&mut self, outline: &'a Outline, text: &'a str) {
        for definition in &outline.definitions {
            self.add(definition.name(text));
            self.add(definition.signature(text));
        }
        for import in &outline.imports {
            self.add(&import.path);
            for taken in &import.names {
                self.add(&taken.name);
                self.texts.extend(taken.alias.as_deref());
            }
            self.texts.extend(import.alias.as_deref());
        }
    }

    /// Adds all that `other` has.
    pub fn extend(&mut self, other: &Self) {
        self.texts.extend_from_slice(&other.texts);
    }
}
