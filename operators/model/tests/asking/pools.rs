//! Several servers: who is asked, what happens when they go and come back.

use std::time::Duration;

use super::*;

fn slow() -> Scenario {
    Scenario { latency_ms: 20, ..Scenario::default() }
}

async fn dead() -> String {
    let server = Server::start(Scenario::default()).await;
    let url = server.url();
    server.stop().await;
    url
}

#[tokio::test]
async fn a_repository_stays_with_its_server() {
    let servers =
        [Server::start(slow()).await, Server::start(slow()).await, Server::start(slow()).await];
    let urls = servers.each_ref().map(Server::url);
    // Room for all: ports decide where repositories are at home.
    let client = client(&urls, json!({ "max_in_flight": 120 }), &store());
    let asked = ask_all(&client, 12, 120).await;
    let mut busy = std::collections::BTreeSet::new();
    for repository in 0..12 {
        let of = asked.iter().skip(repository).step_by(12);
        let homes: std::collections::BTreeSet<_> =
            of.map(|asked| asked.requests[0].endpoint.clone()).collect();
        assert_eq!(homes.len(), 1, "repository {repository}");
        busy.extend(homes);
    }
    assert!(busy.len() > 1, "twelve repositories have more than one home");
}

#[tokio::test]
async fn a_server_with_room_helps_out() {
    let servers = [Server::start(slow()).await, Server::start(slow()).await];
    let urls = servers.each_ref().map(Server::url);
    let client = client(&urls, json!({ "max_in_flight": 2 }), &store());
    ask_all(&client, 1, 40).await;
    let stats = servers.each_ref().map(Server::stats);
    assert_eq!(stats[0].answered + stats[1].answered, 40);
    assert!(stats.iter().all(|stats| stats.most == 2 && stats.answered >= 10), "{stats:?}");
}

#[tokio::test]
async fn a_dead_server_costs_nothing_but_itself() {
    let server = Server::start(slow()).await;
    let urls = [dead().await, server.url(), dead().await];
    let client = client(&urls, json!({ "max_in_flight": 8 }), &store());
    let asked = ask_all(&client, 12, 120).await;
    assert!(asked.iter().all(|asked| asked.requests[0].tries == 1));
    assert_eq!(server.stats().answered, 120);
    let trouble = client.status().trouble.unwrap();
    assert!(trouble.starts_with("2 of 3 servers of model m: http://127.0.0.1:"), "{trouble}");
}

#[tokio::test]
async fn a_garbage_server_loses_nothing_to_the_others() {
    let faults = vec![Fault::always(Kind::Garbage)];
    let broken = Server::start(Scenario { faults, ..Scenario::default() }).await;
    let server = Server::start(slow()).await;
    let client = client(&[broken.url(), server.url()], json!({ "max_in_flight": 8 }), &store());
    ask_all(&client, 12, 120).await;
    assert_eq!(server.stats().answered, 120);
}

#[tokio::test]
async fn a_server_that_comes_back_goes_on() {
    let server = Server::start(slow()).await;
    let (address, url) = (server.address, server.url());
    let client = client(&[url], json!({ "max_in_flight": 4 }), &store());
    let all = ask_all(&client, 3, 60);
    let outage = async {
        while server.stats().answered < 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let before = server.stop().await;
        while client.status().trouble.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let trouble = client.status().trouble.unwrap();
        assert!(trouble.starts_with("no server of model m for "), "{trouble}");
        (before, Server::start_at(address, slow()).await)
    };
    let (_, (before, after)) = tokio::join!(all, outage);
    let twice = before.bodies.iter().filter(|(key, seen)| {
        seen.1 > 0 && after.stats().bodies.get(*key).is_some_and(|seen| seen.1 > 0)
    });
    // Answers that were on their way when the server went were not received.
    assert!(twice.count() <= 4);
    assert_eq!(client.status().trouble, None);
    assert_eq!(client.status().answered, 60);
}

#[tokio::test]
async fn patience_ends() {
    let urls = [dead().await, dead().await];
    let client = client(&urls, json!({ "patience_seconds": 1 }), &store());
    let texts: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let all = join_all(texts.iter().map(|text| ask(&client, text))).await;
    for asked in &all {
        let message = unavailable(asked);
        assert!(message.starts_with("no server of model m for "), "{message}");
        assert!(message.contains(&urls[0]) && message.contains(&urls[1]), "{message}");
        assert!(asked.requests.is_empty(), "nothing was sent");
    }
    assert!(unavailable(&ask(&client, "late").await).contains("no server"), "at once");
}
