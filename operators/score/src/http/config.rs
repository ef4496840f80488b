//! The keys of a scoring server in a plan file, and their check.

use backstory_core::BuildError;
use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::{Host, Key};

/// No wait is longer; sums of a few such do not overflow.
const LONGEST_SECONDS: u64 = 366 * 24 * 60 * 60;

/// A model and the servers that score with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Servers, by their URL: `http://gpu-1:30000`, with or without `/v1`. All are to run the same version
    /// of the same software with the same model. Requests with a common context go to one server as long
    /// as it has room, for its prefix cache.
    pub urls: Vec<String>,
    /// The model's name, as servers know it; the first that they name if absent.
    #[serde(default)]
    pub model: Option<String>,
    /// Which weights of the model these are, where servers do not say it themselves: vLLM does not. Kept
    /// with every score.
    #[serde(default)]
    pub revision: Option<String>,
    /// How servers are spoken to; found by asking them if absent.
    #[serde(default)]
    pub server: Option<ServerKind>,
    /// The environment variable that holds the key to the servers; never the key itself.
    #[serde(default)]
    pub api_key: Option<String>,
    /// The token that is put before every context: `<|begin_of_text|>` for Llama 3. None for models without
    /// one, such as Qwen.
    #[serde(default)]
    pub start_token: Option<u32>,
    /// The longest text the model takes, in tokens, where servers do not say it themselves. What is longer
    /// is refused, never cut.
    #[serde(default)]
    pub context_tokens: Option<usize>,
    /// How many texts one server works on at once, at most.
    #[serde(default = "usual_max_in_flight")]
    pub max_in_flight: u32,
    /// Seconds until a connection stands.
    #[serde(default = "usual_connect_seconds")]
    pub connect_seconds: u64,
    /// Seconds from sending a text to the last byte of its answer.
    #[serde(default = "usual_request_seconds")]
    pub request_seconds: u64,
    /// Seconds to wait while servers are busy or away. Then whatever waits is given up, for a later run. At
    /// the start all servers have to be there.
    #[serde(default = "usual_patience_seconds")]
    pub patience_seconds: u64,
    /// How often a text is sent before it is given up. Refusals of a busy server do not count.
    #[serde(default = "usual_tries")]
    pub tries: u32,
    /// How much the score of a text may differ when it is scored again, in nats per token, before a server
    /// is refused. Servers that compute in low precision differ a little with what else they compute; single
    /// tokens may differ by five times as much on average.
    #[serde(default = "usual_tolerance")]
    pub tolerance: f64,
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// `SGLang`'s own protocol. Common beginnings are computed once.
    Sglang,
    /// vLLM's completions with log-probabilities of the prompt. It computes every text as a whole.
    Vllm,
    /// Completions with `echo` and `logprobs`, as the first hosted models had them. Whether common beginnings are
    /// computed once depends on the server.
    OpenaiEcho,
}

impl ServerKind {
    /// Its name in a plan file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sglang => "sglang",
            Self::Vllm => "vllm",
            Self::OpenaiEcho => "openai-echo",
        }
    }
}

fn usual_max_in_flight() -> u32 {
    16
}

fn usual_connect_seconds() -> u64 {
    10
}

fn usual_request_seconds() -> u64 {
    600
}

fn usual_patience_seconds() -> u64 {
    600
}

fn usual_tries() -> u32 {
    4
}

fn usual_tolerance() -> f64 {
    0.02
}

impl HttpConfig {
    /// All that is wrong with it, environment variables included; nothing is asked. Empty if it can work.
    pub fn check(&self) -> Vec<BuildError> {
        hosts(self, &|variable| std::env::var(variable).ok()).err().unwrap_or_default()
    }
}

