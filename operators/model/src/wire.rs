//! One request over HTTP, and what its response means.

use std::error::Error;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::body::{MAX_COMPLETION_TOKENS, MAX_TOKENS, Names};
use crate::retry_after;
use crate::server::Server;
use crate::{ModelConfig, Reply};

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 8 << 20;
/// The longest explanation of a refusal that is read, in bytes, and passed on, in characters.
const LONGEST_REFUSAL: usize = 64 << 10;
const LONGEST_MESSAGE: usize = 300;
/// Idle connections are closed before servers do: many close theirs after 5 s, and a request that is sent
/// just then is lost.
const IDLE: Duration = Duration::from_secs(4);

/// What a response means.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// An answer, cut off or not.
    Answered { reply: Reply, truncated: bool, usage: Option<Usage> },
    /// An answer that cannot be read, or is empty.
    Nonsense { message: String, usage: Option<Usage> },
    /// The server is busy.
    Busy { message: String, retry_after: Option<Duration> },
    /// The server failed by its own account.
    Failed { message: String, retry_after: Option<Duration> },
    /// The question is refused for good.
    Rejected(String),
    /// Refused for a name that it has another one for, which is used from now on.
    Renamed,
    /// Key, name, URL or settings are wrong.
    Misconfigured(String),
    /// Never sent.
    Unreached(String),
    /// Sent, and never answered.
    Broken(String),
}

/// Tokens, as the server counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Usage {
    pub prompt_tokens: u64,
    #[serde(default, deserialize_with = "or_nothing")]
    pub completion_tokens: u64,
}

/// Some servers write null for none.
fn or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Sends requests.
pub(crate) struct Wire {
    http: reqwest::Client,
    first_byte: Duration,
    whole: Duration,
    patience: Duration,
}

impl Wire {
    pub fn new(config: &ModelConfig, connections: usize) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(config.connect_seconds))
            .pool_max_idle_per_host(connections)
            .pool_idle_timeout(IDLE)
            // A redirect would carry prompts to a server that no plan names.
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .http1_only()
            .build()?;
        let whole = Duration::from_secs(config.request_seconds);
        let first_byte = Duration::from_secs(config.first_byte_seconds).min(whole);
        let patience = Duration::from_secs(config.patience_seconds);
        Ok(Self { http, first_byte, whole, patience })
    }

    /// Sends `body`, which has these names, to `server`, and says what came of it.
    pub async fn send(&self, server: &Server, names: Names<'_>, body: Bytes) -> Verdict {
        let seconds = self.whole.as_secs();
        let late = || Verdict::Broken(format!("no whole answer in {seconds} s"));
        let verdict = tokio::time::timeout(self.whole, self.exchange(server, names, body)).await;
        verdict.unwrap_or_else(|_| late())
    }

    async fn exchange(&self, server: &Server, names: Names<'_>, body: Bytes) -> Verdict {
        let mut request = self.http.post(server.url.clone()).body(body);
        request = request.header(CONTENT_TYPE, "application/json");
        if let Some(key) = &server.key {
            request = request.header(AUTHORIZATION, key.header.clone());
        }
        let response = match tokio::time::timeout(self.first_byte, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => return Verdict::Unreached(cause(&error)),
            Ok(Err(error)) => return Verdict::Broken(cause(&error)),
            Err(_) => {
                return Verdict::Broken(format!("no answer in {} s", self.first_byte.as_secs()));
            }
        };
        if response.status() == StatusCode::OK {
            answer(server, response).await
        } else {
            self.refusal(server, names, response).await
        }
    }

    async fn refusal(&self, server: &Server, names: Names<'_>, response: Response) -> Verdict {
        let status = response.status();
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|text| retry_after::parse(text, SystemTime::now()));
        let retry_after = retry_after.map(|wait| wait.min(self.patience));
        // Read to its end, so that the connection can be used again; what is too long is not worth it.
        let body = read(response, LONGEST_REFUSAL).await.unwrap_or_default();
        let said = short(&server.redact(&explanation(&body)));
        let message =
            if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
        match status.as_u16() {
            408 | 425 | 429 | 503 | 529 => Verdict::Busy { message, retry_after },
            500.. => Verdict::Failed { message, retry_after },
            400 if said.contains(MAX_COMPLETION_TOKENS) && names.max_tokens == MAX_TOKENS => {
                server.rename();
                Verdict::Renamed
            }
            400 if of_settings(&body) => {
                let hint = "leave it out of the plan, or name another model";
                Verdict::Misconfigured(format!("{message}; {hint}"))
            }
            401..=405 | ..=399 => Verdict::Misconfigured(misconfigured(server, status, &message)),
            _ => Verdict::Rejected(message),
        }
    }
}

