//! Places that data lie in: folders of this machine, and prefixes of buckets.
//!
//! Responsible for what a URI means, for where credentials come from, for what it takes that a file of this
//! machine outlives a power cut, and for going on when a store in the network fails in passing. Not
//! responsible for what lies there.
//!
//! # What holds
//!
//! - An object is there whole or not at all, and once a store has said that it is there, it stays: in a
//!   folder, it and its name are durable before that is said.
//! - What goes wrong in passing is tried again for three minutes, or as many seconds as
//!   `BACKSTORY_STORE_RETRY_SECONDS` says: answers of 5xx and 429, broken and refused connections, stalls.
//! - A write on a condition (that nothing is there, that it is what it was) whose answer was lost is tried
//!   again, too, and then refused by what it has written itself. After a lost answer, and only then, an
//!   object with the very content that was to be put counts as put. Contents by which writers compete must
//!   therefore differ. If the time ends before any answer came, whether it was put is not known.
//! - [`create`] says more: it reads what it finds, so that who was killed after the put knows its own, too.
//!
//! # Environment
//!
//! `s3://` reads the variables of AWS tools (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, ...), then the files of
//! `AWS_PROFILE`. Requests are of path style unless `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` is true; an endpoint
//! then has the bucket in it. Plain http is spoken to endpoints that begin with `http://`. `AWS_TIMEOUT` is
//! how long one request may take. `gs://` reads `GOOGLE_*`, and `az://` `AZURE_*`.

mod bucket;
mod create;
mod error;
mod folder;
mod location;
mod patience;
mod profile;
mod runtime;
mod steady;

pub use bucket::Variables;
pub use create::{Created, create};
pub use error::{StoreError, StoreErrorKind};
pub use folder::{clear_staged, make_folder, sync_folder};
pub use location::{Location, LocationError};
pub use runtime::block_on;
