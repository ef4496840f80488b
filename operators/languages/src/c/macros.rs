//! Which includes are made active by the macros of other files.
//!
//! What stands in `#if FEATURE` depends on the headers that are included before it: a macro is defined from its
//! `#define` to its `#undef` or the end of all that is read (C23, 6.10.5.5). So a file with an include that its
//! own text leaves open is read as the preprocessor would, with all files of the repository that it includes.
//! The same for an include whose name is a macro. Files whose open conditions are about nothing that the
//! repository defines are not read again, as is usual where `configure` writes the macros.
//!
//! Work is linear in the files: each is read for at most a fixed number of directives.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use backstory_core::{Outline, Repository, When};
use memchr::memmem;

use super::conditions::{Conditions, Dialect};
use super::tokens::{Token, Tokens, directive, is_word};

/// Directives that are read for one file; and, in the mean, for each file of a large repository.
const MOST_DIRECTIVES: u32 = 20_000;
const MEAN_DIRECTIVES: usize = 1_000;

/// Directives that may be read in any repository.
const FREE_DIRECTIVES: usize = 1_000_000;

/// Files that include each other deeper than this are not followed.
const DEEPEST: u32 = 64;

/// A macro whose value is a macro is looked up this often.
const LONGEST_CHAIN: usize = 8;

/// What the macros of other files say.
#[derive(Default)]
pub(super) struct Macros {
    /// By file and line: includes that are active after all.
    active: HashSet<(u32, u32)>,
    /// By file: what includes mean whose name is a macro.
    computed: HashMap<u32, Vec<u32>>,
}

/// Finds the file that an include means, written as the path of an import is.
pub(super) trait Find: Fn(u32, &str) -> Option<u32> {}
impl<F: Fn(u32, &str) -> Option<u32>> Find for F {}

impl Macros {
    pub(super) fn new(repository: &Repository, outlines: &[Arc<Outline>], find: impl Find) -> Self {
        let mut reader =
            Reader { repository, find, lines: HashMap::new(), macros: Self::default(), left: 0 };
        let files: Vec<u32> = (0_u32..)
            .zip(&repository.files)
            .filter(|(_, file)| matches!(file.language, "c" | "cpp"))
            .map(|(index, _)| index)
            .collect();
        let mut open: Vec<(u32, HashSet<&str>)> = vec![];
        for &file in &files {
            let text: &str = &repository.files[file as usize].text;
            let mut names: HashSet<&str> = computed(text).collect();
            let imports = &outlines[file as usize].imports;
            if imports.iter().any(|import| import.when == When::Inactive) {
                names.extend(asked(text));
            }
            if !names.is_empty() {
                open.push((file, names));
            }
        }
        let wanted: HashSet<&str> = open.iter().flat_map(|(_, names)| names).copied().collect();
        if wanted.is_empty() {
            return reader.macros;
        }
        // A file's own definitions are known to its outline.
        let mut definers = HashMap::<&str, (u32, bool)>::new();
        for &file in &files {
            let names = defined(&repository.files[file as usize].text);
            for name in names.filter(|name| wanted.contains(name)) {
                let (first, more) = definers.entry(name).or_insert((file, false));
                *more |= *first != file;
            }
        }
        let elsewhere = |file: u32, name: &&str| {
            definers.get(name).is_some_and(|(first, more)| *more || *first != file)
        };
        let mut all = FREE_DIRECTIVES + MEAN_DIRECTIVES * files.len();
        for (file, names) in open {
            if names.iter().any(|name| elsewhere(file, name)) {
                let most = MOST_DIRECTIVES.min(u32::try_from(all).unwrap_or(u32::MAX));
                all -= (most - reader.read(file, most)) as usize;
            }
        }
        reader.macros
    }

    /// Whether the include in this line of a file is active, though the file alone does not tell.
    pub(super) fn activate(&self, file: u32, line: u32) -> bool {
        self.active.contains(&(file, line))
    }

    /// What includes of a file mean whose name is a macro.
    pub(super) fn computed(&self, file: u32) -> impl Iterator<Item = u32> + '_ {
        self.computed.get(&file).into_iter().flatten().copied()
    }
}

/// A directive that matters.
enum Line {
    /// An include, and the file it means.
    Include(Option<u32>, u32),
    /// An include whose name is a macro.
    Computed(String),
    Once,
    Other(String, String),
}

struct Reader<'a, F> {
    repository: &'a Repository,
    find: F,
    /// The directives of files that were read.
    lines: HashMap<u32, Arc<Vec<Line>>>,
    macros: Macros,
    /// Directives that may still be read.
    left: u32,
}

