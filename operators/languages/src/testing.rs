//! What the tests of all languages share: outlines as text, and repositories made of a few lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
#[cfg(test)]
use std::time::Duration;

use backstory_core::{Digest, EdgeKind, FileClass, Import, Outline, Repository, SourceFile, When};

use crate::{Limits, Resolvers, classify, outline};

/// An outline as text: the file's doc, definitions indented below what encloses them, imports.
pub(crate) fn render(language: &str, source: &str) -> String {
    render_at(language, "", source)
}

/// The outline of the file at `path` as text.
pub(crate) fn render_at(language: &str, path: &str, source: &str) -> String {
    let outline = outline(language, path, source, Limits::default()).expect("within the limits");
    check(&outline, source);
    let mut out = String::new();
    let mut depths = Vec::<usize>::new();
    if let Some(doc) = &outline.doc {
        let _ = writeln!(out, "doc {:?}", &source[doc.start as usize..doc.end as usize]);
    }
    for definition in &outline.definitions {
        let depth = definition.parent.map_or(0, |parent| depths[parent as usize] + 1);
        depths.push(depth);
        let public = if definition.public { "+" } else { "-" };
        let (kind, name) = (definition.kind.name(), definition.name(source));
        let signature = definition.signature(source).replace("\r\n", "\n");
        let _ = write!(out, "{}{public} {kind} {name}: {signature}", "  ".repeat(depth));
        match definition.doc(source) {
            Some(doc) => writeln!(out, "  {doc:?}").expect("a string"),
            None => out.push('\n'),
        }
    }
    for import in &outline.imports {
        let _ = writeln!(out, "{}: {}", import.line, import_text(import));
    }
    if let Some(package) = &outline.package {
        let _ = writeln!(out, "package {package}");
    }
    if !outline.uses.is_empty() {
        let _ = writeln!(out, "uses {}", outline.uses.join(" "));
    }
    out
}

fn import_text(import: &Import) -> String {
    let called = |name: &str, alias: &Option<String>| match alias {
        Some(alias) => format!("{name} as {alias}"),
        None => name.to_owned(),
    };
    let names = import.names.iter().map(|name| called(&name.name, &name.alias));
    let names = names.collect::<Vec<_>>().join(", ");
    let exported = if import.exported { "export " } else { "" };
    let when = match import.when {
        When::Always => "",
        When::TypeChecking => " when type-checking",
        When::Inactive => " when inactive",
    };
    let scope =
        if import.scope.is_empty() { String::new() } else { format!(" in {}", import.scope) };
    format!("{exported}import {} [{names}]{scope}{when}", called(&import.path, &import.alias))
}

/// What holds for every outline.
#[expect(clippy::missing_panics_doc, reason = "it is what a check is for")]
pub fn check(outline: &Outline, source: &str) {
    for (index, definition) in outline.definitions.iter().enumerate() {
        assert!(!definition.name(source).is_empty());
        assert!(!definition.signature(source).is_empty(), "{}", definition.name(source));
        assert!(source.is_char_boundary(definition.range.start as usize));
        assert!(definition.range.start <= definition.signature.start);
        let (whole, signature) = (&definition.range, &definition.signature);
        assert!(signature.end <= whole.end, "{}", definition.name(source));
        assert!(definition.range.end as usize <= source.len());
        let _ = definition.doc(source);
        if let Some(parent) = definition.parent {
            assert!((parent as usize) < index);
            let outer = &outline.definitions[parent as usize].range;
            assert!(outer.start <= definition.range.start && definition.range.end <= outer.end);
        }
    }
    assert!(outline.imports.is_sorted_by_key(|import| import.line));
}

