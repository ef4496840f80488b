//! Reading tables back, with SQL.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use backstory_core::Spent;
use backstory_store::Location;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use deltalake_core::DeltaTable;
use futures::TryStreamExt;

use super::provider::DataFiles;
use super::repositories::{RepositoryRow, repository_rows};
use super::{OutputError, Table, TrialRow, commits, delta, trial_rows};

/// The tables at one version each, for queries.
pub struct Reader {
    context: SessionContext,
    plan: Option<String>,
}

impl Reader {
    /// Opens the tables of an output as they are, or as they were after the commit of that number.
    pub async fn open(place: &Location, version: Option<u64>) -> Result<Self, OutputError> {
        let commit = match version {
            Some(version) => Some(
                commits::read(place, version)
                    .await?
                    .ok_or_else(|| OutputError::NoVersion { place: place.to_string(), version })?,
            ),
            None => None,
        };
        let mut tables = vec![];
        for table in Table::ALL {
            let version = commit.as_ref().map(|commit| commit.version_of(table));
            let missing = || OutputError::Missing(place.to_string());
            let delta = delta::open(place, table, version).await?.ok_or_else(missing)?;
            tables.push((table, delta));
        }
        Self::over(place, tables.iter().map(|(table, delta)| (*table, delta)))
    }

    pub(super) fn over<'a>(
        place: &Location,
        tables: impl Iterator<Item = (Table, &'a DeltaTable)>,
    ) -> Result<Self, OutputError> {
        // Rows are long and few: many partitions would only cut the same few files.
        let config = SessionConfig::new().with_target_partitions(1).with_batch_size(64);
        let context = SessionContext::new_with_config(config);
        context.register_object_store(place.url(), Arc::clone(place.root()));
        let mut plan = None;
        for (name, table) in tables {
            plan = delta::property(table, delta::PLAN)?;
            register(&context, place, name, table)?;
        }
        Ok(Self { context, plan })
    }

    /// The plan that made the tables, in the form that it can be loaded from.
    pub fn plan(&self) -> Option<&str> {
        self.plan.as_deref()
    }

    /// The result of a query, as it comes.
    pub async fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream, OutputError> {
        Ok(self.query(sql).await?.execute_stream().await?)
    }

    /// A query that has not run yet; a statement that is none is refused.
    pub async fn query(&self, sql: &str) -> Result<DataFrame, OutputError> {
        let reading = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        Ok(self.context.sql_with_options(sql, reading).await?)
    }

    /// The distinct texts of the first column of a query, nulls left out.
    pub async fn texts(&self, sql: &str) -> Result<BTreeSet<String>, OutputError> {
        let mut rows = self.stream(sql).await?;
        let mut texts = BTreeSet::new();
        while let Some(batch) = rows.try_next().await? {
            let column = cast(batch.column(0), &DataType::Utf8)?;
            texts.extend(column.as_string::<i32>().iter().flatten().map(str::to_owned));
        }
        Ok(texts)
    }

    /// Gives the trials of each search in each repository, all together and in the order in which they were made.
    pub async fn trials(&self, mut each: impl FnMut(Vec<TrialRow>)) -> Result<(), OutputError> {
        // One partition, read file by file: rows come as they were written.
        let mut batches = self.stream("SELECT * FROM trials").await?;
        let mut together: Vec<TrialRow> = vec![];
        while let Some(batch) = batches.try_next().await? {
            for row in trial_rows(&batch)? {
                let same = |last: &TrialRow| {
                    (&last.repo, &last.simulation) == (&row.repo, &row.simulation)
                };
                if together.last().is_some_and(|last| !same(last)) {
                    each(std::mem::take(&mut together));
                }
                together.push(row);
            }
        }
        if !together.is_empty() {
            each(together);
        }
        Ok(())
    }

    /// What the ledger says was paid, by model.
    pub(super) async fn spent(&self) -> Result<HashMap<String, Spent>, OutputError> {
        let sql = "SELECT model, SUM(tries) AS requests, \
                   SUM(prompt_tokens + completion_tokens) AS tokens, SUM(cost) AS money \
                   FROM ledger GROUP BY model";
        let mut stream = self.stream(sql).await?;
        let mut spent = HashMap::new();
        while let Some(batch) = stream.try_next().await? {
            let models = cast(batch.column(0), &DataType::Utf8)?;
            let (models, money) = (models.as_string::<i32>(), batch.column(3));
            let number = |column: usize| batch.column(column).as_primitive::<Int64Type>();
            let (requests, tokens) = (number(1), number(2));
            let money = money.as_primitive::<Float64Type>();
            for row in 0..batch.num_rows() {
                let of_model = Spent {
                    requests: requests.value(row) as u64,
                    tokens: tokens.value(row) as u64,
                    money: if money.is_valid(row) { money.value(row) } else { 0.0 },
                };
                spent.insert(models.value(row).to_owned(), of_model);
            }
        }
        Ok(spent)
    }

    /// Gives every row of `repositories`.
    pub async fn repositories(&self, each: impl FnMut(RepositoryRow)) -> Result<(), OutputError> {
        let mut batches = self.stream("SELECT * FROM repositories").await?;
        let mut each = each;
        while let Some(batch) = batches.try_next().await? {
            repository_rows(&batch)?.into_iter().for_each(&mut each);
        }
        Ok(())
    }
}

fn register(
    context: &SessionContext,
    place: &Location,
    table: Table,
    delta: &DeltaTable,
) -> Result<(), OutputError> {
    let files = DataFiles::new(place, table, &delta::files(delta)?)?;
    context.register_table(table.name(), Arc::new(files))?;
    Ok(())
}
