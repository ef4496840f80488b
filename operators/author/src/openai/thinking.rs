//! Asks for the thoughts of a sub-agent.

use backstory_core::{AuthorError, Authored, Moment, Request, Scene, Thought};
use minijinja::context;
use serde::Deserialize;
use serde_json::json;

use super::planning::{cleaned, paths};
use super::{Answer, OpenAi, reader, target, unusable};
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
        Moment::BeforeReading { offered, skipped } => {
            need(author, scene, offered, skipped, &mut requests).await
        }
        Moment::BeforeWriting { reads, need } => {
            design(author, scene, reads, need, &mut requests).await
        }
    };
    Authored { result, requests }
}

async fn need(
    author: &OpenAi,
    scene: &Scene<'_>,
    offered: &[u32],
    skipped: &[u32],
    requests: &mut Vec<Request>,
) -> Result<Thought, AuthorError> {
    let facts = Facts::of(scene.structure);
    let purpose = |&file: &u32| {
        let planned = scene.plan.of(file).map(|entry| entry.purpose.as_str());
        context! { path => facts.path(file), purpose => planned.unwrap_or_default() }
    };
    let offered: Vec<_> = offered.iter().map(purpose).collect();
    let skipped: Vec<_> = skipped.iter().map(|&file| facts.path(file).to_owned()).collect();
    let values = context! { offered, skipped, ..author.scene(&facts, scene) };
    let mut question = author.question("need", Some(scene.file), "need", &values)?;
    question.sample = scene.attempt;
    question.schema = Some(("need".into(), schema()));
    let answer = author.ask(&facts.structure.repository.name, question, requests).await?;
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
    reads: &[u32],
    need: &str,
    requests: &mut Vec<Request>,
) -> Result<Thought, AuthorError> {
    let facts = Facts::of(scene.structure);
    let read =
        |&file: &u32| context! { path => facts.path(file), text => &**scene.structure.text(file) };
    let reads: Vec<_> = reads.iter().map(read).collect();
    let values = context! { reads, need, ..author.scene(&facts, scene) };
    let mut question = author.question("design", Some(scene.file), "design", &values)?;
    question.sample = scene.attempt;
    let answer = author.ask(&facts.structure.repository.name, question, requests).await?;
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

impl OpenAi {
    /// What both moments of a file are shown, what all files of the repository share first.
    fn scene(&self, facts: &Facts<'_>, scene: &Scene<'_>) -> minijinja::Value {
        let entry = scene.plan.of(scene.file);
        let mode = scene.mode.name();
        let requirements = scene.plan.requirements.as_str();
        let line = |entry: &backstory_core::FilePlan| {
            format!("- {}: {}", facts.path(entry.file), entry.purpose)
        };
        let plan: Vec<_> = scene.plan.files.iter().map(line).collect();
        let plan = target::ends(&plan.join("\n"), self.context_bytes / 4);
        let shown = target::show(facts, scene.file, scene.mode, self.context_bytes / 2);
        context! {
            mode,
            requirements,
            plan,
            path => facts.path(scene.file),
            purpose => entry.map(|entry| entry.purpose.as_str()).unwrap_or_default(),
            interface => entry.map(|entry| &entry.interface),
            target => shown,
            words => self.thought_words,
            ..self.common(facts.structure)
        }
    }
}
