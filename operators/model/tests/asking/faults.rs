//! What goes wrong is repeated, elsewhere or later, and given up only for good reason.

use backstory_core::Outcome;

use super::*;

/// Goes wrong at first with every question, then does not.
fn at_first(kind: Kind, times: u64) -> Scenario {
    let fault = Fault { times: Some(times), ..Fault::always(kind) };
    Scenario { faults: vec![fault], ..Scenario::default() }
}

#[tokio::test]
async fn passing_faults_lose_nothing_and_ask_nothing_twice() {
    use Kind::{
        EmptyChoice, Error500, ErrorInside, Garbage, HalfBody, HalfJson, Huge, NoChoice, Reset,
        WrongType,
    };
    let kinds = [
        EmptyChoice,
        ErrorInside,
        Garbage,
        HalfBody,
        HalfJson,
        NoChoice,
        Reset,
        WrongType,
        Error500,
    ];
    let faults = kinds.into_iter().zip([11, 13, 17, 19, 23, 29, 31, 37, 41]);
    let mut faults: Vec<_> = faults.map(|(kind, every)| Fault::every(kind, every)).collect();
    faults.push(Fault::every(Huge, 150));
    let server = Server::start(Scenario { latency_ms: 2, faults, ..Scenario::default() }).await;
    let fields = json!({ "max_in_flight": 8, "tries": { "content": 12, "transport": 12 } });
    let client = client(&[server.url()], fields, &store());
    ask_all(&client, 5, 200).await;
    let stats = server.stats();
    assert_eq!((stats.answered, stats.bodies.len()), (200, 200));
    assert!(stats.bodies.values().all(|(_, answered)| *answered == 1));
    assert_eq!(client.status().repeated, stats.requests - 200);
}

#[tokio::test]
async fn nonsense_is_given_up_after_its_tries() {
    let kinds = [
        (Kind::Garbage, "no chat completion"),
        (Kind::HalfJson, "no chat completion"),
        (Kind::WrongType, "type text/html"),
        (Kind::EmptyChoice, "an empty answer"),
        (Kind::NoChoice, "without a choice"),
        (Kind::ErrorInside, "the engine is dead"),
        (Kind::Huge, "more than 8 MiB"),
    ];
    for (kind, told) in kinds {
        let server = Server::start(at_first(kind, 3)).await;
        let client = client(&[server.url()], json!({}), &store());
        let asked = ask(&client, "q").await;
        assert!(unusable(&asked).contains(told), "{asked:?}");
        assert_eq!((asked.requests[0].tries, asked.requests[0].outcome), (3, Outcome::Unusable));
        assert_eq!((server.stats().requests, client.status().failed), (3, 1));
        assert!(ask(&client, "q").await.result.is_ok(), "it is not kept");
    }
}

#[tokio::test]
async fn tokens_of_empty_answers_are_paid() {
    let server = Server::start(at_first(Kind::EmptyChoice, 1)).await;
    let client = client(&[server.url()], json!({}), &store());
    let (once, twice) = (ask(&client, "q").await, client.status());
    assert_eq!((once.requests[0].tries, once.requests[0].prompt_tokens), (2, twice.prompt_tokens));
}

#[tokio::test]
async fn refused_questions_fail_at_once() {
    let server = Server::start(at_first(Kind::Error400, 1)).await;
    let client = client(&[server.url()], json!({}), &store());
    let asked = ask(&client, "q").await;
    assert!(unusable(&asked).contains("the prompt is too long"), "{asked:?}");
    assert_eq!((server.stats().requests, asked.requests[0].outcome), (1, Outcome::Failed));
}

#[tokio::test]
async fn a_server_that_knows_the_newer_name_only_is_asked_with_that() {
    let faults = vec![Fault::always(Kind::MaxTokens)];
    let scenario = Scenario { faults, latency_ms: 20, needs_tokens: 300, ..Scenario::default() };
    let server = Server::start(scenario).await;
    let fields = json!({ "max_in_flight": 4, "max_tokens": 300, "budget": { "requests": 9 } });
    let client = client(&[server.url()], fields, &store());
    let asked = ask_all(&client, 3, 9).await;
    assert!(asked.iter().all(|asked| asked.requests[0].tries == 1), "refusals are not paid");
    let stats = server.stats();
    assert_eq!(stats.answered, 9);
    assert!(stats.requests <= 9 + 4, "it is remembered: {}", stats.requests);
}

#[tokio::test]
async fn a_setting_that_no_server_takes_ends_the_asking() {
    let faults = vec![Fault::always(Kind::Temperature)];
    let server = Server::start(Scenario { faults, ..Scenario::default() }).await;
    let fields = json!({ "temperature": 0.5, "max_in_flight": 1 });
    let asked = ask(&client(&[server.url()], fields, &store()), "q").await;
    let message = unavailable(&asked);
    assert!(message.contains("'temperature' does not support"), "{message}");
    assert!(message.contains("leave it out of the plan"), "{message}");
    assert_eq!((server.stats().requests, asked.requests.len()), (1, 0));
    assert!(ask(&client(&[server.url()], json!({}), &store()), "q").await.result.is_ok());
}

#[tokio::test]
async fn a_question_that_breaks_servers_is_given_up_while_others_are_answered() {
    let faults = vec![Fault::on(Kind::Error500, "poison")];
    let server = Server::start(Scenario { faults, ..Scenario::default() }).await;
    let client = client(&[server.url()], json!({ "tries": { "transport": 2 } }), &store());
    let poison = ask(&client, "poison");
    let others = async {
        for number in 0.. {
            assert!(ask(&client, &format!("q{number}")).await.result.is_ok());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let asked = tokio::select! { asked = poison => asked, () = others => unreachable!() };
    assert!(unusable(&asked).contains("while others were answered"), "{asked:?}");
}

#[tokio::test]
async fn storms_of_refusals_cost_no_tries() {
    for retry_after in [None, Some("0".to_owned())] {
        let faults = vec![Fault { first: Some(18), ..Fault::always(Kind::Busy) }];
        let scenario = Scenario { latency_ms: 5, faults, retry_after, ..Scenario::default() };
        let server = Server::start(scenario).await;
        let client = client(&[server.url()], json!({ "max_in_flight": 16 }), &store());
        let asked = ask_all(&client, 5, 40).await;
        assert_eq!((server.stats().refused, server.stats().answered), (18, 40));
        assert!(asked.iter().all(|asked| asked.requests[0].tries == 1));
    }
}

#[tokio::test]
async fn stalls_end_in_time_and_are_repeated() {
    let server = Server::start(at_first(Kind::Stall, 1)).await;
    let client = client(&[server.url()], json!({ "first_byte_seconds": 1 }), &store());
    let asked = ask(&client, "q").await;
    assert_eq!((asked.requests[0].tries, asked.result.is_ok()), (2, true));
}

#[tokio::test]
async fn without_usage_costs_are_unknown_and_said_to_be() {
    let server = Server::start(at_first(Kind::NoUsage, 1)).await;
    let fields = json!({ "price": { "input": 1, "output": 1 }, "budget": { "tokens": 100 } });
    let client = client(&[server.url()], fields, &store());
    let asked = ask(&client, "q").await;
    let record = &asked.requests[0];
    assert_eq!((record.prompt_tokens, record.cost, record.outcome), (0, None, Outcome::Used));
    assert!(record.message.as_ref().is_some_and(|message| message.contains("count")));
    assert!(client.status().trouble.is_some_and(|trouble| trouble.contains("how many tokens")));
}
