use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Digest, Hasher};

/// What a definition is. A language uses the nearest of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefinitionKind {
    /// A class, a Go or Rust struct or enum, a union.
    Type,
    /// A trait, interface or protocol.
    Interface,
    /// A block that adds members to a type, such as a Rust `impl`.
    Implementation,
    /// A free function.
    Function,
    /// A function that belongs to a type.
    Method,
    /// A constant or static.
    Constant,
    /// A variable or field at the top level of a file or a class.
    Variable,
    /// A type alias.
    Alias,
    /// A module or namespace with members of its own.
    Module,
    /// A macro.
    Macro,
}

impl DefinitionKind {
    /// The word for it in prose.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Interface => "interface",
            Self::Implementation => "implementation",
            Self::Function => "function",
            Self::Method => "method",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::Alias => "alias",
            Self::Module => "module",
            Self::Macro => "macro",
        }
    }
}

/// Something that a file defines. Ranges are byte ranges of the file's text, on character boundaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What it is.
    pub kind: DefinitionKind,
    /// Its name; of an implementation, the type's.
    pub name: Range<u32>,
    /// From its first token to the last before its body: what a reader has to know to use it.
    pub signature: Range<u32>,
    /// Its doc comment or docstring as written, markers included; none if it has none.
    pub doc: Option<Range<u32>>,
    /// All of it, doc comment excluded, body included.
    pub range: Range<u32>,
    /// Index of the definition that encloses it, always smaller than its own.
    pub parent: Option<u32>,
    /// Whether other files may use it, by the language's own rule (`pub`, a capital in Go, `export`,
    /// no leading underscore in Python).
    pub public: bool,
}

/// An import as the file states it. What the words mean is the language's to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// What is imported from, as written: `..models.user`, `crate::store::Key`, `./util`.
    pub path: String,
    /// Names taken from it; empty when it is imported as a whole, `*` for all of them.
    pub names: Vec<ImportedName>,
    /// The name that the whole gets in this file, if the statement gives it one.
    pub alias: Option<String>,
    /// Whether the statement also offers to others what it imports: `pub use`, `export ... from`.
    pub exported: bool,
    /// What encloses the statement in its file, where names mean something else for that: the modules
    /// around it in Rust. Empty at the top.
    pub scope: String,
    /// When the statement counts.
    pub when: When,
    /// Line of the statement, from 1.
    pub line: u32,
}

/// A name that an import takes from somewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportedName {
    /// What it is called there.
    pub name: String,
    /// What it is called here, if that is something else.
    pub alias: Option<String>,
}

/// When an import counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// Whenever the file is used, or as far as its text tells.
    #[default]
    Always,
    /// For type checkers only: under `if TYPE_CHECKING`.
    TypeChecking,
    /// In a branch that the text says is not taken, or on some other system only.
    Inactive,
}

impl From<&str> for ImportedName {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), alias: None }
    }
}

impl PartialEq<str> for ImportedName {
    fn eq(&self, name: &str) -> bool {
        self.name == name
    }
}

/// What one file offers and asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The doc comment of the file itself.
    pub doc: Option<Range<u32>>,
    /// Definitions in the order they stand in the file, an enclosing one before its members.
    pub definitions: Vec<Definition>,
    /// Imports in the order they stand in the file.
    pub imports: Vec<Import>,
    /// The package or namespace that the file says it belongs to, where a language has files say so.
    pub package: Option<String>,
    /// Names that the file uses, sorted and without doubles, where a language's imports do not tell which
    /// files are meant: `pkg.Name` in Go, the names of types in Java. Empty for other languages.
    pub uses: Vec<String>,
    /// When the file counts, as far as its name and its text tell: Go's build constraints.
    pub when: When,
    /// Why nothing is known of the file, if it could not be outlined: it is passed on as it is.
    pub opaque: Option<String>,
}

impl Outline {
    /// The outline of a file of which nothing is known, for the reason given.
    pub fn opaque(why: impl Into<String>) -> Self {
        Self { opaque: Some(why.into()), ..Self::default() }
    }

    /// Digest of what a reader learns from the outline: kinds, names, signatures, docs, nesting and
    /// imports, but no positions. A change inside a body leaves it equal.
    pub fn digest(&self, text: &str) -> Digest {
        let mut hasher = Hasher::new();
        let slice = |range: &Range<u32>| &text[range.start as usize..range.end as usize];
        hasher.field(self.doc.as_ref().map(slice).unwrap_or_default());
        for definition in &self.definitions {
            hasher
                .field(definition.kind.name())
                .field(slice(&definition.name))
                .field(slice(&definition.signature))
                .field(definition.doc.as_ref().map(slice).unwrap_or_default())
                .field(definition.parent.unwrap_or(u32::MAX).to_le_bytes())
                .field([u8::from(definition.public)]);
        }
        for import in &self.imports {
            hasher.field(&import.path);
            hasher.field((import.names.len() as u64).to_le_bytes());
            for name in &import.names {
                hasher.field(&name.name).field(name.alias.as_deref().unwrap_or_default());
            }
            hasher.field(import.alias.as_deref().unwrap_or_default());
            hasher.field(&import.scope);
            hasher.field([u8::from(import.exported), import.when as u8]);
        }
        hasher.field(self.package.as_deref().unwrap_or_default());
        for name in &self.uses {
            hasher.field(name);
        }
        if self.when != When::Always {
            hasher.field([self.when as u8]);
        }
        hasher.field(self.opaque.as_deref().unwrap_or_default());
        hasher.finish()
    }

    /// Definitions that no other definition encloses.
    pub fn top_level(&self) -> impl Iterator<Item = &Definition> {
        self.definitions.iter().filter(|definition| definition.parent.is_none())
    }
}

impl Definition {
    /// The name as written. `text` is the file's text.
    pub fn name<'a>(&self, text: &'a str) -> &'a str {
        &text[self.name.start as usize..self.name.end as usize]
    }

    /// The signature as written. `text` is the file's text.
    pub fn signature<'a>(&self, text: &'a str) -> &'a str {
        &text[self.signature.start as usize..self.signature.end as usize]
    }

    /// The doc comment as written. `text` is the file's text.
    pub fn doc<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.doc.as_ref().map(|doc| &text[doc.start as usize..doc.end as usize])
    }
}
