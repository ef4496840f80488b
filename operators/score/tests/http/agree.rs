//! Scores are those of the model.

use std::sync::OnceLock;

use backstory_core::Digest;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::server::VOCABULARY;
use super::*;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// Servers of all kinds and their scorers, with and without start token.
fn scorers() -> &'static [(Server, Option<u32>, HttpScorer)] {
    static SCORERS: OnceLock<Vec<(Server, Option<u32>, HttpScorer)>> = OnceLock::new();
    SCORERS.get_or_init(|| {
        runtime().block_on(async {
            let mut all = vec![];
            for speaks in ALL {
                for start in [None, Some(1)] {
                    let server = Server::start(Behaviour::good(speaks)).await;
                    let scorer = connect(&server, &json!({ "start_token": start })).await.unwrap();
                    all.push((server, start, scorer));
                }
            }
            all
        })
    })
}

fn tokens(longest: usize) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0..VOCABULARY, 0..longest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn scores_are_those_of_the_model(
        context in prop::collection::vec(tokens(60), 0..3),
        candidates in prop::collection::vec(tokens(9), 0..4),
        target in tokens(20),
    ) {
        let segments: Vec<_> = context.iter().map(Vec::as_slice).collect();
        let thoughts: Vec<_> = candidates.iter().map(Vec::as_slice).collect();
        let request = request(&segments, &thoughts, &target);
        for (_, start, scorer) in scorers() {
            let scores = runtime().block_on(scorer.score(request.clone()));
            prop_assert_eq!(scores.len(), candidates.len());
            let nothing = start.is_none() && segments.concat().is_empty();
            for (score, candidate) in scores.into_iter().zip(&candidates) {
                let log_probs = score.map(|score| score.log_probs);
                let expected = match candidate {
                    _ if target.is_empty() => Err(ScoreError::EmptyTarget),
                    none if nothing && none.is_empty() => Err(ScoreError::NothingBefore),
                    _ => Ok(truth(*start, &request, candidate)),
                };
                prop_assert_eq!(log_probs, expected);
            }
        }
    }
}

#[tokio::test]
async fn the_kind_is_found_by_asking_and_recorded() {
    let names = ["sglang", "vllm", "openai-echo"];
    let mut digests: Vec<Digest> = vec![];
    for (speaks, name) in ALL.into_iter().zip(names) {
        let server = Server::start(Behaviour::good(speaks)).await;
        let scorer = connect(&server, &json!({ "start_token": 3 })).await.unwrap();
        let identity = scorer.identity();
        assert_eq!((identity.executor.as_str(), identity.start_token), (name, Some(3)));
        assert_eq!(identity.tokenizer, None);
        digests.push(identity.model);
        let again = connect(&server, &json!({ "server": name })).await.unwrap();
        assert_eq!(again.identity().model, identity.model);
        let revised = connect(&server, &json!({ "revision": "abc" })).await.unwrap();
        digests.push(revised.identity().model);
    }
    let other = Behaviour { version: "1.2.4", ..Behaviour::good(Speaks::Vllm) };
    let server = Server::start(other).await;
    digests.push(connect(&server, &json!({})).await.unwrap().identity().model);
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

#[tokio::test]
async fn common_beginnings_are_computed_once_where_servers_can() {
    let context: Vec<u32> = (100..300).collect();
    let thoughts: [&[u32]; 4] = [&[1, 2, 3], &[4, 5, 6], &[7, 8, 9], &[10, 11, 12]];
    let target: Vec<u32> = (300..310).collect();
    let request = request(&[&context], &thoughts, &target);
    let computed = async |speaks| {
        let server = Server::start(Behaviour::good(speaks)).await;
        let scorer = connect(&server, &json!({})).await.unwrap();
        server.forget();
        assert!(scorer.score(request.clone()).await.iter().all(Result::is_ok));
        (server.stats().warmed, server.stats().computed)
    };
    // All of the context once, then each thought and target.
    assert_eq!(computed(Speaks::Sglang).await, (1, 200 + 4 * 13));
    assert_eq!(computed(Speaks::Vllm).await, (0, 4 * 213));
}

#[tokio::test]
async fn servers_that_have_to_generate_are_let() {
    let good = Behaviour::good(Speaks::Echo);
    let server = Server::start(Behaviour { generates_nothing: false, ..good }).await;
    let scorer = connect(&server, &json!({})).await.unwrap();
    assert_eq!(ask(&scorer).await, expected());
    server.set(|behaviour| behaviour.fault = Some(Fault::HidesEnd));
    assert_eq!(ask(&scorer).await, expected());
}

#[tokio::test]
async fn pages_for_people_are_no_answers() {
    let server =
        Server::start(Behaviour { has_pages: true, ..Behaviour::good(Speaks::Echo) }).await;
    let scorer = connect(&server, &json!({})).await.unwrap();
    assert_eq!(ask(&scorer).await, expected());
}

#[tokio::test]
async fn tokenizers_are_compared_where_servers_have_one() {
    for speaks in ALL {
        let server = Server::start(Behaviour::good(speaks)).await;
        let scorer = connect(&server, &json!({})).await.unwrap();
        let asked = speaks != Speaks::Echo;
        assert_eq!(scorer.check_tokens("abc", &[97, 98, 99]).await, Ok(asked));
        if asked {
            let error = scorer.check_tokens("abc", &[97, 5]).await.unwrap_err().to_string();
            insta::allow_duplicates! {
                insta::assert_snapshot!(error.replace(&server.url(), "SERVER"));
            }
        }
    }
}
