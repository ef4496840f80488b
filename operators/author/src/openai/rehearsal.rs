//! Counts what an author would ask, without asking.
//!
//! Prompts are those of a run, with stand-ins where they hold earlier answers. A stand-in for a thought is as
//! long as is asked for and says nothing, so that no gate refuses it; that for a plan is one without a model.

use backstory_core::{Answers, Digest, Outcome, Request};
use backstory_model::{AskError, Asked, Price, Question, Reply};
use serde_json::json;

use super::planning::Part;
use super::{BYTES_PER_TOKEN, OpenAi};
use crate::facts::Facts;
use crate::{plan, requirements};

/// Makes answers up and sends nothing.
pub(super) struct Rehearsal {
    pub(super) price: Option<Price>,
    /// Whether answers that are kept are taken as they are. They are paid: what is counted is what is not there.
    pub(super) recalls: bool,
}

impl Rehearsal {
    /// None if answers are not to be made up.
    pub(super) fn of(answers: Answers<'_>, price: Option<Price>) -> Option<Self> {
        match answers {
            Answers::Asked(_) | Answers::Recorded { .. } => None,
            Answers::Foreseen(_) => Some(Self { price, recalls: true }),
            Answers::Rehearsed => Some(Self { price, recalls: false }),
        }
    }

    pub(super) async fn ask(
        &self,
        author: &OpenAi,
        repository: &str,
        question: Question,
        stand_in: impl FnOnce(Digest) -> String,
    ) -> Asked {
        if self.recalls {
            let Asked { result, requests } = author.client.ask(repository, question.clone()).await;
            if !matches!(result, Err(AskError::Unrecorded(_))) {
                let requests = requests.into_iter().map(Request::unpaid).collect();
                return Asked { result, requests };
            }
        }
        let key = author.client.key(&question);
        let content = stand_in(key);
        let request = self.request(author, key, &question, content.len());
        Asked { result: Ok(Reply { content, ..Reply::default() }), requests: vec![request] }
    }

    /// The record of a request for an answer of so many bytes.
    fn request(&self, author: &OpenAi, key: Digest, question: &Question, answer: usize) -> Request {
        let asked = question.messages.iter().map(|message| message.content.len()).sum::<usize>();
        let [prompt_tokens, completion_tokens] =
            [asked, answer].map(|bytes| bytes.div_ceil(BYTES_PER_TOKEN) as u64);
        Request {
            key,
            purpose: question.purpose.to_owned(),
            file: question.file,
            endpoint: None,
            model: author.model.clone(),
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
}

/// In the place of a model's plan.
pub(super) fn plan(facts: &Facts<'_>, part: &Part<'_>) -> String {
    let entry = |&file: &u32| {
        let entry = plan::entry(facts, file);
        let relies_on: Vec<_> = entry.relies_on.iter().map(|&file| facts.path(file)).collect();
        let (purpose, interface) = (entry.purpose, entry.interface);
        json!({ "path": facts.path(file), "purpose": purpose, "interface": interface, "relies_on": relies_on })
    };
    let files: Vec<_> = part.files.iter().map(entry).collect();
    let requirements = if part.number == 0 { requirements::write(facts) } else { String::new() };
    json!({ "requirements": requirements, "files": files }).to_string()
}

/// Bytes of a stand-in's word and the space after it: a rough mean of English.
const WORD: usize = 5;
/// Letters of words that are in no dictionary.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz";

/// In the place of the answer to the question of that key: so many words, no two alike, others for each question.
pub(super) fn words(number: u32, key: Digest) -> String {
    let letters = LETTERS.len() as u64;
    let word = |number: u64| -> String {
        let places = (0..WORD as u32 - 1).rev();
        places
            .map(|place| char::from(LETTERS[(number / letters.pow(place) % letters) as usize]))
            .collect()
    };
    let first = key.prefix() % letters.pow(WORD as u32 - 1);
    (0..u64::from(number)).map(|number| word(first + number)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_as_long_as_asked_and_never_repeat() {
        let text = words(3000, Digest::of("a question"));
        let distinct = text.split(' ').collect::<std::collections::BTreeSet<_>>();
        assert_eq!((distinct.len(), text.len()), (3000, 3000 * WORD - 1));
        assert_ne!(text, words(3000, Digest::of("another one")));
    }
}
