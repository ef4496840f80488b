use std::time::Duration;

use backstory_core::EdgeKind;

use crate::testing::{Sample, ThreadClock, render, truth};
use crate::{Limits, outline};

const SHOP: &str = r#"//go:build linux

// Package shop sells
// things.
package shop

import (
	"fmt" // import "never"
	alias "example.com/shop/store"
	. "example.com/shop/dot"
	_ "embed"
)
import `raw`

// Too far away.

// Item is
// an item.
type Item[T any] struct {
	// Name is its name.
	Name  string `json:"name"`
	count, total int
	Base
}

/* Pricer prices. */
type Pricer interface {
	// Price gives it.
	Price(scale float64) (int, error)
	fmt.Stringer
}

type (
	// ID is a key.
	ID int
	handler func(w Writer) error
	Alias = Item[int]
)

const Limit, low int = 1, 2

const (
	// Red is red.
	Red Color = iota
	Green
)

var _ Pricer = (*Item)(nil)
var (
	// Table holds all.
	Table = map[string]int{"a": 1}
	x, y  int
)

// New makes one.
func New(name string) *Item { return &Item{Name: name} }

func (i *Item[T]) Price(scale float64) (int, error) {
	type inner struct{}
	return 0, nil
}
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("go", SHOP));
}

/// The files of a repository with two modules.
const FILES: &[(&str, &str)] = &[
    (
        "go.mod",
        "// The module.\nmodule example.com/shop // v1\n\ngo 1.22\nreplace (\n example.com/x v1.2.3 => ./forks/x\n)\n",
    ),
    (
        "main.go",
        "package main\nimport (\n\"fmt\"\n\"example.com/shop/store\"\n_ \"example.com/shop/init\"\n\"example.com/shop/tools/gen\"\n\"example.com/x\"\n)\n\
         func main() { store.A(); x.X(); gen.Gen(); func(store T) { store.B() }(fmt.T) }",
    ),
    ("init/a.go", "package a\nfunc init() {}"),
    ("init/b.go", "package a\nfunc B() {}"),
    ("store/a.go", "package store\nfunc A() { b() }"),
    ("store/b.go", "package store\nimport \"example.com/shop\"\nfunc B() {}\nfunc b() {}"),
    ("store/a_windows.go", "package store\nimport \"example.com/x\"\nfunc A() { x.X() }"),
    ("store/a_test.go", "package store\nvar Export = b"),
    (
        "store/x_test.go",
        "package store_test\nimport . \"example.com/shop/store\"\nvar x = Export + B()",
    ),
    ("forks/x/go.mod", "module example.com/y"),
    ("forks/x/x.go", "package x\nimport _ \"example.com/y/none\"\nfunc X() {}"),
    ("tools/go.mod", "module \"example.com/shop/tools\""),
    (
        "tools/gen/gen.go",
        "package gen\nimport \"example.com/shopping/store\"\nfunc Gen() { store.A() }",
    ),
];

#[test]
fn imports_lead_to_the_files_that_declare_the_names_used() {
    let sample = Sample::new(FILES);
    let inactive = EdgeKind::Inactive;
    assert_eq!(
        sample.edges("main.go"),
        [
            ("forks/x/x.go", EdgeKind::Import),
            ("init/a.go", EdgeKind::Package),
            ("store/a.go", EdgeKind::Import),
            ("store/a_windows.go", inactive),
            ("tools/gen/gen.go", inactive),
        ]
    );
    assert_eq!(sample.edges("store/a.go"), [("store/b.go", EdgeKind::SamePackage)]);
    assert_eq!(sample.edges("store/a_windows.go"), [("forks/x/x.go", inactive)]);
    assert_eq!(sample.edges("store/a_test.go"), [("store/b.go", EdgeKind::SamePackage)]);
    assert_eq!(sample.needs("store/x_test.go"), ["store/a_test.go", "store/b.go"]);
    assert!(sample.edges("tools/gen/gen.go").is_empty());
    let why = "no Go files in the folder".to_owned();
    assert_eq!(
        sample.unresolved("forks/x/x.go"),
        [("import example.com/y/none as _ []".to_owned(), why)]
    );
}

#[test]
fn repositories_without_modules() {
    let sample = Sample::new(&[
        ("a/a.go", "package a\nimport (\n\"h.org/me/it/b\"\n\"h.org/v/w\"\n)\nvar A = b.B + w.W"),
        ("b/b.go", "package b\nvar B = 1"),
        ("vendor/h.org/v/w/w.go", "package w\nvar W = 1"),
    ]);
    assert_eq!(sample.needs("a/a.go"), ["b/b.go", "vendor/h.org/v/w/w.go"]);
}

