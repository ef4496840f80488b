//! Opening an output, and committing to its tables as one.
//!
//! Delta commits one table at a time. To move them as one, a group of segments is first written to
//! `pending.json` and then committed table by table, each commit carrying the group's number as
//! application transaction. Whoever opens the output after a crash finds the group there, sees from the
//! transaction versions which tables have it, and commits it to the others.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use backstory_core::{Digest, Spent};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, StructType, Transaction};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::{OutputError, Segment, Table, delta};

/// Name of our application in transactions.
const APPLICATION: &str = "backstory";
/// What the tables of an output were made by; the same for every run into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Digest of everything in the plan that determines rows.
    pub plan_hash: Digest,
    /// The plan, in a form that can be loaded again.
    pub plan: String,
    /// Further table properties, such as `backstory.tokenizer`.
    pub properties: Vec<(String, String)>,
}

/// An output folder, open for writing.
pub struct Output {
    /// Held as long as the output is open; the system lets go of it however the process ends.
    _lock: File,
    store: Arc<dyn ObjectStore>,
    tables: Vec<(Table, DeltaTable)>,
    group: i64,
}

/// A group of segments on its way into the tables.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    pub group: i64,
    pub segments: Vec<Segment>,
}

impl Output {
    /// Opens the output, making its tables if there are none, and finishes a commit that was cut short.
    pub async fn open(path: &Path, identity: &Identity) -> Result<Self, OutputError> {
        prepare_folder(path)?;
        let lock = lock(path)?;
        let store = local_store(path)?;
        let mut tables = vec![];
        for table in Table::ALL {
            tables.push((table, open_or_create(path, table, identity).await?));
        }
        let mut output = Self { _lock: lock, store, tables, group: 0 };
        output.recover().await?;
        Ok(output)
    }

    /// The store that segments are written to, rooted at the output folder.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The repositories that have rows, with their content; none for one that was rejected as a whole.
    pub async fn committed(&self) -> Result<HashMap<String, Option<String>>, OutputError> {
        let reader = Reader::over(self.tables.iter().map(|(table, delta)| (*table, delta)))?;
        let rejected =
            "SELECT repo, CAST(NULL AS VARCHAR) FROM errors WHERE path IS NULL AND arm IS NULL";
        let mut committed = reader.pairs(rejected).await?;
        committed.extend(reader.pairs("SELECT repo, content_id FROM trajectories").await?);
        Ok(committed)
    }

    /// What earlier runs have paid, by model.
    pub async fn spent(&self) -> Result<HashMap<String, Spent>, OutputError> {
        let reader = Reader::over(self.tables.iter().map(|(table, delta)| (*table, delta)))?;
        reader.spent().await
    }

    /// Commits segments to their tables, all or none as far as the next [`Output::open`] can tell.
    pub async fn commit(&mut self, segments: Vec<Segment>) -> Result<(), OutputError> {
        let pending = Pending { group: self.group + 1, segments };
        self.note(&pending).await?;
        self.apply(&pending).await
    }

