//! Counts what an author would ask, without asking.
//!
//! Prompts are those of a run, with stand-ins where they hold earlier answers. A stand-in is as long as is
//! asked for and says nothing, so that no gate refuses it.

use async_trait::async_trait;
use backstory_core::{
    Author, AuthorError, Authored, Digest, Outcome, Plan, Request, Rewriting, Scene, Structure,
    Thought,
};
use backstory_model::{Price, Question};

use super::planning::Part;
use super::{BYTES_PER_TOKEN, OpenAi, rewriting, thinking};
use crate::facts::Facts;
use crate::{plan, requirements};

/// An author whose requests are made up and not sent.
pub(super) struct Rehearsal {
    pub(super) author: OpenAi,
    pub(super) price: Option<Price>,
}

/// Bytes of a stand-in's word and the space after it: a rough mean of English.
const WORD: usize = 5;

impl Rehearsal {
    /// The record of a request for an answer of so many bytes.
    fn request(&self, question: &Question, answer: usize) -> Request {
        let asked = question.messages.iter().map(|message| message.content.len()).sum::<usize>();
        let [prompt_tokens, completion_tokens] =
            [asked, answer].map(|bytes| bytes.div_ceil(BYTES_PER_TOKEN) as u64);
        Request {
            key: self.author.client.key(question),
            purpose: question.purpose.to_owned(),
            file: question.file,
            endpoint: None,
            model: self.author.model.clone(),
            prompt_tokens,
            completion_tokens,
            latency_ms: 0,
            tries: 1,
            finish_reason: None,
            cost: self.price.map(|price| price.of(prompt_tokens, completion_tokens)),
            outcome: Outcome::Used,
            message: None,
        }
    }

    fn plan(
        &self,
        structure: &Structure,
        requests: &mut Vec<Request>,
    ) -> Result<Plan, AuthorError> {
        let facts = Facts::of(structure);
        let plan = Plan { requirements: requirements::write(&facts), files: plan::files(&facts) };
        let mut entries = plan.files.chunks(self.author.plan_files);
        for part in Part::all(&self.author, &structure.graph.order) {
            let question =
                Part { requirements: &plan.requirements, ..part }.question(&self.author, &facts)?;
            let of_entry = |entry: &backstory_core::FilePlan| {
                let relied_on = entry.relies_on.iter().map(|&file| facts.path(file).len());
                let texts = entry.interface.iter().map(String::len).chain(relied_on);
                let named = facts.path(entry.file).len() + entry.purpose.len();
                FRAME + named + texts.sum::<usize>()
            };
            let listed = entries.next().unwrap_or_default().iter().map(of_entry).sum::<usize>();
            let first = if part.number == 0 { plan.requirements.len() } else { 0 };
            requests.push(self.request(&question, first + listed));
        }
        Ok(plan)
    }
}

/// Bytes of names, quotes and brackets of a plan's entry: `{"path": "", "purpose": "", "interface": [""],
/// "relies_on": [""]}, `.
const FRAME: usize = 62;

#[async_trait]
impl Author for Rehearsal {
    fn identity(&self) -> String {
        self.author.identity()
    }

    async fn plan(&self, structure: &Structure) -> Authored<Plan> {
        let mut requests = vec![];
        let result = self.plan(structure, &mut requests);
        Authored { result, requests }
    }

    async fn think(&self, scene: &Scene<'_>) -> Authored<Thought> {
        let facts = Facts::of(scene.structure);
        let text = stand_in(self.author.thought_words);
        match thinking::question(&self.author, &facts, scene) {
            Ok(question) => Authored {
                requests: vec![self.request(&question, text.len())],
                result: Ok(Thought { text, reads: None }),
            },
            Err(error) => Authored { result: Err(error), requests: vec![] },
        }
    }

    fn inputs(&self, scene: &Scene<'_>) -> Option<Digest> {
        self.author.inputs(scene)
    }

    async fn rewrite(&self, rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
        let facts = Facts::of(rewriting.scene.structure);
        let text = stand_in(self.author.thought_words);
        let one = |candidate| {
            let question = rewriting::question(&self.author, &facts, rewriting, candidate)?;
            Ok(self.request(&question, text.len()))
        };
        match (0..rewriting.candidates).map(one).collect::<Result<Vec<_>, _>>() {
            Ok(requests) => Authored { result: Ok(vec![text; requests.len()]), requests },
            Err(error) => Authored { result: Err(error), requests: vec![] },
        }
    }
}

/// So many words, no two alike.
fn stand_in(words: u32) -> String {
    let letter = |number: u32| char::from(b'a' + (number % 26) as u8);
    let word = |number: u32| -> String {
        (0..WORD as u32 - 1).rev().map(|place| letter(number / 26_u32.pow(place))).collect()
    };
    (0..words).map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_as_long_as_asked_and_never_repeat() {
        let text = stand_in(3000);
        let words = text.split(' ').collect::<std::collections::BTreeSet<_>>();
        assert_eq!((words.len(), text.len()), (3000, 3000 * WORD - 1));
    }
}
