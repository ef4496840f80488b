//! Asks for the thoughts of a sub-agent.

use backstory_core::{
    AuthorError, Authored, Digest, FilePlan, Hasher, Moment, Request, Scene, Thought,
};
use backstory_model::Question;
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::json;

use super::planning::{cleaned, paths};
use super::{Answer, OpenAi, reader, rehearsal, target, unusable};
use crate::facts::Facts;

/// What a model answers before reading.
#[derive(Deserialize)]
struct Need {
    thought: String,
    #[serde(default)]
    read: Vec<String>,
}

/// One thought.
pub(super) async fn think(author: &OpenAi, scene: &Scene<'_>) -> Authored<Thought> {
    let mut requests = vec![];
    let result = match scene.moment {
        Moment::BeforeReading { .. } => need(author, scene, &mut requests).await,
        Moment::BeforeWriting { .. } => design(author, scene, &mut requests).await,
    };
    Authored { result, requests }
}

/// What is asked for a thought.
pub(super) fn question(
    author: &OpenAi,
    facts: &Facts<'_>,
    scene: &Scene<'_>,
) -> Result<Question, AuthorError> {
    let (template, schema) = match scene.moment {
        Moment::BeforeReading { .. } => ("need", Some(("need".into(), schema()))),
        Moment::BeforeWriting { .. } => ("design", None),
    };
    let values = values(author, facts, scene);
    let question = author.question(template, Some(scene.file), template, &values)?;
    Ok(Question { schema, sample: scene.attempt, ..question })
}

/// What the question for a thought and all later ones about its file are made of. Later ones may print what
/// this one does not: all values count, and the templates of all.
pub(super) fn inputs(author: &OpenAi, scene: &Scene<'_>) -> Option<Digest> {
    let facts = Facts::of(scene.structure);
    let key = author.client.key(&question(author, &facts, scene).ok()?);
    let values = serde_json::to_vec(&values(author, &facts, scene)).ok()?;
    let mut hasher = Hasher::new();
    hasher.field(&author.identity).field(author.templates.rewrite.0);
    Some(hasher.field(key.0).field(values).finish())
}

async fn need(
    author: &OpenAi,
    scene: &Scene<'_>,
    requests: &mut Vec<Request>,
) -> Result<Thought, AuthorError> {
    let facts = Facts::of(scene.structure);
    let question = question(author, &facts, scene)?;
    let stand_in = |key| rehearsal::words(author.thought_words, key);
    let repository = &facts.structure.repository.name;
    let answer = author.ask(repository, question, requests, stand_in).await?;
    match reader::object::<Need>(&answer.text) {
        Ok(Need { thought, read }) if !thought.trim().is_empty() => {
            let paths = paths(&facts);
            let read = read.iter().filter_map(|path| paths.get(cleaned(path)).copied());
            let reads = Some(read.collect());
            Ok(Thought { text: Answer::thought(answer.reasoning, &thought), reads })
        }
        Ok(_) => Err(unusable(requests, "it has no thought")),
        // Half an object is no thought.
        Err(problem) if answer.text.starts_with(['{', '`']) => Err(unusable(requests, &problem)),
        // A thought without the choice that was asked for is a thought: the graph chooses.
        Err(_) => {
            Ok(Thought { text: Answer::thought(answer.reasoning, &answer.text), reads: None })
        }
    }
}

async fn design(
    author: &OpenAi,
    scene: &Scene<'_>,
    requests: &mut Vec<Request>,
) -> Result<Thought, AuthorError> {
    let facts = Facts::of(scene.structure);
    let question = question(author, &facts, scene)?;
    let stand_in = |key| rehearsal::words(author.thought_words, key);
    let repository = &facts.structure.repository.name;
    let answer = author.ask(repository, question, requests, stand_in).await?;
    Ok(Thought { text: Answer::thought(answer.reasoning, &answer.text), reads: None })
}

fn schema() -> serde_json::Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": { "thought": text, "read": { "type": "array", "items": text } },
        "required": ["thought", "read"],
        "additionalProperties": false,
    })
}

/// What a template of a thought may print. What all files of the repository share comes first there.
pub(super) fn values(author: &OpenAi, facts: &Facts<'_>, scene: &Scene<'_>) -> Value {
    let entry = |file: u32| scene.plan.files.get(facts.positions[file as usize] as usize);
    let purpose = |file: u32| entry(file).map(|entry| entry.purpose.as_str()).unwrap_or_default();
    let common = author.common(facts.structure);
    let at_hand = match scene.moment {
        Moment::BeforeReading { offered, skipped } => {
            let offer =
                |&file: &u32| context! { path => facts.path(file), purpose => purpose(file) };
            let offered: Vec<_> = offered.iter().map(offer).collect();
            let skipped: Vec<_> = skipped.iter().map(|&file| facts.path(file).to_owned()).collect();
            context! { offered, skipped, ..common }
        }
        Moment::BeforeWriting { reads, need } => {
            let text = |file: u32| scene.structure.text(file).to_string();
            let read = |&file: &u32| context! { path => facts.path(file), text => text(file) };
            let reads: Vec<_> = reads.iter().map(read).collect();
            context! { reads, need, ..common }
        }
    };
    let line = |entry: &FilePlan| format!("- {}: {}", facts.path(entry.file), entry.purpose);
    let plan: Vec<_> = scene.plan.files.iter().map(line).collect();
    context! {
        mode => scene.mode.name(),
        requirements => scene.plan.requirements.as_str(),
        plan => target::ends(&plan.join("\n"), author.context_bytes / 4),
        path => facts.path(scene.file),
        purpose => purpose(scene.file),
        interface => entry(scene.file).map(|entry| &entry.interface),
        target => target::show(facts, scene.file, scene.mode, author.context_bytes / 2),
        words => author.thought_words,
        ..at_hand
    }
}