impl<F: Find> Reader<'_, F> {
    fn lines(&mut self, file: u32) -> Arc<Vec<Line>> {
        if let Some(lines) = self.lines.get(&file) {
            return Arc::clone(lines);
        }
        let text = &*self.repository.files[file as usize].text;
        let (mut line, mut counted) = (1, 0);
        let mut lines = vec![];
        for (token, range) in Tokens::new(text) {
            if token != Token::Directive {
                continue;
            }
            line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..range.start]).count();
            counted = range.start;
            let (name, rest) = directive(text.get(range).unwrap_or_default());
            match &*name {
                "include" | "include_next" | "import" => match path(&rest) {
                    Some(path) => {
                        let next = if name == "include_next" { "include_next " } else { "" };
                        let target = (self.find)(file, &format!("{next}{path}"));
                        lines.push(Line::Include(target, line as u32));
                    }
                    None => lines.push(Line::Computed(rest.into_owned())),
                },
                "pragma" if rest == "once" => lines.push(Line::Once),
                "pragma" | "error" | "warning" | "line" => {}
                _ => lines.push(Line::Other(name.into_owned(), rest.into_owned())),
            }
        }
        let lines = Arc::new(lines);
        self.lines.insert(file, Arc::clone(&lines));
        lines
    }

    /// Reads a file and so many directives; gives how many are left.
    fn read(&mut self, file: u32, most: u32) -> u32 {
        self.left = most;
        let known = &self.repository.files[file as usize];
        let dialect = match known.language {
            "cpp" => Dialect::Cpp,
            _ if known.path.ends_with(".c") => Dialect::C,
            _ => Dialect::Either,
        };
        self.include(file, &mut Conditions::new(dialect), &mut HashSet::new(), 0);
        self.left
    }

    /// Reads a file where it is included.
    fn include(&mut self, file: u32, state: &mut Conditions, once: &mut HashSet<u32>, depth: u32) {
        let lines = self.lines(file);
        let outside = state.enter();
        for line in &*lines {
            // What the file itself says is always read.
            if self.left == 0 && depth > 0 {
                break;
            }
            self.left = self.left.saturating_sub(1);
            let active = state.active() == Some(true);
            let target = match line {
                Line::Other(name, rest) => {
                    state.note(name, rest);
                    continue;
                }
                _ if !active => continue,
                Line::Once => {
                    once.insert(file);
                    continue;
                }
                Line::Include(target, line) => {
                    if depth == 0 {
                        self.macros.active.insert((file, *line));
                    }
                    *target
                }
                Line::Computed(name) => {
                    let target = value(state, name).and_then(|path| (self.find)(file, &path));
                    if depth == 0 {
                        self.macros.computed.entry(file).or_default().extend(target);
                    }
                    target
                }
            };
            if let Some(target) = target.filter(|target| !once.contains(target))
                && depth < DEEPEST
            {
                self.include(target, state, once, depth + 1);
            }
        }
        state.leave(outside);
    }
}

/// What a macro is, if that is the name of a file.
fn value(state: &Conditions, name: &str) -> Option<String> {
    let mut name = name;
    for _ in 0..LONGEST_CHAIN {
        name = state.value_of(name)?;
        if let Some(path) = path(name) {
            return Some(path);
        }
    }
    None
}

/// The path of an include as that of an import is written; none if its name is a macro.
fn path(rest: &str) -> Option<String> {
    if let Some(quoted) = rest.strip_prefix('"') {
        return Some(quoted.split_once('"')?.0.trim().to_owned());
    }
    let angle = rest.strip_prefix('<')?;
    Some(format!("<{}>", angle.split_once('>')?.0.trim()))
}

/// Directives of this name, roughly: what follows it in its line.
fn directives<'s>(text: &'s str, name: &'static str) -> impl Iterator<Item = &'s str> {
    memmem::find_iter(text.as_bytes(), name).filter_map(move |at| {
        let before = text.get(..at)?.trim_end_matches([' ', '\t']);
        let after = text.get(at + name.len()..)?;
        before.ends_with('#').then(|| after.split('\n').next().unwrap_or_default())
    })
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii() && is_word(c as u8)));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// The macros whose values includes name.
fn computed(text: &str) -> impl Iterator<Item = &str> {
    let named = directives(text, "include").filter(|rest| !rest.contains(['"', '<']));
    named.filter_map(|rest| words(rest).next().filter(|_| rest.starts_with([' ', '\t'])))
}

/// What conditions are about.
fn asked(text: &str) -> impl Iterator<Item = &str> {
    directives(text, "if").chain(directives(text, "elif")).flat_map(words)
}

/// What is defined.
fn defined(text: &str) -> impl Iterator<Item = &str> {
    directives(text, "define").filter_map(|rest| words(rest).next())
}
