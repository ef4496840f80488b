//! A server as it is asked: where, by which name, with which key.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::body::{MAX_COMPLETION_TOKENS, MAX_TOKENS, Names};

/// A server that a plan names, checked.
pub(crate) struct Server {
    /// Its URL as it may be shown: no user, no password, no query.
    pub name: String,
    /// Where questions are posted; may hold a password.
    pub url: Url,
    /// What it calls the model, if not as the plan does.
    pub model: Option<String>,
    /// Its key.
    pub key: Option<Key>,
    /// Its share of the repositories.
    pub weight: f64,
    /// How many requests it is given at once, at most.
    pub max_in_flight: u32,
    /// Whether it has refused the usual name of the room for an answer, and named the other.
    pub newer: AtomicBool,
}

/// A key to a server, and the environment variable that it came from. Never shown.
pub(crate) struct Key {
    pub variable: String,
    pub header: HeaderValue,
    secret: String,
}

impl Key {
    /// None if a header cannot hold it.
    pub fn new(variable: &str, secret: &str) -> Option<Self> {
        let mut header = HeaderValue::from_str(&format!("Bearer {secret}")).ok()?;
        header.set_sensitive(true);
        Some(Self { variable: variable.to_owned(), header, secret: secret.to_owned() })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.variable)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.name)
    }
}

impl Server {
    /// What it calls things.
    pub fn names(&self) -> Names<'_> {
        let newer = self.newer.load(Ordering::Relaxed);
        let max_tokens = if newer { MAX_COMPLETION_TOKENS } else { MAX_TOKENS };
        Names { model: self.model.as_deref(), max_tokens }
    }

    /// Uses the newer name of the room for an answer from now on.
    pub fn rename(&self) {
        self.newer.store(true, Ordering::Relaxed);
    }

    /// `text` of this server without its key and password: some servers repeat what they were sent.
    pub fn redact(&self, text: &str) -> String {
        let secrets = [self.key.as_ref().map(|key| key.secret.as_str()), self.url.password()];
        let secrets = secrets.into_iter().flatten().filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }
}
