//! Keys reach the server, and nobody else.

use std::fmt::Write;

use futures::TryStreamExt;
use object_store::ObjectStoreExt;

use super::*;

const KEY: &str = "sk-very-secret-0123456789";

fn with_key(url: &str, fields: Value, store: &Location) -> Client {
    let key = |name: &str| (name == "THE_KEY").then(|| KEY.to_owned());
    let mut config = config(&[url.to_owned()], fields);
    config.api_key = Some("THE_KEY".into());
    Client::with_keys(&config, kept_in(store), &key).unwrap()
}

#[tokio::test]
async fn no_key_is_told() {
    let mut told = String::new();
    let store = store();
    let kinds = [Kind::Error400, Kind::Error401, Kind::Error404, Kind::Garbage, Kind::ErrorInside];
    for kind in kinds.into_iter().map(Some).chain([None]) {
        let faults = kind.into_iter().map(Fault::always).collect();
        let server = Server::start(Scenario { faults, ..Scenario::default() }).await;
        let client = with_key(&server.url(), json!({ "patience_seconds": 1 }), &store);
        let asked = ask(&client, "q").await;
        write!(told, "{asked:?} {client:?} {:?}", client.status()).unwrap();
        assert_eq!(server.stats().keys, [format!("Bearer {KEY}")]);
        if kind == Some(Kind::Error401) {
            let message = unavailable(&asked);
            assert!(
                message.contains("the key in THE_KEY") && message.contains(&server.url()),
                "{message}"
            );
        }
    }
    for object in store.root().list(None).try_collect::<Vec<_>>().await.unwrap() {
        let bytes = store.root().get(&object.location).await.unwrap().bytes().await.unwrap();
        told += &String::from_utf8_lossy(&bytes);
    }
    assert!(told.contains("echo: q") && !told.contains("secret"), "{told}");
}

#[tokio::test]
async fn passwords_in_urls_are_sent_and_not_told() {
    let server = Server::start(Scenario::default()).await;
    let url = server.url().replace("http://", "http://me:pass-secret@") + "/?key=also-secret";
    let client = client(&[url], json!({ "patience_seconds": 1 }), &store());
    let asked = ask(&client, "q").await;
    assert_eq!(asked.requests[0].endpoint.as_deref(), Some(server.url().as_str()));
    assert!(server.stats().keys[0].starts_with("Basic "));
    server.stop().await;
    let told = format!("{asked:?} {client:?} {:?}", ask(&client, "another").await);
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn keys_are_found_by_name_only() {
    let told = |name: &str| {
        let mut config = config(&["http://a/v1".into()], json!({}));
        config.api_key = Some(name.into());
        config.check()
    };
    for name in [KEY, "NO_SUCH_VARIABLE_ANYWHERE", ""] {
        let errors = told(name);
        assert_eq!((errors.len(), errors[0].key), (1, "api_key"));
        assert!(
            errors[0].hint.is_some() && !format!("{errors:?}").contains("secret"),
            "{errors:?}"
        );
    }
    assert_eq!(told("PATH"), []);
}
