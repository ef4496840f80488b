//! A store in the network that goes on through faults.
//!
//! Responsible for what is tried again, how often, and for what came of a request whose answer was lost. Not
//! responsible for what a request is.
//!
//! The stores of `object_store` try again, too; theirs is switched off here. They send a conditional write
//! again after its answer was lost or was a "500", and when the first one had been carried out, the second is
//! refused: the writer hears that *somebody else* was faster. They also give up on deletions whose connection
//! broke, and resume a body only for so long after the request for it, however much has arrived since.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

use crate::error::lacks_credentials;
use crate::patience::{Patience, is_conflict, passes};
use crate::{StoreError, StoreErrorKind};

mod upload;

use upload::Upload;

/// Objects that are deleted by one request.
const DELETED_AT_ONCE: usize = 1000;

/// A store, asked until it answers.
pub(crate) struct Steady<S>(Arc<Inner<S>>);

struct Inner<S> {
    store: S,
    /// Its URI, without a slash at the end.
    name: String,
    /// How long something is tried that does not succeed.
    limit: Duration,
    /// Whether the store has ever answered.
    answered: AtomicBool,
}

impl<S: ObjectStore + MultipartStore> Steady<S> {
    pub fn new(store: S, name: String, limit: Duration) -> Self {
        Self(Arc::new(Inner { store, name, limit, answered: AtomicBool::new(false) }))
    }
}

impl<S: ObjectStore + MultipartStore> Inner<S> {
    fn patience(&self) -> Patience {
        Patience::new(self.limit)
    }

    /// Whether to try again, once it is time to.
    async fn again(&self, error: &Error, patience: &mut Patience) -> bool {
        // Who never had credentials will not get any by waiting.
        let hopeless = !self.answered.load(Ordering::Relaxed) && lacks_credentials(error);
        passes(error) && !hopeless && patience.wait().await
    }

    /// What was given up, in words for people. What tells of an object's state stays what it is for programs.
    fn told(&self, location: Option<&Path>, error: Error) -> Error {
        let place = location.map_or(self.name.clone(), |path| format!("{}/{path}", self.name));
        let said = StoreError::new(&place, &error);
        let is_for_people = said.kind == StoreErrorKind::NoBucket
            || matches!(
                error,
                Error::Generic { .. }
                    | Error::PermissionDenied { .. }
                    | Error::Unauthenticated { .. }
            );
        if is_for_people { Error::Generic { store: "bucket", source: said.into() } } else { error }
    }

    async fn persist<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut patience = self.patience();
        loop {
            match attempt().await {
                Err(error) if self.again(&error, &mut patience).await => {}
                result => return result.inspect(|_| self.answered.store(true, Ordering::Relaxed)),
            }
        }
    }

    fn list(
        &self,
        prefix: Option<&Path>,
        after: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        match after {
            Some(after) => self.store.list_with_offset(prefix, after),
            None => self.store.list(prefix),
        }
    }

    /// Puts an object on a condition, which its own first attempt may have ended.
    async fn put_on_condition(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let mut patience = self.patience();
        let mut unknown = false;
        loop {
            let put = self.store.put_opts(location, payload.clone(), options.clone()).await;
            match put {
                Err(error) if self.again(&error, &mut patience).await => {
                    unknown |= !is_conflict(&error);
                }
                Err(error @ (Error::AlreadyExists { .. } | Error::Precondition { .. }))
                    if unknown =>
                {
                    return self.own(location, &payload).await?.ok_or(error);
                }
                result => return result.inspect(|_| self.answered.store(true, Ordering::Relaxed)),
            }
        }
    }

    /// The object, if it is what was to be put.
    async fn own(&self, location: &Path, payload: &PutPayload) -> Result<Option<PutResult>> {
        let read = || async move {
            let found = self.store.get(location).await?;
            let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
            let same = found.meta.size == payload.content_length() as u64
                && found.bytes().await? == Bytes::from(payload.clone());
            Ok(same.then_some(PutResult { e_tag, version }))
        };
        match self.persist(read).await {
            Err(Error::NotFound { .. }) => Ok(None),
            found => found,
        }
    }

    async fn delete(&self, mut paths: Vec<Path>) -> Vec<Result<Path>> {
        let mut patience = self.patience();
        let (mut done, mut unknown) = (vec![], false);
        loop {
            let locations = stream::iter(paths.clone()).map(Ok).boxed();
            let results: Vec<_> = self.store.delete_stream(locations).collect().await;
            let passing =
                results.iter().filter_map(|result| result.as_ref().err()).find(|e| passes(e));
            let again = match passing {
                Some(error) => self.again(error, &mut patience).await,
                None => false,
            };
            // Otherwise one error stands for all.
            if results.len() == paths.len() {
                let mut open = vec![];
                for (path, result) in paths.into_iter().zip(results) {
                    match result {
                        Err(error) if again && passes(&error) => open.push(path),
                        Err(Error::NotFound { .. }) if unknown => done.push(Ok(path)),
                        result => done.push(result),
                    }
                }
                paths = open;
            } else if !again {
                done.extend(results);
            }
            if !again {
                return done;
            }
            unknown = true;
        }
    }
}

