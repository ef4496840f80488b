//! An object that arrives in parts.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::{Writer, blocking, sync_folder};

/// Parts are written where they belong, in a file that gets its name at the end.
#[derive(Debug)]
pub(super) struct Upload {
    staged: Arc<Staged>,
    length: u64,
}

/// Is gone with its last owner unless it was named.
#[derive(Debug)]
struct Staged {
    file: Mutex<File>,
    staged: PathBuf,
    path: PathBuf,
    /// Whether the staged name is not ours any more: somebody else may have taken it.
    gone: AtomicBool,
}

impl Upload {
    pub fn begin(writer: Writer) -> io::Result<Self> {
        let (file, staged) = writer.stage()?;
        let (file, gone) = (Mutex::new(file), AtomicBool::new(false));
        let staged = Staged { file, staged, path: writer.path, gone };
        Ok(Self { staged: Arc::new(staged), length: 0 })
    }
}

impl Staged {
    fn write(&self, offset: u64, part: &PutPayload) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        part.iter().try_for_each(|bytes| file.write_all(bytes))
    }

    fn remove(&self) -> io::Result<()> {
        let gone = self.gone.swap(true, Ordering::Relaxed);
        if gone { Ok(()) } else { fs::remove_file(&self.staged) }
    }

    fn name(&self) -> io::Result<()> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).sync_all()?;
        fs::rename(&self.staged, &self.path)?;
        self.gone.store(true, Ordering::Relaxed);
        self.path.parent().map_or(Ok(()), sync_folder)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = self.remove();
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        let (staged, offset) = (Arc::clone(&self.staged), self.length);
        self.length += part.content_length() as u64;
        Box::pin(async move {
            let path = staged.path.clone();
            blocking(&path, move || staged.write(offset, &part)).await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let staged = Arc::clone(&self.staged);
        blocking(&self.staged.path, move || staged.name()).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        let staged = Arc::clone(&self.staged);
        blocking(&self.staged.path, move || staged.remove()).await
    }
}
