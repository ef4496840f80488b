//! Looks for repositories in all that lies in an output, whether a version names it or not.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::prelude::{SessionConfig, SessionContext};
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStoreExt};

use super::output::Output;
use super::provider::DataFiles;
use super::{OutputError, Table};

impl Output {
    /// How many data files have rows of these repositories, and how many entries of logs name them. None of them
    /// should, once the rows are gone and what earlier versions need is cleared away.
    pub async fn traces(&self, repositories: &BTreeSet<String>) -> Result<u64, OutputError> {
        let mut traces = 0;
        let names: Vec<_> =
            repositories.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
        let names = names.join(", ");
        for table in Table::ALL {
            let folder = self.place().join(table.name());
            let objects = self.place().root().list(Some(folder.prefix()));
            let objects = objects.try_collect::<Vec<_>>().await?;
            for object in &objects {
                let name = object.location.filename().unwrap_or_default();
                // What lies deeper belongs to the log.
                let is_data = folder.path(name) == object.location;
                let has = match object.location.extension() {
                    Some("parquet") if is_data => self.has_rows(table, object, &names).await?,
                    Some("json") => self.names(object, repositories).await?,
                    _ => false,
                };
                traces += u64::from(has);
            }
        }
        let commits = self.place().join("_backstory/commits");
        let objects = self.place().root().list(Some(commits.prefix()));
        for object in objects.try_collect::<Vec<_>>().await? {
            traces += u64::from(self.names(&object, repositories).await?);
        }
        Ok(traces)
    }

    async fn has_rows(
        &self,
        table: Table,
        object: &ObjectMeta,
        names: &str,
    ) -> Result<bool, OutputError> {
        let context =
            SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
        context.register_object_store(self.place().url(), Arc::clone(self.place().root()));
        let file = DataFiles::object(self.place(), table, object)?;
        context.register_table("file", Arc::new(file))?;
        let sql = format!("SELECT repo FROM file WHERE repo IN ({names}) LIMIT 1");
        let found = context.sql(&sql).await?.collect().await?;
        Ok(found.iter().any(|batch| batch.num_rows() > 0))
    }

    /// Whether an entry of a log has one of these names as a text of its own, be it within another text.
    async fn names(
        &self,
        object: &ObjectMeta,
        repositories: &BTreeSet<String>,
    ) -> Result<bool, OutputError> {
        let bytes = self.place().root().get(&object.location).await?.bytes().await?;
        let text = String::from_utf8_lossy(&bytes);
        let quoted = |name: &String| {
            let once = serde_json::to_string(name).unwrap_or_default();
            let twice = serde_json::to_string(&once).unwrap_or_default();
            text.contains(&once) || text.contains(twice.trim_matches('"'))
        };
        Ok(repositories.iter().any(quoted))
    }
}
