//! Reads objects of a store from threads that compute, a block at a time.
//!
//! Responsible for reading one state of an object only, and for words that tell no secrets. Not responsible
//! for what is in the object.

use std::future::Future;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use backstory_core::{BuildError, Failure, FailureKind, Stage};
use backstory_store::Location;
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStore};

use crate::revision::Moment;
use crate::walk::Stamp;

/// Bytes that are asked for at once: few requests for large objects, one for most.
const BLOCK: u64 = 4 * 1024 * 1024;

/// Waits for a store, on any thread.
pub(crate) fn wait<F: Future<Output: Send> + Send>(future: F) -> F::Output {
    if tokio::runtime::Handle::try_current().is_err() {
        return backstory_store::block_on(future);
    }
    // A thread that runs a runtime must not wait for another one itself.
    let waited = thread::scope(|scope| scope.spawn(|| backstory_store::block_on(future)).join());
    waited.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Why a store refused. What stores say themselves may hold signed addresses.
pub(crate) fn reason(error: &Error) -> &'static str {
    match error {
        Error::NotFound { .. } => "it is gone",
        Error::Precondition { .. } | Error::NotModified { .. } => "it changed",
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => "access was denied",
        Error::NotSupported { .. } | Error::NotImplemented { .. } => "the store cannot do this",
        _ => "the store did not answer as it should",
    }
}

/// What is said of a repository that a store does not give.
pub(crate) fn store_failure(error: &Error) -> Failure {
    let kind = match error {
        Error::Precondition { .. } | Error::NotModified { .. } => FailureKind::ChangedWhileRead,
        _ => FailureKind::Unreadable,
    };
    let message = format!("cannot read the file that it lies in: {}", reason(error));
    Failure::repository(Stage::Source, kind, message)
}

/// What marks the state of an object; none if it could change and look the same.
pub(crate) fn state(place: &Location, meta: &ObjectMeta) -> Option<[Vec<u8>; 3]> {
    let key = meta.location.as_ref().as_bytes().to_vec();
    if place.local().is_some() {
        let path = LocalFileSystem::new().path_to_filesystem(&meta.location).ok()?;
        let (size, stamp) = Stamp::of_file(&path)?;
        let state = || [key, size.to_le_bytes().into(), stamp.bytes().into()];
        return stamp.is_before(Moment::now()).then(state);
    }
    let size = meta.size.to_le_bytes().to_vec();
    if let Some(tag) = &meta.e_tag {
        return Some([key, size, tag.clone().into_bytes()]);
    }
    let modified = meta.last_modified.timestamp();
    let state = || [key, size, modified.to_le_bytes().into()];
    Moment::now().is_after((modified, 0)).then(state)
}

/// The place that a plan names.
pub(crate) fn open(key: &'static str, uri: &str, base: &Path) -> Result<Location, BuildError> {
    if holds_secret(uri) {
        return Err(BuildError {
            key,
            message: "the uri holds a user or a password".into(),
            hint: Some(
                "give credentials in the environment, so that they are stored nowhere".into(),
            ),
        });
    }
    Location::open(uri, base).map_err(|error| BuildError {
        key,
        message: error.message,
        hint: Some(error.hint),
    })
}

/// The same, and makes sure that a place of this machine is there.
pub(crate) fn open_present(
    key: &'static str,
    uri: &str,
    base: &Path,
) -> Result<Location, BuildError> {
    let place = open(key, uri, base)?;
    match place.local() {
        // Of a file, the path must not end with a slash.
        Some(path) if !path.components().as_path().exists() => Err(BuildError {
            key,
            message: format!("\"{uri}\" does not exist"),
            hint: Some("relative paths start at the folder of the plan file".into()),
        }),
        _ => Ok(place),
    }
}

/// Whether something before the path of a URI, or behind it, may be a secret.
fn holds_secret(uri: &str) -> bool {
    let Some((_, rest)) = uri.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.contains('@') || rest.contains('?')
}

/// One state of an object, as a file. Where the object has changed since, reading fails.
pub(crate) struct ObjectReader {
    store: Arc<dyn ObjectStore>,
    meta: Arc<ObjectMeta>,
    position: u64,
    /// Where `block` starts.
    start: u64,
    block: Bytes,
    on_error: Box<dyn Fn(&Error)>,
}

impl ObjectReader {
    /// A reader that tells `on_error` why a store refused.
    pub(crate) fn new(
        store: &Arc<dyn ObjectStore>,
        meta: &Arc<ObjectMeta>,
        on_error: impl Fn(&Error) + 'static,
    ) -> Self {
        let (store, meta) = (Arc::clone(store), Arc::clone(meta));
        let on_error = Box::new(on_error);
        Self { store, meta, position: 0, start: 0, block: Bytes::new(), on_error }
    }

    /// The rest of the block that the position is in; empty at the end.
    fn rest(&mut self) -> io::Result<&[u8]> {
        let within = self.start..self.start + self.block.len() as u64;
        if !within.contains(&self.position) && self.position < self.meta.size {
            self.start = self.position / BLOCK * BLOCK;
            let end = self.meta.size.min(self.start + BLOCK);
            self.block = wait(get(&*self.store, &self.meta, self.start..end)).map_err(|error| {
                (self.on_error)(&error);
                io::Error::other(reason(&error))
            })?;
        }
        let from = self.position.saturating_sub(self.start) as usize;
        Ok(self.block.get(from..).unwrap_or_default())
    }
}

/// Bytes of an object as it was when `meta` was learnt.
pub(crate) async fn get(
    store: &dyn ObjectStore,
    meta: &ObjectMeta,
    range: std::ops::Range<u64>,
) -> object_store::Result<Bytes> {
    let untagged = meta.e_tag.is_none();
    let options = GetOptions {
        if_match: meta.e_tag.clone(),
        if_unmodified_since: untagged.then_some(meta.last_modified),
        range: Some(GetRange::Bounded(range)),
        ..GetOptions::default()
    };
    store.get_opts(&meta.location, options).await?.bytes().await
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.rest()?;
        let taken = rest.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&rest[..taken]);
        self.position += taken as u64;
        Ok(taken)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.meta.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or_else(|| io::Error::other("a place before the start"))?;
        Ok(self.position)
    }
}
