//! What is known of a repository, in the form in which one talks about it.

use std::collections::BTreeSet;

use backstory_core::{Definition, DefinitionKind, Structure};

use crate::prose::{code_on_one_line, cut, first_sentence, some};

/// Longest signature, in characters.
const LONGEST_SIGNATURE: usize = 160;

/// Most names in one list.
pub(crate) const NAMES: usize = 6;

/// A repository with the places of its files.
pub(crate) struct Facts<'a> {
    pub(crate) structure: &'a Structure,
    /// Per file, its place in the order of implementation.
    pub(crate) positions: Vec<u32>,
}

/// Something that a file offers to others.
pub(crate) struct Offer<'a> {
    /// The type it belongs to; none at the top level of the file.
    pub(crate) owner: Option<&'a str>,
    /// What it is a member of.
    of: Option<&'a Definition>,
    pub(crate) definition: &'a Definition,
    text: &'a str,
}

impl<'a> Offer<'a> {
    pub(crate) fn name(&self) -> &'a str {
        self.definition.name(self.text)
    }

    /// Its signature on one line; that of a member with the name of its type before it.
    pub(crate) fn signature(&self) -> String {
        let signature = code_on_one_line(self.definition.signature(self.text));
        let signature =
            signature.trim_end_matches("=>").trim_end_matches(['{', ':', '=', ';', ',', ' ']);
        let signature = cut(signature, LONGEST_SIGNATURE);
        match self.owner {
            Some(owner) => format!("{owner}: {signature}"),
            None => signature,
        }
    }

    pub(crate) fn is_function(&self) -> bool {
        matches!(self.definition.kind, DefinitionKind::Function | DefinitionKind::Method)
    }

    /// Whether it makes a type fit an interface, or belongs to what does: `impl Display for Cart`.
    fn of_interface(&self) -> bool {
        let block = self.of.unwrap_or(self.definition);
        let signature = || block.signature(self.text).split_whitespace();
        block.kind == DefinitionKind::Implementation && signature().any(|word| word == "for")
    }

    /// The first sentence of its doc comment.
    pub(crate) fn doc(&self) -> Option<String> {
        self.definition.doc(self.text).and_then(first_sentence)
    }

    /// What it is called in its own language, as far as the signature tells.
    pub(crate) fn word(&self) -> &'static str {
        const WORDS: [&str; 8] =
            ["class", "struct", "enum", "union", "trait", "interface", "protocol", "record"];
        let kind = self.definition.kind;
        if !matches!(kind, DefinitionKind::Type | DefinitionKind::Interface) {
            return kind.name();
        }
        let mut words = self.definition.signature(self.text).split_whitespace();
        let known = |word: &str| WORDS.into_iter().find(|known| *known == word);
        words.find_map(known).unwrap_or(kind.name())
    }
}

impl<'a> Facts<'a> {
    pub(crate) fn of(structure: &'a Structure) -> Self {
        Self { structure, positions: structure.graph.positions() }
    }