/// Compares the import edges of `truth/<language>/sample/` with `sample.json` beside it, which the language's
/// own tool made: see `truth/score.py` for what it holds.
pub(crate) fn truth(language: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("truth").join(language);
    let text = fs::read_to_string(folder.join("sample.json")).expect("a truth");
    let truth: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let pairs = |key: &str| -> BTreeSet<(String, String)> {
        let pairs = truth[key].as_array().into_iter().flatten();
        let name =
            |pair: &serde_json::Value, at: usize| pair[at].as_str().expect("a path").to_owned();
        pairs.map(|pair| (name(pair, 0), name(pair, 1))).filter(|(a, b)| a != b).collect()
    };
    let files = read(&folder.join("sample"), "");
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let sample = Sample::new(&files);
    let paths = files.iter().map(|(path, _)| *path);
    let sources = paths.filter(|path| matches!(classify(path), FileClass::Source(_)));
    let found: BTreeSet<(String, String)> = sources
        .flat_map(|from| sample.needs(from).into_iter().map(|to| (from.to_owned(), to.to_owned())))
        .collect();
    let (edges, neutral) = (pairs("edges"), pairs("neutral"));
    let wrong: Vec<_> =
        found.iter().filter(|e| !edges.contains(e) && !neutral.contains(e)).collect();
    let missed: Vec<_> =
        edges.iter().filter(|e| !found.contains(e) && !neutral.contains(e)).collect();
    assert!(!edges.is_empty() && wrong.is_empty() && missed.is_empty(), "{wrong:?} {missed:?}");
}

/// The files below a folder that are source or context: path and text.
fn read(root: &Path, folder: &str) -> Vec<(String, String)> {
    let mut files = vec![];
    for entry in fs::read_dir(root.join(folder)).expect("a folder") {
        let entry = entry.expect("a file");
        let name = entry.file_name().into_string().expect("UTF-8");
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if entry.file_type().expect("a file or folder").is_dir() {
            files.append(&mut read(root, &path));
        } else if classify(&path) != FileClass::Other {
            let text = fs::read_to_string(entry.path()).expect("UTF-8");
            files.push((path, text));
        }
    }
    files
}

/// A clock that stands still while other threads run.
#[cfg(test)]
pub(crate) struct ThreadClock(Duration);

#[cfg(test)]
impl ThreadClock {
    pub(crate) fn start() -> Self {
        Self(Self::now())
    }

    pub(crate) fn took(&self) -> Duration {
        Self::now().saturating_sub(self.0)
    }

    fn now() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.try_into().expect("time since the thread began")
    }
}

/// A repository of files and manifests, with its outlines.
pub(crate) struct Sample {
    repository: Repository,
    outlines: Vec<Arc<Outline>>,
}

impl Sample {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let mut repository = Repository {
            name: "sample".into(),
            commit: None,
            license: None,
            files: vec![],
            context: BTreeMap::new(),
            left_out: BTreeMap::new(),
            failures: vec![],
        };
        for (path, text) in files {
            match classify(path) {
                FileClass::Source(language) => repository.files.push(SourceFile {
                    path: (*path).into(),
                    language,
                    digest: Digest::of(text),
                    text: (*text).into(),
                }),
                _ => drop(repository.context.insert((*path).into(), (*text).into())),
            }
        }
        repository.files.sort_by(|a, b| a.path.cmp(&b.path));
        let outlines = repository
            .files
            .iter()
            .map(|file| outline(file.language, &file.path, &file.text, Limits::default()))
            .map(|outline| Arc::new(outline.expect("within the limits")))
            .collect();
        Self { repository, outlines }
    }

    /// Adds a file that is only there for facts.
    pub(crate) fn add_context(&mut self, path: &str, text: &str) {
        self.repository.context.insert(path.into(), text.into());
    }

    /// The paths that a file imports.
    pub(crate) fn needs(&self, path: &str) -> Vec<&str> {
        let edges = self.edges(path).into_iter();
        edges.filter(|(_, kind)| *kind == EdgeKind::Import).map(|(path, _)| path).collect()
    }

    /// The paths that a file depends on, and why.
    pub(crate) fn edges(&self, path: &str) -> Vec<(&str, EdgeKind)> {
        let path_of = |file: u32| &*self.repository.files[file as usize].path;
        let (edges, _) = Resolvers::new(&self.repository, &self.outlines).edges(self.file(path));
        edges.into_iter().map(|edge| (path_of(edge.to), edge.kind)).collect()
    }

    /// The imports of a file that should have led somewhere: the path and why.
    pub(crate) fn unresolved(&self, path: &str) -> Vec<(String, String)> {
        let file = self.file(path);
        let (_, unresolved) = Resolvers::new(&self.repository, &self.outlines).edges(file);
        let imports = &self.outlines[file as usize].imports;
        let text = |import: u32| import_text(&imports[import as usize]);
        unresolved.into_iter().map(|one| (text(one.import), one.why)).collect()
    }

    fn file(&self, path: &str) -> u32 {
        let file = self.repository.files.iter().position(|file| &*file.path == path);
        file.unwrap_or_else(|| panic!("no {path}")) as u32
    }
}
