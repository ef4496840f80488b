//! What stores say, in one sentence for people.

use std::io::{self, ErrorKind};

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use crate::patience::{chain, status};

/// What a place did not do, and what may be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What sort of thing is wrong.
    pub kind: StoreErrorKind,
    /// What is wrong: lower case, no full stop. Without keys or signatures.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Sorts of what may be wrong with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Nothing is there.
    NotFound,
    /// There is no such bucket.
    NoBucket,
    /// The bucket is somewhere else.
    WrongRegion,
    /// Nobody says who asks.
    NoCredentials,
    /// Who asks may not.
    Denied,
    /// Nobody answers.
    Unreachable,
    /// Whoever answers has been in trouble for long.
    Busy,
    /// There is no room.
    Full,
    /// Something is there already, or is not what it was.
    Conflict,
    /// Something else.
    Other,
}

impl StoreError {
    /// What went wrong at a place, which is named as people know it. A store in the network has named it itself.
    pub fn new(place: &str, error: &Error) -> Self {
        use StoreErrorKind as Kind;
        if let Some(said) = chain(error).find_map(|cause| cause.downcast_ref::<Self>()) {
            return said.clone();
        }
        let kind = kind(error);
        let place = without_query(place);
        let message = match kind {
            Kind::NotFound => format!("there is no \"{place}\""),
            Kind::NoBucket => format!("there is no bucket for \"{place}\""),
            Kind::WrongRegion => format!("the bucket of \"{place}\" is in another region"),
            Kind::NoCredentials => format!("no credentials for \"{place}\" were found"),
            Kind::Denied => format!("no access to \"{place}\"{}", detail(error)),
            Kind::Unreachable => format!("no server answers for \"{place}\"{}", cause(error)),
            Kind::Busy => format!("the server of \"{place}\" keeps failing{}", detail(error)),
            Kind::Full => format!("no space is left for \"{place}\""),
            Kind::Conflict => format!("somebody else has written \"{place}\""),
            Kind::Other => format!("\"{place}\" failed: {}", without_queries(&error.to_string())),
        };
        Self { kind, message, hint: hint(kind).to_owned() }
    }
}

fn hint(kind: StoreErrorKind) -> &'static str {
    use StoreErrorKind as Kind;
    match kind {
        Kind::NotFound => "check the name",
        Kind::NoBucket => "create the bucket, or check its name and AWS_ENDPOINT_URL",
        Kind::WrongRegion => "set AWS_REGION to the region of the bucket",
        Kind::NoCredentials => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE for s3://, \
             GOOGLE_APPLICATION_CREDENTIALS for gs://, AZURE_STORAGE_ACCOUNT_NAME and \
             AZURE_STORAGE_ACCOUNT_KEY for az://"
        }
        Kind::Denied => "use credentials that may list, read, write and delete there",
        Kind::Unreachable => "check the network and AWS_ENDPOINT_URL, then start again",
        Kind::Busy => "start again later, or set BACKSTORY_STORE_RETRY_SECONDS to wait longer",
        Kind::Full => "make room, then start again",
        Kind::Conflict => "see that only one run writes there",
        Kind::Other => "check the place with a tool of its provider",
    }
}

fn kind(error: &Error) -> StoreErrorKind {
    use StoreErrorKind as Kind;
    if lacks_credentials(error) {
        return Kind::NoCredentials;
    }
    let text = error.to_string();
    match error {
        Error::NotFound { .. } if text.contains("NoSuchBucket") => return Kind::NoBucket,
        Error::NotFound { .. } => return Kind::NotFound,
        Error::AlreadyExists { .. } | Error::Precondition { .. } => return Kind::Conflict,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => return Kind::Denied,
        _ => {}
    }
    if text.contains("NoSuchBucket") {
        return Kind::NoBucket;
    }
    if text.contains("incorrectly configured region") || status(error) == Some(301) {
        return Kind::WrongRegion;
    }
    if matches!(status(error), Some(401 | 403)) {
        return Kind::Denied;
    }
    if matches!(status(error), Some(429 | 500..)) || text.contains("SlowDown") {
        return Kind::Busy;
    }
    chain(error).find_map(kind_of_cause).unwrap_or(Kind::Other)
}

fn kind_of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<StoreErrorKind> {
    if cause.downcast_ref::<HttpError>().is_some() {
        return Some(StoreErrorKind::Unreachable);
    }
    match cause.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(StoreErrorKind::Full),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Some(StoreErrorKind::Denied),
        _ => None,
    }
}

/// Whether a request failed for want of credentials: where none are configured, the services are asked that
/// machines of clouds have for that.
pub(crate) fn lacks_credentials(error: &Error) -> bool {
    let text = error.to_string();
    let services =
        ["/latest/api/token", "/latest/meta-data/", "/computeMetadata/", "/metadata/identity/"];
    services.iter().any(|service| text.contains(service))
}

/// The code of the answer, if there was one.
fn detail(error: &Error) -> String {
    let text = error.to_string();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    match (status(error), code) {
        (Some(status), Some((code, _))) => format!(": {status} {code}"),
        (Some(status), None) => format!(": {status}"),
        (None, Some((code, _))) => format!(": {code}"),
        (None, None) => chain(error)
            .find_map(|cause| cause.downcast_ref::<io::Error>())
            .map_or(String::new(), |cause| format!(": {}", cause.kind())),
    }
}

/// What happened to the connection.
fn cause(error: &Error) -> String {
    let http = chain(error).find_map(|cause| cause.downcast_ref::<HttpError>());
    match http.map(HttpError::kind) {
        Some(HttpErrorKind::Connect) => ": it cannot be connected to".to_owned(),
        Some(HttpErrorKind::Timeout) => ": it takes too long".to_owned(),
        Some(_) => ": connections break".to_owned(),
        None => String::new(),
    }
}

/// URLs may be signed by what follows their "?".
fn without_queries(text: &str) -> String {
    text.split(' ').map(without_query).collect::<Vec<_>>().join(" ")
}

fn without_query(word: &str) -> &str {
    match (word.find("://"), word.find('?')) {
        (Some(scheme), Some(query)) if query > scheme => &word[..query],
        _ => word,
    }
}
