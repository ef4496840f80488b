//! Repositories on disk, and graphs made up.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A small repository of several languages.
const FILES: [(&str, &str); 9] = [
    ("setup.py", "import shop.cart\n"),
    ("shop/__init__.py", ""),
    ("shop/cart.py", "from . import price, order\n"),
    ("shop/price.py", "from .missing import rate\n"),
    ("shop/order.py", "from . import cart\n"),
    ("web/a.js", "import './b.js';\nimport './gone.js';\n"),
    ("web/b.js", "// @generated\nexport const b = 1;\n"),
    ("web/style.css", "a { color: red }\n"),
    ("README.md", "# Shop\n"),
];

fn read(folder: &Path) -> Deps {
    deps(&Whole { path: folder.into(), revision: None }).unwrap()
}

fn repository(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn bytes(deps: &Deps) -> Vec<u8> {
    let mut out = vec![];
    json(deps, &mut out).unwrap();
    dot(deps, &mut out).unwrap();
    out.extend(svg(deps, "shop").into_bytes());
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_in_which_files_are_made_is_no_matter(files in Just(FILES.to_vec()).prop_shuffle()) {
        let straight = repository(&FILES);
        let shuffled = repository(&files);
        prop_assert_eq!(bytes(&read(straight.path())), bytes(&read(shuffled.path())));
    }

    #[test]
    fn folders_hold_every_file_once(
        paths in prop::collection::btree_set("([a-c]/){0,4}[a-d]{1,3}", 1..60),
        ends in prop::collection::vec((0..60_u32, 0..60_u32), 0..100),
        most in 1..20_usize,
    ) {
        let deps = made_up(&Vec::from_iter(paths), &ends);
        let folders = folders::cut(&deps, most);
        prop_assert!(folders.names.len() <= most);
        prop_assert_eq!(folders.counts.iter().sum::<usize>(), deps.files.len());
        prop_assert!(folders.counts.iter().all(|count| *count > 0));
        for (file, &folder) in deps.files.iter().zip(&folders.folder_of) {
            let name = &folders.names[folder];
            let rest = file.path.strip_prefix(&**name);
            let inside = rest.is_some_and(|rest| name.is_empty() || rest.starts_with('/'));
            prop_assert!(inside, "{} in {}", file.path, name);
        }
        let arrows = folders.arrows(&deps);
        let mut ranks = folders::ranks(folders.names.len(), &arrows);
        ranks.sort_unstable();
        prop_assert!(ranks.into_iter().eq(0..folders.names.len() as u32));
    }
}

/// A graph without a repository.
fn made_up(paths: &[String], ends: &[(u32, u32)]) -> Deps {
    let count = paths.len() as u32;
    let ends = ends.iter().map(|(from, to)| (from % count, to % count));
    let edge = |(from, to)| Edge { from, to, kind: EdgeKind::Import };
    let mut edges: Vec<_> = ends.filter(|(from, to)| from != to).map(edge).collect();
    edges.sort_unstable();
    edges.dedup();
    Deps {
        files: paths.iter().map(|path| File { path: (&**path).into(), language: "c" }).collect(),
        edges,
        order: (0..count).collect(),
        components: vec![],
        unresolved: vec![],
        opaque: vec![],
        left_out: BTreeMap::new(),
        failures: vec![],
    }
}

#[test]
fn a_selection_leaves_what_was_asked_for() {
    let folder = repository(&FILES);
    let mut all = read(folder.path());
    let missing = |file| Missing { file, import: "x".into(), line: 1, why: "gone".into() };
    all.unresolved = vec![missing(0), missing(5)];
    assert_eq!([all.path(0), all.path(5)], ["setup.py", "web/a.js"]);
    let python = Selection { languages: vec!["python"], kinds: vec![] }.apply(all.clone());
    assert!(python.files.iter().all(|file| file.language == "python"));
    assert_eq!((python.files.len(), python.order.len()), (5, 5));
    assert_eq!((python.components.len(), &*python.unresolved), (1, &[missing(0)][..]));
    let names = |deps: &Deps| {
        let edges =
            deps.edges.iter().filter(|edge| deps.files[edge.from as usize].language == "python");
        edges.map(|edge| (deps.path(edge.from).to_owned(), edge.kind)).collect::<Vec<_>>()
    };
    assert_eq!(names(&python), names(&all));
    let kinds = vec![EdgeKind::Package];
    let package = Selection { languages: vec![], kinds }.apply(all.clone());
    assert!(package.edges.iter().all(|edge| edge.kind == EdgeKind::Package));
    assert_eq!(package.files, all.files);
    assert_eq!(Selection::default().apply(all.clone()), all);
}

#[test]
fn everything_that_is_wrong_is_in_the_json() {
    let mut deps = made_up(&["a.c".into(), "b\"\u{1b}.c".into()], &[(0, 1)]);
    let (import, why) = ("\"gone.h\"".to_owned(), "no file of this name".to_owned());
    deps.unresolved.push(Missing { file: 1, import, line: 7, why });
    deps.opaque.push((1, "binary".into()));
    deps.left_out.insert(LeftOut::Symlink, 2);
    let (stage, kind) = (backstory_core::Stage::Source, backstory_core::FailureKind::NotUtf8);
    deps.failures.push(Failure::file("d\u{fffd}", stage, kind, "rename it"));
    let mut out = vec![];
    json(&deps, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    insta::assert_snapshot!(text);
}

#[test]
fn languages_have_names_and_endings() {
    assert_eq!(
        ["rust", "Rust", "rs", "css"].map(language),
        [Some("rust"), Some("rust"), Some("rust"), Some("css")]
    );
    assert_eq!(language("klingon"), None);
}

#[test]
fn a_large_repository_is_drawn_by_folders() {
    let paths = (0..1_000).map(|at| format!("p{}/q{}/{at}.c", at % 30, at % 7));
    let paths: Vec<_> = paths.collect();
    let ends: Vec<_> = (0..3_000_u32).map(|at| (at * 31, at * 17 + 5)).collect();
    let picture = svg(&made_up(&paths, &ends), "large");
    assert!(picture.contains("1000 files in "));
    assert!(picture.matches("<g class=\"n").count() <= 120);
}

#[test]
fn names_that_graphviz_would_misread_are_quoted() {
    let paths = ["a\"b.c".to_owned(), "c\\n.c".to_owned(), "d\ne/f.c".to_owned()];
    let mut out = vec![];
    dot(&made_up(&paths, &[(0, 1), (1, 2)]), &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}
