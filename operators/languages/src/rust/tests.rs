use crate::testing::{Sample, render};

const STORE: &str = r#"//! Keeps things.
//!
//! Safely.

#![allow(dead_code)]
use std::{collections::{BTreeMap as Map, HashMap}, fmt, self as s};
pub use crate::model::*;
use super :: Thing as Other;
extern crate alloc;
mod plain;
/// A module elsewhere.
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "win.rs")]
pub(crate) mod system;
// use nothing::here;

/// A key.
///
/// Ordered.
#[derive(Clone)] // or not
pub struct Key<T>
where
    T: Ord,
{
    /// Its value.
    pub value: T,
    secret: u8,
}

pub struct Pair(pub u8, u16);
/** How. */
pub enum How {
    /// Quickly.
    Fast = 1,
    Slow { by: u8 },
}

/// Stores.
pub trait Store: Sized {
    type Item;
    const SIZE: usize = 4;
    /// Gets.
    fn get(&self) -> Option<&Self::Item>;
    fn all(&self) { use crate::all::All; let x = "use crate::no;"; }
}

impl<T: Ord> Store for std::rc::Rc<Key<T>> {
    type Item = T;
    fn get(&self) -> Option<&T> { todo!() }
}

impl<T> Key<T> {
    //// not a doc
    pub(super) const fn new(value: T) -> Self where T: Copy { Self { value, secret: 0 } }
    pub(self) fn hide() {}
}

#[macro_export]
macro_rules! key { ($x:expr) => { use_it($x) }; }
pub const LIMIT: usize = 10;
static mut TABLE: [u8; 2] = [1, 2];
pub type Short = Key<u8>;
unsafe extern "C" { pub fn puts(s: *const u8) -> i32; }

mod tests {
    //! Tests of it.
    use super::*;
    use super::super::outer::Thing;
    use self::r#type;
    mod deeper;
    fn helper() { use self::deeper::Deep; }
}
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("rust", STORE));
}

#[test]
fn deep_groups_are_cut_short() {
    let source = format!("use {}x{};", "a::{".repeat(5000), "}".repeat(5000));
    assert_eq!(render("rust", &source), "");
}

#[test]
fn modules_are_found_by_name_and_by_path() {
    let sample = Sample::new(&[
        ("Cargo.toml", "[package]\nname = \"my-app\""),
        (
            "src/lib.rs",
            "mod a; pub mod b; #[path = \"odd/name.rs\"] mod c; mod missing; mod inline { mod d; }",
        ),
        ("src/a.rs", "mod nested;"),
        ("src/a/nested.rs", "use super::super::b::Thing;"),
        ("src/b/mod.rs", "mod nested; use nested::X;"),
        ("src/b/nested.rs", "use crate::a::{self, nested::Y, Z};"),
        ("src/odd/name.rs", "mod beside;"),
        ("src/odd/beside.rs", "use crate::Root;"),
        ("src/inline/d.rs", "use super::super::a;"),
    ]);
    assert_eq!(
        sample.needs("src/lib.rs"),
        ["src/a.rs", "src/b/mod.rs", "src/inline/d.rs", "src/odd/name.rs"]
    );
    assert_eq!(sample.needs("src/a.rs"), ["src/a/nested.rs"]);
    assert_eq!(sample.needs("src/a/nested.rs"), ["src/b/mod.rs"]);
    assert_eq!(sample.needs("src/b/mod.rs"), ["src/b/nested.rs"]);
    assert_eq!(sample.needs("src/b/nested.rs"), ["src/a.rs", "src/a/nested.rs"]);
    assert_eq!(sample.needs("src/odd/name.rs"), ["src/odd/beside.rs"]);
    assert_eq!(sample.needs("src/odd/beside.rs"), ["src/lib.rs"]);
    assert_eq!(sample.needs("src/inline/d.rs"), ["src/a.rs"]);
}

