//! An object that is sent in parts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    Error, MultipartId, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, PutResult,
    Result, UploadPart,
};

use super::Inner;

/// Each part is sent until it has arrived. Of the whole a digest is kept, to know it by if the answer to its
/// last request is lost: who asks for that again may hear that there is no such upload, because it is complete.
pub(super) struct Upload<S> {
    store: Arc<Inner<S>>,
    location: Path,
    id: MultipartId,
    parts: usize,
    digest: blake3::Hasher,
    arrived: Arc<Mutex<BTreeMap<usize, PartId>>>,
}

impl<S: ObjectStore + MultipartStore> Upload<S> {
    pub fn new(store: Arc<Inner<S>>, location: Path, id: MultipartId) -> Self {
        let (parts, digest, arrived) = (0, blake3::Hasher::new(), Arc::default());
        Self { store, location, id, parts, digest, arrived }
    }

    /// The object, if it is what was sent.
    async fn own(&self) -> Result<Option<PutResult>> {
        let read = || async {
            let found = self.store.store.get(&self.location).await?;
            let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
            let mut digest = blake3::Hasher::new();
            let mut body = found.into_stream();
            while let Some(bytes) = body.try_next().await? {
                digest.update(&bytes);
            }
            let same = digest.finalize() == self.digest.finalize();
            Ok(same.then_some(PutResult { e_tag, version }))
        };
        match self.store.persist(read).await {
            Err(Error::NotFound { .. }) => Ok(None),
            found => found,
        }
    }

    fn arrived(&self) -> Result<Vec<PartId>> {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        if arrived.len() == self.parts {
            return Ok(arrived.values().cloned().collect());
        }
        let source = format!("{} of {} parts have arrived", arrived.len(), self.parts).into();
        Err(Error::Generic { store: "upload", source })
    }
}

#[async_trait]
impl<S: ObjectStore + MultipartStore> MultipartUpload for Upload<S> {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        part.iter().for_each(|bytes| {
            self.digest.update(bytes);
        });
        let index = self.parts;
        self.parts += 1;
        let (store, arrived) = (Arc::clone(&self.store), Arc::clone(&self.arrived));
        let (location, id) = (self.location.clone(), self.id.clone());
        Box::pin(async move {
            let put = || store.store.put_part(&location, &id, index, part.clone());
            let part = store.persist(put).await.map_err(|it| store.told(Some(&location), it))?;
            arrived.lock().unwrap_or_else(PoisonError::into_inner).insert(index, part);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts = self.arrived()?;
        let mut patience = self.store.patience();
        let mut unknown = false;
        loop {
            let complete =
                self.store.store.complete_multipart(&self.location, &self.id, parts.clone());
            match complete.await {
                Err(error) if self.store.again(&error, &mut patience).await => unknown = true,
                Err(error @ Error::NotFound { .. }) if unknown => {
                    return self.own().await?.ok_or(error);
                }
                result => {
                    return result.map_err(|it| self.store.told(Some(&self.location), it));
                }
            }
        }
    }

    async fn abort(&mut self) -> Result<()> {
        let abort = || self.store.store.abort_multipart(&self.location, &self.id);
        match self.store.persist(abort).await {
            Err(Error::NotFound { .. }) => Ok(()),
            result => result.map_err(|it| self.store.told(Some(&self.location), it)),
        }
    }
}

impl<S> fmt::Debug for Upload<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("location", &self.location).finish_non_exhaustive()
    }
}