#[test]
fn workspaces_bind_modules() {
    let sample = Sample::new(&[
        ("go.work", "go 1.22\nuse (\n./a\nb\n)\nreplace h.org/c => ./c"),
        ("a/go.mod", "module h.org/a"),
        ("a/a.go", "package a\nimport (\n\"h.org/b/v2\"\n\"h.org/c\"\n)\nvar A = b.B + c.C"),
        ("b/go.mod", "module h.org/b/v2"),
        ("b/b.go", "package b\nvar B = 1"),
        ("c/go.mod", "module h.org/d"),
        ("c/c.go", "package c\nvar C = 1"),
    ]);
    assert_eq!(sample.needs("a/a.go"), ["b/b.go", "c/c.go"]);
}

#[test]
fn local_names_are_no_packages() {
    let source = r"package p

func (r *Map[K]) Get(a, b a.In, f func(c c.In) d.In) (e e.In) {
	a.No(); e.No(); K.No()
	for i := range i.In() { i.No() }
	if j := j.In(); j.No() {} else { j.No() }
	j.In2()
	switch k := k.In().(type) { case l.In: k.No() }
	select { case m := <-m.In(): m.No(); default: m.In2() }
	n, o := n.In(), 1
	{ var n = n.No(); const q = q.In }
	q.In2()
	go func(r r.In) { r.No(); t.In() }(s.In)
	type u struct { u *u; v v.In }
	var w w.In = w.In2
	w.No(); o.No()
	return x.In{Y: y.In, Z: map[string]int{bare: 1, z.In: 2}}
}
";
    let outline = outline("go", "p.go", source, Limits::default()).expect("within the limits");
    let uses: Vec<_> =
        outline.uses.iter().filter(|name| name.contains('.')).map(|n| &**n).collect();
    let all = "a.In c.In d.In e.In i.In j.In j.In2 k.In l.In m.In m.In2 n.In q.In q.In2 s.In t.In v.In w.In w.In2 x.In y.In z.In";
    assert_eq!(uses.join(" "), all);
    assert!(outline.uses.contains(&"bare".to_owned()) && !outline.uses.contains(&"Y".to_owned()));
}

#[test]
fn hostile_files_do_not_cost_their_square() {
    let source = [
        "package p\nimport (\n",
        &"\"h.org/m/a\"\n".repeat(50_000),
        ")\nfunc f() {\n",
        &"switch x := a.A.(type) { case b.B: { x := c.C } }; ".repeat(20_000),
        &(0..50_000).map(|i| format!("a.A{i}({{")).collect::<Vec<_>>().concat(),
    ]
    .concat();
    let files =
        [("go.mod", "module h.org/m"), ("a/a.go", "package a\nvar A = 1"), ("p.go", &source)];
    let start = ThreadClock::start();
    assert_eq!(Sample::new(&files).needs("p.go"), ["a/a.go"]);
    assert!(start.took() < Duration::from_secs(30));
}

#[test]
fn definitions_in_broken_code_are_seen() {
    let source = "package a\ntype A struct { b int } }\n\nfunc F() {}\n";
    assert_eq!(
        render("go", source),
        "+ type A: type A struct\n  - variable b: b int\n+ function F: func F()\npackage a\n"
    );
}

#[test]
fn modules_that_lie() {
    let sample = Sample::new(&[
        (
            "go.mod",
            "module h.org/m\nreplace (\nh.org/m => ./a\nh.org/n =>\nreplace h.org/o => ../..\nh.org/p => ./p",
        ),
        ("a/go.mod", "module h.org/m\nreplace h.org/m => ../"),
        (
            "a/a.go",
            "package a\nimport (\"h.org/m/b\"; \"h.org/p\"; \"../b\"; \"/\"; \"h.org/m/\")\nvar A = b.B + p.P",
        ),
        ("b/b.go", "package b\nvar B = 1"),
        ("p/p.go", "package p\nimport \"h.org/m/a\"\nvar P = a.A"),
        ("go.work", "use (\n./\n./a\n./none\n../out\nuse"),
        ("b/go.work", "use ..\nuse .."),
    ]);
    assert_eq!(sample.needs("a/a.go"), ["b/b.go"]);
    assert!(sample.needs("p/p.go").is_empty());
}

#[test]
fn edges_agree_with_the_tool() {
    truth("go");
}
