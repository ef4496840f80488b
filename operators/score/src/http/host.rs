//! A server as a plan names it: where, and with which key.

use std::fmt;

use reqwest::Url;
use reqwest::header::HeaderValue;

/// A server that a plan names.
#[derive(Clone)]
pub(super) struct Host {
    /// Its URL as it may be shown: no user, no password, no query.
    pub name: String,
    /// Its URL, which may hold a password; no path of the protocol.
    pub root: Url,
    /// The key to it.
    pub key: Option<Key>,
}

/// A key, and the environment variable that it came from. Never shown.
#[derive(Clone)]
pub(super) struct Key {
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

impl Host {
    /// The URL of `path`, which has no slash at its start.
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}/{path}", self.root.path().trim_end_matches('/')));
        url
    }

    /// `text` of this server without its key and password: some servers repeat what they were sent.
    pub fn redact(&self, text: &str) -> String {
        let secrets = [self.key.as_ref().map(|key| key.secret.as_str()), self.root.password()];
        let secrets = secrets.into_iter().flatten().filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.variable)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.name)
    }
}
