//! An object that is written from beginning to end by a thread that computes.

use std::io::{self, Write};
use std::sync::Arc;

use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;

use super::OutputError;

/// Bytes of a part. Buckets take 5 MiB at least, and 10,000 parts at most; some take parts of one size alone.
const PART: usize = 8 << 20;

/// An object on its way into a store: a part of it is in memory, and no one sees it before it is finished.
/// Blocks; not for threads of a tokio runtime that are not meant to block.
pub struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    runtime: Handle,
    buffer: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
    size: u64,
}

impl Upload {
    /// An object to be.
    pub fn new(store: Arc<dyn ObjectStore>, path: Path, runtime: Handle) -> Self {
        Self { store, path, runtime, buffer: vec![], parts: None, size: 0 }
    }

    /// Puts the object in its place. Its size in bytes.
    pub fn finish(mut self) -> Result<u64, OutputError> {
        let last = PutPayload::from(std::mem::take(&mut self.buffer));
        match self.parts.take() {
            None => {
                self.runtime.block_on(self.store.put(&self.path, last))?;
            }
            Some(mut parts) => {
                self.runtime.block_on(async {
                    if last.content_length() > 0 {
                        parts.put_part(last).await?;
                    }
                    parts.complete().await
                })?;
            }
        }
        Ok(self.size)
    }

    fn put_part(&mut self) -> object_store::Result<()> {
        let rest = self.buffer.split_off(PART);
        let part = PutPayload::from(std::mem::replace(&mut self.buffer, rest));
        let (store, path, parts) = (&self.store, &self.path, &mut self.parts);
        self.runtime.block_on(async {
            let parts = match parts {
                Some(parts) => parts,
                None => parts.insert(store.put_multipart(path).await?),
            };
            parts.put_part(part).await
        })
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        self.size += bytes.len() as u64;
        while self.buffer.len() >= PART {
            self.put_part().map_err(io::Error::other)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take() {
            // What a store keeps of it all the same is its own to clean up.
            let _ = self.runtime.block_on(parts.abort());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use backstory_store::Location;
    use backstory_test_server::S3Server;

    use super::*;

    #[test]
    fn parts_of_an_object_are_of_one_size() {
        let server = S3Server::start();
        server.bucket("bucket");
        let variables = server.environment().into_iter().collect();
        let place = Location::open_with("s3://bucket", std::path::Path::new("."), &variables);
        let (place, runtime) = (place.unwrap(), tokio::runtime::Runtime::new().unwrap());
        for (bytes, requests) in [(PART - 1, 1), (3 * PART, 3), (3 * PART + 1, 4)] {
            let content: Vec<u8> = (0..bytes).map(|at| (at / 251) as u8).collect();
            let path = place.path(&bytes.to_string());
            let handle = runtime.handle().clone();
            let mut upload = Upload::new(Arc::clone(place.root()), path.clone(), handle);
            let before = server.requests("PUT");
            upload.write_all(&content[..PART / 3]).unwrap();
            upload.write_all(&content[PART / 3..]).unwrap();
            assert_eq!(upload.finish().unwrap(), bytes as u64);
            assert_eq!(server.requests("PUT") - before, requests);
            let found = async { place.root().get(&path).await.unwrap().bytes().await.unwrap() };
            assert!(runtime.block_on(found) == content);
        }
    }
}
