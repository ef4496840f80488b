//! Budgets hold, whatever goes wrong.

use std::path::Path;

use backstory_core::Spent;

use super::*;

async fn ask_many(client: &Client, count: usize) -> Vec<Asked> {
    let texts: Vec<_> = (0..count).map(|number| format!("q{number}")).collect();
    join_all(texts.iter().map(|text| ask(client, text))).await
}

#[tokio::test]
async fn requests_are_exact() {
    let faults = vec![Fault::every(Kind::Busy, 3)];
    let server = Server::start(Scenario { latency_ms: 5, faults, ..Scenario::default() }).await;
    let store = store();
    let spent = Spent { requests: 980, ..Spent::default() };
    let fields = json!({ "budget": { "requests": 1000 } });
    let client = client(&[server.url()], fields, &store);
    client.charge(&spent);
    let asked = ask_many(&client, 50).await;
    let answered = asked.iter().filter(|asked| asked.result.is_ok()).count();
    assert_eq!((answered, server.stats().answered), (20, 20));
    let told = "the budget of 1,000 requests of model m is spent; raise it and run again to go on";
    for asked in asked.iter().filter(|asked| asked.result.is_err()) {
        assert_eq!((unavailable(asked), asked.requests.len()), (told, 0));
    }
    assert_eq!(client.status().trouble.as_deref(), Some(told));

    let mut ledger = spent;
    asked.iter().flat_map(|asked| &asked.requests).for_each(|request| ledger.add(&request.into()));
    assert_eq!(ledger.requests, 1000, "the ledger says the same");
    let more = json!({ "budget": { "requests": 1005 } });
    let again = super::client(&[server.url()], more, &store);
    again.charge(&ledger);
    let asked = ask_many(&again, 50).await;
    assert_eq!(asked.iter().filter(|asked| asked.result.is_ok()).count(), 25);
    assert_eq!((again.status().recalled, server.stats().answered), (20, 25));
}

/// A client whose answers are in a folder, with a budget.
fn frugal(server: &Server, folder: &Path, own: bool, requests: u64) -> Client {
    let fields = json!({ "budget": { "requests": requests } });
    let place = Place::Folder { path: folder.to_owned(), own };
    Client::new(&config(&[server.url()], fields), place).unwrap()
}

#[tokio::test]
async fn what_a_killed_run_paid_counts_once_it_is_recalled() {
    let server = Server::start(Scenario::default()).await;
    let folder = tempfile::tempdir().unwrap();
    ask_many(&frugal(&server, folder.path(), true, 100), 6).await;
    let later = frugal(&server, folder.path(), true, 10);
    for _ in 0..2 {
        assert!(ask_many(&later, 6).await.iter().all(|asked| asked.result.is_ok()));
    }
    let asked = ask_many(&later, 20).await;
    assert_eq!(asked.iter().filter(|asked| asked.result.is_ok()).count(), 10);
    assert_eq!(server.stats().answered, 10);

    let other = frugal(&server, folder.path(), false, 3);
    let asked = ask_many(&other, 20).await;
    assert_eq!(
        asked.iter().filter(|asked| asked.result.is_ok()).count(),
        13,
        "others paid for ten"
    );
}

#[tokio::test]
async fn unreadable_answers_count() {
    let server = Server::start(Scenario {
        faults: vec![Fault::always(Kind::Garbage)],
        ..Scenario::default()
    })
    .await;
    let client = client(&[server.url()], json!({ "budget": { "requests": 4 } }), &store());
    ask_many(&client, 5).await;
    assert_eq!(server.stats().requests, 4);
}

#[tokio::test]
async fn tokens_and_money_stop_what_is_not_sent_yet() {
    for budget in [json!({ "tokens": 100 }), json!({ "money": 1e-4 })] {
        let server = Server::start(Scenario { latency_ms: 5, ..Scenario::default() }).await;
        let fields = json!({
            "budget": budget, "price": { "input": 1, "output": 1 }, "max_in_flight": 2,
        });
        let client = client(&[server.url()], fields, &store());
        let asked = ask_many(&client, 50).await;
        let tokens: u64 = asked
            .iter()
            .flat_map(|asked| &asked.requests)
            .map(|request| request.prompt_tokens + request.completion_tokens)
            .sum();
        let most = tokens / server.stats().answered + 1;
        assert!((100..100 + 2 * most).contains(&tokens), "{tokens}");
        assert!(unavailable(&asked[49]).contains("is spent"));
    }
}
