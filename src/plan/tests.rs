//! Messages are fixed word by word, over kinds made for the purpose: [`fakes`]. What holds for the real
//! kinds, whatever their keys are, is in [`real`]. That no text makes the checks panic is in [`mutation`].

#![allow(clippy::unwrap_used)]

mod build;
mod fakes;
mod mutation;
mod real;
mod set;
mod tables;
mod wiring;

use std::path::PathBuf;

use super::Diagnostics;
use super::load::{Context, Loaded, from_text};

/// Both arms, every sort of table.
const GOOD: &str = r#"
[source]
kind = "dir"
path = "repositories"

[models.author]
kind = "facts"

[[operator]]
kind = "parse"
languages = ["rust", "python"]

[[operator]]
kind = "graph"

[[operator]]
kind = "flatten"
name = "raw"
arm = "raw-repos"

[[operator]]
kind = "mask"
name = "raw-tokens"
tokenizer = "tokenizer.json"

[[operator]]
kind = "plan"
input = "graph"
model = "author"

[[operator]]
kind = "simulate"
model = "author"

[[operator]]
kind = "flatten"

[[operator]]
kind = "mask"
tokenizer = "${TOKENIZERS}/tokenizer.json"
train = ["write", "think"]
cut = { side = "end" }

[sink]
uri = "out"
inputs = ["raw-tokens", "mask"]

[run]
seal_seconds = 1
"#;

fn load(plan: &str, sets: &[&str]) -> Result<Loaded, Diagnostics> {
    load_in(PathBuf::from("/plans"), plan, sets)
}

/// A plan that is right.
fn good(plan: &str, sets: &[&str]) -> Loaded {
    load(plan, sets).unwrap_or_else(|wrong| panic!("{}", wrong.to_plain_string()))
}

fn load_in(base: PathBuf, plan: &str, sets: &[&str]) -> Result<Loaded, Diagnostics> {
    let context = Context {
        registry: &fakes::FAKES,
        name: "plan.toml",
        base,
        here: PathBuf::from("/here"),
        environment: &|name| (name == "TOKENIZERS").then(|| ".".to_owned()),
        tested: false,
    };
    let sets: Vec<_> = sets.iter().map(ToString::to_string).collect();
    from_text(&context, plan, &sets)
}

/// [`GOOD`] with one piece replaced.
fn changed(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old} must be there once");
    GOOD.replace(old, new)
}

/// What a reader of a wrong plan sees.
fn errors(plan: &str, sets: &[&str]) -> String {
    load(plan, sets).err().unwrap().to_plain_string()
}

/// Fixes a text in a file of its own.
macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            omit_expression => true,
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan/snapshots"),
        }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}

use snapshot;
