//! What holds for all languages: judging paths, and outlines of texts that nobody wrote by hand. Tests of
//! one language are in its folder.

mod hostile;

use std::time::Duration;

use backstory_core::FileClass;
use proptest::prelude::*;

use crate::testing::{Sample, ThreadClock, check, render};
use crate::{Limits, TooComplex, all, by_name, classify, outline};

#[test]
fn languages_are_sorted_and_found_by_name() {
    assert!(all().is_sorted_by_key(|language| language.name()));
    for language in all() {
        assert!(by_name(language.name()).is_some());
    }
    assert!(by_name("cobol").is_none());
}

#[test]
fn paths_are_judged() {
    let source = |path, language| assert_eq!(classify(path), FileClass::Source(language), "{path}");
    source("a/b.py", "python");
    source("a.pyi", "python");
    source("setup.py", "python");
    source("x.d.ts", "typescript");
    source("x.mts", "typescript");
    source("x.tsx", "typescript");
    source("x.cjs", "javascript");
    source("README.js", "javascript");
    source("x_test.go", "go");
    source("src/lib.rs", "rust");
    source("src/a.c", "c");
    source("include/a.h", "c");
    source("a.hpp", "cpp");
    source("include/c++/vector", "cpp");
    source("x/Rakefile", "ruby");
    source("x.gemspec", "ruby");
    let context = [
        "README",
        "docs/readme.md",
        "LICENSE-MIT",
        "COPYING.LESSER",
        "NOTICE",
        "Cargo.toml",
        "CMakeLists.txt",
        "Makefile",
        "sub/Makefile.am",
        "include/Makefile",
        "sub/go.mod",
        "go.work",
        "package.json",
        "tsconfig.base.json",
        "tsconfig.json",
        "jsconfig.json",
        "pyproject.toml",
        "setup.cfg",
    ];
    for path in context {
        assert_eq!(classify(path), FileClass::Context, "{path}");
    }
    for path in
        ["a.txt", "include/TODO", "vector", "readme.png", ".py/x", "Cargo.lock", "tsconfig", ""]
    {
        assert_eq!(classify(path), FileClass::Other, "{path}");
    }
}

#[test]
fn a_hundred_thousand_brackets_end_soon() {
    for language in all() {
        for (open, close) in [("(", ")"), ("{", "}"), ("<", ">")] {
            for closed in [0, 100_000] {
                let source = format!("x = {}{}", open.repeat(100_000), close.repeat(closed));
                let start = ThreadClock::start();
                let _ = outline(language.name(), "", &source, Limits::default());
                let took = start.took();
                assert!(took < Duration::from_secs(30), "{} {open} {took:?}", language.name());
            }
        }
    }
}

#[test]
fn an_import_below_a_hundred_thousand_brackets_is_too_deep() {
    let source = format!("x = {}require('a'){}", "(".repeat(100_000), ")".repeat(100_000));
    let limits = Limits::default();
    assert_eq!(outline("javascript", "", &source, limits), Err(TooComplex::Depth(limits.depth)));
}

#[test]
fn limits_are_kept() {
    let class = |depth| format!("{}class A:\n", " ".repeat(depth));
    let classes = (0..50).map(class).collect::<Vec<_>>().concat();
    let shallow = Limits { depth: 20, ..Limits::default() };
    assert_eq!(outline("python", "", &classes, shallow), Err(TooComplex::Depth(20)));
    assert_eq!(
        outline("python", "", &classes, Limits::default()).map(|o| o.definitions.len()),
        Ok(50)
    );
    let long = "x = 1\n".repeat(100_000);
    let few = Limits { steps_per_byte: 0, ..Limits::default() };
    assert_eq!(outline("python", "", &long, few), Err(TooComplex::Steps(100_000)));
    assert!(outline("python", "", "x = 1\n", few).is_ok(), "the parser still works");
}

