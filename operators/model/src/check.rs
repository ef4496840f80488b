//! A configuration checked: all that is wrong at once, or the servers.

use std::sync::atomic::AtomicBool;

use backstory_core::BuildError;
use reqwest::Url;

use crate::server::{Key, Server};
use crate::{Endpoint, ModelConfig, OnTruncated};

/// Fields of a request that are made from other keys or that answers could not be read with.
const OURS: [&str; 10] = [
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "model",
    "n",
    "response_format",
    "seed",
    "stream",
    "temperature",
    "top_p",
];

/// No wait is longer; sums of a few such do not overflow.
const LONGEST_SECONDS: u64 = 366 * 24 * 60 * 60;

impl ModelConfig {
    /// All that is wrong with it, environment variables included; nothing is asked. Empty if it can work.
    pub fn check(&self) -> Vec<BuildError> {
        servers(self, &|variable| std::env::var(variable).ok()).err().unwrap_or_default()
    }
}

/// The servers of `config`, keys looked up by `variable`.
pub(crate) fn servers(
    config: &ModelConfig,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Server>, Vec<BuildError>> {
    let mut errors = vec![];
    numbers(config, &mut errors);
    money(config, &mut errors);
    for name in OURS.iter().filter(|name| config.extra.contains_key(**name)) {
        errors.push(error("extra", format!("\"{name}\" is not for `extra`"), "leave it out"));
    }
    let mut servers = vec![];
    let short = config.urls.iter().map(|url| ("urls", usual(url)));
    let long = config.endpoints.iter().map(|endpoint| ("endpoints", endpoint.clone()));
    for (place, endpoint) in short.chain(long) {
        match server(config, place, &endpoint, variable) {
            Ok(server) => servers.push(server),
            Err(error) if errors.contains(&error) => {}
            Err(error) => errors.push(error),
        }
    }
    if config.urls.is_empty() && config.endpoints.is_empty() {
        let hint = "add one: urls = [\"http://localhost:8000/v1\"]";
        errors.push(error("urls", "no server is named", hint));
    }
    if errors.is_empty() { Ok(servers) } else { Err(errors) }
}

fn error(key: &'static str, message: impl Into<String>, hint: &str) -> BuildError {
    BuildError { key, message: message.into(), hint: Some(hint.to_owned()) }
}

fn usual(url: &str) -> Endpoint {
    Endpoint { url: url.to_owned(), model: None, api_key: None, weight: 1.0, max_in_flight: None }
}

fn numbers(config: &ModelConfig, errors: &mut Vec<BuildError>) {
    if config.model.trim().is_empty() {
        errors.push(error("model", "it has no name", "give the name that the servers know"));
    }
    let positive = [
        ("max_in_flight", u64::from(config.max_in_flight)),
        ("max_tokens", u64::from(config.max_tokens)),
        ("connect_seconds", config.connect_seconds),
        ("first_byte_seconds", config.first_byte_seconds),
        ("request_seconds", config.request_seconds),
        ("patience_seconds", config.patience_seconds),
        ("tries", u64::from(config.tries.transport.min(config.tries.content))),
    ];
    for (key, _) in positive.iter().filter(|(_, value)| *value == 0) {
        errors.push(error(key, "0 leaves nothing to work with", "give at least 1"));
    }
    for (key, seconds) in &positive[2..6] {
        if *seconds > LONGEST_SECONDS {
            errors.push(error(key, "that is longer than a year", "give seconds"));
        }
    }
    if config.on_truncated == OnTruncated::MoreRoom && config.max_tokens_limit < config.max_tokens {
        let message = format!(
            "the most room, {}, is less than the usual one, {}",
            config.max_tokens_limit, config.max_tokens
        );
        errors.push(error("max_tokens_limit", message, "raise it, or lower `max_tokens`"));
    }
    if config.temperature.is_some_and(|value| !(value.is_finite() && value >= 0.0)) {
        errors.push(error("temperature", "it is to be 0 or more", "most models want 0 to 2"));
    }
    if config.top_p.is_some_and(|value| !(value > 0.0 && value <= 1.0)) {
        errors.push(error("top_p", "it is to be over 0 and at most 1", "leave it out for 1"));
    }
}

fn money(config: &ModelConfig, errors: &mut Vec<BuildError>) {
    let fine = |value: f64| value.is_finite() && value >= 0.0;
    if config.price.is_some_and(|price| !(fine(price.input) && fine(price.output))) {
        errors.push(error("price", "a price is to be 0 or more", "give it per million tokens"));
    }
    let Some(money) = config.budget.and_then(|budget| budget.money) else { return };
    if !fine(money) {
        errors.push(error("budget", "the money is to be 0 or more", "leave it out for no limit"));
    }
    if config.price.is_none() {
        let hint = "add what a million tokens cost: price = { input = 0.5, output = 1.5 }";
        errors.push(error("budget", "money is limited, but prices are not known", hint));
    }
}

fn server(
    config: &ModelConfig,
    place: &'static str,
    endpoint: &Endpoint,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Server, BuildError> {
    let (name, url) = url(place, &endpoint.url)?;
    if !(endpoint.weight.is_finite() && endpoint.weight > 0.0) {
        let message = format!("the weight of {name} is not over 0");
        return Err(error(place, message, "leave the server out if it is to get nothing"));
    }
    let max_in_flight = endpoint.max_in_flight.unwrap_or(config.max_in_flight);
    if endpoint.max_in_flight == Some(0) {
        let message = format!("`max_in_flight` of {name} is 0");
        return Err(error(place, message, "give at least 1"));
    }
    let key = match endpoint.api_key.as_ref().or(config.api_key.as_ref()) {
        None => None,
        Some(_) if !url.username().is_empty() || url.password().is_some() => {
            let message = format!("{name} has both a user in its URL and an `api_key`");
            return Err(error(place, message, "leave one of them out"));
        }
        Some(name) => Some(key(name, variable)?),
    };
    let (model, weight, newer) = (endpoint.model.clone(), endpoint.weight, AtomicBool::new(false));
    Ok(Server { name, url, model, key, weight, max_in_flight, newer })
}

/// The URL as it may be shown, and the one that questions are posted to. A wrong one is not repeated, for
/// it may hold a password.
fn url(place: &'static str, text: &str) -> Result<(String, Url), BuildError> {
    let wrong = |reason: String| {
        error(place, reason, "give the URL before /chat/completions: http://gpu-1:8000/v1")
    };
    let mut url = Url::parse(text.trim()).map_err(|cause| wrong(format!("not a URL: {cause}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("not a URL of http or https but of {}", url.scheme())));
    }
    if !url.path().trim_end_matches('/').ends_with("/chat/completions")
        && let Ok(mut path) = url.path_segments_mut()
    {
        path.pop_if_empty().extend(["chat", "completions"]);
    }
    url.set_fragment(None);
    let mut shown = url.clone();
    // Neither fails on a URL with a host, as every one of http has.
    let _ = (shown.set_username(""), shown.set_password(None));
    shown.set_query(None);
    let name = shown.as_str().trim_end_matches('/').trim_end_matches("/chat/completions");
    Ok((name.to_owned(), url))
}

fn key(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Key, BuildError> {
    // Whoever wrote the key itself is not to read it in a log.
    let usual = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(usual) {
        let message = "it is to be the name of an environment variable, in capital letters";
        let hint = "name the variable that holds the key, never the key itself";
        return Err(error("api_key", message, hint));
    }
    let hint = format!("export {name}=…, or leave `api_key` out if the server wants none");
    let secret = variable(name).ok_or_else(|| {
        error("api_key", format!("the environment variable {name} is not set"), &hint)
    })?;
    let secret = secret.trim();
    if secret.is_empty() {
        return Err(error("api_key", format!("the environment variable {name} is empty"), &hint));
    }
    Key::new(name, secret).ok_or_else(|| {
        let message =
            format!("the environment variable {name} holds characters that no key can have");
        error("api_key", message, "set it to the key alone, on one line")
    })
}

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "reads better where it is called; a test that cannot go on has failed"
)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(fields: Value) -> Result<Vec<Server>, Vec<BuildError>> {
        let mut all = json!({ "model": "m" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let config: ModelConfig = serde_json::from_value(all).unwrap();
        servers(&config, &|name| (name != "UNSET").then(|| " k \n".to_owned()))
    }

    #[test]
    fn servers_are_found_in_both_forms() {
        let servers = of(json!({
            "urls": ["http://a:1/v1/", "https://u:p@b/x/chat/completions?v=1"],
            "endpoints": [{ "url": "http://c", "model": "n", "api_key": "K", "max_in_flight": 3 }],
        }))
        .unwrap();
        let shown: Vec<_> = servers.iter().map(|s| (s.name.as_str(), s.url.as_str())).collect();
        let expected = [
            ("http://a:1/v1", "http://a:1/v1/chat/completions"),
            ("https://b/x", "https://u:p@b/x/chat/completions?v=1"),
            ("http://c", "http://c/chat/completions"),
        ];
        assert_eq!(shown, expected);
        assert_eq!((servers[0].max_in_flight, servers[2].max_in_flight), (64, 3));
        assert_eq!(servers[2].key.as_ref().unwrap().header, "Bearer k");
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let errors = of(json!({
            "model": " ", "urls": ["gpu-1:8000/v1", "me:secret@x"], "api_key": "UNSET",
            "endpoints": [{ "url": "http://a", "weight": 0 }, { "url": "http://b" }],
            "max_in_flight": 0, "temperature": -1, "top_p": 0, "tries": { "content": 0 },
            "on_truncated": "more-room", "max_tokens_limit": 1, "extra": { "stream": true },
            "budget": { "money": 1 }, "request_seconds": 0,
            "patience_seconds": u64::MAX,
        }))
        .unwrap_err();
        let keys: Vec<_> = errors.iter().map(|error| error.key).collect();
        let expected = [
            "model",
            "max_in_flight",
            "request_seconds",
            "tries",
            "patience_seconds",
            "max_tokens_limit",
            "temperature",
            "top_p",
            "budget",
            "extra",
            "urls",
            "urls",
            "endpoints",
            "api_key",
        ];
        assert_eq!(keys, expected);
        assert!(errors.iter().all(|error| error.hint.is_some()));
        assert!(!format!("{errors:?}").contains("secret"), "{errors:?}");
        assert_eq!(of(json!({})).unwrap_err()[0].message, "no server is named");
        let user = of(json!({ "urls": ["http://u:p@a"], "api_key": "K" })).unwrap_err();
        assert!(user[0].message.contains("both a user"), "{user:?}");
    }
}
