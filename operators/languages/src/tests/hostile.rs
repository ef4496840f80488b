//! Texts that nobody writes, in every language: they take no longer than others, and give a sound outline
//! or the reason why there is none.

use std::time::Duration;

use crate::testing::{ThreadClock, check};
use crate::{Language, Limits, TooComplex, all, by_name};

/// Ordinary texts in many languages.
const TEXTS: &[&str] = &[
    include_str!("../bash/sample.sh"),
    include_str!("../dart/sample.dart"),
    include_str!("../elixir/sample.ex"),
    include_str!("../haskell/Sample.hs"),
    include_str!("../julia/sample.jl"),
    include_str!("../lua/sample.lua"),
    include_str!("../ocaml/sample.ml"),
    include_str!("../ocaml/sample.mli"),
    include_str!("../r/sample.R"),
    include_str!("../scala/sample.scala"),
    include_str!("../sql/sample.sql"),
    include_str!("../swift/sample.swift"),
    include_str!("../zig/sample.zig"),
    "class A(B):\n    \"\"\"Doc.\"\"\"\n    x: int = 1\n    def f(self): import a.b as c\nif True:\n    from . import d\n",
    "package a; import b.*; public class C<T> extends D { int x = 1; void f() { new Object() { int y; }; } }\n",
    "#include <a.h>\n#define F(x) ((x) + 1)\nnamespace n { template <class T> struct S : B { int x; void f(); }; }\n",
    "<?php\nnamespace A;\nuse B\\{C, D};\n/** Doc. */\nclass E { const F = 1; function g() {} }\n",
    "require_relative 'a'\nmodule M\n  class C < D\n    attr_reader :x\n    def self.f; end\n  end\nend\n",
    "export default class A { #x = 1; static f() { return require('a'); } }\nmodule.exports = { g };\n",
];

/// The outline of `text`, if there is one, after checks; and whether it came soon enough.
fn outlined(language: &dyn Language, text: &str) -> Result<usize, TooComplex> {
    let begin = ThreadClock::start();
    let extensions = language.extensions();
    let dialects = [extensions.first(), extensions.last().filter(|_| extensions.len() > 1)];
    let paths = dialects.into_iter().flatten().map(|extension| format!("a/b.{extension}"));
    let mut definitions = Ok(0);
    for path in paths {
        definitions = language.outline(&path, text, Limits::default()).map(|outline| {
            check(&outline, text);
            let _ = outline.digest(text);
            outline.definitions.len()
        });
        if text.len() > 100_000 {
            break;
        }
    }
    let (took, name) = (begin.took(), language.name());
    assert!(took < Duration::from_mins(1), "{name}: {took:?} for {} bytes", text.len());
    definitions
}

#[test]
fn files_with_the_wrong_extension() {
    for language in all() {
        for text in TEXTS {
            let _ = outlined(*language, text);
        }
    }
}

#[test]
fn truncated_and_foreign_bytes() {
    for language in all() {
        for text in TEXTS {
            let text = text.replace("//", "é//").replace('(', "\u{1f600}(");
            let ends = (0..6).map(|part| text.len() * part / 6 + part % 4);
            for end in ends.filter(|end| *end <= text.len()) {
                let _ = outlined(*language, &String::from_utf8_lossy(&text.as_bytes()[..end]));
            }
        }
    }
}

#[test]
fn nul_bytes_and_mixed_line_ends() {
    let lines = |text: &str, ends: [&str; 3]| {
        let lines = text.lines().zip(ends.iter().cycle());
        lines.flat_map(|(line, end)| [line, end]).collect::<String>()
    };
    for language in all() {
        for text in TEXTS {
            let _ = outlined(*language, &lines(text, ["\n", "\r\n", "\r"]));
            let _ = outlined(*language, &lines(text, ["\0\n", "\n", "\u{2028}"]));
            let _ = outlined(*language, &text.replace(' ', "\0"));
            let _ = outlined(*language, &format!("\u{feff}{text}"));
        }
    }
}

#[test]
fn what_fuzzing_found() {
    let finds = [
        ("cpp", "struct {\nauto x typedule  struct\nA a"),
        ("c", "const A = struct {\n    fn hidden() void {}\r};\n\rfn b() type {}\n"),
    ];
    for (name, text) in finds {
        let _ = outlined(by_name(name).expect("registered"), text);
    }
}

#[test]
fn one_very_long_line() {
    for language in all() {
        let _ = outlined(*language, &format!("x = \"{}\"", "a".repeat(20_000_000)));
    }
}

#[test]
fn texts_of_one_kind_of_word() {
    let words = [
        "a=1;", "x ", "--", "/*", "(*", "\"", "'", "#", "\\", "@a ", "<", "$(", "${", "`", "\n ",
        "if ", "let x = ",
    ];
    for language in all() {
        for word in words {
            let _ = outlined(*language, &word.repeat(4_000 / word.len()));
        }
    }
}

#[test]
fn nested_definitions() {
    let pieces = [
        ("class A {\n", "}\n"),
        ("defmodule A do\n", "end\n"),
        ("module A\n", "end\n"),
        ("module A = struct\n", "end\n"),
        ("def f(x) = {\n", "}\n"),
        ("f <- function(x) {\n", "}\n"),
        ("f() {\n", "}\n"),
        ("const a = struct {\n", "};\n"),
        ("local f = function()\n", "end\n"),
        ("let f x =\n ", "in x\n"),
    ];
    for language in all() {
        for (open, close) in pieces {
            let _ = outlined(*language, &format!("{}{}", open.repeat(300), close.repeat(300)));
        }
    }
}