    pub(crate) fn path(&self, file: u32) -> &'a str {
        self.structure.path(file)
    }

    /// Everything at the top level of a file and the members of its types, in the order of the file.
    pub(crate) fn definitions(&self, file: u32) -> impl Iterator<Item = Offer<'a>> {
        let text = &**self.structure.text(file);
        let all = &self.structure.outline(file).definitions;
        all.iter().filter_map(move |definition| {
            let Some(parent) = definition.parent else {
                return Some(Offer { owner: None, of: None, definition, text });
            };
            let of = &all[parent as usize];
            let owner = (of.parent.is_none() && has_members(of)).then(|| of.name(text))?;
            Some(Offer { owner: Some(owner), of: Some(of), definition, text })
        })
    }

    /// What other files may use of a file: what is public at its top level, and the functions of public
    /// types. Those that an interface asks for go without saying once it is named.
    pub(crate) fn offers(&self, file: u32) -> impl Iterator<Item = Offer<'a>> {
        self.definitions(file).filter(|offer| match offer.of {
            None if offer.definition.kind == DefinitionKind::Implementation => {
                offer.definition.public && offer.of_interface()
            }
            None => offer.definition.public,
            Some(of) => {
                let own = of.kind == DefinitionKind::Implementation || of.public;
                own && offer.definition.public && offer.is_function() && !offer.of_interface()
            }
        })
    }

    /// The offers of a file, each once: those for other platforms look the same.
    pub(crate) fn distinct_offers(&self, file: u32) -> impl Iterator<Item = Offer<'a>> {
        let mut seen = BTreeSet::new();
        self.offers(file).filter(move |offer| seen.insert(offer.signature()))
    }

    /// What other files may import from a file by name.
    pub(crate) fn names(&self, file: u32) -> impl Iterator<Item = Offer<'a>> {
        self.offers(file).filter(|offer| {
            offer.of.is_none() && offer.definition.kind != DefinitionKind::Implementation
        })
    }

    /// Whether a file is a test, by its path.
    pub(crate) fn is_test(&self, file: u32) -> bool {
        const FOLDERS: [&str; 6] = ["test", "tests", "__tests__", "testing", "spec", "specs"];
        let path = self.path(file);
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        folders.split('/').any(|folder| FOLDERS.contains(&folder))
            || stem.starts_with("test_")
            || ["_test", ".test", ".spec"].iter().any(|ending| stem.ends_with(ending))
    }

    /// The files that a file depends on, in the order of implementation.
    pub(crate) fn needs(&self, file: u32) -> Vec<u32> {
        let mut needs = self.structure.graph.dependencies[file as usize].clone();
        needs.sort_unstable_by_key(|&other| self.positions[other as usize]);
        needs
    }

    /// The files that depend on a file, in the order of implementation.
    pub(crate) fn users(&self, file: u32) -> Vec<u32> {
        let needs = &self.structure.graph.dependencies;
        let order = self.structure.graph.order.iter().copied();
        order.filter(|&other| needs[other as usize].binary_search(&file).is_ok()).collect()
    }

    /// Whether `earlier` is written before `file`.
    pub(crate) fn precedes(&self, earlier: u32, file: u32) -> bool {
        self.positions[earlier as usize] < self.positions[file as usize]
    }

    /// What `user` imports by name from `file`, in the order of `file`. A name that another file it
    /// depends on offers as well is left out: it may be meant.
    pub(crate) fn uses(&self, user: u32, file: u32) -> Vec<Offer<'a>> {
        let imports = &self.structure.outline(user).imports;
        let named = |name: &str| {
            imports.iter().any(|import| {
                let last = import.path.rsplit([':', '.', '/']).next();
                last == Some(name) || import.names.iter().any(|listed| listed == name)
            })
        };
        let mut taken: Vec<_> = self.names(file).filter(|offer| named(offer.name())).collect();
        taken.dedup_by_key(|offer| offer.name());
        let others = self.structure.graph.dependencies[user as usize].iter();
        for &other in others.filter(|&&other| other != file) {
            if taken.is_empty() {
                break;
            }
            let same = |offer: &Offer<'_>| self.names(other).any(|o| o.name() == offer.name());
            taken.retain(|offer| !same(offer));
        }
        taken
    }

    /// What a file is for, one sentence.
    pub(crate) fn purpose(&self, file: u32) -> String {
        let doc = self.structure.outline(file).doc.as_ref();
        let text = &**self.structure.text(file);
        let said = doc.map(|doc| &text[doc.start as usize..doc.end as usize]);
        said.and_then(first_sentence).unwrap_or_else(|| self.derived_purpose(file))
    }

    fn derived_purpose(&self, file: u32) -> String {
        let needs = self.needs(file);
        let paths: Vec<_> = needs.iter().map(|&other| self.path(other)).collect();
        if self.is_test(file) && !paths.is_empty() {
            return format!("Tests {}.", some(&paths, NAMES));
        }
        let public: Vec<_> = self.names(file).collect();
        if let [only] = &public[..]
            && let Some(doc) = only.doc()
        {
            return format!("Provides the {} {}: {doc}", only.word(), only.name());
        }
        if !public.is_empty() {
            return format!("Provides {}.", named(&public));
        }
        let private: Vec<_> = self.definitions(file).filter(|d| d.owner.is_none()).collect();
        match (private.is_empty(), paths.is_empty()) {
            (false, _) => format!("Contains {}.", named(&private)),
            (true, false) => format!("Brings together {}.", some(&paths, NAMES)),
            (true, true) => "Holds statements only, no definitions.".into(),
        }
    }
}

/// Whether what is inside is spoken of as belonging to it.
fn has_members(definition: &Definition) -> bool {
    use DefinitionKind::{Implementation, Interface, Type};
    matches!(definition.kind, Type | Interface | Implementation)
}

/// `the class Cart and the functions add and remove`: neighbours of the same sort go together.
pub(crate) fn named(offers: &[Offer<'_>]) -> String {
    let groups: Vec<_> = offers.chunk_by(|a, b| a.word() == b.word()).collect();
    let group = |group: &&[Offer<'_>]| {
        let mut names: Vec<_> = group.iter().map(Offer::name).collect();
        // A type may be implemented in several blocks.
        names.dedup();
        let word = group[0].word();
        let word = if names.len() == 1 { word.to_owned() } else { crate::prose::many(word) };
        let of = if word.starts_with("implementation") { "of " } else { "" };
        format!("the {word} {of}{}", some(&names, NAMES))
    };
    let words: Vec<_> = groups.iter().take(NAMES + 1).map(group).collect();
    if groups.len() <= NAMES {
        return some(&words, NAMES);
    }
    let left: usize = groups[NAMES..].iter().map(|group| group.len()).sum();
    crate::prose::list(&[&words[..NAMES], &[format!("{left} more")]].concat())
}