#[test]
fn hostile_texts_do_not_cost_their_square() {
    let many = |piece: &str| vec![piece; 100_000].join(", ");
    let sources = [
        ("python", format!("{} = 1", many("a"))),
        ("python", format!("{} 1", "a = ".repeat(100_000))),
        ("go", format!("package p\n// {}\nvar {} int", "d".repeat(100_000), many("a"))),
        ("javascript", format!("/** {} */\nconst {} = 1", "d".repeat(100_000), many("a = 1"))),
        ("rust", format!("use {}::{{{}}};", "a".repeat(100_000), many("b"))),
        ("rust", "mod m { use super::x; ".repeat(10_000)),
        ("c", format!("int {};", many("a"))),
        ("c", format!("enum e {{ {} }};", many("A"))),
        ("c", "#if A\n#include \"a\"\n".repeat(30_000)),
        ("c", "#if A\n{\n#else\n".repeat(30_000)),
        ("c", format!("#if {}\n", "(A && ".repeat(100_000))),
        ("c", format!("#define A A\n{}", "#include A\n".repeat(30_000))),
        ("c", "FOO_API (".repeat(30_000)),
        ("c", "/*".repeat(100_000)),
        ("c", "R\"(".repeat(100_000)),
        ("cpp", format!("A {}b;", "*".repeat(50_000))),
        ("cpp", format!("int {}a;", "A::".repeat(50_000))),
        ("cpp", "template <class T> ".repeat(10_000)),
        ("cpp", format!("import {};", "a.".repeat(50_000))),
        ("cpp", "import a;\n".repeat(30_000)),
        ("cpp", "namespace a { class A { ".repeat(3_000)),
        ("ruby", format!("class A\nattr_reader {}\nend", many(":a"))),
        ("ruby", format!("# d\n{}", "private :a\n# d\n".repeat(100_000))),
        ("ruby", "module A; autoload :B; ".repeat(3_000)),
    ];
    for (language, source) in sources {
        let start = ThreadClock::start();
        let outline = outline(language, "", &source, Limits::default());
        let size = outline.map_or(0, |outline| {
            let _ = outline.digest(&source);
            outline.definitions.iter().map(|definition| definition.signature.len()).sum()
        });
        assert!(size <= 4 * source.len(), "{language}: {size}");
        assert!(start.took() < Duration::from_secs(30), "{language}");
    }
}

#[test]
fn one_long_line() {
    let sources = [
        ("c", "int a;int f(void){return 1;}"),
        ("cpp", "class A{int a;};"),
        ("javascript", "var a=1;function f(){return 1}"),
        ("python", "a = 1; "),
        ("ruby", "def f() = 1; "),
        ("rust", "fn f() { 1 } "),
        ("typescript", "export type A={a:1};"),
    ];
    for (language, piece) in sources {
        let source = piece.repeat(1_000_000 / piece.len());
        let outline = outline(language, "", &source, Limits::default()).expect("within the limits");
        assert!(outline.definitions.len() >= 1_000_000 / piece.len());
    }
}

#[test]
fn broken_texts_give_what_can_be_recognised() {
    assert_eq!(
        render("python", "def f():\0 pass\n\0\0\nimport a\n").lines().last(),
        Some("3: import a []")
    );
    assert_eq!(render("python", "def f(a,"), "");
    assert_eq!(
        render("rust", "fn f() {}\nstruct A {\n x: u8,\n"),
        "- function f: fn f()\n- type A: struct A\n  - variable x: x: u8\n"
    );
    assert_eq!(
        render("javascript", "function f() {}\nclass A { m("),
        "- function f: function f()\n"
    );
    assert_eq!(
        render("go", "package a\nfunc F() {}\nfunc ("),
        "+ function F: func F()\npackage a\n"
    );
    for language in all() {
        for source in ["", "\u{feff}", "\0", "\r\n", "é", "\u{1f600}{", "\"", "/*", "'''"] {
            render(language.name(), source);
        }
    }
}

#[test]
fn windows_line_ends_change_nothing() {
    let sources = [
        (
            "python",
            "\"\"\"Doc.\"\"\"\nimport a\n\nclass A:\n    def f(\n        self\n    ):\n        pass\n",
        ),
        ("rust", "//! Doc.\n\n/// One.\n/// Two.\npub fn f(\n    a: u8,\n) {\n}\nuse a::b;\n"),
        ("javascript", "import a from 'a';\n/**\n * F.\n */\nexport function f(a,\n  b) {\n}\n"),
        ("typescript", "/** A. */\nexport interface A {\n  a: string;\n}\n"),
        (
            "c",
            "/* Doc. */\n\n#if 0\n#include \"x\"\n#endif\n#define A \\\n    1\n/* F. */\nint f(int a,\n    int b)\n{\n}\n",
        ),
        ("cpp", "/// A.\n/// B.\nclass A {\n    int a;  ///< a\n};\nFOO_BEGIN_NAMESPACE\nint b;\n"),
        ("ruby", "# Doc.\n\n# A.\n# B.\nclass A\n  def f(\n    a\n  )\n  end\nend\nrequire 'b'\n"),
        ("go", "// Package a.\npackage a\n\n// F is.\n// Two.\nfunc F() {\n}\n"),
    ];
    for (language, source) in sources {
        let windows = render(language, &source.replace('\n', "\r\n")).replace("\\r\\n", "\\n");
        assert_eq!(windows, render(language, source), "{language}");
    }
}

