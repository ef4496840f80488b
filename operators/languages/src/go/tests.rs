use crate::testing::{Sample, render};

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

#[test]
fn imports_are_folders_of_modules() {
    let sample = Sample::new(&[
        ("go.mod", "// The module.\nmodule example.com/shop // v1\n\ngo 1.22\n"),
        (
            "main.go",
            "package main\nimport (\n\"fmt\"\n\"example.com/shop/store\"\n\"example.com/shop/tools/gen\"\n)",
        ),
        ("store/a.go", "package store"),
        ("store/b.go", "package store\nimport \"example.com/shop\""),
        ("store/a_test.go", "package store"),
        ("store/x_test.go", "package store_test\nimport \"example.com/shop/tools/gen\""),
        ("tools/go.mod", "module \"example.com/shop/tools\""),
        ("tools/gen/gen.go", "package gen\nimport \"example.com/shopping/store\""),
    ]);
    assert_eq!(sample.needs("main.go"), ["store/a.go", "store/b.go", "tools/gen/gen.go"]);
    assert_eq!(sample.needs("store/b.go"), ["main.go"]);
    assert_eq!(sample.needs("store/a_test.go"), ["store/a.go", "store/b.go"]);
    assert_eq!(sample.needs("store/x_test.go"), ["store/a.go", "store/b.go", "tools/gen/gen.go"]);
    assert!(sample.needs("tools/gen/gen.go").is_empty());
}
