//! Rows to Parquet files: what a worker writes and nobody sees until a commit names it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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
use super::errors::{ErrorRow, error_batch};
use super::ledger::{LedgerRow, ledger_batch};
use super::sequences::{SequenceRow, sequence_batch};
use super::table::Table;
use super::trajectories::{TrajectoryRow, trajectory_batch};
use super::trials::{TrialRow, trial_batch};

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

/// Data files in the making, at most one per table. A row is encoded and compressed as it comes and takes
/// no more room than in the file; nothing reaches the store before the end.
#[derive(Default)]
pub struct SegmentWriter {
    files: BTreeMap<Table, DataFile>,
}

struct DataFile {
    writer: ArrowWriter<Vec<u8>>,
    rows: u64,
}

impl SegmentWriter {
    /// Adds a row of `trajectories`.
    pub fn trajectory(&mut self, row: TrajectoryRow) -> Result<(), OutputError> {
        self.write(Table::Trajectories, &trajectory_batch(row)?)
    }

    /// Adds a row of `sequences`.
    pub fn sequence(&mut self, row: SequenceRow) -> Result<(), OutputError> {
        self.write(Table::Sequences, &sequence_batch(row)?)
    }

    /// Adds rows of `ledger`.
    pub fn ledger(&mut self, rows: &[LedgerRow]) -> Result<(), OutputError> {
        if rows.is_empty() { Ok(()) } else { self.write(Table::Ledger, &ledger_batch(rows)?) }
    }

    /// Adds rows of `trials`.
    pub fn trials(&mut self, rows: &[TrialRow]) -> Result<(), OutputError> {
        if rows.is_empty() { Ok(()) } else { self.write(Table::Trials, &trial_batch(rows)?) }
    }

    /// Adds rows of `errors`.
    pub fn errors(&mut self, rows: &[ErrorRow]) -> Result<(), OutputError> {
        if rows.is_empty() { Ok(()) } else { self.write(Table::Errors, &error_batch(rows)?) }
    }

    fn write(&mut self, table: Table, batch: &RecordBatch) -> Result<(), OutputError> {
        let file = match self.files.entry(table) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let properties = Some(properties(table));
                let writer = ArrowWriter::try_new(vec![], batch.schema(), properties)?;
                entry.insert(DataFile { writer, rows: 0 })
            }
        };
        file.rows += batch.num_rows() as u64;
        Ok(file.writer.write(batch)?)
    }

    /// Bytes that the files would have if they ended here, roughly.
    pub fn bytes(&self) -> u64 {
        let writers = self.files.values().map(|file| &file.writer);
        writers.map(|writer| writer.bytes_written() + writer.in_progress_size()).sum::<usize>()
            as u64
    }

    /// Ends the files and puts them into the store. Blocks on `runtime`; called from a compute thread.
    pub fn close(
        self,
        store: &Arc<dyn ObjectStore>,
        runtime: &tokio::runtime::Handle,
    ) -> Result<Vec<Segment>, OutputError> {
        let mut segments = vec![];
        for (table, DataFile { writer, rows }) in self.files {
            let bytes = writer.into_inner()?;
            let path = format!("part-{}.parquet", Digest::of(&bytes));
            let size = bytes.len() as u64;
            let location = Path::from(format!("{}/{path}", table.name()));
            runtime.block_on(store.put(&location, PutPayload::from(bytes)))?;
            segments.push(Segment { table: table.name().to_owned(), path, size, rows });
        }
        Ok(segments)
    }
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
