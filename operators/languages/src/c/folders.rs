//! The include folders that build files name: `CMake`, Meson, make, Autotools, Bazel, GN, qmake
//! and `compile_commands.json`.
//!
//! Nothing is evaluated. A path counts if it is a folder of the repository with source in it, seen from the
//! build file's own folder or, where it begins with a variable, from that or a folder around it. What a build
//! file names holds for all files in and below its folder.

use std::collections::{HashMap, HashSet};

use backstory_core::Repository;

use crate::files::{ancestors, file_name, join, parent, walk_to};

/// Names of the files read.
pub(super) const MANIFESTS: &[&str] = &[
    "BUILD",
    "BUILD.bazel",
    "BUILD.gn",
    "*.gni",
    "CMakeLists.txt",
    "*.cmake",
    "GNUmakefile",
    "Makefile",
    "Makefile.*",
    "makefile",
    "*.mk",
    "*.mak",
    "compile_commands.json",
    "configure.ac",
    "configure.in",
    "meson.build",
    "*.pri",
    "*.pro",
];

/// Calls and lists whose members are include folders.
const LISTS: &[&str] = &[
    "include_directories",
    "target_include_directories",
    "INCLUDE_DIRECTORIES",
    "TARGET_INCLUDE_DIRECTORIES",
    "include_dirs",
    "includes",
    "strip_include_prefix",
    "INCLUDEPATH",
    "INCLUDE_DIRS",
];

/// Build files longer than this are read up to here.
const LONGEST: usize = 4 << 20;

/// One file names no more folders than this.
const MOST: usize = 2000;

/// Include folders, and the folders of the build files that name them.
pub(super) struct Declared {
    by: HashMap<String, Vec<String>>,
}

impl Declared {
    pub(super) fn new(repository: &Repository, folders: &HashSet<&str>) -> Self {
        let mut by = HashMap::<String, Vec<String>>::new();
        for (path, text) in &repository.context {
            if !is_manifest(file_name(path)) {
                continue;
            }
            let (here, mut count) = (parent(path), 0);
            paths(text, &mut |path| {
                count += 1;
                if let Some(folder) = locate(path, here, folders).filter(|_| count <= MOST) {
                    let known = by.entry(folder).or_default();
                    if known.last().is_none_or(|last| last != here) {
                        known.push(here.to_owned());
                    }
                }
            });
        }
        Self { by }
    }

    /// Whether a build file names `folder` for files in `from`.
    pub(super) fn for_files_in(&self, folder: &str, from: &str) -> bool {
        let by = self.by.get(folder);
        by.is_some_and(|by| ancestors(from).any(|around| by.iter().take(64).any(|by| by == around)))
    }
}

fn is_manifest(name: &str) -> bool {
    MANIFESTS.iter().any(|pattern| crate::matches(pattern, name))
}

/// Gives all that may be include folders in a build file, as written.
fn paths<'t>(text: &'t str, give: &mut dyn FnMut(&'t str)) {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    for mark in ["-I", "-isystem", "-iquote", "/I"] {
        for (at, _) in text.match_indices(mark) {
            let before = text[..at].bytes().next_back().unwrap_or(b' ');
            if !before.is_ascii_alphanumeric()
                && !matches!(before, b'_' | b'-' | b'.' | b'/' | b')' | b'}')
            {
                let rest = text[at + mark.len()..].trim_start_matches([' ', '\t', '"', '\'', ',']);
                give(rest.split(is_end).next().unwrap_or_default());
            }
        }
    }
    for line_at in
        std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
    {
        list(&text[line_at..], give);
    }
}

