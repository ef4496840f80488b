//! One exchange over HTTP, and what its failure means. Knows nothing of scores.

use std::error::Error;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use super::host::Host;

/// The longest explanation of a refusal that is read, in bytes, and passed on, in characters.
const LONGEST_REFUSAL: usize = 64 << 10;
const LONGEST_MESSAGE: usize = 300;
/// Idle connections are closed before servers do: many close theirs after 5 s, and a request that is sent
/// just then is lost.
const IDLE: Duration = Duration::from_secs(4);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// Never sent.
    Unreached(String),
    /// Sent, and never answered.
    Broken(String),
    /// The server is busy.
    Busy { message: String, retry_after: Option<Duration> },
    /// The server failed by its own account.
    Failed { message: String, retry_after: Option<Duration> },
    /// An answer that cannot be read.
    Nonsense(String),
    /// The request is refused for good.
    Rejected(String),
    /// There is nothing at this path.
    Absent(String),
    /// Key, name or URL are wrong.
    Misconfigured(String),
}

impl Trouble {
    pub fn message(&self) -> &str {
        match self {
            Self::Unreached(message)
            | Self::Broken(message)
            | Self::Busy { message, .. }
            | Self::Failed { message, .. }
            | Self::Nonsense(message)
            | Self::Rejected(message)
            | Self::Absent(message)
            | Self::Misconfigured(message) => message,
        }
    }
}

/// What is sent.
pub(super) struct Call<'a> {
    /// Where, with no slash at its start.
    pub path: &'a str,
    /// What is posted; asked with GET if there is nothing to post.
    pub body: Option<&'a Value>,
    /// The longest answer that is read, in bytes.
    pub limit: usize,
}

/// Sends requests.
pub(super) struct Wire {
    http: reqwest::Client,
    whole: Duration,
}

impl Wire {
    /// `connect` and `whole` are how long a connection and a whole exchange may take.
    pub fn new(connect: Duration, whole: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(connect)
            .pool_idle_timeout(IDLE)
            // A redirect would carry texts to a server that no plan names.
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .http1_only()
            .build()?;
        Ok(Self { http, whole })
    }

    /// The body of the answer.
    pub async fn send(&self, host: &Host, call: Call<'_>) -> Result<Bytes, Trouble> {
        let seconds = self.whole.as_secs();
        match tokio::time::timeout(self.whole, self.exchange(host, call)).await {
            Ok(result) => result,
            Err(_) => Err(Trouble::Broken(format!("no whole answer in {seconds} s"))),
        }
    }

    async fn exchange(&self, host: &Host, call: Call<'_>) -> Result<Bytes, Trouble> {
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.http.request(method, host.url(call.path));
        if let Some(body) = call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        if let Some(key) = &host.key {
            request = request.header(AUTHORIZATION, key.header.clone());
        }
        let response = request.send().await.map_err(|error| {
            let message = cause(&error);
            if error.is_connect() { Trouble::Unreached(message) } else { Trouble::Broken(message) }
        })?;
        if response.status() != StatusCode::OK {
            return Err(refusal(host, response).await);
        }
        if let Some(kind) = not_json(response.headers()) {
            // The connection is given up with what it would still bring.
            return Err(Trouble::Nonsense(format!("an answer of type {kind}")));
        }
        read(response, call.limit).await
    }
}

async fn refusal(host: &Host, response: Response) -> Trouble {
    let status = response.status();
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = header.and_then(|text| retry_after(text, SystemTime::now()));
    // Read to its end, so that the connection can be used again; what is too long is not worth it.
    let said = read(response, LONGEST_REFUSAL).await.unwrap_or_default();
    let said = short(&host.redact(&explanation(&said)));
    let message = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
    match status.as_u16() {
        408 | 425 | 429 | 503 | 529 => Trouble::Busy { message, retry_after },
        500.. => Trouble::Failed { message, retry_after },
        404 | 405 => Trouble::Absent(format!("{message}; check the URL and the name of the model")),
        401..=403 => Trouble::Misconfigured(format!("{message}; check {}", key_of(host))),
        ..=399 => Trouble::Misconfigured(format!("{message}; check the URL")),
        _ => Trouble::Rejected(message),
    }
}

fn key_of(host: &Host) -> String {
    match &host.key {
        Some(key) => format!("the key in {}", key.variable),
        None => "`api_key`, which is not set".to_owned(),
    }
}

/// How long to wait by the header that says so, in seconds or as a date; a date that has passed is no wait.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

fn not_json(headers: &HeaderMap) -> Option<String> {
    let kind = String::from_utf8_lossy(headers.get(CONTENT_TYPE)?.as_bytes()).into_owned();
    (!kind.to_ascii_lowercase().contains("json")).then(|| short(&kind))
}

/// The body, if it is not too long.
async fn read(mut response: Response, limit: usize) -> Result<Bytes, Trouble> {
    let mut all = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if all.len() + chunk.len() > limit => {
                return Err(Trouble::Nonsense(format!("an answer of more than {limit} bytes")));
            }
            Ok(Some(chunk)) => all.extend_from_slice(&chunk),
            Ok(None) => return Ok(all.freeze()),
            Err(error) => return Err(Trouble::Broken(cause(&error))),
        }
    }
}

/// The explanation in the body of a refusal, wherever the server puts it.
fn explanation(bytes: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return String::from_utf8_lossy(bytes).into_owned();
    };
    let error = value.get("error").unwrap_or(&value);
    let told = ["message", "detail"].iter().find_map(|key| error.get(key)).unwrap_or(error);
    told.as_str().map_or_else(|| told.to_string(), str::to_owned)
}

/// One line of bounded length.
pub(super) fn short(text: &str) -> String {
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
mod tests {
    use super::*;

    #[test]
    fn waits_are_seconds_or_dates() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        let seconds = |text| retry_after(text, now).map(|wait| wait.as_secs_f64());
        assert_eq!(seconds(" 12 "), Some(12.0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(7.0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0.0));
        for text in ["", "soon", "-1", "NaN", "1e300"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