/// Each means something in some language.
const PIECES: &[&str] = &[
    "class A",
    "def f(",
    "fn f",
    "func ",
    "import ",
    "from ",
    "use a::",
    "mod x",
    "export ",
    "default ",
    "{",
    "}",
    "(",
    ")",
    ";",
    ":",
    "\n",
    "\n    ",
    " ",
    "'",
    "\"",
    "/** d */",
    "/// d\n",
    "//! d\n",
    "# c\n",
    "=",
    "=>",
    "require(",
    "'a'",
    "type T",
    "struct S",
    "interface I",
    "@dec\n",
    "é",
    "\0",
    "package p\n",
    "const a",
    "var b",
    "impl A",
    "trait T",
    "enum E",
    "pub ",
    "async ",
    "namespace N",
    "declare ",
    "module.exports = ",
    "exports.x = ",
    "\"\"\"",
    ",",
    ".",
    "*",
    "<",
    ">",
    "#[path = \"x\"]",
    "\n#if A\n",
    "\n#else\n",
    "\n#endif\n",
    "\n#include \"x\"\n",
    "\n#define A ",
    "typedef struct ",
    "FOO_API ",
    "\\\n",
    "//",
    "R\"(",
    "template <class T> ",
    "public:",
    "int a(int)",
];

/// Pieces in any order.
fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

/// A repository of files that import whatever the soup says.
fn repository() -> impl Strategy<Value = Vec<(String, String)>> {
    const PATHS: [&str; 15] = [
        "x.py",
        "a/__init__.py",
        "a/x.py",
        "src/lib.rs",
        "src/x.rs",
        "src/x/mod.rs",
        "a.js",
        "a/index.ts",
        "x.tsx",
        "p/a.c",
        "p/x.h",
        "x/x.h",
        "p/a.go",
        "p/a_test.go",
        "x/a.go",
    ];
    let manifests = ["Cargo.toml", "package.json", "tsconfig.json", "go.mod", "p/CMakeLists.txt"]
        .map(ToString::to_string);
    let paths = PATHS.map(ToString::to_string).into_iter().chain(manifests).collect::<Vec<_>>();
    let text = prop_oneof![
        soup(),
        prop::sample::select(vec![
            "mod x;\nuse crate::x::y;\nuse super::super::z;",
            "#[path = \"../x.rs\"] mod x; mod a { mod b; }",
            "from . import x\nfrom ... import a\nimport a.x",
            "import '.'; import './a'; import '../..'; import 'x/y'; import '@/'",
            "{\"name\": \"x\", \"exports\": {\".\": [], \"./*\": \"../*\"}}",
            "{\"compilerOptions\": {\"baseUrl\": \"..\", \"paths\": {\"*\": [\"*\"]}}}",
            "[package]\nname = \"x\"\n[lib]\npath = \"../../x.rs\"",
            "module x",
            "#include \"x.h\"\n#include <../x/x.h>\n#include_next <x.h>\n#include \"..\"\n#include \".\"\n#include \"//\"",
            "include_directories(../x ${TOP}/p ${ .. / ) -I -I.. -I$(top)/../x -I/a/b/x set(INCLUDE ..",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::btree_map(prop::sample::select(paths), text, 1..12)
        .prop_map(|files| files.into_iter().collect())
}

proptest! {
    #[test]
    fn imports_of_any_repository_are_resolved(files in repository()) {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
        let sample = Sample::new(&files);
        for (path, _) in files.iter().filter(|(path, _)| classify(path) != FileClass::Context) {
            let needs = sample.needs(path);
            prop_assert!(needs.is_sorted() && !needs.contains(path));
        }
    }

    #[test]
    fn any_text_has_a_sound_outline(source in soup()) {
        for language in all() {
            let first = outline(language.name(), "", &source, Limits::default());
            prop_assert_eq!(&first, &outline(language.name(), "", &source, Limits::default()));
            check(&first.expect("within the limits"), &source);
        }
    }
}
