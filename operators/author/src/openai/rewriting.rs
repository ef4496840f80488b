//! Asks for other thoughts in the place of one.

use backstory_core::{AuthorError, Authored, Request, Rewriting};
use backstory_model::Question;
use futures::future::join_all;
use minijinja::{Value, context};

use super::{Answer, OpenAi, rehearsal, thinking};
use crate::facts::Facts;

/// As many thoughts as are wanted, asked for at once; those of no use are left out. An error if none is left,
/// or if an answer cannot be had for now.
pub(super) async fn rewrite(author: &OpenAi, rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
    let asked = (0..rewriting.candidates).map(|candidate| one(author, rewriting, candidate));
    gathered(join_all(asked).await)
}

fn gathered(answers: Vec<Authored<String>>) -> Authored<Vec<String>> {
    let (mut texts, mut requests) = (vec![], vec![]);
    let (mut useless, mut away) = (None, None);
    for authored in answers {
        requests.extend(authored.requests);
        match authored.result {
            Ok(text) => texts.push(text),
            Err(error @ AuthorError::Unavailable(_)) => away = away.or(Some(error)),
            Err(error) => useless = useless.or(Some(error)),
        }
    }
    let useless = useless.filter(|_| texts.is_empty());
    Authored { result: away.or(useless).map_or(Ok(texts), Err), requests }
}

async fn one(author: &OpenAi, rewriting: &Rewriting<'_>, candidate: u32) -> Authored<String> {
    let mut requests = vec![];
    let result = ask(author, rewriting, candidate, &mut requests).await;
    Authored { result, requests }
}

async fn ask(
    author: &OpenAi,
    rewriting: &Rewriting<'_>,
    candidate: u32,
    requests: &mut Vec<Request>,
) -> Result<String, AuthorError> {
    let facts = Facts::of(rewriting.scene.structure);
    let question = question(author, &facts, rewriting, candidate)?;
    let stand_in = |key| rehearsal::words(author.thought_words, key);
    let repository = &facts.structure.repository.name;
    let answer = author.ask(repository, question, requests, stand_in).await?;
    Ok(Answer::thought(answer.reasoning, &answer.text))
}

/// What is asked for one of the candidates. They are different answers to one question.
pub(super) fn question(
    author: &OpenAi,
    facts: &Facts<'_>,
    rewriting: &Rewriting<'_>,
    candidate: u32,
) -> Result<Question, AuthorError> {
    let values = values(author, facts, rewriting);
    let question = author.question("rewrite", Some(rewriting.scene.file), "rewrite", &values)?;
    let sample = rewriting.round.saturating_mul(rewriting.candidates).saturating_add(candidate);
    Ok(Question { template: author.templates.rewrite, sample, ..question })
}

/// What the template may print: all that those of thoughts may, and the thought as it is by now.
pub(super) fn values(author: &OpenAi, facts: &Facts<'_>, rewriting: &Rewriting<'_>) -> Value {
    let scene = thinking::values(author, facts, &rewriting.scene);
    context! { current => rewriting.current(), ..scene }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_no_use_is_left_out_and_who_is_away_is_waited_for() {
        let useless = || AuthorError::Unusable("it is empty".into());
        let away = || AuthorError::Unavailable("no server is there".into());
        let gather = |answers: &[Result<&str, AuthorError>]| {
            let one = |answer: &Result<&str, AuthorError>| {
                let result = answer.clone().map(str::to_owned);
                Authored { result, requests: vec![] }
            };
            gathered(answers.iter().map(one).collect()).result
        };
        assert_eq!(gather(&[Ok("a"), Err(useless()), Ok("b")]), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(gather(&[Err(useless()), Err(useless())]), Err(useless()));
        assert_eq!(gather(&[Ok("a"), Err(useless()), Err(away())]), Err(away()));
        assert_eq!(gather(&[]), Ok(vec![]));
    }
}
