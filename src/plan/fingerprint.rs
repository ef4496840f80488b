//! The digest of everything in a plan that determines rows.
//!
//! Equal digests promise equal rows from equal repositories, wherever the plan lies: files that operators
//! name count by content, not by path; models and scorers count by what determines their answers, not by where
//! they are asked; and neither names of operators nor source, sink and engine settings count: what a source gives
//! is told by the contents of its repositories.

use std::fs;
use std::path::Path;

use backstory_core::{Digest, Hasher};
use serde_json::Value as Json;

use super::kind::{ConfigKind, Kind};
use super::load::{Configured, Loaded};
use super::resolved::Arm;
use super::terms::paths;
use super::wiring::Input;

/// What a plan adds up to. `authors` and `judges` are the identities of its models and scorers, in their order.
pub(super) fn fingerprint(
    plan: &Loaded,
    authors: &[String],
    judges: &[String],
    arms: &[Arm],
) -> Digest {
    let mut hasher = Hasher::new();
    for (model, identity) in plan.models.iter().zip(authors) {
        hasher.field("model").field(&model.name).field(identity);
    }
    for (scorer, identity) in plan.scorers.iter().zip(judges) {
        hasher.field("scorer").field(&scorer.name).field(identity);
    }
    for step in &plan.operators {
        let input = match step.input {
            Input::Source => String::new(),
            Input::Operator(at) => at.to_string(),
        };
        hasher.field("operator").field(input);
        table(&mut hasher, &step.table, &plan.base);
    }
    for arm in arms {
        hasher.field("arm").field(arm.flatten.template().0).field(arm.mask.tokenizer().0);
    }
    hasher.finish()
}

fn table<K: Kind>(hasher: &mut Hasher, table: &Configured<K>, base: &Path) {
    let kind: &ConfigKind = table.kind.config();
    let mut config = table.config.clone();
    for path in paths(&table.config, &(kind.schema)()) {
        if let Ok(contents) = fs::read(base.join(path)) {
            hasher.field(Digest::of(contents).0);
            forget(&mut config, path);
        }
    }
    hasher.field(kind.name).field(config.to_string());
}

/// Blanks a path whose content counts instead.
fn forget(config: &mut Json, path: &str) {
    match config {
        Json::String(text) if text == path => text.clear(),
        Json::Array(values) => values.iter_mut().for_each(|value| forget(value, path)),
        Json::Object(keys) => keys.values_mut().for_each(|value| forget(value, path)),
        _ => {}
    }
}
