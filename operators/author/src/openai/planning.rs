//! Asks for requirements and plan, checks what comes, and asks once more for what was wrong.

use std::collections::HashMap;

use backstory_core::{AuthorError, Authored, FilePlan, Plan, Request, Structure};
use backstory_model::Question;
use futures::future::join_all;
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::json;

use super::{OpenAi, discard, overview, reader, rehearsal};
use crate::facts::Facts;

/// What a model answers.
#[derive(Deserialize)]
struct Answer {
    /// Only the first part of a plan has them.
    #[serde(default)]
    requirements: String,
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    interface: Vec<String>,
    #[serde(default)]
    relies_on: Vec<String>,
}

/// The plan of a repository: in one answer, or in parts of so many files that an answer has room for them.
/// The first part brings the requirements, which the others are shown; those are asked for all at once.
pub(super) async fn plan(author: &OpenAi, structure: &Structure) -> Authored<Plan> {
    let facts = Facts::of(structure);
    let mut requests = vec![];
    let result = parts(author, &facts, &mut requests).await;
    Authored { result, requests }
}

async fn parts(
    author: &OpenAi,
    facts: &Facts<'_>,
    requests: &mut Vec<Request>,
) -> Result<Plan, AuthorError> {
    let order = &facts.structure.graph.order;
    let mut parts = Part::all(author, order);
    let Some(first) = parts.next() else {
        return Ok(Plan { requirements: String::new(), files: vec![] });
    };
    let (requirements, mut files) = first.ask(author, facts, requests).await?;
    let others = parts.map(|part| {
        let part = Part { requirements: &requirements, ..part };
        async move {
            let mut requests = vec![];
            let result = part.ask(author, facts, &mut requests).await;
            (result, requests)
        }
    });
    // All are waited for, also when one fails: what they ask is paid, and belongs into the ledger.
    let (results, asked): (Vec<_>, Vec<_>) = join_all(others).await.into_iter().unzip();
    requests.extend(asked.into_iter().flatten());
    for result in results {
        files.extend(result?.1);
    }
    Ok(Plan { requirements, files })
}

/// Some files of a plan.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) number: usize,
    pub(super) of: usize,
    pub(super) files: &'a [u32],
    /// Empty in the first part.
    pub(super) requirements: &'a str,
}

impl<'a> Part<'a> {
    /// The parts of a plan of all files, without requirements.
    pub(super) fn all(author: &OpenAi, order: &'a [u32]) -> impl Iterator<Item = Self> {
        let parts = order.chunks(author.plan_files);
        let of = parts.len();
        parts.enumerate().map(move |(number, files)| Part { number, of, files, requirements: "" })
    }

    async fn ask(
        &self,
        author: &OpenAi,
        facts: &Facts<'_>,
        requests: &mut Vec<Request>,
    ) -> Result<(String, Vec<FilePlan>), AuthorError> {
        let mut question = self.question(author, facts)?;
        let repository = &facts.structure.repository.name;
        let stand_in = |_| rehearsal::plan(facts, self);
        let first = author.ask(repository, question.clone(), requests, stand_in).await?;
        let problem = match self.read(facts, &first.text) {
            Ok(read) => return Ok(read),
            Err(problem) => problem,
        };
        discard(requests, &problem);
        author.repair(&mut question, first.text, &problem)?;
        let second = author.ask(repository, question, requests, stand_in).await?;
        self.read(facts, &second.text).map_err(|problem| {
            discard(requests, &problem);
            AuthorError::Unusable(format!(
                "the plan cannot be used, also when asked again: {problem}"
            ))
        })
    }

    pub(super) fn question(
        &self,
        author: &OpenAi,
        facts: &Facts<'_>,
    ) -> Result<Question, AuthorError> {
        let (template, values) = self.values(author, facts);
        let mut question = author.question("plan", None, template, &values)?;
        question.schema = Some(("plan".into(), schema(self.number == 0)));
        Ok(question)
    }

