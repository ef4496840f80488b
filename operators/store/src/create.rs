//! Putting an object where none is.

use bytes::Bytes;
use object_store::{Error, ObjectStoreExt, PutMode, PutOptions};

use crate::{Location, StoreError};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// There was none: it is there now.
    New,
    /// One was there with this very content: put by who was killed before it knew, or by somebody who says
    /// the same.
    Same,
    /// Another one was there, with this content. It still is.
    Other(Bytes),
}

/// Puts an object of that name at a place unless there is one. Of any number of writers of different contents
/// one succeeds.
pub async fn create(
    location: &Location,
    name: &str,
    content: Bytes,
) -> Result<Created, StoreError> {
    let path = location.path(name);
    let told = |error: &Error| StoreError::new(&location.join(name).to_string(), error);
    loop {
        let options = PutOptions::from(PutMode::Create);
        match location.root().put_opts(&path, content.clone().into(), options).await {
            Ok(_) => return Ok(Created::New),
            Err(Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(told(&error)),
        }
        let found = match location.root().get(&path).await {
            Ok(found) => found.bytes().await.map_err(|error| told(&error))?,
            // It was taken away in between.
            Err(Error::NotFound { .. }) => continue,
            Err(error) => return Err(told(&error)),
        };
        return Ok(if found == content { Created::Same } else { Created::Other(found) });
    }
}
