#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::float_cmp,
    reason = "what is computed from equal numbers in one way is equal to the bit"
)]

mod effects;
mod frames;
mod gates;
mod naive;
mod properties;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use backstory_core::{
    AuthorError, Authored, Case, Decision, Digest, Draft, Failure, FailureKind, FilePlan, Gains,
    Graph, Halt, Hasher, Likelihood, Mode, Outcome, Outline, Plan, Repository, Request, Rewriting,
    Scene, SourceFile, Stage, Step, Thought, Trial, Unscored, Variant, Weighing,
};
use futures::executor::block_on;
use serde_json::json;

use super::*;

/// Files without dependencies, in the order given.
fn structure(files: &[(&str, &str)]) -> Structure {
    let source = |&(path, text): &(&str, &str)| SourceFile {
        path: path.into(),
        language: "python",
        digest: Digest::of(text),
        text: text.into(),
    };
    Structure {
        repository: Arc::new(Repository {
            name: "r".into(),
            commit: None,
            license: None,
            files: files.iter().map(source).collect(),
            context: BTreeMap::new(),
            left_out: BTreeMap::new(),
            failures: vec![],
        }),
        outlines: files.iter().map(|_| Arc::new(Outline::default())).collect(),
        graph: Arc::new(Graph {
            order: (0..files.len() as u32).collect(),
            components: (0..files.len() as u32).collect(),
            dependencies: vec![vec![]; files.len()],
            ..Graph::default()
        }),
    }
}

fn plan(structure: &Structure) -> Plan {
    let entry = |&file: &u32| FilePlan {
        file,
        purpose: format!("Purpose of {}.", structure.path(file)),
        interface: vec!["add(item)".into()],
        relies_on: vec![],
    };
    Plan {
        requirements: "Sell things.".into(),
        files: structure.graph.order.iter().map(entry).collect(),
    }
}

fn draft(file: u32, steps: Vec<Step>) -> Draft {
    Draft { file, steps, ..Draft::default() }
}

fn config(fields: &serde_json::Value) -> Search {
    let mut config = json!({ "model": "m", "scorer": "s" });
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(config).unwrap()
}

/// What a search has found of which a draft came.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    draft: Draft,
    /// What gates say of it.
    marks: Vec<String>,
    trials: Vec<Trial>,
}

fn run(
    searcher: &Searcher,
    structure: &Structure,
    draft: &Draft,
    control: Option<&Draft>,
) -> Authored<Found, Halt> {
    let Searched { draft, trials } = run_whole(searcher, structure, draft, control);
    draft.then(|draft| {
        let draft = draft?;
        let marks = searcher.marks(structure, draft.file, &draft.qualities, &draft.gains);
        Ok(Found { draft, marks, trials })
    })
}

fn run_whole(
    searcher: &Searcher,
    structure: &Structure,
    draft: &Draft,
    control: Option<&Draft>,
) -> Searched {
    let plan = plan(structure);
    let searching = Searching { structure, plan: &plan, draft, mode: Mode::Blinded, control };
    block_on(searcher.search(&searching))
}

fn request(text: &str) -> Request {
    Request {
        key: Digest::of(text),
        purpose: "rewrite".into(),
        file: None,
        endpoint: None,
        model: "m".into(),
        prompt_tokens: 1,
        completion_tokens: 1,
        latency_ms: 1,
        tries: 1,
        finish_reason: None,
        cost: None,
        outcome: Outcome::Used,
        message: None,
    }
}

/// Where words end.
fn ends(text: &str) -> Arc<[u32]> {
    let start = text.as_ptr().addr();
    text.split_whitespace().map(|word| (word.as_ptr().addr() - start + word.len()) as u32).collect()
}

fn words(parts: &[Arc<str>]) -> Vec<u32> {
    parts.iter().map(|part| part.split_whitespace().count() as u32).collect()
}
