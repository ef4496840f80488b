//! Keeps what was paid for: answers of models, scores.
//!
//! Responsible for where an object lies, under which name, and that it is there to stay. Not responsible for
//! what is in it.
//!
//! # What holds
//!
//! - An object is there whole or not at all, whoever is killed. A power cut may leave a torn one, which its
//!   owner has to know by its content.
//! - Once [`Shelves::settle`] returns, an object in a folder outlives a power cut.

mod folder;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backstory_core::{Answers, Digest};
pub use backstory_store::LocationError;
use backstory_store::{Location, StoreError, sync_folder};
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStoreExt};
use tokio::sync::Semaphore;

use folder::Folder;

/// Objects of a folder that are made durable at once: enough for a file system to make many durable at a time,
/// and not so many that their threads keep those that talk to servers from a processor.
const SETTLING: usize = 32;

/// Where objects are kept: one per key, in a folder named after the first two digits of it.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder of this machine, which need not be there yet. What is kept in it outlives a power cut.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Whether all that is in it was paid for the same output. What is recalled from such a folder
        /// counts against a budget, for it is paid and was never charged.
        own: bool,
    },
    /// A place in a store. What it has acknowledged outlives a power cut.
    Store {
        /// The place.
        location: Location,
        /// As with a folder.
        own: bool,
    },
    /// One of these with what was recorded there before: what is not there is not asked for.
    Recorded(Box<Place>),
}

impl Place {
    /// A folder of what was recorded before.
    pub fn recorded(folder: &Path) -> Self {
        Self::Recorded(Box::new(Self::Folder { path: folder.to_owned(), own: false }))
    }

    /// Where a plan keeps them: `named` is what the configuration names, if it names anything, a URI or a path
    /// that starts at `base`.
    pub fn of(
        answers: Answers<'_>,
        named: Option<&str>,
        base: &Path,
    ) -> Result<Self, LocationError> {
        match (answers, named) {
            (Answers::Asked(_) | Answers::Rehearsed, Some(uri)) => Self::at(uri, base, false),
            (Answers::Asked(uri), None) => Self::at(uri, base, true),
            (Answers::Recorded { folder, asks: true }, _) => {
                Ok(Self::Folder { path: folder.to_owned(), own: false })
            }
            (Answers::Recorded { folder, asks: false }, _) => Ok(Self::recorded(folder)),
            (Answers::Foreseen(uri), named) => {
                let place = Self::at(named.unwrap_or(uri), base, false)?;
                Ok(Self::Recorded(Box::new(place)))
            }
            (Answers::Rehearsed, None) => Ok(Self::recorded(Path::new(""))),
        }
    }

    fn at(uri: &str, base: &Path, own: bool) -> Result<Self, LocationError> {
        // A path is taken as it is: any file system will do, whatever its names are made of.
        if !uri.contains("://") {
            return Ok(Self::Folder { path: base.join(uri), own });
        }
        let location = Location::open(uri, base)?;
        Ok(match location.local() {
            Some(path) => Self::Folder { path, own },
            None => Self::Store { location, own },
        })
    }

    /// Whether all that is there was paid for the same output.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Folder { own: true, .. } | Self::Store { own: true, .. })
    }

    /// Whether nothing will ever be there but what is there by now.
    pub fn is_recorded(&self) -> bool {
        matches!(self, Self::Recorded(_))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path, .. } => path.display().fmt(f),
            Self::Store { location, .. } => location.fmt(f),
            Self::Recorded(place) => place.fmt(f),
        }
    }
}

/// Reads and writes objects at a place.
pub struct Shelves {
    place: Place,
    at: At,
    settling: Semaphore,
}

/// What a place comes to.
enum At {
    Folder(Arc<Folder>),
    Store(Location),
}

impl At {
    fn of(place: &Place) -> Self {
        match place {
            Place::Folder { path, .. } => Self::Folder(Arc::new(Folder::new(path))),
            Place::Store { location, .. } => Self::Store(location.clone()),
            Place::Recorded(place) => Self::of(place),
        }
    }
}

