//! One Delta table of an output: where it lies, whether it is there, what its properties say, what it holds.

use std::sync::Arc;

use backstory_store::{Location, make_folder};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::{LogicalFileView, StructType};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::operations::create::CreateBuilder;

use super::{OutputError, Table};

/// Table property: digest of the plan that made the latest rows.
pub const PLAN_HASH: &str = "backstory.plan_hash";
/// Table property: that plan, in the form that it can be loaded from.
pub const PLAN: &str = "backstory.plan";
/// Table property: the columns whose bounds the log has. Without it, readers built on pyarrow take a column
/// without bounds for one of nulls as soon as any column has them, and skip the file.
pub const BOUNDED: &str = "delta.dataSkippingStatsColumns";
/// Table property: whether entries of the log go by themselves after some time.
pub const LOG_CLEANUP: &str = "delta.enableExpiredLogCleanup";

fn log_store(place: &Location, table: Table) -> LogStoreRef {
    let place = place.join(table.name());
    let root = Arc::clone(place.root());
    default_logstore(place.store(), root, place.url(), &StorageConfig::default())
}

/// A table at a version, or the latest; none if there is no such table.
pub async fn open(
    place: &Location,
    table: Table,
    version: Option<u64>,
) -> Result<Option<DeltaTable>, OutputError> {
    let log = log_store(place, table);
    if !log.is_delta_table_location().await? {
        return Ok(None);
    }
    let mut delta = DeltaTable::new(log);
    match version {
        Some(version) => delta.load_version(version).await?,
        None => delta.load().await?,
    }
    Ok(Some(delta))
}

/// Makes a table without rows.
pub async fn create(
    place: &Location,
    table: Table,
    properties: Vec<(String, String)>,
) -> Result<DeltaTable, OutputError> {
    if let Some(folder) = place.join(table.name()).local() {
        make_folder(&folder).map_err(|source| OutputError::Folder { path: folder, source })?;
    }
    let schema: StructType = (&*table.schema()).try_into_kernel()?;
    Ok(CreateBuilder::new()
        .with_log_store(log_store(place, table))
        .with_table_name(table.name())
        .with_columns(schema.fields().cloned())
        .with_configuration(properties.into_iter().map(|(key, value)| (key, Some(value))))
        .with_raise_if_key_not_exists(false)
        .await?)
}

/// A property of a table.
pub fn property(delta: &DeltaTable, key: &str) -> Result<Option<String>, OutputError> {
    Ok(delta.snapshot()?.metadata().configuration().get(key).cloned())
}

/// The number of commits that the table has had, less one.
pub fn version(delta: &DeltaTable) -> u64 {
    delta.version().unwrap_or_default()
}

/// The data files that the table consists of.
pub fn files(delta: &DeltaTable) -> Result<Vec<LogicalFileView>, OutputError> {
    Ok(delta.snapshot()?.log_data().iter().collect())
}
