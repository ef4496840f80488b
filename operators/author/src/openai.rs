//! An author that is a language model: a main agent that plans, a sub-agent per file that thinks.
//!
//! Responsible for what a model is shown, and for what may be made of its answers. Not responsible for how
//! it is reached: that is the client's ([`backstory_model`]).
//!
//! What a model writes ends up in requirements, plan and thoughts, never in a path, an observation or a
//! file. What it is shown of a repository stands between marks that what is shown cannot hold. A prompt
//! depends on nothing but what it shows, so that a change elsewhere in a repository asks nothing anew.

mod overview;
mod planning;
mod prompts;
mod quote;
mod reader;
mod rehearsal;
mod rewriting;
mod target;
#[cfg(test)]
mod tests;
mod thinking;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use backstory_core::{
    Author, AuthorError, Authored, BuildError, Digest, Hasher, ModelEnvironment, ModelStatus,
    Outcome, Plan, Repository, Request, Rewriting, Scene, Spent, Structure, Thought,
};
use backstory_model::{Client, LocationError, Message, ModelConfig, Place, Question};
use minijinja::{Value, context};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::readme;
use prompts::{Prompts, Templates};
use rehearsal::Rehearsal;

/// A language model behind any server that speaks the chat completions of `OpenAI`: `vllm`, `sglang`,
/// `llama.cpp`, `ollama`, hosted ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OpenAiConfig {
    /// The model and how it is reached.
    #[serde(flatten)]
    pub model: ModelConfig,
    /// How much of a repository one prompt may show, in tokens, estimated as one token per four bytes.
    /// Observations come on top of it.
    #[serde(default = "usual_context")]
    #[schemars(range(min = 1000))]
    pub context_tokens: u32,
    /// Files planned in one request. Larger repositories are planned in several.
    #[serde(default = "usual_plan_files")]
    #[schemars(range(min = 1))]
    pub plan_files: u32,
    /// Most words that a thought is asked to have. A model may write more.
    #[serde(default = "usual_words")]
    #[schemars(range(min = 1))]
    pub thought_words: u32,
    /// What a thinking model reasoned before it answered: `drop` it, or `use` it as the thought, with the
    /// answer after it.
    #[serde(default)]
    pub reasoning: Reasoning,
    /// Templates that replace those of ours.
    #[serde(default)]
    pub prompts: Prompts,
    /// Where answers are kept: a folder, relative to the plan file, or a place in a bucket; in the output if
    /// left out. An answer that is there is never asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub answers: Option<String>,
}

/// What becomes of a thinking model's reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reasoning {
    /// It is left out.
    #[default]
    Drop,
    /// It stands before the thought, as a part of it.
    Use,
}

fn usual_context() -> u32 {
    16_000
}

fn usual_plan_files() -> u32 {
    40
}

fn usual_words() -> u32 {
    250
}

/// A rough mean over languages and tokenizers; prompts are bounded, not filled.
const BYTES_PER_TOKEN: usize = 4;

impl OpenAiConfig {
    /// The `kind` in a plan file.
    pub const KIND: &'static str = "openai";
    /// What it does, one line.
    pub const SUMMARY: &'static str = "asks a language model over HTTP, every answer kept";
    /// What it asks of the world outside the process.
    pub const EFFECT: Option<&'static str> = Some("LLM");

    /// Makes the author. Reads templates and environment variables; asks nothing.
    pub fn build(
        self,
        environment: &ModelEnvironment<'_>,
    ) -> Result<Arc<dyn Author>, Vec<BuildError>> {
        Ok(Arc::new(self.author(environment)?))
    }

    fn author(self, environment: &ModelEnvironment<'_>) -> Result<OpenAi, Vec<BuildError>> {
        let templates = self.prompts.load(environment.base);
        let answers = Place::of(environment.answers, self.answers.as_deref(), environment.base);
        let client = answers
            .map_err(|LocationError { message, hint }| {
                vec![BuildError { key: "answers", message, hint: Some(hint) }]
            })
            .and_then(|answers| Client::with_keys(&self.model, answers, environment.key));
        let (templates, client) = match (templates, client) {
            (Ok(templates), Ok(client)) => (templates, client),
            (templates, client) => {
                return Err([templates.err(), client.err()]
                    .into_iter()
                    .flatten()
                    .flatten()
                    .collect());
            }
        };
        Ok(OpenAi {
            identity: self.identity(templates.digest),
            rehearsal: Rehearsal::of(environment.answers, self.model.price),
            model: self.model.model,
            context_bytes: self.context_tokens as usize * BYTES_PER_TOKEN,
            plan_files: self.plan_files as usize,
            thought_words: self.thought_words,
            reasoning: self.reasoning,
            templates,
            commons: Commons::default(),
            client,
        })
    }

    /// Name, version, and a digest of all that determines answers: where they come from does not count.
    fn identity(&self, templates: Digest) -> String {
        let mut hasher = Hasher::new();
        hasher.field(self.model.identity().0).field(templates.0);
        for number in [self.context_tokens, self.plan_files, self.thought_words] {
            hasher.field(number.to_le_bytes());
        }
        hasher.field([self.reasoning as u8]);
        format!("openai/1 {} {:.12}", self.model.model, hasher.finish().to_string())
    }
}

