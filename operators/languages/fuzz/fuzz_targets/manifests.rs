//! The imports of any small repository, with any project files.

#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use backstory_core::{Digest, FileClass, Outline, Repository, SourceFile};
use backstory_languages::{Limits, Resolvers, all, classify, outline};
use libfuzzer_sys::fuzz_target;

/// Paths that mean something in some language.
static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let manifests = all().iter().flat_map(|language| language.manifests());
    let manifests = manifests.map(|pattern| pattern.replace('*', "x"));
    let mut names: Vec<String> = manifests.collect();
    for extension in all().iter().flat_map(|language| language.extensions()) {
        let stems = ["x", "index", "mod", "lib", "main", "__init__", "x_test"];
        names.extend(stems.map(|stem| format!("{stem}.{extension}")));
    }
    names.dedup();
    let folders = ["", "a/", "src/", "a/b/"];
    names.iter().flat_map(|name| folders.map(|folder| format!("{folder}{name}"))).collect()
});

fuzz_target!(|data: &[u8]| {
    let repository = repository(data);
    let outlines: Vec<_> = repository.files.iter().map(outlined).collect();
    let (first, second) =
        (Resolvers::new(&repository, &outlines), Resolvers::new(&repository, &outlines));
    let files = repository.files.len() as u32;
    for file in 0..files {
        let (edges, unresolved) = first.edges(file);
        assert!(edges.is_sorted_by_key(|edge| edge.to));
        for edge in &edges {
            assert!(edge.from == file && edge.to < files && edge.to != file);
        }
        for one in &unresolved {
            assert!((one.import as usize) < outlines[file as usize].imports.len());
        }
        assert_eq!((edges, unresolved), second.edges(file));
    }
});

/// Each piece between bytes that no text has is a file: two bytes say its path.
fn repository(data: &[u8]) -> Repository {
    let mut texts = BTreeMap::new();
    for piece in data.split(|&byte| byte == 0xff) {
        let [high, low, text @ ..] = piece else { continue };
        let path = &PATHS[(usize::from(*high) << 8 | usize::from(*low)) % PATHS.len()];
        texts.insert(path, String::from_utf8_lossy(text).into_owned());
    }
    let mut repository = Repository {
        name: "any".into(),
        commit: None,
        license: None,
        files: vec![],
        context: BTreeMap::new(),
        left_out: BTreeMap::new(),
        failures: vec![],
    };
    for (path, text) in texts {
        match classify(path) {
            FileClass::Source(language) => repository.files.push(SourceFile {
                path: (**path).into(),
                language,
                digest: Digest::of(&text),
                text: text.into(),
            }),
            _ => drop(repository.context.insert((**path).into(), text.into())),
        }
    }
    repository
}

fn outlined(file: &SourceFile) -> Arc<Outline> {
    let outline = outline(file.language, &file.path, &file.text, Limits::default());
    Arc::new(outline.unwrap_or_else(|error| Outline::opaque(error.to_string())))
}
