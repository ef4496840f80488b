#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use backstory_core::{
    Answers, Definition, DefinitionKind, Digest, Graph, Import, Mode, Outline as FileOutline,
    Repository, SourceFile,
};
use futures::executor::block_on;

use super::*;

/// A file and its outline, written by hand: what is named is looked up in the text.
struct File {
    path: String,
    text: String,
    outline: FileOutline,
    needs: Vec<u32>,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            outline: FileOutline::default(),
            needs: vec![],
        }
    }

    /// The first place of `part` from the byte `from` on.
    fn find(&self, part: &str, from: u32) -> Range<u32> {
        let at = self.text[from as usize..].find(part).unwrap() as u32 + from;
        at..at + part.len() as u32
    }

    fn doc(mut self, doc: &str) -> Self {
        self.outline.doc = Some(self.find(doc, 0));
        self
    }

    fn imports(mut self, path: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).into()).collect();
        self.outline.imports.push(Import {
            path: path.into(),
            names,
            line: 1,
            ..Import::default()
        });
        self
    }

    fn needs(mut self, needs: &[u32]) -> Self {
        self.needs = needs.to_vec();
        self
    }

    fn defines(mut self, kind: DefinitionKind, signature: &str, name: &str) -> Self {
        let signature = self.find(signature, 0);
        let name = self.find(name, signature.start);
        let public = !self.text[name.start as usize..].starts_with('_');
        let range = signature.clone();
        let definition =
            Definition { kind, name, signature, doc: None, range, parent: None, public };
        self.outline.definitions.push(definition);
        self
    }

    /// Makes the last definition a member of the one at `parent`.
    fn inside(mut self, parent: u32) -> Self {
        self.outline.definitions.last_mut().unwrap().parent = Some(parent);
        self
    }

    /// Gives the last definition a doc comment.
    fn documented(mut self, doc: &str) -> Self {
        let doc = self.find(doc, 0);
        self.outline.definitions.last_mut().unwrap().doc = Some(doc);
        self
    }
}

fn structure(files: Vec<File>, order: &[u32], context: &[(&str, &str)]) -> Structure {
    let source = |file: &File| SourceFile {
        path: file.path.as_str().into(),
        language: "python",
        digest: Digest::of(&file.text),
        text: file.text.as_str().into(),
    };
    let dependencies: Vec<_> = files.iter().map(|file| file.needs.clone()).collect();
    // Two files that need each other are one component; longer circles do not occur here.
    let component = |file: usize| {
        let back = |&need: &u32| dependencies[need as usize].contains(&(file as u32));
        dependencies[file].iter().copied().filter(back).chain([file as u32]).min().unwrap()
    };
    Structure {
        repository: Arc::new(Repository {
            name: "shop".into(),
            commit: None,
            license: Some("MIT".into()),
            files: files.iter().map(source).collect(),
            context: context.iter().map(|&(path, text)| (path.into(), text.into())).collect(),
            left_out: BTreeMap::new(),
            failures: vec![],
        }),
        graph: Arc::new(Graph {
            order: order.to_vec(),
            components: (0..files.len()).map(component).collect(),
            dependencies,
            ..Graph::default()
        }),
        outlines: files.into_iter().map(|file| Arc::new(file.outline)).collect(),
    }
}

const README: &str = "\
# Shop [![build](https://x/y.svg)](https://x)

<p align=\"center\"><img src=\"logo.png\"></p>

A small shop.

Shop keeps [items](docs/items.md) and carts. A cart knows what it costs, with
discounts taken off; nothing is ever charged twice.

## Usage

    pip install shop
";

const PROJECT: &str = "\
[project]
name = \"shop\"
description = \"Carts and items\"
requires-python = \">=3.11\"
";

pub(crate) fn shop() -> Structure {
    use DefinitionKind::{Constant, Function, Method, Type, Variable};
    let cart = "\
\"\"\"Carts. They hold items.\"\"\"
import json
from .item import Item, price_of

LIMIT = 10

class Cart(Base):
    \"\"\"What somebody wants to buy.

    Longer words follow.
    \"\"\"
    def add(self, item: Item,
            count: int = 1) -> None:
        pass
    def _sum(self):
        pass

def _load(path):
    pass
";
    let cart = File::new("shop/cart.py", cart)
        .doc("\"\"\"Carts. They hold items.\"\"\"")
        .imports("json", &[])
        .imports(".item", &["Item", "price_of"])
        .needs(&[1, 2])
        .defines(Variable, "LIMIT = 10", "LIMIT")
        .defines(Type, "class Cart(Base):", "Cart")
        .documented("\"\"\"What somebody wants to buy.\n\n    Longer words follow.\n    \"\"\"")
        .defines(Method, "def add(self, item: Item,\n            count: int = 1) -> None:", "add")
        .inside(1)
        .defines(Method, "def _sum(self):", "_sum")
        .inside(1)
        .defines(Function, "def _load(path):", "_load");
    let item = "class Item:\n    pass\n\ndef price_of(item):\n    # The price.\n    pass\n";
    let item = File::new("shop/item.py", item)
        .defines(Type, "class Item:", "Item")
        .defines(Function, "def price_of(item):", "price_of")
        .documented("# The price.");
    let money = File::new("shop/money.py", "CENTS = 100\nfrom . import cart\n")
        .imports(".", &["cart"])
        .needs(&[0])
        .defines(Constant, "CENTS = 100", "CENTS");
    let test = File::new("tests/test_cart.py", "def test_add():\n    pass\n")
        .imports("shop.cart", &["Cart"])
        .needs(&[0])
        .defines(Function, "def test_add():", "test_add");
    let main = File::new("main.py", "import shop\n").imports("shop", &[]);
    let files = vec![cart, item, money, test, main];
    structure(files, &[4, 1, 2, 0, 3], &[("README.md", README), ("pyproject.toml", PROJECT)])
}