    pub(super) fn values(&self, author: &OpenAi, facts: &Facts<'_>) -> (&'static str, Value) {
        let budget = author.context_bytes;
        let listed: Vec<_> = self
            .files
            .iter()
            .map(|&file| {
                let needs = facts.needs(file).into_iter().filter(|&n| facts.precedes(n, file));
                let needs: Vec<_> = needs.map(|need| facts.path(need).to_owned()).collect();
                context! { path => facts.path(file), needs }
            })
            .collect();
        let order = &facts.structure.graph.order;
        let common = author.common(facts.structure);
        let values = if self.of == 1 {
            let overview = overview::describe(facts, order, budget);
            context! { overview, files => listed, ..common }
        } else {
            // The first half is the same in all parts, so that a server can keep what it made of it.
            let overview = overview::describe(facts, order, budget / 2);
            let details = overview::describe(facts, self.files, budget / 2);
            let (part, parts, requirements) = (self.number + 1, self.of, self.requirements);
            context! { overview, details, part, parts, requirements, files => listed, ..common }
        };
        // Requirements come with the first part.
        (if self.number == 0 { "plan" } else { "plan_part" }, values)
    }

    /// The entries in the order of implementation, if there is one for each file and no other. What an entry
    /// relies on is what the repository has and writes earlier; the rest of it is dropped, for a plan is
    /// made of intentions.
    pub(super) fn read(
        &self,
        facts: &Facts<'_>,
        answer: &str,
    ) -> Result<(String, Vec<FilePlan>), String> {
        let answer: Answer = reader::object(answer)?;
        if self.number == 0 && answer.requirements.trim().is_empty() {
            return Err("it has no requirements".to_owned());
        }
        let mut entries = HashMap::new();
        let mut invented = vec![];
        let known: HashMap<_, _> =
            self.files.iter().map(|&file| (facts.path(file), file)).collect();
        for entry in answer.files {
            match known.get(cleaned(&entry.path)) {
                Some(&file) if entries.contains_key(&file) => {
                    return Err(format!("\"{}\" has two entries", facts.path(file)));
                }
                Some(&file) => drop(entries.insert(file, entry)),
                None => invented.push(entry.path),
            }
        }
        let missing: Vec<_> =
            self.files.iter().filter(|file| !entries.contains_key(file)).collect();
        match (&missing[..], &invented[..]) {
            ([], []) => {}
            ([], [path, ..]) => return Err(format!("\"{path}\" is none of the files listed")),
            ([file, rest @ ..], _) => {
                let path = facts.path(**file);
                return Err(match rest.len() {
                    0 => format!("\"{path}\" has no entry"),
                    more => format!("\"{path}\" and {more} other files have no entry"),
                });
            }
        }
        let paths = paths(facts);
        let files = self.files.iter().filter_map(|file| {
            entries.remove(file).map(|entry| file_plan(facts, &paths, *file, entry))
        });
        Ok((answer.requirements.trim().to_owned(), files.collect()))
    }
}

/// Every file by its path.
pub(super) fn paths<'a>(facts: &Facts<'a>) -> HashMap<&'a str, u32> {
    let files = 0..facts.structure.repository.files.len() as u32;
    files.map(|file| (facts.path(file), file)).collect()
}

/// A path without what models like to put around it.
pub(super) fn cleaned(path: &str) -> &str {
    let path = path.trim().trim_matches(['`', '"', '\'']);
    path.strip_prefix("./").unwrap_or(path)
}

fn file_plan(facts: &Facts<'_>, paths: &HashMap<&str, u32>, file: u32, entry: Entry) -> FilePlan {
    let named = entry.relies_on.iter().filter_map(|path| paths.get(cleaned(path)).copied());
    let mut relies_on: Vec<_> = named.filter(|&other| facts.precedes(other, file)).collect();
    relies_on.sort_unstable_by_key(|&other| facts.positions[other as usize]);
    relies_on.dedup();
    let interface = entry.interface.into_iter().filter(|item| !item.trim().is_empty()).collect();
    FilePlan { file, purpose: entry.purpose.trim().to_owned(), interface, relies_on }
}

fn schema(with_requirements: bool) -> serde_json::Value {
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    let entry = json!({
        "type": "object",
        "properties": { "path": text, "purpose": text, "interface": texts, "relies_on": texts },
        "required": ["path", "purpose", "interface", "relies_on"],
        "additionalProperties": false,
    });
    let files = json!({ "type": "array", "items": entry });
    if with_requirements {
        json!({
            "type": "object",
            "properties": { "requirements": text, "files": files },
            "required": ["requirements", "files"],
            "additionalProperties": false,
        })
    } else {
        json!({
            "type": "object",
            "properties": { "files": files },
            "required": ["files"],
            "additionalProperties": false,
        })
    }
}
