use backstory_core::Outline;

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
