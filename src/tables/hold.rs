//! Keeps a second run out of an output.
//!
//! In a folder, a lock that the system lets go of however the process ends. In a bucket, a lease: an object that
//! its holder renews, and that may be taken over when it has not been renewed for the time of [`TERM`]. That is
//! told by watching it, not by comparing clocks; of a process of the same system by asking the system. A holder that was taken over finds out at its next renewal or
//! commit, whichever comes first: see [`super::commits`]. One that could not renew for so long commits nothing
//! before it has.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use backstory_store::{Location, make_folder};
use object_store::path::Path as ObjectPath;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::OutputError;

/// The times of a lease.
#[derive(Clone, Copy)]
struct Term {
    /// How long it holds when it is not renewed.
    expiry: Duration,
    /// How often it is renewed.
    renewal: Duration,
    /// How often it is looked at by who waits for its end.
    look: Duration,
}

const TERM: Term = Term {
    expiry: Duration::from_secs(30),
    renewal: Duration::from_secs(8),
    look: Duration::from_secs(1),
};

/// Who holds an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Names the run; no other has the name.
    pub run: String,
    host: String,
    /// Tells processes of one host apart from those of another of the same name, or of the same after a restart.
    system: String,
    process: u32,
    /// When the process began, as the system counts: another one may get its number.
    began: u64,
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
        let (since, began) = (since.as_millis() as u64, began(process).unwrap_or_default());
        Self { run, host, system, process, began, since, renewed: since }
    }

    /// Whether it is there still, if it is a process of this system; of others that cannot be told.
    fn is_alive(&self) -> Option<bool> {
        let mine = !self.system.is_empty() && self.system == system();
        mine.then(|| began(self.process) == Some(self.began))
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

/// When a process of this system began; none if it is no more, even if nobody has asked yet how it ended.
fn began(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // There may be anything in the name, which is in parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" { None } else { fields.nth(18)?.parse().ok() }
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
        /// Whether another holder had to be pushed aside that may be alive.
        took_over: bool,
        term: Term,
        /// When the request was sent that renewed it last; none if it is lost.
        renewed: watch::Receiver<Option<Instant>>,
        /// Ends when it is dropped.
        renewal: JoinSet<()>,
        store: Arc<dyn ObjectStore>,
        path: ObjectPath,
    },
}

impl Hold {
    /// Takes hold of an output, or says who has it.
    pub async fn take(place: &Location) -> Result<Self, OutputError> {
        Self::take_as(Holder::myself(), place, TERM).await
    }

    async fn take_as(holder: Holder, place: &Location, term: Term) -> Result<Self, OutputError> {
        let kind = match place.local() {
            Some(folder) => lock(&folder, &holder)?,
            None => lease(place, &holder, term).await?,
        };
        Ok(Self { holder, kind })
    }

    /// Who that is.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whether another holder was pushed aside that may be alive, and may not know yet.
    pub fn took_over(&self) -> bool {
        matches!(self.kind, Kind::Lease { took_over: true, .. })
    }

    /// An error if another run has taken over. Waits while that cannot be told.
    pub async fn check(&self) -> Result<(), OutputError> {
        let Kind::Lease { renewed, term, .. } = &self.kind else { return Ok(()) };
        let is_told = |at: &Option<Instant>| at.is_none_or(|at| at.elapsed() < term.expiry);
        match renewed.clone().wait_for(is_told).await {
            Ok(at) if at.is_some() => Ok(()),
            _ => Err(OutputError::TakenOver),
        }
    }

    /// Lets go, so that the next run does not have to wait.
    pub async fn release(self) {
        let Kind::Lease { mut renewal, store, path, term, .. } = self.kind else { return };
        renewal.shutdown().await;
        let delete = async {
            // Another run may have taken it, and noticed or not it is that one's then.
            if let Ok(Some((Some(other), _))) = read(&*store, &path).await
                && other.run == self.holder.run
            {
                let _ = store.delete(&path).await;
            }
        };
        // A store that cannot be told now is not waited for: the lease expires.
        let _ = timeout(term.renewal, delete).await;
    }
}

fn lock(folder: &Path, holder: &Holder) -> Result<Kind, OutputError> {
    let failed = |source| OutputError::Folder { path: folder.to_owned(), source };
    let ours = folder.join("_backstory");
    make_folder(&ours).map_err(failed)?;
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

async fn lease(place: &Location, holder: &Holder, term: Term) -> Result<Kind, OutputError> {
    let (store, path) = (Arc::clone(place.root()), place.path("_backstory/lease"));
    let (version, since, took_over) = loop {
        let since = Instant::now();
        if let Some(version) = put(&*store, &path, holder, PutMode::Create).await? {
            break (version, since, false);
        }
        let Some((other, version)) = read(&*store, &path).await? else { continue };
        let alive = other.as_ref().and_then(Holder::is_alive);
        let now = match alive {
            Some(true) => Some(other),
            Some(false) => None,
            None => renewed(&*store, &path, &version, term).await?,
        };
        if let Some(now) = now {
            return Err(busy(&place.to_string(), now.as_ref()));
        }
        let since = Instant::now();
        if let Some(version) = put(&*store, &path, holder, PutMode::Update(version)).await? {
            break (version, since, alive.is_none());
        }
    };
    let (sender, renewed) = watch::channel(Some(since));
    let mut renewal = JoinSet::new();
    renewal.spawn(renew(Arc::clone(&store), path.clone(), holder.clone(), version, term, sender));
    Ok(Kind::Lease { took_over, term, renewed, renewal, store, path })
}

/// Looks at a lease until it has expired or is gone. Who holds it, if it has another version before that.
async fn renewed(
    store: &dyn ObjectStore,
    path: &ObjectPath,
    version: &UpdateVersion,
    term: Term,
) -> Result<Option<Option<Holder>>, OutputError> {
    let begin = Instant::now();
    while begin.elapsed() < term.expiry {
        sleep(term.look).await;
        match read(store, path).await? {
            None => break,
            Some((now, later)) if later.e_tag != version.e_tag => return Ok(Some(now)),
            Some(_) => {}
        }
    }
    Ok(None)
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
            // The answer to our own request may have been lost: to this one, or to one that was given up.
            let found = read(store, path).await?;
            let is_own =
                |other: &Option<Holder>| other.as_ref().is_some_and(|it| it.run == holder.run);
            Ok(found.filter(|(other, _)| is_own(other)).map(|(_, version)| version))
        }
        Err(error) => Err(error.into()),
    }
}

/// Renews a lease until it is lost. Each renewal gives it another version, which who waits for its end sees.
async fn renew(
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
    mut holder: Holder,
    mut version: UpdateVersion,
    term: Term,
    renewed: watch::Sender<Option<Instant>>,
) {
    loop {
        sleep(term.renewal).await;
        let begin = Instant::now();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // A store whose versions are digests has to be given another content.
        holder.renewed = now.as_millis() as u64;
        match put(&*store, &path, &holder, PutMode::Update(version.clone())).await {
            Ok(Some(next)) => {
                version = next;
                renewed.send_replace(Some(begin));
            }
            Ok(None) => break,
            // The store cannot be asked for now; whoever finds the lease expired takes it.
            Err(_) => {}
        }
    }
    renewed.send_replace(None);
}

#[cfg(test)]
mod tests;
