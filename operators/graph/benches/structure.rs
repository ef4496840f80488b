//! Parse, outline and graph together against what tree-sitter alone takes to parse the same files.
//!
//! ```text
//! cargo bench -p backstory-graph --bench structure -- FOLDER...
//! ```
//!
//! Each folder is one repository. Isolates the cost of everything that is known of source before anybody
//! writes a word: no reading, no dataflow, no output. Each figure is the best of several rounds, and rounds of
//! all variants alternate, so that ratios are taken within one run on one machine. Resolution needs whole
//! repositories, so the graph is measured for all languages together. Prints Markdown.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use backstory_core::{
    Digest, Environment, FileClass, Operator, Outline, Repository, SourceFile, Work,
};
use backstory_graph::Graph;
use backstory_languages::{Limits, classify, outline};
use rayon::ThreadPool;
use rayon::prelude::*;
use tree_sitter::{Language, Parser};

/// Rounds of each variant.
const ROUNDS: usize = 3;

fn main() {
    let folders = std::env::args_os().skip(1).filter(|argument| argument != "--bench");
    let repositories: Vec<_> = folders.map(|folder| repository(Path::new(&folder))).collect();
    assert!(!repositories.is_empty(), "name folders that are repositories");
    let pools = [pool(1), pool(2)];
    per_language(&repositories, &pools[0]);
    together(&repositories, &pools);
}

fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn repository(root: &Path) -> Repository {
    let mut repository = Repository {
        name: root.display().to_string(),
        commit: None,
        license: None,
        files: vec![],
        context: BTreeMap::new(),
        left_out: BTreeMap::new(),
        failures: vec![],
    };
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let (kind, path) = (entry.file_type().unwrap(), folder.join(entry.file_name()));
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(path);
            } else if kind.is_file() {
                add(&mut repository, root, &path);
            }
        }
    }
    repository.files.sort_by(|a, b| a.path.cmp(&b.path));
    repository
}

fn add(repository: &mut Repository, root: &Path, path: &Path) {
    let class = classify(&path.display().to_string());
    if class == FileClass::Other {
        return;
    }
    let text = String::from_utf8_lossy(&fs::read(root.join(path)).unwrap()).into_owned();
    let path = path.display().to_string();
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

/// The grammar that a file is parsed with; none for a language without one.
fn grammar(file: &SourceFile) -> Option<Language> {
    Some(match file.language {
        "bash" => tree_sitter_bash::LANGUAGE.into(),
        "c" => tree_sitter_c::LANGUAGE.into(),
        "cpp" => tree_sitter_cpp::LANGUAGE.into(),
        "csharp" => tree_sitter_c_sharp::LANGUAGE.into(),
        "dart" => tree_sitter_dart::LANGUAGE.into(),
        "elixir" => tree_sitter_elixir::LANGUAGE.into(),
        "go" => tree_sitter_go::LANGUAGE.into(),
        "haskell" => tree_sitter_haskell::LANGUAGE.into(),
        "java" => tree_sitter_java::LANGUAGE.into(),
        "javascript" => tree_sitter_javascript::LANGUAGE.into(),
        "julia" => tree_sitter_julia::LANGUAGE.into(),
        "kotlin" => tree_sitter_kotlin_ng::LANGUAGE.into(),
        "lua" => tree_sitter_lua::LANGUAGE.into(),
        "ocaml" if file.path.ends_with(".mli") => {
            tree_sitter_ocaml::LANGUAGE_OCAML_INTERFACE.into()
        }
        "ocaml" => tree_sitter_ocaml::LANGUAGE_OCAML.into(),
        "php" => tree_sitter_php::LANGUAGE_PHP.into(),
        "python" => tree_sitter_python::LANGUAGE.into(),
        "r" => tree_sitter_r::LANGUAGE.into(),
        "ruby" => tree_sitter_ruby::LANGUAGE.into(),
        "rust" => tree_sitter_rust::LANGUAGE.into(),
        "scala" => tree_sitter_scala::LANGUAGE.into(),
        "sql" => tree_sitter_sequel::LANGUAGE.into(),
        "swift" => tree_sitter_swift::LANGUAGE.into(),
        "typescript" if file.path.ends_with(".tsx") => tree_sitter_typescript::LANGUAGE_TSX.into(),
        "typescript" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        "zig" => tree_sitter_zig::LANGUAGE.into(),
        _ => return None,
    })
}

fn parse_alone(files: &[&SourceFile]) {
    let mut parser = Parser::new();
    for file in files {
        if let Some(grammar) = grammar(file) {
            parser.set_language(&grammar).unwrap();
            drop(parser.parse(&*file.text, None).unwrap());
        }
    }
}

fn outlined(file: &SourceFile) -> Arc<Outline> {
    let outline = outline(file.language, &file.path, &file.text, Limits::default());
    Arc::new(outline.unwrap_or_else(|error| Outline::opaque(error.to_string())))
}

/// Seconds that `work` takes.
fn time(work: impl FnOnce() + Send) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn per_language(repositories: &[Repository], one: &ThreadPool) {
    let mut files = BTreeMap::<_, Vec<_>>::new();
    for file in repositories.iter().flat_map(|repository| &repository.files) {
        if grammar(file).is_some() {
            files.entry(file.language).or_default().push(file);
        }
    }
    println!("| language | files | MB | parse alone | parse and outline | ratio |");
    println!("|---|--:|--:|--:|--:|--:|");
    for (language, files) in files {
        let bytes: usize = files.iter().map(|file| file.text.len()).sum();
        let (mut alone, mut both) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            alone = alone.min(time(|| parse_alone(&files)));
            let work = || files.iter().for_each(|file| drop(outlined(file)));
            both = both.min(time(|| one.install(work)));
        }
        let (count, megabytes, ratio) = (files.len(), bytes as f64 / 1e6, both / alone);
        println!(
            "| {language} | {count} | {megabytes:.2} | {alone:.3} s | {both:.3} s | {ratio:.2} |"
        );
    }
}

/// Outlines and graphs of all repositories.
fn structure(repositories: &[Repository]) {
    let environment = Environment { base: Path::new("."), author: &|_| None, scorer: &|_| None };
    let build = Graph::default().build(&environment);
    let Ok(Work::Order(orderer)) = build else { panic!("the graph orders files") };
    for repository in repositories {
        let outlines: Vec<_> = repository.files.par_iter().map(outlined).collect();
        drop(orderer.order(repository, &outlines));
    }
}

fn together(repositories: &[Repository], pools: &[ThreadPool]) {
    let files: Vec<_> = repositories.iter().flat_map(|repository| &repository.files).collect();
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    let (mut alone, mut threads) = (f64::INFINITY, vec![f64::INFINITY; pools.len()]);
    for _ in 0..ROUNDS {
        alone = alone.min(time(|| parse_alone(&files)));
        for (best, pool) in threads.iter_mut().zip(pools) {
            *best = best.min(time(|| pool.install(|| structure(repositories))));
        }
    }
    let (one, two) = (threads[0], threads[1]);
    println!("\n| figure | value |\n|---|---|");
    println!(
        "| corpus | {} repositories, {} files, {:.1} MB of source |",
        repositories.len(),
        files.len(),
        bytes as f64 / 1e6
    );
    println!("| tree-sitter alone, one thread | {alone:.2} s |");
    println!("| parse, outline and graph, one thread | {one:.2} s |");
    println!("| parse, outline and graph, two threads | {two:.2} s |");
    println!("| **all / tree-sitter alone** (at most 1.5) | {:.2} |", one / alone);
    println!("| **one thread / two threads** (nearly 2) | {:.2} |", one / two);
}
