//! Several servers.

use futures::future::join_all;

use super::*;

async fn start(count: usize, behaviour: &Behaviour) -> Vec<Server> {
    join_all((0..count).map(|_| Server::start(behaviour.clone()))).await
}

async fn pool(servers: &[Server], fields: &Value) -> Result<HttpScorer, ConnectError> {
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    let scorer = HttpScorer::connect(&config(&urls, fields)).await;
    servers.iter().for_each(Server::forget);
    scorer
}

fn texts(servers: &[Server]) -> Vec<u64> {
    servers.iter().map(|server| server.stats().texts).collect()
}

#[tokio::test]
async fn requests_with_a_common_context_stay_with_one_server() {
    let servers = start(3, &Behaviour::good(Speaks::Sglang)).await;
    let scorer = pool(&servers, &json!({})).await.unwrap();
    let common: Vec<u32> = (0..600).collect();
    for step in 0..5 {
        let request = request(&[&common, &[step]], &[&[1], &[2]], &[3]);
        assert!(scorer.score(request).await.iter().all(Result::is_ok));
    }
    let mut texts_of_one = texts(&servers);
    texts_of_one.sort_unstable();
    assert_eq!(texts_of_one, [0, 0, 10]);
    for file in 0..60 {
        assert!(scorer.score(request(&[&[file]], &[&[1]], &[3])).await[0].is_ok());
    }
    assert!(texts(&servers).iter().all(|texts| *texts >= 8), "{:?}", texts(&servers));
}

#[tokio::test]
async fn no_server_gets_more_at_once_than_it_may() {
    let behaviour = Behaviour { latency_ms: 5, ..Behaviour::good(Speaks::Vllm) };
    let servers = start(2, &behaviour).await;
    let scorer = pool(&servers, &json!({ "max_in_flight": 3 })).await.unwrap();
    let ask = async |file: u32| {
        let request = request(&[&[file]], &[&[1], &[2], &[3]], &[4, 5]);
        assert!(scorer.score(request).await.iter().all(Result::is_ok));
    };
    join_all((0..12).map(ask)).await;
    assert_eq!(texts(&servers).iter().sum::<u64>(), 36);
    assert_eq!(servers.iter().map(|server| server.stats().most).collect::<Vec<_>>(), [3, 3]);
}

#[tokio::test]
async fn what_one_server_fails_at_goes_to_another() {
    for fault in [Fault::Error500, Fault::Reset, Fault::Busy, Fault::OneEntry] {
        let servers = start(2, &Behaviour::good(Speaks::Vllm)).await;
        let scorer = pool(&servers, &json!({})).await.unwrap();
        servers[0].set(|behaviour| behaviour.fault = Some(fault));
        for file in 0..8 {
            let request = request(&[&[file]], &[&[1]], &[4, 5]);
            let truth = truth(None, &request, &[1]);
            let score = scorer.score(request).await.remove(0);
            assert_eq!(score.map(|score| score.log_probs), Ok(truth), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn servers_that_are_away_are_done_without() {
    let mut servers = start(2, &Behaviour::good(Speaks::Vllm)).await;
    let scorer = pool(&servers, &json!({})).await.unwrap();
    drop(servers.remove(0));
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    for file in 0..8 {
        assert!(scorer.score(request(&[&[file]], &[&[1]], &[4])).await[0].is_ok());
    }
}

#[tokio::test]
async fn servers_that_differ_are_refused() {
    let good = Behaviour::good(Speaks::Vllm);
    let others = [
        Behaviour { version: "1.2.4", ..good.clone() },
        Behaviour { model: "other", ..good.clone() },
        Behaviour { bias: -0.1, ..good.clone() },
        Behaviour::good(Speaks::Sglang),
    ];
    let mut all = vec![];
    for other in others {
        let servers = [Server::start(good.clone()).await, Server::start(other).await];
        let error = pool(&servers, &json!({})).await.unwrap_err().to_string();
        let error = error.replace(&servers[0].url(), "FIRST");
        all.push(error.replace(&servers[1].url(), "SECOND"));
    }
    insta::assert_snapshot!(all.join("\n"));
}
