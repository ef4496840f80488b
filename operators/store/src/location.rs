//! What a URI means.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::path::{Path as ObjectPath, PathPart};
use object_store::prefix::PrefixStore;
use url::Url;

use crate::bucket::{self, Variables};
use crate::folder::Folders;

/// A folder of this machine, or what begins with a prefix in a bucket. Need not be there yet.
#[derive(Clone)]
pub struct Location {
    /// Ends with a slash. Its path says the same as the prefix.
    url: Url,
    root: Arc<dyn ObjectStore>,
    prefix: ObjectPath,
}

/// A URI that names no place that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LocationError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl LocationError {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl Location {
    /// What a URI means: `s3://bucket/prefix`, `gs://`, `az://`, `memory://`, `file://`, or a path, which
    /// starts at `base` unless it is absolute. In a URI, `%20` stands for a space and so on; in a path, every
    /// character for itself. Asks no server.
    pub fn open(uri: &str, base: &Path) -> Result<Self, LocationError> {
        let url = meaning(uri, base)?;
        let root = shared(&url)?;
        Self::at(url, root)
    }

    /// The same where other environment variables hold than those of this process. Connections are not shared
    /// with other places, and neither is what lies in memory.
    pub fn open_with(uri: &str, base: &Path, variables: &Variables) -> Result<Self, LocationError> {
        let url = meaning(uri, base)?;
        let root = make(&url, variables)?;
        Self::at(url, root)
    }

    /// A folder of this machine.
    pub fn folder(path: &Path) -> Result<Self, LocationError> {
        let url = folder_url(path)?;
        let root = shared(&url)?;
        Self::at(url, root)
    }

    fn at(url: Url, root: Arc<dyn ObjectStore>) -> Result<Self, LocationError> {
        let prefix = ObjectPath::from_url_path(url.path()).map_err(|_| {
            let message = format!("\"{url}\" is no place in a store");
            LocationError::new(message, "leave empty and relative parts out of the path")
        })?;
        Ok(Self { url: with_path(url, &prefix), root, prefix })
    }

    /// The place below this one of that name, which may have slashes in it. Parts that are empty count for
    /// nothing, and `..` leads nowhere else: it is a name like any other.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        let prefix = self.path(below);
        let url = with_path(self.url.clone(), &prefix);
        Self { url, root: Arc::clone(&self.root), prefix }
    }

    /// Where in the store an object lies whose name starts here. The rules are those of [`Self::join`].
    pub fn path(&self, below: &str) -> ObjectPath {
        let parts = below.split('/').filter(|part| !part.is_empty());
        parts.fold(self.prefix.clone(), |path, part| {
            // What is no name as it is, such as "..", is escaped.
            path.join(PathPart::parse(part).unwrap_or_else(|_| PathPart::from(part)))
        })
    }

    /// The store, from its own root.
    pub fn root(&self) -> &Arc<dyn ObjectStore> {
        &self.root
    }

    /// The store, from here.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(PrefixStore::new(Arc::clone(&self.root), self.prefix.clone()))
    }

    /// Where this is in the store.
    pub fn prefix(&self) -> &ObjectPath {
        &self.prefix
    }

    /// The URI, absolute, with a slash at its end.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The folder, if it is one of this machine.
    pub fn local(&self) -> Option<PathBuf> {
        let path = (self.url.scheme() == "file").then(|| self.url.to_file_path().ok()).flatten()?;
        // Without the slash at the end.
        Some(path.components().collect())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.local() {
            Some(path) => path.display().fmt(f),
            None => f.write_str(self.url.as_str().strip_suffix('/').unwrap_or_default()),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Location {}

fn meaning(uri: &str, base: &Path) -> Result<Url, LocationError> {
    if uri.contains("://") { parse(uri) } else { folder_url(&base.join(uri)) }
}

/// A URI whose parts all mean something. A URL parser would quietly resolve `..`.
fn parse(uri: &str) -> Result<Url, LocationError> {
    let wrong = |what: &str, hint: &str| {
        Err(LocationError::new(format!("\"{}\" {what}", without_password(uri)), hint))
    };
    let Ok(url) = Url::parse(uri) else {
        return wrong("is no URI", "write a path, or a URI such as s3://bucket/prefix");
    };
    let after_scheme = uri.split_once("://").map_or("", |(_, rest)| rest);
    let mut parts = after_scheme.split('/').skip(1).map(|part| part.replace("%2e", "."));
    if parts.any(|part| matches!(part.replace("%2E", ".").as_str(), "." | "..")) {
        return wrong("has relative parts", "write the place out, without \".\" and \"..\"");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("goes on after its path", "write \"?\" as %3F and \"#\" as %23 in a URI");
    }
    if url.password().is_some() {
        return wrong("has a password in it", "give credentials by environment variables");
    }
    match (url.scheme(), url.host_str().unwrap_or_default()) {
        ("file", "") | ("memory", _) => Ok(url),
        ("file", _) => wrong("names a host", "write file:/// and a path from the root"),
        (_, "") => wrong("names no bucket", "write the bucket after ://, as in s3://bucket/prefix"),
        _ => Ok(url),
    }
}

fn without_password(uri: &str) -> String {
    match (uri.find("://"), uri.find('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            let user = &uri[scheme + 3..at];
            let name = user.split(':').next().unwrap_or_default();
            format!("{}{name}{}", &uri[..scheme + 3], &uri[at..])
        }
        _ => uri.to_owned(),
    }
}

fn with_path(mut url: Url, prefix: &ObjectPath) -> Url {
    url.set_path("/");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(prefix.parts()).push("");
    }
    url
}

fn folder_url(path: &Path) -> Result<Url, LocationError> {
    let absolute = std::path::absolute(path).ok().map(|path| without_relative(&path));
    let url = absolute.and_then(|path| Url::from_directory_path(path).ok());
    url.ok_or_else(|| {
        let message = format!("\"{}\" is no path of a folder", path.display());
        LocationError::new(message, "name a folder, or a URI such as s3://bucket/prefix")
    })
}

/// The same path without "..": what is above a link is above what it points to.
fn without_relative(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain = fs::canonicalize(&plain).unwrap_or(plain);
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

/// Stores in use, by what of their URIs tells them apart: connections and what lies in memory are shared.
static ROOTS: LazyLock<Mutex<HashMap<String, Arc<dyn ObjectStore>>>> =
    LazyLock::new(Mutex::default);

fn shared(url: &Url) -> Result<Arc<dyn ObjectStore>, LocationError> {
    let host = url.host_str().unwrap_or_default();
    let key = format!("{}://{}@{host}", url.scheme(), url.username());
    let mut roots = ROOTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(root) = roots.get(&key) {
        return Ok(Arc::clone(root));
    }
    let root = make(url, &bucket::variables())?;
    roots.insert(key, Arc::clone(&root));
    Ok(root)
}

fn make(url: &Url, variables: &Variables) -> Result<Arc<dyn ObjectStore>, LocationError> {
    match url.scheme() {
        "file" => Ok(Arc::new(Folders::default())),
        "memory" => Ok(Arc::new(InMemory::new())),
        "s3" | "s3a" => bucket::s3(url, variables),
        "gs" => bucket::google(url, variables),
        "az" | "azure" | "abfs" | "abfss" | "adl" => bucket::azure(url, variables),
        scheme => Err(LocationError::new(
            format!("\"{scheme}://\" is no kind of store that is known"),
            "use s3://, gs://, az://, memory://, or a path",
        )),
    }
}

#[cfg(test)]
mod tests;
