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

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use backstory_core::{Answers, Digest};
use backstory_store::Location;
use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::Semaphore;

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
    /// A folder of what was recorded before: what is not there is not asked for.
    Recorded(PathBuf),
    /// Any store, under a prefix. The store decides what outlives a power cut.
    Store(Arc<dyn ObjectStore>, object_store::path::Path),
}

impl Place {
    /// Where a plan keeps them: `named` is the folder that the configuration names, if it names one.
    pub fn of(answers: Answers<'_>, named: Option<PathBuf>) -> Self {
        match (answers, named) {
            (Answers::Asked(_) | Answers::Rehearsed, Some(path)) => {
                Self::Folder { path, own: false }
            }
            (Answers::Asked(uri), None) => Self::own(uri),
            (Answers::Recorded { folder, asks: true }, _) => {
                Self::Folder { path: folder.to_owned(), own: false }
            }
            (Answers::Recorded { folder, asks: false }, _) => Self::Recorded(folder.to_owned()),
            (Answers::Rehearsed, None) => Self::Recorded(PathBuf::new()),
        }
    }

    /// Where the output of this URI keeps them.
    fn own(uri: &str) -> Self {
        match Location::open(uri, Path::new("")) {
            Ok(place) => match place.local() {
                Some(path) => Self::Folder { path, own: true },
                None => Self::Store(Arc::clone(place.root()), place.prefix().clone()),
            },
            // What is no place was reported of the output itself.
            Err(_) => Self::Recorded(PathBuf::new()),
        }
    }

    /// Whether nothing will ever be there but what is there by now.
    pub fn is_recorded(&self) -> bool {
        matches!(self, Self::Recorded(_))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path, .. } | Self::Recorded(path) => path.display().fmt(f),
            Self::Store(_, prefix) => prefix.fmt(f),
        }
    }
}

/// Reads and writes objects at a place.
pub struct Shelves {
    place: Place,
    folder: Arc<Folder>,
    settling: Semaphore,
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
        let path = match &place {
            Place::Folder { path, .. } | Place::Recorded(path) => path,
            Place::Store(..) => Path::new(""),
        };
        let folder = Arc::new(Folder::new(path));
        let settling = Semaphore::new(SETTLING);
        Self { place, folder, settling }
    }

    /// Where that is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The object under a key, if there is one. An error is what the system says.
    pub async fn read(&self, key: Digest) -> Result<Option<Bytes>, String> {
        match &self.place {
            Place::Folder { .. } | Place::Recorded(_) => {
                self.blocking(move |folder| folder.read(key)).await
            }
            Place::Store(store, prefix) => match store.get(&location(prefix, key)).await {
                Ok(object) => object.bytes().await.map(Some).map_err(|error| error.to_string()),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// Puts an object in its place, whole or not at all.
    pub async fn put(&self, key: Digest, bytes: Bytes) -> Result<Unsettled, String> {
        match &self.place {
            Place::Folder { .. } | Place::Recorded(_) => {
                let put = self.blocking(move |folder| folder.put(key, &bytes)).await?;
                Ok(Unsettled { file: Some(put) })
            }
            Place::Store(store, prefix) => {
                let put = store.put(&location(prefix, key), bytes.into()).await;
                put.map(|_| Unsettled { file: None }).map_err(|error| error.to_string())
            }
        }
    }

    /// Returns once the object is there to stay.
    pub async fn settle(&self, unsettled: Unsettled) -> Result<(), String> {
        let Some((file, folder)) = unsettled.file else { return Ok(()) };
        let _one = self.settling.acquire().await;
        self.blocking(move |_| file.sync_all().and_then(|()| sync(&folder))).await
    }

    /// Disks wait, so they are waited for elsewhere.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let folder = Arc::clone(&self.folder);
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.map_err(io::Error::other).flatten().map_err(|error| error.to_string())
    }
}

fn location(prefix: &object_store::path::Path, key: Digest) -> object_store::path::Path {
    let key = key.to_string();
    prefix.clone().join(&key[..2]).join(format!("{key}.json"))
}

/// A folder of this machine.
struct Folder {
    path: PathBuf,
    /// Which of the folders in it are there to stay, by the first byte of keys.
    settled: [AtomicBool; 256],
}

impl Folder {
    fn new(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { path, settled: [const { AtomicBool::new(false) }; 256] }
    }

    fn read(&self, key: Digest) -> io::Result<Option<Bytes>> {
        let key = key.to_string();
        match fs::read(self.path.join(&key[..2]).join(key + ".json")) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts an object in its place, whole or not at all. The file and the folder it is in.
    fn put(&self, key: Digest, bytes: &[u8]) -> io::Result<(File, PathBuf)> {
        let settled = &self.settled[usize::from(key.0[0])];
        let key = key.to_string();
        let folder = self.path.join(&key[..2]);
        if !settled.load(Ordering::Relaxed) {
            make(&folder)?;
        }
        let result = put(folder, &key, bytes);
        // Whoever took the folder away may have to have it made again.
        settled.store(result.is_ok(), Ordering::Relaxed);
        result
    }
}

fn put(folder: PathBuf, key: &str, bytes: &[u8]) -> io::Result<(File, PathBuf)> {
    let (mut file, staged) = stage(&folder, key)?;
    // Named before it is durable: a power cut may leave a torn object, which counts as absent.
    let put = file.write_all(bytes);
    let put = put.and_then(|()| fs::rename(&staged, folder.join(format!("{key}.json"))));
    if put.is_err() {
        let _ = fs::remove_file(&staged);
    }
    put.map(|()| (file, folder))
}

/// A file that nobody else writes: a name that is taken is that of a killed process, or of another machine.
fn stage(folder: &Path, key: &str) -> io::Result<(File, PathBuf)> {
    let mut number = 1_u32;
    loop {
        let staged = folder.join(format!("{key}.json#{number}"));
        match File::create_new(&staged) {
            Ok(file) => return Ok((file, staged)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Makes a folder with all above it, there to stay.
fn make(folder: &Path) -> io::Result<()> {
    let Some(above) = folder.parent() else { return Ok(()) };
    let made = match fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(above).and_then(|()| fs::create_dir(folder))
        }
        made => made,
    };
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync(above),
    }
}

/// Makes the names in a folder durable; of other systems only Unix lets a folder be opened.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
