//! Folders of this machine as a store whose word holds: what it has acknowledged outlives a power cut.
//!
//! Responsible for the order of writing, naming and making durable: an object gets its name once its bytes
//! are durable, and is acknowledged once its name is. Not responsible for reading, which is that of
//! [`LocalFileSystem`].

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result,
};

mod upload;

use upload::Upload;

/// Folders that are remembered to be durable.
const REMEMBERED: usize = 65_536;
/// Objects that are deleted before their folders are made durable.
const DELETED_AT_ONCE: usize = 1000;

/// All files of this machine.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    files: LocalFileSystem,
    /// Folders that this process has made durable, or found to be there and made durable.
    durable: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Folders {
    fn writer(&self, location: &ObjectPath) -> Result<Writer> {
        let path = self.files.path_to_filesystem(location)?;
        Ok(Writer { path, durable: Arc::clone(&self.durable) })
    }

    /// Before an object gets another name: its bytes are durable, and so is the folder it goes to.
    async fn prepare(&self, from: &ObjectPath, to: &ObjectPath) -> Result<()> {
        let (source, target) = (self.writer(from)?.path, self.writer(to)?);
        let path = source.clone();
        blocking(&path, move || File::open(source)?.sync_all().and_then(|()| target.make())).await
    }

    /// After it got one.
    async fn sync(&self, locations: &[&ObjectPath]) -> Result<()> {
        for location in locations {
            let folder = self.writer(location)?.folder().to_owned();
            let path = folder.clone();
            blocking(&path, move || sync_folder(&folder)).await?;
        }
        Ok(())
    }

    async fn stored(&self, location: &ObjectPath) -> Result<PutResult> {
        let e_tag = self.files.head(location).await?.e_tag;
        Ok(PutResult { e_tag, version: None })
    }
}

#[async_trait]
impl ObjectStore for Folders {
    async fn put_opts(
        &self,
        location: &ObjectPath,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let unknown = matches!(options.mode, PutMode::Update(_)) || !options.attributes.is_empty();
        if unknown {
            // It says so itself.
            return self.files.put_opts(location, payload, options).await;
        }
        let writer = self.writer(location)?;
        let path = writer.path.clone();
        blocking(&path, move || writer.put(&payload, options.mode == PutMode::Create)).await?;
        self.stored(location).await
    }

    async fn put_multipart_opts(
        &self,
        location: &ObjectPath,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !options.attributes.is_empty() {
            return self.files.put_multipart_opts(location, options).await;
        }
        let writer = self.writer(location)?;
        let path = writer.path.clone();
        Ok(Box::new(blocking(&path, move || Upload::begin(writer)).await?))
    }

    async fn get_opts(&self, location: &ObjectPath, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &ObjectPath, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<ObjectPath>>,
    ) -> BoxStream<'static, Result<ObjectPath>> {
        let files = self.files.clone();
        let chunks = locations.ready_chunks(DELETED_AT_ONCE);
        let deleted = chunks.then(move |chunk| delete(files.clone(), chunk));
        deleted.flat_map(stream::iter).boxed()
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&ObjectPath>,
        offset: &ObjectPath,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &ObjectPath,
        to: &ObjectPath,
        options: CopyOptions,
    ) -> Result<()> {
        self.prepare(from, to).await?;
        self.files.copy_opts(from, to, options).await?;
        self.sync(&[to]).await
    }

    async fn rename_opts(
        &self,
        from: &ObjectPath,
        to: &ObjectPath,
        options: RenameOptions,
    ) -> Result<()> {
        self.prepare(from, to).await?;
        self.files.rename_opts(from, to, options).await?;
        self.sync(&[to, from]).await
    }
}

impl fmt::Display for Folders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("folders of this machine")
    }
}

/// Deletes what can be deleted, and makes that last.
async fn delete(
    files: LocalFileSystem,
    locations: Vec<Result<ObjectPath>>,
) -> Vec<Result<ObjectPath>> {
    let deleted: Vec<_> = files.delete_stream(stream::iter(locations).boxed()).collect().await;
    let paths = deleted.iter().flatten().filter_map(|path| files.path_to_filesystem(path).ok());
    let folders: BTreeSet<PathBuf> =
        paths.filter_map(|path| path.parent().map(Path::to_owned)).collect();
    for folder in folders {
        let path = folder.clone();
        if let Err(error) = blocking(&path, move || sync_folder(&folder)).await {
            return vec![Err(error)];
        }
    }
    deleted
}

/// Writes one object.
struct Writer {
    path: PathBuf,
    durable: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Writer {
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Sees that the folder is there to stay.
    fn make(&self) -> io::Result<()> {
        let known = |durable: &Mutex<HashSet<PathBuf>>| {
            durable.lock().unwrap_or_else(PoisonError::into_inner).contains(self.folder())
        };
        if known(&self.durable) && self.folder().is_dir() {
            return Ok(());
        }
        make_folder(self.folder())?;
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if durable.len() >= REMEMBERED {
            durable.clear();
        }
        durable.insert(self.folder().to_owned());
        Ok(())
    }

    fn put(&self, payload: &PutPayload, create: bool) -> io::Result<()> {
        let (mut file, staged) = self.stage()?;
        let written = payload.iter().try_for_each(|bytes| file.write_all(bytes));
        let named = written.and_then(|()| file.sync_all()).and_then(|()| {
            if create {
                fs::hard_link(&staged, &self.path)
            } else {
                fs::rename(&staged, &self.path)
            }
        });
        if create || named.is_err() {
            let _ = fs::remove_file(&staged);
        }
        named.and_then(|()| sync_folder(self.folder()))
    }

    /// A file that nobody else writes: a name that is taken is that of a killed process, or of another machine.
    /// [`LocalFileSystem`] shows no files of such names.
    fn stage(&self) -> io::Result<(File, PathBuf)> {
        self.make()?;
        let mut number = 1_u32;
        loop {
            let mut staged = self.path.clone().into_os_string();
            staged.push(format!("#{number}"));
            match File::create_new(&staged) {
                Ok(file) => return Ok((file, staged.into())),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Deletes what is left in a folder of objects that were never complete, as their writers were killed. Nobody may
/// be writing there. How many there were, and their bytes.
pub fn clear_staged(folder: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| Some(name.rsplit_once('#')?.1));
        if number.is_some_and(|number| number.parse::<u32>().is_ok()) {
            bytes += entry.metadata()?.len();
            fs::remove_file(entry.path())?;
            files += 1;
        }
    }
    Ok((files, bytes))
}

/// Makes a folder with all above it, there to stay.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let Some(above) = folder.parent() else { return Ok(()) };
    let made = match fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_folder(above).and_then(|()| fs::create_dir(folder))
        }
        made => made,
    };
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(above),
    }
}

/// Makes the names in a folder durable; of other systems only Unix lets a folder be opened.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Disks wait, so they are waited for elsewhere.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await?,
        Err(_) => work(),
    };
    done.map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let path = path.display().to_string();
    let source = io::Error::new(error.kind(), format!("\"{path}\": {error}")).into();
    match error.kind() {
        ErrorKind::NotFound => Error::NotFound { path, source },
        ErrorKind::AlreadyExists => Error::AlreadyExists { path, source },
        _ => Error::Generic { store: "folder", source },
    }
}

#[cfg(test)]
mod tests;
