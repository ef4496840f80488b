//! Rows to Parquet files: what a worker writes and nobody sees until a commit names it.

use std::sync::Arc;

use arrow::array::RecordBatch;
use backstory_core::Digest;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, path::Path};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use super::OutputError;
use super::rows::RepositoryRows;
use super::schema::{Table, error_batch, sequence_batch, trajectory_batch};

/// A data file that lies in its table's folder, ready to be committed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Segment {
    /// Name of the table.
    pub table: String,
    /// Path relative to the table's folder. Named by content: writing the same rows twice gives one file.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Rows.
    pub rows: u64,
}

/// Writes the rows of some repositories, one file per table that has any. Blocks on `runtime` for the
/// store; called from a compute thread.
pub fn write_segments(
    mut rows: RepositoryRows,
    store: &Arc<dyn ObjectStore>,
    runtime: &tokio::runtime::Handle,
) -> Result<Vec<Segment>, OutputError> {
    rows.errors.sort_by(|a, b| (&a.repo, &a.arm, &a.path).cmp(&(&b.repo, &b.arm, &b.path)));
    rows.trajectories.sort_by(|a, b| (&a.repo, &a.arm).cmp(&(&b.repo, &b.arm)));
    rows.sequences.sort_by(|a, b| (&a.repo, &a.arm).cmp(&(&b.repo, &b.arm)));
    let mut segments = vec![];
    let mut write = |table, batch: RecordBatch| {
        if batch.num_rows() > 0 {
            segments.push(put(table, &batch, store, runtime)?);
        }
        Ok::<(), OutputError>(())
    };
    // One table after the other, rows let go as soon as they are arrays: all of it at once would be the
    // peak of a run's memory.
    write(Table::Errors, error_batch(&rows.errors)?)?;
    let batch = trajectory_batch(&rows.trajectories)?;
    drop(rows.trajectories);
    write(Table::Trajectories, batch)?;
    let batch = sequence_batch(&rows.sequences)?;
    drop(rows.sequences);
    write(Table::Sequences, batch)?;
    Ok(segments)
}

fn put(
    table: Table,
    batch: &RecordBatch,
    store: &Arc<dyn ObjectStore>,
    runtime: &tokio::runtime::Handle,
) -> Result<Segment, OutputError> {
    let bytes = encode(table, batch)?;
    let path = format!("part-{}.parquet", Digest::of(&bytes));
    let size = bytes.len() as u64;
    let location = Path::from(format!("{}/{path}", table.name()));
    runtime.block_on(store.put(&location, PutPayload::from(bytes)))?;
    Ok(Segment { table: table.name().to_owned(), path, size, rows: batch.num_rows() as u64 })
}

fn encode(table: Table, batch: &RecordBatch) -> Result<Vec<u8>, OutputError> {
    let mut bytes = vec![];
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties(table)))?;
    writer.write(batch)?;
    writer.close()?;
    Ok(bytes)
}

/// Columns of running text: long, all different, never searched by range.
const TEXT_COLUMNS: [&str; 4] = [
    "text",
    "messages.list.element.content",
    "messages.list.element.reasoning_content",
    "messages.list.element.tool_calls.list.element.function.arguments",
];

fn properties(table: Table) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled(ColumnPath::from("repo"), EnabledStatistics::Chunk);
    if table == Table::Trajectories {
        for column in TEXT_COLUMNS {
            let path = column.split('.').map(str::to_owned).collect::<Vec<_>>();
            properties = properties.set_column_dictionary_enabled(ColumnPath::new(path), false);
        }
    }
    properties.build()
}
