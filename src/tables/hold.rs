//! Keeps a second run out of an output.
//!
//! In a folder, a lock that the system lets go of however the process ends. In a bucket, a lease: an object that
//! its holder renews, and that may be taken over when it has not been renewed for [`EXPIRY`]. That is told by
//! watching it, not by comparing clocks. A holder that was taken over finds out at its next renewal or commit,
//! whichever comes first: see [`super::commits`].

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backstory_store::Location;
use object_store::path::Path as ObjectPath;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion};
use serde::{Deserialize, Serialize};

use super::OutputError;

/// How long a lease holds that is not renewed.
const EXPIRY: Duration = Duration::from_secs(30);

/// How often a lease is renewed.
const RENEWAL: Duration = Duration::from_secs(8);

/// Who holds an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Names the run; no other has the name.
    pub run: String,
    host: String,
    /// Tells processes of one host apart from those of another of the same name, or of the same after a restart.
    system: String,
    process: u32,
    /// Milliseconds since 1970.
    since: u64,
    /// The same, of the last renewal.
    renewed: u64,
}

impl Holder {
    fn myself() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let (system, process) = (system(), std::process::id());
        let name = format!("{host} {system} {process} {}", since.as_nanos());
        let run = backstory_core::Digest::of(name).to_string()[..12].to_owned();
        let since = since.as_millis() as u64;
        Self { run, host, system, process, since, renewed: since }
    }

    /// Whether it is known to be gone: a process of this system that is no more.
    fn is_gone(&self) -> bool {
        let mine = !self.system.is_empty() && self.system == system();
        mine && !Path::new(&format!("/proc/{}", self.process)).exists()
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = UNIX_EPOCH + Duration::from_millis(self.since);
        let since = httpdate::fmt_http_date(since);
        write!(f, "run {}, process {} on {}, since {since}", self.run, self.process, self.host)
    }
}

/// The running system, and the space that its process numbers are of; empty where that cannot be told.
fn system() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let system = format!("{} {}", boot.trim(), space.display());
    if boot.is_empty() { String::new() } else { system }
}

/// An output that is held.
pub struct Hold {
    holder: Holder,
    kind: Kind,
}

enum Kind {
    Lock {
        /// Locked as long as it is open.
        _file: File,
    },
    Lease {
        lost: Arc<AtomicBool>,
        renewal: tokio::task::JoinHandle<()>,
        store: Arc<dyn ObjectStore>,
        path: ObjectPath,
    },
}

impl Hold {
    /// Takes hold of an output, or says who has it.
    pub async fn take(place: &Location) -> Result<Self, OutputError> {
        let holder = Holder::myself();
        let kind = match place.local() {
            Some(folder) => lock(&folder, &holder)?,
            None => lease(place, &holder).await?,
        };
        Ok(Self { holder, kind })
    }

    /// Who that is.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// An error if another run has taken over.
    pub fn check(&self) -> Result<(), OutputError> {
        match &self.kind {
            Kind::Lease { lost, .. } if lost.load(Ordering::Acquire) => Err(OutputError::TakenOver),
            _ => Ok(()),
        }
    }

    /// Lets go, so that the next run does not have to wait.
    pub async fn release(self) {
        if let Kind::Lease { lost, renewal, store, path } = self.kind {
            renewal.abort();
            // Ended or not: nothing renews it any more. Who cannot be told waits until it has expired.
            let _ = renewal.await;
            if !lost.load(Ordering::Acquire) {
                let _ = store.delete(&path).await;
            }
        }
    }
}

fn lock(folder: &Path, holder: &Holder) -> Result<Kind, OutputError> {
    let failed = |source| OutputError::Folder { path: folder.to_owned(), source };
    let ours = folder.join("_backstory");
    std::fs::create_dir_all(&ours).map_err(failed)?;
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
    let mut file = options.open(ours.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Who is just taking hold may not have said who it is.
            let _ = file.read_to_string(&mut text);
            let holder = serde_json::from_str::<Holder>(&text).ok();
            return Err(busy(&folder.display().to_string(), holder.as_ref()));
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let text = serde_json::to_vec(holder).unwrap_or_default();
    file.set_len(0).map_err(failed)?;
    file.rewind().and_then(|()| file.write_all(&text)).map_err(failed)?;
    Ok(Kind::Lock { _file: file })
}

fn busy(place: &str, holder: Option<&Holder>) -> OutputError {
    let holder = holder.map_or_else(|| "another run".to_owned(), Holder::to_string);
    OutputError::Busy { place: place.to_owned(), holder }
}

async fn lease(place: &Location, holder: &Holder) -> Result<Kind, OutputError> {
    let (store, path) = (Arc::clone(place.root()), place.path("_backstory/lease"));
    let version = loop {
        if let Some(version) = put(&*store, &path, holder, PutMode::Create).await? {
            break version;
        }
        let Some((other, version)) = read(&*store, &path).await? else { continue };
        if !other.as_ref().is_some_and(Holder::is_gone) {
            tokio::time::sleep(EXPIRY).await;
            match read(&*store, &path).await? {
                None => continue,
                Some((now, later)) if later.e_tag != version.e_tag => {
                    return Err(busy(&place.to_string(), now.as_ref()));
                }
                Some(_) => {}
            }
        }
        if let Some(version) = put(&*store, &path, holder, PutMode::Update(version)).await? {
            break version;
        }
    };
    let lost = Arc::new(AtomicBool::new(false));
    let renewal = renew(Arc::clone(&store), path.clone(), holder.clone(), version, &lost);
    let renewal = tokio::spawn(renewal);
    Ok(Kind::Lease { lost, renewal, store, path })
}

/// The holder, if it can be read, and the version of the lease; none if there is no lease.
async fn read(
    store: &dyn ObjectStore,
    path: &ObjectPath,
) -> Result<Option<(Option<Holder>, UpdateVersion)>, OutputError> {
    match store.get(path).await {
        Ok(object) => {
            let version = UpdateVersion {
                e_tag: object.meta.e_tag.clone(),
                version: object.meta.version.clone(),
            };
            Ok(Some((serde_json::from_slice(&object.bytes().await?).ok(), version)))
        }
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes the lease; none if another one was quicker.
async fn put(
    store: &dyn ObjectStore,
    path: &ObjectPath,
    holder: &Holder,
    mode: PutMode,
) -> Result<Option<UpdateVersion>, OutputError> {
    let payload = PutPayload::from(serde_json::to_vec(holder).unwrap_or_default());
    match store.put_opts(path, payload, mode.into()).await {
        Ok(result) => Ok(Some(result.into())),
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => {
            // The answer to our own request may have been lost, and the request sent again.
            let found = read(store, path).await?;
            Ok(found
                .filter(|(other, _)| other.as_ref() == Some(holder))
                .map(|(_, version)| version))
        }
        Err(error) => Err(error.into()),
    }
}

/// Renews a lease until it is lost. Each renewal gives it another version, which who waits for its end sees.
fn renew(
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
    mut holder: Holder,
    mut version: UpdateVersion,
    lost: &Arc<AtomicBool>,
) -> impl Future<Output = ()> + use<> {
    let lost = Arc::clone(lost);
    async move {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            // A store whose versions are digests has to be given another content.
            holder.renewed = now.as_millis() as u64;
            match put(&*store, &path, &holder, PutMode::Update(version.clone())).await {
                Ok(Some(next)) => version = next,
                Ok(None) => break,
                // The store cannot be asked for now; whoever finds the lease expired takes it.
                Err(_) => {}
            }
        }
        lost.store(true, Ordering::Release);
    }
}
