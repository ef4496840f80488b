//! Places that data lie in: folders of this machine, and prefixes of buckets.
//!
//! Responsible for what a URI means, for where credentials come from, and for what it takes that a file of
//! this machine outlives a power cut. Not responsible for what lies there.

mod runtime;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use url::Url;

pub use runtime::block_on;

/// A folder of this machine, or what begins with a prefix in a bucket. Need not be there yet.
#[derive(Clone)]
pub struct Location {
    /// Ends with a slash.
    url: Url,
    /// As people know it, without a slash at its end.
    shown: String,
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

impl Location {
    /// What a URI means: `s3://bucket/prefix`, `gs://`, `az://`, `memory://`, `file://`, or a path, which
    /// starts at `base` unless it is absolute. Asks nobody.
    pub fn open(uri: &str, base: &Path) -> Result<Self, LocationError> {
        match Url::parse(uri) {
            Ok(url) if uri.contains("://") => {
                Self::at(with_slash(url), uri.trim_end_matches('/').to_owned())
            }
            _ => Self::folder(&base.join(uri)),
        }
    }

    /// A folder of this machine.
    pub fn folder(path: &Path) -> Result<Self, LocationError> {
        Self::at(folder_url(path)?, path.display().to_string())
    }

    fn at(url: Url, shown: String) -> Result<Self, LocationError> {
        let root = root(&url)?;
        let prefix = prefix(&url)?;
        Ok(Self { url, shown, root, prefix })
    }

    /// The place below this one of that name, which may have slashes in it.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        let prefix = self.path(below);
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(below.split('/').filter(|part| !part.is_empty()))
                .push("");
        }
        let shown = format!("{}/{}", self.shown, below.trim_matches('/'));
        Self { url, shown, root: Arc::clone(&self.root), prefix }
    }

    /// Where in the store an object lies whose name starts here.
    pub fn path(&self, below: &str) -> ObjectPath {
        let parts = below.split('/').filter(|part| !part.is_empty());
        parts.fold(self.prefix.clone(), |path, part| path.join(part))
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
        let path = (self.url.scheme() == "file").then(|| self.url.to_file_path().ok()).flatten();
        // Without the slash at its end.
        path.map(|path| path.components().collect())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
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

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

fn folder_url(path: &Path) -> Result<Url, LocationError> {
    let absolute = std::path::absolute(path).ok();
    let url = absolute.and_then(|path| Url::from_directory_path(path).ok());
    url.ok_or_else(|| LocationError {
        message: format!("\"{}\" is no path of a folder", path.display()),
        hint: "name a folder, or a URI such as s3://bucket/prefix".to_owned(),
    })
}

fn prefix(url: &Url) -> Result<ObjectPath, LocationError> {
    ObjectPath::from_url_path(url.path()).map_err(|error| LocationError {
        message: format!("\"{url}\" is no place in a store: {error}"),
        hint: "leave out empty and relative parts of the path".to_owned(),
    })
}

/// Stores in use, by scheme and host: connections and what lies in memory are shared.
static ROOTS: LazyLock<Mutex<HashMap<String, Arc<dyn ObjectStore>>>> =
    LazyLock::new(Mutex::default);

fn root(url: &Url) -> Result<Arc<dyn ObjectStore>, LocationError> {
    let key = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    let mut roots = ROOTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(root) = roots.get(&key) {
        return Ok(Arc::clone(root));
    }
    let root = make(url)?;
    roots.insert(key, Arc::clone(&root));
    Ok(root)
}

fn make(url: &Url) -> Result<Arc<dyn ObjectStore>, LocationError> {
    match url.scheme() {
        "file" => Ok(Arc::new(LocalFileSystem::new())),
        "memory" => Ok(Arc::new(InMemory::new())),
        scheme => Err(LocationError {
            message: format!("\"{scheme}://\" is no kind of store that is known"),
            hint: "use s3://, gs://, az://, memory://, or a path".to_owned(),
        }),
    }
}