#[async_trait]
impl<S: ObjectStore + MultipartStore> ObjectStore for Steady<S> {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let put = if options.mode == PutMode::Overwrite {
            let put = || self.0.store.put_opts(location, payload.clone(), options.clone());
            self.0.persist(put).await
        } else {
            self.0.put_on_condition(location, payload, options).await
        };
        put.map_err(|error| self.0.told(Some(location), error))
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !options.attributes.is_empty() {
            let operation = "uploads in parts with attributes".to_owned();
            return Err(Error::NotImplemented { operation, implementer: self.to_string() });
        }
        let create = self.0.persist(|| self.0.store.create_multipart(location)).await;
        let id = create.map_err(|error| self.0.told(Some(location), error))?;
        Ok(Box::new(Upload::new(Arc::clone(&self.0), location.clone(), id)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let get = || self.0.store.get_opts(location, options.clone());
        let found = self.0.persist(get).await;
        let mut found = found.map_err(|error| self.0.told(Some(location), error))?;
        if let (GetResultPayload::Stream(body), Some(e_tag)) =
            (&mut found.payload, &found.meta.e_tag)
        {
            let options = GetOptions { if_match: Some(e_tag.clone()), ..options };
            let reading = Reading {
                store: Arc::clone(&self.0),
                location: location.clone(),
                options,
                open: found.range.clone(),
                body: std::mem::replace(body, stream::empty().boxed()),
                patience: self.0.patience(),
            };
            *body = stream::try_unfold(reading, Reading::next).boxed();
        }
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let inner = Arc::clone(&self.0);
        let chunks = locations.ready_chunks(DELETED_AT_ONCE).then(move |chunk| {
            let inner = Arc::clone(&inner);
            async move {
                match chunk.into_iter().collect::<Result<Vec<_>>>() {
                    Ok(paths) => {
                        let deleted = inner.delete(paths).await.into_iter();
                        deleted.map(|it| it.map_err(|error| inner.told(None, error))).collect()
                    }
                    Err(error) => vec![Err(error)],
                }
            }
        });
        chunks.flat_map(stream::iter).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        Listing::begin(&self.0, prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        Listing::begin(&self.0, prefix, Some(offset.clone()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let listed = self.0.persist(|| self.0.store.list_with_delimiter(prefix)).await;
        listed.map_err(|error| self.0.told(prefix, error))
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if options.mode == CopyMode::Create {
            // Nobody could tell a copy by somebody else from one whose answer was lost.
            return self.0.store.copy_opts(from, to, options).await;
        }
        let copied = self.0.persist(|| self.0.store.copy_opts(from, to, options.clone())).await;
        copied.map_err(|error| self.0.told(Some(to), error))
    }
}

impl<S: fmt::Display> fmt::Display for Steady<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.store.fmt(f)
    }
}

/// Without what the store knows: there are keys in it.
impl<S: fmt::Display> fmt::Debug for Steady<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An object that is being read.
struct Reading<S> {
    store: Arc<Inner<S>>,
    location: Path,
    /// The same object only.
    options: GetOptions,
    /// What has yet to come.
    open: Range<u64>,
    body: BoxStream<'static, Result<Bytes>>,
    patience: Patience,
}

impl<S: ObjectStore + MultipartStore> Reading<S> {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        loop {
            match self.body.next().await {
                Some(Ok(bytes)) => {
                    self.open.start += bytes.len() as u64;
                    self.patience.renew();
                    return Ok(Some((bytes, self)));
                }
                Some(Err(error)) if self.store.again(&error, &mut self.patience).await => {
                    if self.open.is_empty() {
                        return Ok(None);
                    }
                    let range = Some(GetRange::Bounded(self.open.clone()));
                    let options = GetOptions { range, ..self.options.clone() };
                    let get = || self.store.store.get_opts(&self.location, options.clone());
                    let found = self.store.persist(get).await;
                    let found = found.map_err(|it| self.store.told(Some(&self.location), it));
                    self.body = found?.into_stream();
                }
                Some(Err(error)) => return Err(self.store.told(Some(&self.location), error)),
                None => return Ok(None),
            }
        }
    }
}

/// A listing on its way. Stores in the network list by name.
struct Listing<S> {
    store: Arc<Inner<S>>,
    prefix: Option<Path>,
    after: Option<Path>,
    rest: BoxStream<'static, Result<ObjectMeta>>,
    patience: Patience,
}

impl<S: ObjectStore + MultipartStore> Listing<S> {
    fn begin(
        store: &Arc<Inner<S>>,
        prefix: Option<&Path>,
        after: Option<Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (store, patience) = (Arc::clone(store), store.patience());
        let rest = store.list(prefix, after.as_ref());
        let listing = Self { store, prefix: prefix.cloned(), after, rest, patience };
        stream::try_unfold(listing, Self::next).boxed()
    }

    async fn next(mut self) -> Result<Option<(ObjectMeta, Self)>> {
        loop {
            match self.rest.next().await {
                Some(Ok(object)) => {
                    self.store.answered.store(true, Ordering::Relaxed);
                    self.after = Some(object.location.clone());
                    self.patience.renew();
                    return Ok(Some((object, self)));
                }
                Some(Err(error)) if self.store.again(&error, &mut self.patience).await => {
                    self.rest = self.store.list(self.prefix.as_ref(), self.after.as_ref());
                }
                Some(Err(error)) => return Err(self.store.told(self.prefix.as_ref(), error)),
                None => return Ok(None),
            }
        }
    }
}
