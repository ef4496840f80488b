//! Objects in a folder of this machine.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use backstory_core::Digest;
use backstory_store::{make_folder, sync_folder};
use bytes::Bytes;

/// A folder of this machine.
pub(crate) struct Folder {
    path: PathBuf,
    /// Which of the folders in it are there to stay, by the first byte of keys.
    settled: [AtomicBool; 256],
}

impl Folder {
    pub fn new(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { path, settled: [const { AtomicBool::new(false) }; 256] }
    }

    pub fn read(&self, key: Digest) -> io::Result<Option<Bytes>> {
        let key = key.to_string();
        match fs::read(self.path.join(&key[..2]).join(key + ".json")) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes an object away for good, with what a killed process has left of it.
    pub fn remove(&self, key: Digest) -> io::Result<()> {
        let key = key.to_string();
        let folder = self.path.join(&key[..2]);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(key.as_bytes()) {
                continue;
            }
            match fs::remove_file(entry.path()) {
                // Somebody else was faster, or has just finished it.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        sync_folder(&folder)
    }

    /// Keys of objects and their sizes, of those whose keys begin with that byte, in order.
    pub fn list(&self, first: u8) -> io::Result<Vec<(Digest, u64)>> {
        let entries = match fs::read_dir(self.path.join(format!("{first:02x}"))) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
            entries => entries?,
        };
        let mut found = vec![];
        for entry in entries {
            let entry = entry?;
            let Some(key) = entry.file_name().to_str().and_then(crate::key) else { continue };
            match entry.metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                metadata => found.push((key, metadata?.len())),
            }
        }
        found.retain(|(key, _)| key.0[0] == first);
        found.sort_unstable();
        Ok(found)
    }

    /// Puts an object in its place, whole or not at all. The file and the folder it is in.
    pub fn put(&self, key: Digest, bytes: &[u8]) -> io::Result<(File, PathBuf)> {
        let settled = &self.settled[usize::from(key.0[0])];
        let key = key.to_string();
        let folder = self.path.join(&key[..2]);
        if !settled.load(Ordering::Relaxed) {
            make_folder(&folder)?;
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
