use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Digest, Failure, FailureKind};

/// A source file of a repository: the truth that observations and written code are copied from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the repository, `/` between parts.
    pub path: Arc<str>,
    /// The language's name in the registry of languages, for instance `rust`.
    pub language: &'static str,
    /// Digest of `text`.
    pub digest: Digest,
    /// The file's bytes, exactly; files that are not UTF-8 never get here.
    pub text: Arc<str>,
}

/// Why a file is left out of trajectories. Counted, never silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// Matched by a `.gitignore` or an exclude pattern of the plan.
    Ignored,
    /// Not written in a language that Backstory parses.
    NotSource,
    /// Third-party code kept in the repository, such as `vendor/` or `node_modules/`.
    Vendored,
    /// Written by a program.
    Generated,
    /// Minified or packed.
    Minified,
    /// Binary content.
    Binary,
    /// Larger than the plan allows.
    TooLarge,
    /// No content but white space.
    Empty,
    /// A symbolic link; what it points at is read where it lies, if it lies in the repository.
    Symlink,
    /// A git submodule.
    Submodule,
    /// A pipe, socket or device.
    Special,
    /// Forgotten at somebody's wish, and kept out since.
    Forgotten,
}

impl LeftOut {
    /// The name used in tables and summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::NotSource => "not-source",
            Self::Vendored => "vendored",
            Self::Generated => "generated",
            Self::Minified => "minified",
            Self::Binary => "binary",
            Self::TooLarge => "too-large",
            Self::Empty => "empty",
            Self::Symlink => "symlink",
            Self::Submodule => "submodule",
            Self::Special => "special",
            Self::Forgotten => "forgotten",
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One repository as it was read, at one moment or commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The repository's name, unique within its source.
    pub name: String,
    /// The commit it was read at; none for a plain folder.
    pub commit: Option<String>,
    /// An SPDX expression, where a manifest or a license text tells.
    pub license: Option<String>,
    /// The source files, sorted by path; never two of the same path.
    pub files: Vec<SourceFile>,
    /// Files that are not written but give facts (README, manifests): path to text.
    pub context: BTreeMap<Arc<str>, Arc<str>>,
    /// How many files were left out, by reason. A folder that is left out as a whole counts once. Files of
    /// `context` that are not source count here as `NotSource`.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Files that should have been in `files` and could not be, sorted by path.
    pub failures: Vec<Failure>,
}

impl Repository {
    /// Digest of everything that later stages are made from. Equal digests give equal rows.
    pub fn content(&self) -> Digest {
        let mut hasher = crate::Hasher::new();
        hasher.field(&self.name).field(self.commit.as_deref().unwrap_or_default());
        hasher.field(self.license.as_deref().unwrap_or_default());
        for file in &self.files {
            hasher.field(&*file.path).field(file.digest.0);
        }
        for (path, text) in &self.context {
            hasher.field(&**path).field(&**text);
        }
        for (reason, count) in &self.left_out {
            hasher.field(reason.name()).field(count.to_le_bytes());
        }
        for failure in &self.failures {
            hasher.field(failure.path.as_deref().unwrap_or_default()).field(&failure.message);
        }
        hasher.finish()
    }

    /// Bytes of source text held in memory.
    pub fn bytes(&self) -> u64 {
        let files = self.files.iter().map(|file| file.text.len() as u64).sum::<u64>();
        files + self.context.values().map(|text| text.len() as u64).sum::<u64>()
    }

    /// Files met: those kept, left out and failed.
    pub fn files_seen(&self) -> u64 {
        self.files.len() as u64 + self.left_out.values().sum::<u64>() + self.files_failed()
    }

    /// Files that could not be kept.
    pub fn files_failed(&self) -> u64 {
        self.failures.iter().filter(|failure| failure.path.is_some()).count() as u64
    }

    /// The language with the most bytes; among equals the first by name. None without files.
    pub fn main_language(&self) -> Option<&'static str> {
        let mut bytes = BTreeMap::<&'static str, usize>::new();
        for file in &self.files {
            *bytes.entry(file.language).or_default() += file.text.len();
        }
        bytes.into_iter().rev().max_by_key(|(_, bytes)| *bytes).map(|(language, _)| language)
    }
}

/// What a file is, judged by its path alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileClass {
    /// Source in the named language.
    Source(&'static str),
    /// A manifest, README or license: read for facts, not written.
    Context,
    /// Neither.
    Other,
}

/// Judges a path (relative to the repository) before anything is read.
pub type Classify = fn(path: &str) -> FileClass;

/// A place that holds repositories.
pub trait Source: Send + Sync {
    /// The names of all repositories, without doubles, in the order in which they are best read: of what
    /// can be read in any order, sorted. Reads no file contents.
    fn list(&self) -> Result<Vec<String>, SourceError>;

    /// Reads one repository that `list` named. Blocks; called from a compute thread.
    ///
    /// A failure of a single file goes to [`Repository::failures`]; only what spoils the whole
    /// repository is an error here.
    fn read(&self, name: &str) -> Result<Repository, Failure>;

    /// What stands for the state a repository is in, found without reading its files, or as the latest
    /// `list` found it. None where nothing can be promised.
    ///
    /// As long as it is equal to one that [`Source::read_with_revision`] gave, also in another process, a
    /// read gives an equal repository. It takes in the configuration of the source and the rules that it
    /// reads by, not the languages that [`Classify`] knows.
    fn revision(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// Reads one repository, together with the revision it was read at. None if it was in motion, or if
    /// something could not be read that may be readable next time.
    ///
    /// A source that knows what it read gives the revision of just that. This default asks before and
    /// after, and so misses a state that was left and returned to in between.
    fn read_with_revision(&self, name: &str) -> (Result<Repository, Failure>, Option<String>) {
        let before = self.revision(name);
        let read = self.read(name);
        let revision = before.filter(|before| self.revision(name).as_ref() == Some(before));
        let revision = revision.filter(|_| is_settled(&read));
        (read, revision)
    }
}

/// Whether reading again, with nothing changed, would surely give the same.
pub fn is_settled(read: &Result<Repository, Failure>) -> bool {
    let may_pass = |failure: &Failure| {
        matches!(failure.kind, FailureKind::Unreadable | FailureKind::ChangedWhileRead)
    };
    match read {
        Ok(repository) => !repository.failures.iter().any(may_pass),
        Err(failure) => !may_pass(failure),
    }
}

/// A source that cannot be listed at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub hint: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, language: &'static str, text: &str) -> SourceFile {
        SourceFile { path: path.into(), language, digest: Digest::of(text), text: text.into() }
    }

    #[test]
    fn main_language_is_by_bytes_then_by_name() {
        let mut repository = Repository {
            name: "r".into(),
            commit: None,
            license: None,
            files: vec![file("a", "rust", "12"), file("b", "go", "12")],
            context: BTreeMap::new(),
            left_out: BTreeMap::new(),
            failures: vec![],
        };
        assert_eq!(repository.main_language(), Some("go"));
        repository.files.push(file("c", "rust", "1"));
        assert_eq!(repository.main_language(), Some("rust"));
    }
}
