//! Token ids, token spans and the loss mask of a trajectory.
//!
//! Responsible for turning text into the ids of any Hugging Face tokenizer, for carrying the spans of
//! the text over to tokens, and for the policy that says which kinds of spans are trained. Not
//! responsible for windows, packing or shifting: that is the loader's.
//!
//! # Which span a token belongs to
//!
//! A token belongs to the span that holds its **first byte**. So every token is in exactly one span, the
//! spans cover the tokens in order, and a span that is shorter than the token that began before it may
//! end up without any token. An empty span has none. Nothing of a span is trained because of a token
//! that merely ends in it.
//!
//! # Text is text
//!
//! Nothing in a text is read as a special token: a file that contains `<|end|>` is encoded as those
//! seven characters and comes back as them. And a text always comes back exactly: what a tokenizer does
//! for looks (a space before the first word, Unicode normal forms where bytes can be encoded anyway) is
//! left out, and what then still does not give back its text is refused when the operator is built, or,
//! if only some texts are concerned, when they are met.
//!
//! Tests: unit tests fix every message; property tests compare the spans with a naive reference; ids
//! are compared with those of the old implementation of the library.

mod loading;
mod sequence;
#[cfg(test)]
mod tests;
mod tokenizer;

use std::path::PathBuf;
use std::sync::Arc;

use backstory_core::{
    BuildError, Digest, Environment, Failure, FailureKind, Flow, Operator, Sequence, SpanKind,
    Stage, Trajectory, Work, closest,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tokenizer::Tokenizer;

/// Turns trajectories into token ids with a loss mask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// Path of a Hugging Face `tokenizer.json`, relative to the plan file. It has to give back exactly
    /// the text it encodes, which is checked.
    #[schemars(extend("format" = "path"))]
    pub tokenizer: PathBuf,
    /// The kinds of spans whose tokens are training targets. By default what the agents themselves
    /// produce: `requirements`, `plan`, `think`, `read`, `write` and `markup`. What the environment
    /// says (`system`, `observation`, `result`, `frame`) and `special` tokens are read, not learned.
    #[serde(default = "what_agents_produce")]
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub train: Vec<SpanKind>,
    /// A special token of the tokenizer to put before every trajectory, for instance `<|begin|>`. None by
    /// default. It is trained if `train` has `special`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin: Option<String>,
    /// A special token of the tokenizer to put after every trajectory, for instance `<|end|>`. None by
    /// default. It is trained if `train` has `special`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

fn what_agents_produce() -> Vec<SpanKind> {
    use SpanKind::{Markup, Plan, Read, Requirements, Think, Write};
    vec![Requirements, Plan, Think, Read, Write, Markup]
}

impl Operator for Mask {
    const KIND: &'static str = "mask";
    const SUMMARY: &'static str = "encodes trajectories and marks the tokens to train on";
    const TAKES: &'static [Flow] = &[Flow::Trajectory];
    const GIVES: Flow = Flow::Sequence;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        let masker = Masker::new(&self, environment)?;
        Ok(Work::Mask(Arc::new(masker)))
    }
}

/// Which kinds are trained, by position in [`SpanKind::ALL`].
#[derive(Clone, Copy, Debug)]
struct Policy([bool; SpanKind::ALL.len()]);

impl Policy {
    fn of(train: &[SpanKind]) -> Result<Self, BuildError> {
        if train.is_empty() {
            return Err(BuildError {
                key: "train",
                message: "no kind of span is trained".into(),
                hint: Some("name at least one, or leave the key out for the default".into()),
            });
        }
        Ok(Self(SpanKind::ALL.map(|kind| train.contains(&kind))))
    }

    fn trains(self, kind: SpanKind) -> bool {
        self.0[kind as usize]
    }
}

struct Masker {
    tokenizer: Tokenizer,
    digest: Digest,
    policy: Policy,
    begin: Option<u32>,
    end: Option<u32>,
}

impl Masker {
    fn new(config: &Mask, environment: &Environment<'_>) -> Result<Self, Vec<BuildError>> {
        let policy = Policy::of(&config.train);
        let loaded = loading::load(&environment.resolve(&config.tokenizer), &config.tokenizer);
        let (policy, (tokenizer, digest)) = both(policy, loaded)?;
        let begin = special(&tokenizer, "begin", config.begin.as_deref());
        let end = special(&tokenizer, "end", config.end.as_deref());
        let (begin, end) = both(begin, end)?;
        Ok(Self { tokenizer, digest, policy, begin, end })
    }
}

/// Two results, with the errors of both.
fn both<A, B>(
    a: Result<A, BuildError>,
    b: Result<B, BuildError>,
) -> Result<(A, B), Vec<BuildError>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).collect()),
    }
}

/// The id of the special token that `key` names.
fn special(
    tokenizer: &Tokenizer,
    key: &'static str,
    token: Option<&str>,
) -> Result<Option<u32>, BuildError> {
    let Some(token) = token else { return Ok(None) };
    if let Some(&id) = tokenizer.special.get(token) {
        return Ok(Some(id));
    }
    let known = || tokenizer.special.keys().map(String::as_str);
    let hint = match closest(token, known()) {
        Some(close) => format!("did you mean \"{close}\"?"),
        None if tokenizer.special.is_empty() => format!("it has none: leave \"{key}\" out"),
        None => format!("it has {}", known().take(8).collect::<Vec<_>>().join(", ")),
    };
    let message = format!("the tokenizer has no special token \"{token}\"");
    Err(BuildError { key, message, hint: Some(hint) })
}

impl backstory_core::Mask for Masker {
    fn tokenizer(&self) -> Digest {
        self.digest
    }

    fn mask(&self, trajectory: &Trajectory) -> Result<Sequence, Failure> {
        let (ids, ends) =
            self.tokenizer.encode(&trajectory.text, &trajectory.spans).map_err(failure)?;
        Ok(sequence::assemble(ids, &ends, &trajectory.spans, self))
    }

    fn decode(&self, input_ids: &[u32]) -> Result<String, Failure> {
        self.tokenizer.decode(input_ids).map_err(failure)
    }

    fn trains(&self, kind: SpanKind) -> bool {
        self.policy.trains(kind)
    }
}

fn failure(message: String) -> Failure {
    Failure::repository(Stage::Mask, FailureKind::Tokenizer, message)
}
