//! The client against a real server: what is answered, how often it is asked, what is kept.

#![expect(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "reads better where it is called; a test that cannot go on has failed"
)]

#[path = "../server/mod.rs"]
mod server;

mod budgets;
mod faults;
mod keeping;
mod keys;
mod pools;

use std::path::Path;

use backstory_core::Digest;
use backstory_model::{AskError, Asked, Client, Message, ModelConfig, Place, Question};
use backstory_store::{Location, Variables};
use futures::future::join_all;
use serde_json::{Value, json};

use server::{Fault, Kind, Scenario, Server};

/// Each with its own object store unless it is given one.
fn store() -> Location {
    Location::open_with("memory://kept/answers", Path::new("."), &Variables::new()).unwrap()
}

fn config(urls: &[String], fields: Value) -> ModelConfig {
    let mut all = json!({ "model": "m", "urls": urls, "connect_seconds": 2 });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn client(urls: &[String], fields: Value, store: &Location) -> Client {
    Client::new(&config(urls, fields), kept_in(store)).unwrap()
}

fn kept_in(store: &Location) -> Place {
    Place::Store { location: store.clone(), own: false }
}

fn question(text: &str) -> Question {
    Question {
        purpose: "need",
        file: Some(7),
        template: Digest::of("template"),
        messages: vec![
            Message { role: "system", content: "be brief".into() },
            Message { role: "user", content: text.into() },
        ],
        schema: None,
        max_tokens: None,
        sample: 0,
    }
}

/// Asks `count` questions about `repositories` repositories at once, and checks that each has its answer.
async fn ask_all(client: &Client, repositories: usize, count: usize) -> Vec<Asked> {
    let ask = async |number: usize| {
        let text = format!("question {number} of all");
        let repository = format!("repository-{}", number % repositories);
        let asked = client.ask(&repository, question(&text)).await;
        let reply = asked.result.as_ref().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(reply.content, format!("echo: {text}"));
        asked
    };
    join_all((0..count).map(ask)).await
}

async fn ask(client: &Client, text: &str) -> Asked {
    client.ask("repository", question(text)).await
}

fn unusable(asked: &Asked) -> &str {
    match &asked.result {
        Err(AskError::Unusable(message)) => message,
        other => panic!("not unusable: {other:?}"),
    }
}

fn unavailable(asked: &Asked) -> &str {
    match &asked.result {
        Err(AskError::Unavailable(message)) => message,
        other => panic!("not unavailable: {other:?}"),
    }
}