/// Gives the members of the list that begins on the first line of `text`, if any does.
fn list<'t>(text: &'t str, give: &mut dyn FnMut(&'t str)) {
    let line = &text[..memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len())];
    let words = || line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named = words().find(|word| LISTS.contains(word)).or_else(|| {
        let set = line.trim_start().to_ascii_lowercase().starts_with("set");
        words().nth(1).filter(|word| set && word.to_ascii_uppercase().contains("INCLUDE"))
    });
    let Some(name) = named else { return };
    let start = name.as_ptr() as usize - text.as_ptr() as usize + name.len();
    let rest = &text[start..];
    let rest = &rest[..rest.len().min(20_000)];
    let end = match rest.trim_start().as_bytes().first() {
        _ if name == "INCLUDEPATH" => logical_line(rest),
        _ if name.ends_with("INCLUDE_DIRS") || line.trim_start().starts_with(['s', 'S']) => {
            rest.find(')').unwrap_or(rest.len())
        }
        Some(b'(') => rest.find(')').unwrap_or(rest.len()),
        _ => rest
            .find([']', '\n'])
            .filter(|at| rest.as_bytes()[*at] == b']' || !rest[..*at].contains('['))
            .or_else(|| rest.find(']'))
            .unwrap_or(rest.len()),
    };
    rest[..end].split(is_end).for_each(give);
}

/// The length of a line that may go on behind backslashes.
fn logical_line(text: &str) -> usize {
    let mut breaks = memchr::memchr_iter(b'\n', text.as_bytes());
    breaks.find(|&at| !text[..at].trim_end_matches('\r').ends_with('\\')).unwrap_or(text.len())
}

fn is_end(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | ';' | ',' | '[' | ']' | '<' | '>' | '|' | '`' | '\\' | '=' | '+'
        )
}

/// The folder of the repository that a path in a build file in `here` means.
fn locate(path: &str, here: &str, folders: &HashSet<&str>) -> Option<String> {
    let path = path.trim_end_matches([')', '}', '/', ':']).trim_start_matches('(');
    let is_folder = |folder: &String| folders.contains(&**folder);
    if let Some(rest) = path.strip_prefix("//") {
        return Some(rest.to_owned()).filter(is_folder);
    }
    if path.starts_with('/') {
        let tails = path.match_indices('/').map(|(at, _)| path[at + 1..].to_owned());
        return tails.take(16).find(is_folder);
    }
    let (variable, rest) = variable(path);
    let Some(variable) = variable else {
        let known =
            path.starts_with('.') || path.contains('/') || folders.contains(&*join(here, path));
        return walk_to(here, path).filter(|_| known && !path.is_empty()).filter(is_folder);
    };
    let variable = variable.to_ascii_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| variable.contains(word));
    let current =
        is(&["current", "pwd", "local_path"]) || variable == "srcdir" || variable == "abs_srcdir";
    let top = is(&["source_dir", "top", "root"]);
    match rest.trim_start_matches('/') {
        "" if current => Some(here.to_owned()).filter(is_folder),
        "" if top => Some(String::new()),
        "" => None,
        rest if current => walk_to(here, rest).filter(is_folder),
        rest => ancestors(here).filter_map(|around| walk_to(around, rest)).find(is_folder),
    }
}

/// Splits `${A}/b`, `$(A)/b`, `$A/b`, `$$A/b` and `@A@/b`, and what `BUILD_INTERFACE:` precedes.
fn variable(path: &str) -> (Option<&str>, &str) {
    let path = path.rsplit_once(':').map_or(path, |(_, path)| path);
    if let Some(rest) = path.strip_prefix('@') {
        return rest.split_once('@').map_or((None, path), |(name, rest)| (Some(name), rest));
    }
    let Some(rest) = path.strip_prefix('$') else { return (None, path) };
    let rest = rest.trim_start_matches('$');
    if let Some(rest) = rest.strip_prefix(['{', '(']) {
        let end = rest.find(['}', ')']).unwrap_or(rest.len());
        return (Some(&rest[..end]), rest[end..].trim_start_matches(['}', ')']));
    }
    let end = rest.find('/').unwrap_or(rest.len());
    (Some(&rest[..end]), &rest[end..])
}
