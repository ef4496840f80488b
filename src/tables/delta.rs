//! One Delta table of an output folder: where it lies, whether it is there, what its properties say.

use std::path::Path;

use deltalake_core::{DeltaTable, DeltaTableError};
use url::Url;

use super::{OutputError, Table};

/// Table property: digest of the plan that made the table.
pub const PLAN_HASH: &str = "backstory.plan_hash";
/// Table property: that plan, in the form that it can be loaded from.
pub const PLAN: &str = "backstory.plan";

/// Where a table lies.
pub fn url(path: &Path, table: Table) -> Result<Url, OutputError> {
    let folder = path.join(table.name());
    let folder = std::path::absolute(&folder)
        .map_err(|source| OutputError::Folder { path: folder.clone(), source })?;
    Url::from_directory_path(&folder)
        .map_err(|()| OutputError::Store(format!("\"{}\" is no absolute path", folder.display())))
}

/// A table at its latest version; none if there is no such table.
pub async fn open(path: &Path, table: Table) -> Result<Option<DeltaTable>, OutputError> {
    match deltalake_core::open_table(url(path, table)?).await {
        Ok(delta) => Ok(Some(delta)),
        Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidTableLocation(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A property of a table.
pub fn property(delta: &DeltaTable, key: &str) -> Result<Option<String>, OutputError> {
    Ok(delta.snapshot()?.metadata().configuration().get(key).cloned())
}
