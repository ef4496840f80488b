//! Answers are kept, asked for once, and found again.

use std::time::Duration;

use backstory_core::Outcome;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;

use super::*;

#[tokio::test]
async fn everything_is_asked_once_and_recalled_after_a_restart() {
    let server = Server::start(Scenario { latency_ms: 5, ..Scenario::default() }).await;
    let store = store();
    let first = client(&[server.url()], json!({ "price": { "input": 1, "output": 2 } }), &store);
    let asked = ask_all(&first, 10, 200).await;
    let stats = server.stats();
    assert_eq!((stats.requests, stats.answered, stats.bodies.len()), (200, 200, 200));
    let told = first.status();
    assert_eq!((told.answered, told.recalled, told.repeated), (200, 0, 0));
    let record = &asked[0].requests[0];
    assert_eq!((record.tries, record.outcome, record.file), (1, Outcome::Used, Some(7)));
    assert_eq!(record.endpoint.as_deref(), Some(server.url().as_str()));
    let cost = (record.prompt_tokens + 2 * record.completion_tokens) as f64 / 1e6;
    assert!(record.cost.is_some_and(|paid| (paid - cost).abs() < 1e-12 && paid > 0.0));

    // Prices, patience and place are no other question.
    let later = client(&["http://127.0.0.1:9/v1".into()], json!({ "patience_seconds": 1 }), &store);
    let recalled = ask_all(&later, 10, 200).await;
    let records = |asked: &[Asked]| asked.iter().map(|a| a.requests.clone()).collect::<Vec<_>>();
    assert_eq!(records(&recalled), records(&asked));
    assert_eq!((later.status().answered, later.status().recalled), (0, 200));
    assert_eq!(server.stats().requests, 200);
}

#[tokio::test]
async fn one_question_of_many_is_one_request() {
    let server = Server::start(Scenario { latency_ms: 50, ..Scenario::default() }).await;
    let client = client(&[server.url()], json!({}), &store());
    let all = join_all((0..50).map(|_| ask(&client, "same"))).await;
    assert_eq!(server.stats().requests, 1);
    assert!(all.iter().all(|asked| asked.result.is_ok() && asked.requests == all[0].requests));
    let other = Question { sample: 1, ..question("same") };
    assert!(client.ask("repository", other).await.result.is_ok());
    assert_eq!(server.stats().requests, 2);
}

#[tokio::test]
async fn torn_objects_are_asked_again_and_written_over() {
    let server = Server::start(Scenario::default()).await;
    let store = store();
    let urls = [server.url()];
    assert!(ask(&client(&urls, json!({}), &store), "torn").await.result.is_ok());
    let objects: Vec<_> = store.root().list(None).try_collect().await.unwrap();
    let path = &objects[0].location;
    assert_eq!((objects.len(), path.parts().count()), (1, 3));
    let whole = store.root().get(path).await.unwrap().bytes().await.unwrap();
    assert_eq!(backstory_model::owner(&whole).as_deref(), Some("repository"));
    store.root().put(path, whole.slice(..whole.len() / 2).into()).await.unwrap();
    assert!(ask(&client(&urls, json!({}), &store), "torn").await.result.is_ok());
    assert!(ask(&client(&urls, json!({}), &store), "torn").await.result.is_ok());
    assert_eq!(server.stats().requests, 2);
}

#[tokio::test]
#[cfg(unix)]
async fn without_room_on_disk_nothing_more_is_asked_and_nothing_paid_is_lost() {
    let server = Server::start(Scenario::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let disk = Place::Folder { path: folder.path().join("answers"), own: true };
    let client = Client::new(&config(&[server.url()], json!({})), disk).unwrap();
    // A folder that is not there, and cannot be made either.
    std::fs::create_dir(folder.path().join("answers")).unwrap();
    let key = client.key(&question("one")).to_string();
    let block = folder.path().join("answers").join(&key[..2]);
    std::os::unix::fs::symlink("nowhere", &block).unwrap();
    let one = ask(&client, "one").await;
    assert!(unavailable(&one).contains("could not be kept in /"), "{one:?}");
    assert_eq!((one.requests.len(), server.stats().requests), (1, 1), "it is paid");
    let two = ask(&client, "two").await;
    assert!(unavailable(&two).contains("run again"), "{two:?}");
    assert_eq!((two.requests.len(), server.stats().requests), (0, 1));
    assert!(client.status().trouble.is_some_and(|trouble| trouble.contains("kept")));

    std::fs::remove_file(&block).unwrap();
    let again = ask(&client, "one").await;
    assert_eq!(again.requests, one.requests);
    assert!(ask(&client, "two").await.result.is_ok());
    assert_eq!((server.stats().requests, client.status().recalled), (2, 1), "each once");
    assert_eq!(client.status().trouble, None);
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_sent_and_what_was_sent_is_kept() {
    let server = Server::start(Scenario { latency_ms: 100, ..Scenario::default() }).await;
    let client = client(&[server.url()], json!({ "max_in_flight": 1 }), &store());
    let both = join_all([ask(&client, "one"), ask(&client, "two")]);
    let _ = tokio::time::timeout(Duration::from_millis(50), both).await;
    while client.status().in_flight + client.status().waiting > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((server.seen("one"), server.seen("two")), ((1, 1), (0, 0)));
    assert!(ask(&client, "one").await.result.is_ok());
    assert_eq!(server.stats().requests, 1);
    assert!(ask(&client, "two").await.result.is_ok());
}

#[tokio::test]
async fn truncated_answers_are_kept_and_asked_again_with_more_room() {
    let server = Server::start(Scenario { needs_tokens: 300, ..Scenario::default() }).await;
    let (urls, store) = ([server.url()], store());
    let short = client(&urls, json!({ "max_tokens": 100 }), &store);
    for requests in [1, 1] {
        let asked = ask(&short, "long").await;
        assert!(unusable(&asked).contains("cut off after 100 tokens"));
        assert_eq!(asked.requests[0].outcome, Outcome::Truncated);
        assert_eq!(server.stats().requests, requests, "it is recalled");
    }
    let more = json!({ "max_tokens": 100, "on_truncated": "more-room", "max_tokens_limit": 350 });
    let asked = ask(&client(&urls, more, &store), "long").await;
    assert_eq!(asked.result.as_ref().unwrap().content, "echo: long");
    let outcomes: Vec<_> = asked.requests.iter().map(|request| request.outcome).collect();
    assert_eq!(outcomes, [Outcome::Truncated, Outcome::Truncated, Outcome::Used]);
    assert_eq!(server.stats().requests, 3, "100 is recalled, 200 and 350 are asked");
    let less = json!({ "max_tokens": 100, "on_truncated": "more-room", "max_tokens_limit": 250 });
    assert!(unusable(&ask(&client(&urls, less, &store), "long").await).contains("250 tokens"));
}
