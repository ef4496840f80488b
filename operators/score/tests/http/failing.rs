//! Servers that fail at work.

use std::fmt::Write;

use futures::future::join_all;

use super::*;

/// A server that has `fault` for the first `times` texts after it was found to be right.
async fn failing(speaks: Speaks, fault: Fault, times: u64, fields: &Value) -> (Server, HttpScorer) {
    let server = Server::start(Behaviour::good(speaks)).await;
    let mut all = json!({ "request_seconds": 1, "max_in_flight": 1 });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let scorer = connect(&server, &all).await.unwrap();
    server.set(|behaviour| (behaviour.fault, behaviour.times) = (Some(fault), times));
    (server, scorer)
}

/// What servers of each kind do in their own way, and what all do alike.
const OWN: [Fault; 5] =
    [Fault::OneEntry, Fault::Positive, Fault::OtherTokens, Fault::Cut(3), Fault::Prefixed];
const ALIKE: [Fault; 7] = [
    Fault::Busy,
    Fault::Error500,
    Fault::Reset,
    Fault::HalfJson,
    Fault::HalfBody,
    Fault::WrongType,
    Fault::ErrorInside,
];

fn faults(speaks: Speaks, others: &[Fault]) -> Vec<Fault> {
    // Where token ids do not come back, nobody can see that they are others.
    let unseen = |fault: &Fault| speaks == Speaks::Echo && *fault == Fault::OtherTokens;
    let alike = if speaks == Speaks::Sglang { others } else { &[] };
    OWN.iter().filter(|fault| !unseen(fault)).chain(alike).copied().collect()
}

#[tokio::test]
async fn passing_faults_lose_nothing() {
    let lost = async |speaks: Speaks| {
        for fault in faults(speaks, &ALIKE) {
            let (server, scorer) = failing(speaks, fault, 2, &json!({})).await;
            assert_eq!(ask(&scorer).await, expected(), "{speaks:?} {fault:?}");
            assert_eq!(server.stats().texts, 4, "{speaks:?} {fault:?}");
        }
    };
    join_all(ALL.map(lost)).await;
    for fault in [Fault::Stall, Fault::Aborted] {
        let (_server, scorer) = failing(Speaks::Sglang, fault, 1, &json!({})).await;
        assert_eq!(ask(&scorer).await, expected());
    }
}

#[tokio::test]
async fn lasting_faults_are_errors_never_scores() {
    let told = async |speaks: Speaks| {
        let mut all = String::new();
        let final_ones = [Fault::Error400, Fault::Error401];
        let numbers = [Fault::Nulls, Fault::Nan, Fault::Infinity];
        let faults = faults(speaks, &[&ALIKE[..], &final_ones].concat());
        for fault in faults.into_iter().chain(numbers) {
            let fields = json!({ "tries": 2, "patience_seconds": 1 });
            let (server, scorer) = failing(speaks, fault, u64::MAX, &fields).await;
            if fault == Fault::Busy {
                server.set(|behaviour| behaviour.retry_after = Some("7"));
            }
            let errors = ask(&scorer).await.into_iter().map(Result::unwrap_err);
            let told = errors.map(|error| format!("{error:?}").replace(&server.url(), "SERVER"));
            let mut told: Vec<_> = told.collect();
            told.dedup();
            writeln!(all, "{speaks:?}, {fault:?}:\n  {}", told.join("\n  ")).unwrap();
        }
        all
    };
    insta::assert_snapshot!(join_all(ALL.map(told)).await.concat());
}

#[tokio::test]
async fn busy_servers_are_waited_for_and_cost_no_tries() {
    let (server, scorer) = failing(Speaks::Vllm, Fault::Busy, 6, &json!({ "tries": 1 })).await;
    assert_eq!(ask(&scorer).await, expected());
    assert_eq!(server.stats().texts, 8);
}

#[tokio::test]
async fn too_long_texts_are_refused_whether_the_limit_is_told_or_not() {
    let long: Vec<u32> = (0..200).collect();
    let exact: Vec<u32> = (0..98).collect();
    for speaks in ALL {
        for tells_limit in [true, false] {
            let behaviour =
                Behaviour { max_model_len: 100, tells_limit, ..Behaviour::good(speaks) };
            let server = Server::start(behaviour).await;
            let scorer = connect(&server, &json!({})).await.unwrap();
            server.forget();
            let score = async |context: &[u32]| {
                let request = request(&[context], &[&[]], &[5]);
                scorer.score(request).await.remove(0).map(|score| score.tokens())
            };
            assert_eq!(score(&exact).await, Ok(1), "{speaks:?}");
            match score(&long).await {
                Err(ScoreError::TooLong { tokens: 201, limit: 99 | 100 }) => {}
                other => panic!("{speaks:?}: {other:?}"),
            }
            assert_eq!(server.stats().texts, if tells_limit { 1 } else { 2 }, "{speaks:?}");
            assert_eq!(scorer.limit(), tells_limit.then_some(99));
        }
    }
}

#[tokio::test]
async fn limits_can_be_given() {
    let server = Server::start(Behaviour::good(Speaks::Echo)).await;
    let scorer = connect(&server, &json!({ "context_tokens": 8 })).await.unwrap();
    let too_long = Err(ScoreError::TooLong { tokens: 9, limit: 8 });
    assert_eq!(ask(&scorer).await, [too_long, expected().remove(1)]);
}
