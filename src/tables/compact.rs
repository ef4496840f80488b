//! Joins small data files of a table into larger ones, sorted by repository.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake_core::kernel::LogicalFileView;
use futures::StreamExt;
use tokio::runtime::Handle;

use super::commits::Operation;
use super::output::{Output, Replacement};
use super::provider::DataFiles;
use super::segment::{Segment, SegmentWriter};
use super::{OutputError, Table};

/// Bytes of rows that are sorted in memory; beyond them they are sorted in files of the system's temporary folder.
const MEMORY: usize = 256 << 20;

/// Rows read at a time: they are long.
const BATCH: usize = 16;

/// What was joined in one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Name of the table.
    pub table: &'static str,
    /// Data files before, of all sizes.
    pub before: usize,
    /// Data files after.
    pub after: usize,
}

impl Output {
    /// Joins data files of less than half of `file_bytes` into files of about that size. A file is cut between
    /// repositories alone. No row changes, nor does any version before.
    pub async fn compact(&mut self, file_bytes: u64) -> Result<Vec<Compacted>, OutputError> {
        let mut replacements = vec![];
        let mut compacted = vec![];
        for table in Table::ALL {
            let files = self.files(table)?;
            let before = files.len();
            let is_small = |file: &LogicalFileView| (file.size() as u64) < file_bytes / 2;
            let small: Vec<_> = files.into_iter().filter(is_small).collect();
            let mut after = before;
            if small.len() > 1 {
                let add = self.join(table, &small, file_bytes).await?;
                after = before - small.len() + add.len();
                let remove = small.iter().map(|file| file.path().into_owned()).collect();
                replacements.push((table, Replacement { add, remove }));
            }
            compacted.push(Compacted { table: table.name(), before, after });
        }
        if !replacements.is_empty() {
            self.replace(Operation::Compact, replacements).await?;
        }
        Ok(compacted)
    }

    async fn join(
        &self,
        table: Table,
        files: &[LogicalFileView],
        file_bytes: u64,
    ) -> Result<Vec<Segment>, OutputError> {
        let rows = sorted(self, table, files).await?;
        let (store, runtime) = (self.store(), Handle::current());
        let joining = tokio::task::spawn_blocking(move || {
            let joiner = Joiner { table, file_bytes, segments: vec![] };
            joiner.join(rows, &runtime, || SegmentWriter::new(Arc::clone(&store), runtime.clone()))
        });
        joining.await.map_err(|error| OutputError::Store(error.to_string()))?
    }
}

/// Rows by repository; those of one repository in the order in which they were written.
async fn sorted(
    output: &Output,
    table: Table,
    files: &[LogicalFileView],
) -> Result<SendableRecordBatchStream, OutputError> {
    let config = SessionConfig::new().with_target_partitions(1).with_batch_size(BATCH);
    let environment = RuntimeEnvBuilder::new().with_memory_limit(MEMORY, 1.0).build_arc()?;
    let context = SessionContext::new_with_config_rt(config, environment);
    let place = output.place();
    context.register_object_store(place.url(), Arc::clone(place.root()));
    context.register_table("small", Arc::new(DataFiles::new(place, table, files)?))?;
    let schema = table.schema();
    let columns: Vec<_> =
        schema.fields().iter().map(|field| format!("\"{}\"", field.name())).collect();
    let columns = columns.join(", ");
    let sql = format!(
        "SELECT {columns} FROM (SELECT *, row_number() OVER () AS \"place in files\" FROM small) \
         ORDER BY repo, \"place in files\""
    );
    Ok(context.sql(&sql).await?.execute_stream().await?)
}

struct Joiner {
    table: Table,
    file_bytes: u64,
    segments: Vec<Segment>,
}

impl Joiner {
    fn join(
        mut self,
        mut rows: SendableRecordBatchStream,
        runtime: &Handle,
        writer: impl Fn() -> SegmentWriter,
    ) -> Result<Vec<Segment>, OutputError> {
        let mut open = writer();
        let mut last = None;
        while let Some(batch) = runtime.block_on(rows.next()) {
            for (name, rows) in by_repository(&batch?)? {
                let is_next = last.as_ref() != Some(&name);
                if is_next && open.largest() >= self.file_bytes {
                    self.segments.extend(std::mem::replace(&mut open, writer()).close()?);
                }
                open.write(self.table, &rows)?;
                last = Some(name);
            }
        }
        self.segments.extend(open.close()?);
        Ok(self.segments)
    }
}

/// Rows that follow each other and are of one repository, with its name.
fn by_repository(batch: &RecordBatch) -> Result<Vec<(String, RecordBatch)>, OutputError> {
    let missing = || OutputError::Damaged("a data file has no column \"repo\"".to_owned());
    let column = cast(batch.column_by_name("repo").ok_or_else(missing)?, &DataType::Utf8)?;
    let names = column.as_string::<i32>();
    let mut parts = vec![];
    let mut start = 0;
    for row in 1..=names.len() {
        if row == names.len() || names.value(row) != names.value(start) {
            parts.push((names.value(start).to_owned(), batch.slice(start, row - start)));
            start = row;
        }
    }
    Ok(parts)
}
