//! Servers that answer wrongly are refused, and it is said why.

use std::fmt::Write;

use futures::future::join_all;

use super::*;

/// What is said of a server that always has `fault`; nothing if it is taken.
async fn told(speaks: Speaks, fault: Fault) -> String {
    let server = Server::start(Behaviour::faulty(speaks, fault)).await;
    let fields = json!({ "tries": 1, "request_seconds": 1 });
    match connect(&server, &fields).await {
        Ok(_) => "taken".into(),
        Err(error) => error.to_string().replace(&server.url(), "SERVER"),
    }
}

#[tokio::test]
async fn wrong_answers() {
    let faults = [
        Fault::OneEntry,
        Fault::NextToken,
        Fault::LastToken,
        Fault::Stale,
        Fault::Zeros,
        Fault::Positive,
        Fault::Nulls,
        Fault::Nan,
        Fault::Infinity,
        Fault::OtherTokens,
        Fault::Cut(60),
        Fault::Prefixed,
        Fault::Coarse,
    ];
    let all = join_all(ALL.map(async |speaks: Speaks| {
        let mut all = String::new();
        for fault in faults {
            writeln!(all, "{speaks:?}, {fault:?}:\n  {}", told(speaks, fault).await).unwrap();
        }
        all
    }));
    let all = all.await.concat();
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn no_answers() {
    let faults = [
        Fault::Error400,
        Fault::Error401,
        Fault::Error500,
        Fault::Reset,
        Fault::Stall,
        Fault::HalfJson,
        Fault::HalfBody,
        Fault::WrongType,
        Fault::ErrorInside,
        Fault::Aborted,
    ];
    let mut all = String::new();
    for fault in faults {
        writeln!(all, "{fault:?}:\n  {}", told(Speaks::Sglang, fault).await).unwrap();
    }
    writeln!(all, "Echo refused:\n  {}", told(Speaks::Echo, Fault::Error400).await).unwrap();
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn a_tolerance_can_be_given() {
    let coarse = Behaviour::faulty(Speaks::Vllm, Fault::Coarse);
    let server = Server::start(coarse).await;
    assert!(connect(&server, &json!({})).await.is_err());
    assert!(connect(&server, &json!({ "tolerance": 0.05 })).await.is_ok());
}

#[tokio::test]
async fn models_have_to_be_there() {
    let server = Server::start(Behaviour::good(Speaks::Vllm)).await;
    let error = connect(&server, &json!({ "model": "other" })).await.unwrap_err();
    insta::assert_snapshot!(error.to_string().replace(&server.url(), "SERVER"));
}

#[tokio::test]
async fn nothing_is_there() {
    let server = Server::start(Behaviour::good(Speaks::Vllm)).await;
    let url = server.url();
    drop(server);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let error = HttpScorer::connect(&config(&[url], &json!({ "tries": 2 }))).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn keys_are_sent_and_not_told() {
    const KEY: &str = "sk-very-secret";
    let keyed = |key| Behaviour { key, ..Behaviour::good(Speaks::Sglang) };
    let known = |name: &str| (name == "THE_KEY").then(|| KEY.to_owned());
    let right = Server::start(keyed(Some(KEY))).await;
    let fields = json!({ "api_key": "THE_KEY" });
    let scorer =
        HttpScorer::connect_with_keys(&config(&[right.url()], &fields), &known).await.unwrap();
    assert_eq!(right.stats().keys, [format!("Bearer {KEY}")]);
    right.set(|behaviour| behaviour.key = Some("changed"));
    let told = format!("{scorer:?} {:?}", ask(&scorer).await);
    assert!(!told.contains("secret") && told.contains("check the key in THE_KEY"), "{told}");

    let wrong = Server::start(keyed(Some("other"))).await;
    let error = HttpScorer::connect_with_keys(&config(&[wrong.url()], &fields), &known).await;
    let error = error.unwrap_err().to_string();
    insta::assert_snapshot!(error.replace(&wrong.url(), "SERVER"));
    let error = HttpScorer::connect(&config(&[wrong.url()], &fields)).await.unwrap_err();
    insta::assert_snapshot!(error.to_string());
}