/// The servers of `config`, keys looked up by `variable`.
pub(super) fn hosts(
    config: &HttpConfig,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Host>, Vec<BuildError>> {
    let mut errors = vec![];
    numbers(config, &mut errors);
    let key = match config.api_key.as_ref().map(|name| key(name, variable)).transpose() {
        Ok(key) => key,
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let mut hosts: Vec<Host> = vec![];
    for text in &config.urls {
        match host(text, key.clone()) {
            Ok(host) if hosts.iter().any(|other| other.name == host.name) => {
                let message = format!("{} is named twice", host.name);
                errors.push(error("urls", message, "name each server once"));
            }
            Ok(host) => hosts.push(host),
            Err(error) => errors.push(error),
        }
    }
    if config.urls.is_empty() {
        let hint = "add one: urls = [\"http://localhost:30000\"]";
        errors.push(error("urls", "no server is named", hint));
    }
    if errors.is_empty() { Ok(hosts) } else { Err(errors) }
}

fn error(key: &'static str, message: impl Into<String>, hint: &str) -> BuildError {
    BuildError { key, message: message.into(), hint: Some(hint.to_owned()) }
}

fn numbers(config: &HttpConfig, errors: &mut Vec<BuildError>) {
    if config.model.as_ref().is_some_and(|model| model.trim().is_empty()) {
        errors.push(error(
            "model",
            "it has no name",
            "leave it out for the first that servers name",
        ));
    }
    let positive = [
        ("max_in_flight", u64::from(config.max_in_flight)),
        ("tries", u64::from(config.tries)),
        ("connect_seconds", config.connect_seconds),
        ("request_seconds", config.request_seconds),
        ("patience_seconds", config.patience_seconds),
    ];
    for (key, _) in positive.iter().filter(|(_, value)| *value == 0) {
        errors.push(error(key, "0 leaves nothing to work with", "give at least 1"));
    }
    for (key, _) in positive[2..].iter().filter(|(_, seconds)| *seconds > LONGEST_SECONDS) {
        errors.push(error(key, "that is longer than a year", "give seconds"));
    }
    if !(config.tolerance.is_finite() && config.tolerance > 0.0) {
        errors.push(error("tolerance", "it is to be over 0", "0.02 suits most servers"));
    }
    if config.context_tokens.is_some_and(|tokens| tokens < 2) {
        errors.push(error("context_tokens", "no text is that short", "give at least 2"));
    }
}

/// A wrong URL is not repeated, for it may hold a password.
fn host(text: &str, key: Option<Key>) -> Result<Host, BuildError> {
    let wrong =
        |reason: String| error("urls", reason, "give the URL of a server: http://gpu-1:30000");
    let mut root = Url::parse(text.trim()).map_err(|cause| wrong(format!("not a URL: {cause}")))?;
    if !matches!(root.scheme(), "http" | "https") {
        return Err(wrong(format!("not a URL of http or https but of {}", root.scheme())));
    }
    let path = root.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    root.set_path(&path);
    root.set_fragment(None);
    let mut shown = root.clone();
    // Neither fails on a URL with a host, as every one of http has.
    let _ = (shown.set_username(""), shown.set_password(None));
    shown.set_query(None);
    let name = shown.as_str().trim_end_matches('/').to_owned();
    if key.is_some() && (!root.username().is_empty() || root.password().is_some()) {
        let message = format!("{name} has both a user in its URL and an `api_key`");
        return Err(error("urls", message, "leave one of them out"));
    }
    Ok(Host { name, root, key })
}

fn key(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Key, BuildError> {
    // Whoever wrote the key itself is not to read it in a log.
    let usual = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(usual) {
        let message = "it is to be the name of an environment variable, in capital letters";
        let hint = "name the variable that holds the key, never the key itself";
        return Err(error("api_key", message, hint));
    }
    let hint = format!("export {name}=…, or leave `api_key` out if the servers want none");
    let secret = variable(name).filter(|secret| !secret.trim().is_empty());
    let secret = secret.ok_or_else(|| {
        error("api_key", format!("the environment variable {name} is not set"), &hint)
    })?;
    Key::new(name, secret.trim()).ok_or_else(|| {
        let message =
            format!("the environment variable {name} holds characters that no key can have");
        error("api_key", message, "set it to the key alone, on one line")
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use serde_json::{Value, json};

    use super::*;

    fn of(fields: Value) -> Result<Vec<Host>, Vec<BuildError>> {
        let config: HttpConfig = serde_json::from_value(fields).unwrap();
        hosts(&config, &|name| (name != "UNSET").then(|| " k \n".to_owned()))
    }

    #[test]
    fn urls_are_taken_with_and_without_v1() {
        let urls = ["http://a:1/v1/", "http://b", "https://c/x/v1", "https://d/v1?key=1"];
        let hosts = of(json!({ "urls": urls, "api_key": "K" })).unwrap();
        let names: Vec<_> = hosts.iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names, ["http://a:1", "http://b", "https://c/x", "https://d"]);
        assert_eq!(hosts[2].url("v1/models").as_str(), "https://c/x/v1/models");
        assert_eq!(hosts[1].url("generate").as_str(), "http://b/generate");
        assert_eq!(hosts[0].key.as_ref().unwrap().header, "Bearer k");
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let errors = of(json!({
            "urls": ["gpu-1:8000", "me:secret@x", "http://a", "http://a/v1"], "api_key": "UNSET",
            "model": "", "max_in_flight": 0, "tries": 0, "request_seconds": 0,
            "patience_seconds": u64::MAX, "tolerance": 0, "context_tokens": 1,
        }))
        .unwrap_err();
        let keys: Vec<_> = errors.iter().map(|error| error.key).collect();
        let expected = [
            "model",
            "max_in_flight",
            "tries",
            "request_seconds",
            "patience_seconds",
            "tolerance",
            "context_tokens",
            "api_key",
            "urls",
            "urls",
            "urls",
        ];
        assert_eq!(keys, expected);
        assert!(errors.iter().all(|error| error.hint.is_some()));
        assert!(!format!("{errors:?}").contains("secret"), "{errors:?}");
        assert_eq!(of(json!({ "urls": [] })).unwrap_err()[0].message, "no server is named");
        let user = of(json!({ "urls": ["http://u:p@a"], "api_key": "K" })).unwrap_err();
        assert!(user[0].message.contains("both a user"), "{user:?}");
    }

    #[test]
    fn unknown_keys_are_errors() {
        let config = json!({ "urls": ["http://a"], "max_inflight": 3 });
        let error = serde_json::from_value::<HttpConfig>(config).unwrap_err();
        assert!(error.to_string().contains("unknown field `max_inflight`"), "{error}");
    }

    #[test]
    fn keys_are_named_never_given() {
        let errors = of(json!({ "urls": ["http://a"], "api_key": "sk-secret" })).unwrap_err();
        assert_eq!(errors[0].key, "api_key");
        assert!(!format!("{errors:?}").contains("secret"), "{errors:?}");
    }
}