/// An object under its name, which a killed process leaves behind whole and a power cut may not.
#[must_use]
pub struct Unsettled {
    /// The object and the folder that it is in; none if a store has seen to all that.
    file: Option<(File, PathBuf)>,
}

impl Shelves {
    /// What is kept at a place. Touches nothing yet.
    pub fn new(place: Place) -> Self {
        Self { at: At::of(&place), place, settling: Semaphore::new(SETTLING) }
    }

    /// Where that is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The object under a key, if there is one. An error is what the system says.
    pub async fn read(&self, key: Digest) -> Result<Option<Bytes>, String> {
        match &self.at {
            At::Folder(folder) => blocking(folder, move |folder| folder.read(key)).await,
            At::Store(location) => {
                let read = async || location.root().get(&path(location, key)).await?.bytes().await;
                match read().await {
                    Ok(object) => Ok(Some(object)),
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    Err(error) => Err(told(location, &error)),
                }
            }
        }
    }

    /// Puts an object in its place, whole or not at all.
    pub async fn put(&self, key: Digest, bytes: Bytes) -> Result<Unsettled, String> {
        match &self.at {
            At::Folder(folder) => {
                let put = blocking(folder, move |folder| folder.put(key, &bytes)).await?;
                Ok(Unsettled { file: Some(put) })
            }
            At::Store(location) => {
                let put = location.root().put(&path(location, key), bytes.into()).await;
                put.map(|_| Unsettled { file: None }).map_err(|error| told(location, &error))
            }
        }
    }

    /// Returns once the object is there to stay.
    pub async fn settle(&self, unsettled: Unsettled) -> Result<(), String> {
        let Some((file, folder)) = unsettled.file else { return Ok(()) };
        let _one = self.settling.acquire().await;
        waited(move || file.sync_all().and_then(|()| sync_folder(&folder))).await
    }

    /// Takes the object under a key away for good. There need not be one.
    pub async fn remove(&self, key: Digest) -> Result<(), String> {
        match &self.at {
            At::Folder(folder) => blocking(folder, move |folder| folder.remove(key)).await,
            At::Store(location) => match location.root().delete(&path(location, key)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(told(location, &error)),
            },
        }
    }

    /// Keys and sizes of all objects, by key. What else lies there is passed over.
    pub fn list(&self) -> BoxStream<'_, Result<(Digest, u64), String>> {
        match &self.at {
            At::Folder(folder) => stream::iter(0..=u8::MAX)
                .then(move |first| blocking(folder, move |folder| folder.list(first)))
                .map_ok(|found| stream::iter(found).map(Ok))
                .try_flatten()
                .boxed(),
            At::Store(location) => location
                .root()
                .list(Some(location.prefix()))
                .map_err(|error| told(location, &error))
                .try_filter_map(async |object| Ok(listed(location, &object)))
                .boxed(),
        }
    }
}

async fn blocking<T: Send + 'static>(
    folder: &Arc<Folder>,
    work: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
) -> Result<T, String> {
    let folder = Arc::clone(folder);
    waited(move || work(&folder)).await
}

/// Disks wait, so they are waited for elsewhere.
async fn waited<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other).flatten().map_err(|error| error.to_string())
}

/// Names what went wrong there.
fn told(location: &Location, error: &object_store::Error) -> String {
    StoreError::new(&location.to_string(), error).to_string()
}

fn path(location: &Location, key: Digest) -> object_store::path::Path {
    let key = key.to_string();
    location.path(&format!("{}/{key}.json", &key[..2]))
}

/// The key of an object, if it is one of ours.
fn listed(location: &Location, object: &ObjectMeta) -> Option<(Digest, u64)> {
    let key = key(object.location.filename()?)?;
    (object.location == path(location, key)).then_some((key, object.size))
}

/// The key of an object of that name.
fn key(name: &str) -> Option<Digest> {
    name.strip_suffix(".json")?.parse().ok()
}