    /// Makes a group durable before the first table has it.
    pub(super) async fn note(&self, pending: &Pending) -> Result<(), OutputError> {
        let text =
            serde_json::to_vec(pending).map_err(|error| OutputError::Store(error.to_string()))?;
        self.store.put(&pending_path(), PutPayload::from(text)).await?;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn tables_mut(&mut self) -> &mut [(Table, DeltaTable)] {
        &mut self.tables
    }

    async fn recover(&mut self) -> Result<(), OutputError> {
        let pending = match self.store.get(&pending_path()).await {
            Ok(object) => object.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let pending = serde_json::from_slice::<Pending>(&pending)
            .map_err(|error| OutputError::Damaged(format!("pending.json: {error}")))?;
        self.apply(&pending).await
    }

    async fn apply(&mut self, pending: &Pending) -> Result<(), OutputError> {
        for (table, delta) in &mut self.tables {
            let log = delta.log_store();
            let snapshot = delta.snapshot()?;
            let done = snapshot.transaction_version(&*log, APPLICATION).await?;
            if done.is_some_and(|done| done >= pending.group) {
                continue;
            }
            commit_to(*table, delta, pending).await?;
        }
        self.group = pending.group;
        Ok(())
    }
}

/// The commit of one table: the group's files for it, perhaps none, and the group's number.
pub(super) async fn commit_to(
    table: Table,
    delta: &mut DeltaTable,
    pending: &Pending,
) -> Result<(), OutputError> {
    let segments = pending.segments.iter().filter(|segment| segment.table == table.name());
    let actions = segments.map(|segment| Action::Add(add(segment))).collect();
    let transaction = Transaction::new(APPLICATION, pending.group);
    let properties = CommitProperties::default().with_application_transaction(transaction);
    let operation =
        DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
    let log = delta.log_store();
    let commit = CommitBuilder::from(properties)
        .with_actions(actions)
        .build(Some(delta.snapshot()?), log, operation)
        .await?;
    delta.state = Some(commit.snapshot());
    Ok(())
}

fn add(segment: &Segment) -> Add {
    // No bounds of columns: readers built on pyarrow take a column without bounds for one of nulls as soon
    // as any column has them, and skip the file. The Parquet footer has those of `repo`.
    let stats = serde_json::json!({ "numRecords": segment.rows });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Add {
        path: segment.path.clone(),
        size: segment.size as i64,
        modification_time: now.as_millis() as i64,
        data_change: true,
        stats: Some(stats.to_string()),
        ..Add::default()
    }
}

fn pending_path() -> object_store::path::Path {
    object_store::path::Path::from("_backstory/pending.json")
}

fn local_store(path: &Path) -> Result<Arc<dyn ObjectStore>, OutputError> {
    Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?))
}

/// Makes the folder, or makes sure that it is empty or ours.
fn prepare_folder(path: &Path) -> Result<(), OutputError> {
    let folder = |source| OutputError::Folder { path: path.to_owned(), source };
    std::fs::create_dir_all(path).map_err(folder)?;
    let names = std::fs::read_dir(path).map_err(folder)?;
    let names = names.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<Result<Vec<_>, _>>().map_err(folder)?;
    let ours = |name: &std::ffi::OsString| {
        name == "_backstory" || Table::ALL.iter().any(|table| name == table.name())
    };
    if names.iter().all(ours) { Ok(()) } else { Err(OutputError::NotOurs(path.to_owned())) }
}

/// Keeps a second run out: both would commit the same repositories.
fn lock(path: &Path) -> Result<File, OutputError> {
    let folder = |source| OutputError::Folder { path: path.to_owned(), source };
    let ours = path.join("_backstory");
    std::fs::create_dir_all(&ours).map_err(folder)?;
    let file = File::create(ours.join("lock")).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OutputError::Busy(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(folder(source)),
    }
}

async fn open_or_create(
    path: &Path,
    table: Table,
    identity: &Identity,
) -> Result<DeltaTable, OutputError> {
    match delta::open(path, table).await? {
        Some(delta) => {
            check_plan(path, &delta, identity)?;
            Ok(delta)
        }
        None => create(path, table, identity).await,
    }
}

fn check_plan(path: &Path, delta: &DeltaTable, identity: &Identity) -> Result<(), OutputError> {
    let there = delta::property(delta, delta::PLAN_HASH)?.unwrap_or_default();
    let here = identity.plan_hash.to_string();
    if there == here {
        return Ok(());
    }
    Err(OutputError::OtherPlan { path: path.to_owned(), there, here })
}

async fn create(path: &Path, table: Table, identity: &Identity) -> Result<DeltaTable, OutputError> {
    let url = delta::url(path, table)?;
    let folder = path.join(table.name());
    std::fs::create_dir_all(&folder)
        .map_err(|source| OutputError::Folder { path: folder.clone(), source })?;
    let schema: StructType = (&*table.schema()).try_into_kernel()?;
    let mut configuration = vec![
        (delta::PLAN_HASH.to_owned(), Some(identity.plan_hash.to_string())),
        (delta::PLAN.to_owned(), Some(identity.plan.clone())),
    ];
    let further = identity.properties.iter().cloned();
    configuration.extend(further.map(|(key, value)| (key, Some(value))));
    Ok(CreateBuilder::new()
        .with_location(url.as_str())
        .with_table_name(table.name())
        .with_columns(schema.fields().cloned())
        .with_configuration(configuration)
        .with_raise_if_key_not_exists(false)
        .await?)
}