#[test]
fn crates_of_a_workspace_know_each_other() {
    let sample = Sample::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]"),
        ("one/Cargo.toml", "[package]\nname = \"one-core\"\n[lib]\npath = \"lib/main.rs\""),
        ("one/lib/main.rs", "pub mod store;"),
        ("one/lib/store.rs", "mod cells; use serde::Serialize; pub use self::cells::*;"),
        ("one/lib/store/cells.rs", "use ::one_core::store;"),
        (
            "two/Cargo.toml",
            "[package]\nname = \"two\"\n[dependencies]\nfirst = { package = \"one-core\", path = \"../one\" }\n\
             [[bin]]\nname = \"x\"\npath = \"x.rs\"",
        ),
        ("two/src/main.rs", "use first::store::Key; mod cli;"),
        ("two/src/cli.rs", "use first::Thing; use one_core::store; use crate::cli::x; fn f() { use crate::Main; }"),
        ("two/src/bin/tool.rs", "use crate::Own; use first::store::cells;"),
        ("two/x.rs", "mod cli;"),
    ]);
    assert_eq!(sample.needs("one/lib/store/cells.rs"), ["one/lib/store.rs"]);
    assert_eq!(sample.needs("two/src/main.rs"), ["one/lib/store.rs", "two/src/cli.rs"]);
    assert_eq!(sample.needs("two/src/cli.rs"), ["one/lib/main.rs", "two/src/main.rs"]);
    assert_eq!(sample.needs("two/src/bin/tool.rs"), ["one/lib/store/cells.rs"]);
    assert!(sample.needs("two/x.rs").is_empty());
}

#[test]
fn tests_and_examples_use_the_library_by_name() {
    let sample = Sample::new(&[
        ("Cargo.toml", "[package]\nname = \"a-b\""),
        ("src/lib.rs", "pub mod x;"),
        ("src/main.rs", "use a_b::x::X;"),
        ("src/x.rs", ""),
        ("tests/it.rs", "mod common; use a_b::x; use common::helper;"),
        ("tests/common/mod.rs", "use a_b::Root;"),
        ("tests/other.rs", "mod common;"),
        ("examples/show.rs", "use a_b::{x::X, Root};"),
    ]);
    assert_eq!(sample.needs("src/main.rs"), ["src/x.rs"]);
    assert_eq!(sample.needs("tests/it.rs"), ["src/x.rs", "tests/common/mod.rs"]);
    assert_eq!(sample.needs("tests/common/mod.rs"), ["src/lib.rs"]);
    assert_eq!(sample.needs("tests/other.rs"), ["tests/common/mod.rs"]);
    assert_eq!(sample.needs("examples/show.rs"), ["src/lib.rs", "src/x.rs"]);
}

#[test]
fn undeclared_files_join_where_their_path_says() {
    let sample = Sample::new(&[
        ("Cargo.toml", "[package]\nname = \"a\""),
        ("src/lib.rs", "cfg_if! { if #[cfg(unix)] { mod unix; } }"),
        ("src/unix.rs", "mod pipe; use crate::Error;"),
        ("src/unix/pipe.rs", "use super::Fd; use crate::unix;"),
        ("loose.rs", "use crate::Own; mod missing;"),
    ]);
    assert_eq!(sample.needs("src/unix.rs"), ["src/lib.rs", "src/unix/pipe.rs"]);
    assert_eq!(sample.needs("src/unix/pipe.rs"), ["src/unix.rs"]);
    assert!(sample.needs("loose.rs").is_empty());
}

#[test]
fn files_that_declare_each_other_end() {
    let sample = Sample::new(&[
        ("a.rs", "#[path = \"b.rs\"] mod b;"),
        ("b.rs", "#[path = \"a.rs\"] mod a; #[path = \"b.rs\"] mod own; use super::x;"),
    ]);
    assert_eq!(sample.needs("a.rs"), ["b.rs"]);
    assert_eq!(sample.needs("b.rs"), ["a.rs"]);
}

#[test]
fn enums_in_scope_of_blocks() {
    let sample = Sample::new(&[
        ("Cargo.toml", "[package]\nname = \"a\"\nedition = \"2021\""),
        ("src/lib.rs", "mod assets; mod event; pub use assets::*; pub use event::*;"),
        ("src/event.rs", "pub enum Event { Added, Removed }"),
        ("src/assets.rs", "use crate::{Event}; impl A { fn f() { use Event::{Added, Removed}; } } fn g() { use Event::*; }"),
    ]);
    assert_eq!(sample.needs("src/assets.rs"), ["src/event.rs", "src/lib.rs"]);
}

#[test]
fn a_sample_has_the_edges_that_rust_analyzer_sees() {
    crate::testing::truth("rust");
}