fn author() -> Arc<dyn Author> {
    let environment =
        ModelEnvironment { base: Path::new("."), answers: Answers::Rehearsed, key: &|_| None };
    Outline::default().build(&environment).unwrap()
}

fn plan(structure: &Structure) -> Plan {
    block_on(author().plan(structure)).result.unwrap()
}

fn think(structure: &Structure, file: u32, moment: Moment<'_>) -> String {
    let plan = plan(structure);
    let scene = Scene { structure, plan: &plan, file, moment, mode: Mode::Hindsight, attempt: 0 };
    block_on(author().think(&scene)).result.unwrap().text
}

#[test]
fn requirements_say_what_is_known() {
    insta::assert_snapshot!("requirements", plan(&shop()).requirements);
}

#[test]
fn plans_have_purpose_interface_and_needs() {
    insta::assert_debug_snapshot!("files", plan(&shop()).files);
}

#[test]
fn thoughts_before_reading() {
    let shop = shop();
    let thought = |file, reads: &[u32], skipped: &[u32]| {
        think(&shop, file, Moment::BeforeReading { offered: reads, skipped })
    };
    let thoughts = [
        thought(0, &[1, 2], &[]),
        thought(0, &[2], &[1]),
        thought(1, &[], &[]),
        thought(2, &[], &[]),
        thought(3, &[0], &[]),
        thought(4, &[], &[]),
    ];
    insta::assert_snapshot!("before_reading", thoughts.join("\n---\n"));
}

#[test]
fn thoughts_before_writing() {
    let shop = shop();
    let thought =
        |file, reads: &[u32]| think(&shop, file, Moment::BeforeWriting { reads, need: "" });
    let thoughts =
        [thought(0, &[1, 2]), thought(1, &[]), thought(3, &[0]), thought(4, &[])].join("\n---\n");
    insta::assert_snapshot!("before_writing", thoughts);
}

/// What makes a type fit an interface is named once; members of what is private are not offered.
#[test]
fn implementations_and_private_types() {
    use DefinitionKind::{Implementation, Method, Type};
    let text = "pub struct Key;\nimpl Key { pub fn new() -> Key {} }\nimpl fmt::Display for Key {\n\
        fn fmt(&self) {} }\nstruct _Slot;\nimpl Drop for _Slot {}\n";
    let key = File::new("key.rs", text)
        .defines(Type, "pub struct Key", "Key")
        .defines(Implementation, "impl Key", "Key")
        .defines(Method, "pub fn new() -> Key", "new")
        .inside(1)
        .defines(Implementation, "impl fmt::Display for Key", "Key")
        .defines(Method, "fn fmt(&self)", "fmt")
        .inside(3)
        .defines(Type, "struct _Slot", "_Slot")
        .defines(Implementation, "impl Drop for _Slot", "_Slot");
    let structure = structure(vec![key], &[0], &[]);
    assert_eq!(
        plan(&structure).files[0].interface,
        ["pub struct Key", "Key: pub fn new() -> Key", "impl fmt::Display for Key"]
    );
    assert_eq!(
        think(&structure, 0, Moment::BeforeWriting { reads: &[], need: "" }),
        "key.rs has to offer:\n- `pub struct Key`\n- `Key: pub fn new() -> Key`\n\
         - `impl fmt::Display for Key`\nIn this order: the struct Key, the implementation of Key, \
         the struct _Slot and the implementation of _Slot."
    );
}

/// A repository that says nothing about itself has to be described too.
#[test]
fn a_repository_of_one_file_without_a_word() {
    let structure = structure(vec![File::new("a.py", "print(1)\n")], &[0], &[]);
    let plan = plan(&structure);
    assert_eq!(
        plan.requirements,
        "It consists of 1 source file, all in python.\n\nIt keeps to this:\n- is licensed under MIT"
    );
    assert_eq!(plan.files[0].purpose, "Holds statements only, no definitions.");
    let thought = think(&structure, 0, Moment::BeforeWriting { reads: &[], need: "" });
    assert_eq!(thought, "a.py defines nothing of its own.");
}

/// Many files that all need each other, with many definitions, long and documented.
#[test]
fn everything_is_bounded() {
    let count = 60;
    let long = "argument, ".repeat(50);
    let file = |at: u32| {
        let name = |i: usize| format!("def function_{i}({long}):");
        let body = format!("\n    # {long}\n");
        let text = (0..200).map(name).collect::<Vec<_>>().join(&body) + &body;
        let mut file = File::new(&format!("folder_{at}/file_{at}.py"), &text);
        for i in 0..200 {
            file = file.defines(DefinitionKind::Function, &name(i), &format!("function_{i}"));
            file = file.documented(&format!("# {long}"));
        }
        let needs: Vec<_> = (0..count).filter(|&other| other != at).collect();
        file.needs(&needs)
    };
    let order: Vec<_> = (0..count).collect();
    let structure = structure((0..count).map(file).collect(), &order, &[]);
    let plan = plan(&structure);
    assert!(plan.requirements.len() < 8_000, "{}", plan.requirements.len());
    let longest = plan.files.iter().map(|entry| entry.interface.concat().len()).max().unwrap();
    assert!(longest < 3_000, "{longest}");
    let (reads, skipped) = order[..59].split_at(40);
    let before = think(&structure, 59, Moment::BeforeReading { offered: reads, skipped });
    assert!(before.len() < 3_000, "{}", before.len());
    let after = think(&structure, 59, Moment::BeforeWriting { reads, need: "" });
    assert!(after.len() < 16_000, "{}", after.len());
}