/// Whether a refusal is about a setting that all questions have, by the codes that `OpenAI` gives it.
fn of_settings(body: &[u8]) -> bool {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = value["error"]["code"].as_str().unwrap_or_default();
    matches!(code, "unsupported_parameter" | "unsupported_value" | "unknown_parameter")
}

/// What to look at when a server wants none of our questions.
fn misconfigured(server: &Server, status: StatusCode, message: &str) -> String {
    let key = match &server.key {
        Some(key) => format!("the key in {}", key.variable),
        None => "`api_key`, which is not set".to_owned(),
    };
    match status.as_u16() {
        401..=403 => format!("{message}; check {key}"),
        _ => format!("{message}; check the URL and the name of the model"),
    }
}

async fn answer(server: &Server, response: Response) -> Verdict {
    let nonsense = |message: String| Verdict::Nonsense { message, usage: None };
    if let Some(kind) = not_json(response.headers()) {
        // The connection is given up with what it would still bring.
        return nonsense(format!("an answer of type {kind}"));
    }
    match read(response, LONGEST_ANSWER).await {
        Ok(bytes) => understand(server, &bytes),
        Err(Unread::TooLong) => {
            nonsense(format!("an answer of more than {} MiB", LONGEST_ANSWER >> 20))
        }
        Err(Unread::Broken(message)) => Verdict::Broken(message),
    }
}

fn not_json(headers: &HeaderMap) -> Option<String> {
    let kind = String::from_utf8_lossy(headers.get(CONTENT_TYPE)?.as_bytes()).into_owned();
    (!kind.to_ascii_lowercase().contains("json")).then(|| short(&kind))
}

enum Unread {
    TooLong,
    Broken(String),
}

/// The body, if it is not too long.
async fn read(mut response: Response, limit: usize) -> Result<Bytes, Unread> {
    let mut all = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if all.len() + chunk.len() > limit => return Err(Unread::TooLong),
            Ok(Some(chunk)) => all.extend_from_slice(&chunk),
            Ok(None) => return Ok(all.freeze()),
            Err(error) => return Err(Unread::Broken(cause(&error))),
        }
    }
}

#[derive(Deserialize)]
struct Completion {
    choices: Option<Vec<Choice>>,
    usage: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Said>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<Content>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

impl Content {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().map(|part| part.text).collect(),
        }
    }
}

/// What a body with status 200 says.
fn understand(server: &Server, bytes: &[u8]) -> Verdict {
    let completion: Completion = match serde_json::from_slice(bytes) {
        Ok(completion) => completion,
        Err(error) => {
            let message = format!("an answer that is no chat completion: {error}");
            return Verdict::Nonsense { message: short(&server.redact(&message)), usage: None };
        }
    };
    // Whatever else it is, an answer is not lost for it.
    let usage = completion.usage.and_then(|usage| serde_json::from_value(usage).ok());
    let nonsense = |message: &str| Verdict::Nonsense { message: message.to_owned(), usage };
    if let Some(error) = completion.error.filter(|error| !error.is_null()) {
        let said = short(&server.redact(&said(&error)));
        return nonsense(&format!("an error instead of an answer: {said}"));
    }
    let Some(choice) = completion.choices.into_iter().flatten().next() else {
        return nonsense("an answer without a choice");
    };
    let truncated = choice.finish_reason.as_deref() == Some("length");
    let Some(message) = choice.message else { return nonsense("a choice without a message") };
    let content = message.content.map(Content::text).unwrap_or_default();
    let reasoning = message.reasoning_content.or(message.reasoning);
    let reply = Reply::new(&content, reasoning, choice.finish_reason);
    match message.refusal {
        _ if truncated || !reply.content.is_empty() => {
            Verdict::Answered { reply, truncated, usage }
        }
        Some(refusal) => {
            let refusal = short(&server.redact(&refusal));
            nonsense(&format!("the model refuses: {refusal}"))
        }
        None => nonsense("an empty answer"),
    }
}

/// The explanation in the body of a refusal, wherever the server puts it.
fn explanation(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => said(value.get("error").unwrap_or(&value)),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn said(error: &Value) -> String {
    let told = ["message", "detail"].iter().find_map(|key| error.get(key)).unwrap_or(error);
    told.as_str().map_or_else(|| told.to_string(), str::to_owned)
}

/// One line of bounded length.
fn short(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The innermost cause: the outer ones name the URL, which may hold a password.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(_) if error.is_timeout() => "no connection in time".to_owned(),
        Some(_) => "the connection failed".to_owned(),
        None => short(&cause.to_string()),
    }
}

#[cfg(test)]
mod tests;
