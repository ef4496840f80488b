//! The commits of an output: what each of them does to every table, in one object each.
//!
//! Delta commits one table at a time. To move them as one, all that a commit does is first written down under
//! its number, and then done table by table. Whoever opens the output after a crash finds the latest number,
//! sees from the tables which of them have it, and does the rest. A number can be taken once: two runs that
//! both believe to hold the output cannot both commit, and none of them half.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use backstory_store::Location;
use futures::TryStreamExt;
use object_store::{Error, ObjectStoreExt, PutMode, PutPayload};
use serde::{Deserialize, Serialize};

use super::{OutputError, Segment, Table};

/// A commit of an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its number, from 1 on.
    pub version: u64,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// The run that made it.
    pub run: String,
    /// What for.
    pub operation: Operation,
    /// Digest of the plan that its rows were made by.
    pub plan_hash: String,
    /// Repositories that have rows now and had none before.
    pub added: u64,
    /// Repositories whose rows took the place of others.
    pub replaced: u64,
    /// Repositories that had rows and have none now.
    pub removed: u64,
    /// By name, every table.
    pub tables: BTreeMap<String, TableChange>,
}

/// What a commit is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A run adds and replaces rows.
    Run,
    /// Rows of repositories that the source no longer has are removed.
    Prune,
    /// Rows, and all that was derived from the same, are removed for good.
    Forget,
    /// Files are joined; no row changes.
    Compact,
    /// Nothing but to take the number that a run which was pushed aside might still take: what it has written
    /// may be cleared away from then on.
    TakeOver,
}

impl Operation {
    /// The name used in the commit and in the history.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Prune => "prune",
            Self::Forget => "forget",
            Self::Compact => "compact",
            Self::TakeOver => "take-over",
        }
    }
}

/// What a commit does to one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChange {
    /// The version of the table after it.
    pub version: u64,
    /// Data files that come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<Segment>,
    /// Data files that go, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Whether the table is told by which plan its rows are made from now on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plan: bool,
}

impl TableChange {
    /// Whether the table stays as it is.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty() && !self.plan
    }
}

impl Commit {
    /// What it does to a table.
    pub fn of(&self, table: Table) -> Option<&TableChange> {
        self.tables.get(table.name())
    }

    /// The version that a table has after it.
    pub fn version_of(&self, table: Table) -> u64 {
        self.of(table).map_or(0, |change| change.version)
    }

    /// Milliseconds since 1970.
    pub fn now() -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.as_millis() as u64
    }

    /// Takes its number, with all that it does.
    pub async fn write(&self, place: &Location) -> Result<(), OutputError> {
        let text = serde_json::to_vec(self).map_err(|it| OutputError::Store(it.to_string()))?;
        let path = place.path(&name(self.version));
        let payload = PutPayload::from(text.clone());
        match place.root().put_opts(&path, payload, PutMode::Create.into()).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                // The answer to our own request may have been lost, and the request sent again.
                let there = place.root().get(&path).await?.bytes().await?;
                if there == text { Ok(()) } else { Err(OutputError::TakenOver) }
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn name(version: u64) -> String {
    format!("_backstory/commits/{version:020}.json")
}

/// The numbers of all commits on record, in order.
pub async fn versions(place: &Location) -> Result<Vec<u64>, OutputError> {
    let folder = place.path("_backstory/commits");
    let objects = place.root().list(Some(&folder)).try_collect::<Vec<_>>().await?;
    let number = |name: &str| name.strip_suffix(".json")?.parse().ok();
    let names = objects.iter().filter_map(|object| object.location.filename().and_then(number));
    let mut versions = names.collect::<Vec<u64>>();
    versions.sort_unstable();
    Ok(versions)
}

/// The commit of that number; none if it is not on record.
pub async fn read(place: &Location, version: u64) -> Result<Option<Commit>, OutputError> {
    let object = match place.root().get(&place.path(&name(version))).await {
        Ok(object) => object.bytes().await?,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let commit = serde_json::from_slice(&object);
    commit.map(Some).map_err(|error| OutputError::Damaged(format!("{}: {error}", name(version))))
}

/// Forgets a commit; the version that it made cannot be read any more.
pub async fn delete(place: &Location, version: u64) -> Result<(), OutputError> {
    Ok(place.root().delete(&place.path(&name(version))).await?)
}

/// The commits on record, in order.
pub async fn history(place: &Location) -> Result<Vec<Commit>, OutputError> {
    let mut commits = vec![];
    for version in versions(place).await? {
        commits.extend(read(place, version).await?);
    }
    Ok(commits)
}

/// The latest commit; none before the first.
pub async fn latest(place: &Location) -> Result<Option<Commit>, OutputError> {
    match versions(place).await?.last() {
        Some(version) => read(place, *version).await,
        None => Ok(None),
    }
}
