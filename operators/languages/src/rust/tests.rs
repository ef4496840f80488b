use backstory_core::EdgeKind;

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
        (
            "two/src/cli.rs",
            "use first::Thing; use one_core::store; use crate::cli::x; fn f() { use crate::Main; }",
        ),
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
        (
            "src/assets.rs",
            "use crate::{Event}; impl A { fn f() { use Event::{Added, Removed}; } } fn g() { use Event::*; }",
        ),
    ]);
    assert_eq!(sample.needs("src/assets.rs"), ["src/event.rs", "src/lib.rs"]);
}

#[test]
fn a_sample_has_the_edges_that_rust_analyzer_sees() {
    crate::testing::truth("rust");
}

#[test]
fn what_should_be_there_is_told() {
    let sample = Sample::new(&[
        ("Cargo.toml", "[package]\nname = \"a\"\nedition = \"2021\""),
        (
            "src/lib.rs",
            "mod x; mod gone; #[cfg(windows)] mod win; use crate::no::No; use std::fmt;",
        ),
        ("src/x.rs", "use crate::made::Made; include!(\"no.rs\"); use serde::Serialize;"),
    ]);
    let why = |(import, why): (String, String)| format!("{import}: {why}");
    let unresolved: Vec<_> = sample.unresolved("src/lib.rs").into_iter().map(why).collect();
    assert_eq!(unresolved, ["import mod gone []: no such file"]);
    let unresolved: Vec<_> = sample.unresolved("src/x.rs").into_iter().map(why).collect();
    assert_eq!(unresolved, ["import include!(\"no.rs\") []: no such file"]);
    // What a macro may have made is taken to be where it is looked for.
    assert_eq!(sample.needs("src/x.rs"), ["src/lib.rs"]);
}

#[test]
fn what_is_for_another_system_is_inactive() {
    let sample = Sample::new(&[
        ("src/lib.rs", "mod a; #[cfg(windows)] mod b; #[cfg(unix)] mod c;"),
        (
            "src/a.rs",
            "#[cfg(not(unix))] fn f() { use crate::c; } cfg_if! { if #[cfg(unix)] { use crate::c::C; } else { use crate::b::B; } }",
        ),
        ("src/b.rs", "use crate::c::C;"),
        ("src/c.rs", "#![cfg(target_os = \"macos\")] use crate::a;"),
    ]);
    let inactive = |path| (path, EdgeKind::Inactive);
    let import = |path| (path, EdgeKind::Import);
    let expected = [import("src/a.rs"), inactive("src/b.rs"), import("src/c.rs")];
    assert_eq!(sample.edges("src/lib.rs"), expected);
    assert_eq!(sample.edges("src/a.rs"), [inactive("src/b.rs"), import("src/c.rs")]);
    assert_eq!(sample.edges("src/b.rs"), [inactive("src/c.rs")]);
    assert_eq!(sample.edges("src/c.rs"), [inactive("src/a.rs")]);
}

#[test]
fn names_that_lead_to_each_other_end() {
    let own = |path: &str, text: String| (path.to_owned(), text);
    let manifest = "[package]\nname = \"circle\"\nedition = \"2021\"";
    let mut files = vec![own("Cargo.toml", manifest.to_owned())];
    let modules: Vec<String> = (0..301).map(|at| format!("pub mod m{at};")).collect();
    files.push(own("src/lib.rs", modules.concat()));
    for at in 0..300 {
        let next = at + 1;
        let text = format!("pub use crate::m{next}::*; use crate::m{at}::a as b{at};");
        let circle = "use self::x; use x as y; use y as x; use a::*;";
        files.push(own(&format!("src/m{at}.rs"), text + circle));
    }
    let files: Vec<_> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    assert_eq!(Sample::new(&files).needs("src/m7.rs"), ["src/m8.rs"]);
}

#[test]
fn macros_pass_on_what_they_are_given_and_make_what_they_say() {
    let sample = Sample::new(&[
        ("Cargo.toml", "[package]\nname = \"a\"\nedition = \"2021\""),
        (
            "src/lib.rs",
            "macro_rules! all { () => { mod made; pub use made::Made; }; ($x:ty) => { mod no; }; }\n\
             all!(); cfg_rt! { mod given; cfg_not_windows! { pub mod deep { pub mod er; } } }\n\
             cfg_windows! { mod other; } html! { <p> mod other; </p> } fn f() { q! { use made::X; } }",
        ),
        ("src/made.rs", "use crate::deep::er::Er; pub struct Made;"),
        ("src/given.rs", "use crate::Made;"),
        ("src/deep/er.rs", ""),
        ("src/other.rs", ""),
        ("src/no.rs", ""),
    ]);
    assert_eq!(sample.needs("src/lib.rs"), ["src/deep/er.rs", "src/given.rs", "src/made.rs"]);
    assert_eq!(sample.needs("src/made.rs"), ["src/deep/er.rs"]);
    assert_eq!(
        sample.edges("src/given.rs"),
        [("src/lib.rs", EdgeKind::Import), ("src/made.rs", EdgeKind::ReExport)]
    );
}
