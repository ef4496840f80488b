//! Prints the resolved imports of a folder as JSON, to be compared with what a language's own tools say.
//!
//! ```text
//! cargo run --release -p backstory-languages --example edges -- FOLDER
//! ```
//!
//! Every file counts, generated, vendored and empty ones too.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "an example stops at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use backstory_core::{Digest, FileClass, Outline, Repository, SourceFile};
use backstory_languages::{Limits, Resolvers, classify, outline};
use serde_json::json;

fn main() {
    let root = std::env::args_os().nth(1).expect("name a folder");
    let mut repository = Repository {
        name: "folder".into(),
        commit: None,
        license: None,
        files: vec![],
        context: BTreeMap::new(),
        left_out: BTreeMap::new(),
        failures: vec![],
    };
    read(Path::new(&root), "", &mut repository);
    repository.files.sort_by(|a, b| a.path.cmp(&b.path));
    let outline = |file: &SourceFile| {
        let outline = outline(file.language, &file.path, &file.text, Limits::default());
        Arc::new(outline.unwrap_or_else(|error| Outline::opaque(error.to_string())))
    };
    let outlines: Vec<_> = repository.files.iter().map(outline).collect();
    let resolvers = Resolvers::new(&repository, &outlines);
    let path = |file: u32| &*repository.files[file as usize].path;
    let (mut edges, mut unresolved) = (vec![], vec![]);
    for file in 0..repository.files.len() as u32 {
        let (found, missing) = resolvers.edges(file);
        edges.extend(found.iter().map(|e| json!([path(e.from), path(e.to), e.kind.name()])));
        unresolved.extend(missing.iter().map(|one| {
            let import = &outlines[one.file as usize].imports[one.import as usize];
            let (file, line) = (path(one.file), import.line);
            json!({ "file": file, "import": import.path, "line": line, "why": one.why })
        }));
    }
    let files: Vec<_> = repository.files.iter().map(|file| &*file.path).collect();
    println!("{}", json!({ "files": files, "edges": edges, "unresolved": unresolved }));
}

fn read(root: &Path, folder: &str, repository: &mut Repository) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && name != ".git" {
            read(root, &path, repository);
        } else if kind.is_file() {
            let class = classify(&path);
            if class == FileClass::Other {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
            match class {
                FileClass::Source(language) => repository.files.push(SourceFile {
                    path: path.into(),
                    language,
                    digest: Digest::of(&text),
                    text: text.into(),
                }),
                _ => drop(repository.context.insert(path.into(), text.into())),
            }
        }
    }
}