/// The author.
pub(crate) struct OpenAi {
    identity: String,
    model: String,
    context_bytes: usize,
    plan_files: usize,
    thought_words: u32,
    reasoning: Reasoning,
    templates: Templates,
    commons: Commons,
    client: Client,
    /// None if the model is asked.
    rehearsal: Option<Rehearsal>,
}

#[async_trait]
impl Author for OpenAi {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    async fn plan(&self, structure: &Structure) -> Authored<Plan> {
        planning::plan(self, structure).await
    }

    async fn think(&self, scene: &Scene<'_>) -> Authored<Thought> {
        thinking::think(self, scene).await
    }

    fn inputs(&self, scene: &Scene<'_>) -> Option<Digest> {
        thinking::inputs(self, scene)
    }

    async fn rewrite(&self, rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
        rewriting::rewrite(self, rewriting).await
    }

    fn status(&self) -> Option<ModelStatus> {
        self.rehearsal.is_none().then(|| self.client.status())
    }

    fn charge(&self, spent: &Spent) {
        self.client.charge(spent);
    }
}

impl OpenAi {
    /// What every prompt about a repository begins with.
    fn common(&self, structure: &Structure) -> Value {
        self.commons.of(&structure.repository, |repository| {
            let readme =
                readme::text(repository).map(|text| target::ends(text, self.context_bytes / 4));
            context! { repository => &repository.name, readme }
        })
    }

    fn question(
        &self,
        purpose: &'static str,
        file: Option<u32>,
        template: &str,
        values: &Value,
    ) -> Result<Question, AuthorError> {
        let render = |name| self.templates.render(name, values).map_err(AuthorError::Unusable);
        let system = Message { role: "system", content: render("system")? };
        let user = Message { role: "user", content: render(template)? };
        Ok(Question {
            purpose,
            file,
            template: self.templates.digest,
            messages: vec![system, user],
            schema: None,
            max_tokens: None,
            sample: 0,
        })
    }

    /// The answer, never empty. In a rehearsal, `stand_in` makes it of the question's key.
    async fn ask(
        &self,
        repository: &str,
        question: Question,
        requests: &mut Vec<Request>,
        stand_in: impl FnOnce(Digest) -> String,
    ) -> Result<Answer, AuthorError> {
        let asked = match &self.rehearsal {
            None => self.client.ask(repository, question).await,
            Some(rehearsal) => rehearsal.ask(self, repository, question, stand_in).await,
        };
        requests.extend(asked.requests);
        let reply = asked.result?;
        let text = reply.content.trim().to_owned();
        if text.is_empty() {
            return Err(unusable(requests, "it is empty"));
        }
        let reasoning = reply.reasoning.filter(|_| self.reasoning == Reasoning::Use);
        Ok(Answer { text, reasoning })
    }

    /// Turns a question into the one that follows an answer of no use.
    fn repair(
        &self,
        question: &mut Question,
        answer: String,
        problem: &str,
    ) -> Result<(), AuthorError> {
        let text = self.templates.render("repair", &context! { problem });
        let text = text.map_err(AuthorError::Unusable)?;
        question.messages.push(Message { role: "assistant", content: answer });
        question.messages.push(Message { role: "user", content: text });
        Ok(())
    }
}

/// What the prompts about each repository in memory begin with: there are many about each.
#[derive(Default)]
struct Commons(Mutex<HashMap<usize, Common>>);

/// By the address of a repository, which no other has as long as it is weakly held.
type Common = (Weak<Repository>, Value);

impl Commons {
    fn of(&self, repository: &Arc<Repository>, make: impl FnOnce(&Repository) -> Value) -> Value {
        let key = Arc::as_ptr(repository) as usize;
        if let Some((_, value)) = self.lock().get(&key) {
            return value.clone();
        }
        let value = make(repository);
        let mut commons = self.lock();
        commons.retain(|_, (repository, _)| repository.strong_count() > 0);
        commons.insert(key, (Arc::downgrade(repository), value.clone()));
        value
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Common>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a model has answered.
struct Answer {
    text: String,
    /// What it reasoned before, if that is wanted.
    reasoning: Option<String>,
}

impl Answer {
    /// A thought of this answer, after the reasoning that led to it.
    fn thought(reasoning: Option<String>, text: &str) -> String {
        match reasoning {
            Some(reasoning) => format!("{}\n\n{}", reasoning.trim(), text.trim()),
            None => text.trim().to_owned(),
        }
    }
}

/// Says of the last request that its answer was of no use.
fn discard(requests: &mut [Request], problem: &str) {
    if let Some(last) = requests.last_mut() {
        last.outcome = Outcome::Unusable;
        last.message = Some(problem.to_owned());
    }
}

fn unusable(requests: &mut [Request], problem: &str) -> AuthorError {
    discard(requests, problem);
    AuthorError::Unusable(format!("the answer cannot be used: {problem}"))
}
