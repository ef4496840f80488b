//! Takes the rows of some repositories out of data files.
//!
//! A data file is never changed: another one takes its place. Row groups without a row of those repositories are
//! copied as they are, byte by byte; only those with some are decoded.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::DataType;
use backstory_core::{Digest, Outcome};
use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use tokio::runtime::Handle;

use super::ledger::{ledger_batch, ledger_rows};
use super::segment::{Bounds, Segment, data_file, properties};
use super::upload::Upload;
use super::{OutputError, Table};

/// Rows decoded at a time.
const BATCH: usize = 64;

/// Takes rows out of data files of one table. Blocks.
pub struct Rewriter<'a> {
    /// The store, rooted at the output.
    pub store: &'a Arc<dyn ObjectStore>,
    /// What waits for the store.
    pub runtime: &'a Handle,
    /// The table.
    pub table: Table,
    /// The repositories whose rows go.
    pub repositories: &'a BTreeSet<String>,
    /// Of requests that go from `ledger`: the keys of those that are on record elsewhere. The others stay, for
    /// they are paid, and are marked as superseded. None if all go.
    pub recorded: Option<&'a BTreeSet<Digest>>,
}

/// What becomes of a data file.
#[derive(Debug, PartialEq, Eq)]
pub enum Rewritten {
    /// It has none of these rows.
    Same,
    /// It has no other rows.
    Gone,
    /// Another one takes its place.
    By(Segment),
}

/// How many rows of a row group go.
enum Going {
    None,
    Some,
    All,
}

impl Rewriter<'_> {
    /// Takes rows out of the data file at `path`, which is relative to the table's folder, and whose
    /// repositories lie between these bounds.
    pub fn rewrite(
        &self,
        path: &str,
        size: u64,
        bounds: &Bounds,
    ) -> Result<Rewritten, OutputError> {
        if !self.repositories.iter().any(|name| bounds.may_have(name)) {
            return Ok(Rewritten::Same);
        }
        let file = self.open(path, size)?;
        let groups = 0..file.metadata.metadata().num_row_groups();
        let going = groups.map(|group| self.going(&file, group)).collect::<Result<Vec<_>, _>>()?;
        if going.iter().all(|going| matches!(going, Going::None)) {
            return Ok(Rewritten::Same);
        }
        if going.iter().all(|going| matches!(going, Going::All)) && !self.supersedes() {
            return Ok(Rewritten::Gone);
        }
        let (path, upload) = data_file(self.table, self.store, self.runtime);
        let writer =
            ArrowWriter::try_new(upload, self.table.schema(), Some(properties(self.table)))?;
        let (mut writer, factory) = writer.into_serialized_writer()?;
        let (mut rows, mut found) = (0, None::<Bounds>);
        for (group, going) in going.into_iter().enumerate() {
            let (more, names) = match going {
                Going::None => file.copy(group, &mut writer)?,
                Going::All if !self.supersedes() => continue,
                Going::Some | Going::All => self.filter(&file, group, &mut writer, &factory)?,
            };
            rows += more;
            // What the footer does not tell is within the bounds of the file.
            let names = names.unwrap_or_else(|| bounds.clone());
            found = found.into_iter().chain([names]).reduce(Bounds::join);
        }
        let size = writer.into_inner()?.finish()?;
        let table = self.table.name().to_owned();
        Ok(Rewritten::By(Segment {
            table,
            path,
            size,
            rows,
            repositories: found.unwrap_or_default(),
        }))
    }

    fn open(&self, path: &str, size: u64) -> Result<DataFile<'_>, OutputError> {
        let path = Path::from(format!("{}/{path}", self.table.name()));
        let tail = Tail { store: self.store, path: &path };
        let metadata = ParquetMetaDataReader::new().load_and_finish(tail, size);
        let metadata = Arc::new(self.runtime.block_on(metadata)?);
        let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new())?;
        Ok(DataFile { store: self.store, runtime: self.runtime, path, metadata })
    }

    /// Judged by the column `repo` alone, and by its bounds if they suffice.
    fn going(&self, file: &DataFile<'_>, group: usize) -> Result<Going, OutputError> {
        let metadata = file.metadata.metadata().row_group(group);
        let Some(column) = column_of_repositories(metadata) else { return Ok(Going::None) };
        let may_have = |bounds: Bounds| self.repositories.iter().any(|name| bounds.may_have(name));
        if !bounds(metadata, column).is_none_or(may_have) {
            return Ok(Going::None);
        }
        let (mut going, mut staying) = (false, false);
        for batch in file.read(group, Some(column))? {
            for keeps in self.keeps(&batch?)?.iter().flatten() {
                staying |= keeps;
                going |= !keeps;
            }
        }
        Ok(match (going, staying) {
            (false, _) => Going::None,
            (true, true) => Going::Some,
            (true, false) => Going::All,
        })
    }

    /// Which rows stay.
    fn keeps(&self, batch: &RecordBatch) -> Result<BooleanArray, OutputError> {
        let missing = || OutputError::Damaged("a data file has no column \"repo\"".to_owned());
        let column = cast(batch.column_by_name("repo").ok_or_else(missing)?, &DataType::Utf8)?;
        let names = column.as_string::<i32>();
        Ok((0..names.len())
            .map(|row| Some(!self.repositories.contains(names.value(row))))
            .collect())
    }

    fn supersedes(&self) -> bool {
        self.table == Table::Ledger && self.recorded.is_some()
    }

    /// The rows that stay.
    fn staying(&self, batch: &RecordBatch) -> Result<RecordBatch, OutputError> {
        let Some(recorded) = self.recorded.filter(|_| self.supersedes()) else {
            return Ok(filter_record_batch(batch, &self.keeps(batch)?)?);
        };
        let mut rows = ledger_rows(batch)?;
        rows.retain(|row| {
            !self.repositories.contains(&row.repo) || !recorded.contains(&row.request.key)
        });
        for row in rows.iter_mut().filter(|row| self.repositories.contains(&row.repo)) {
            row.request.outcome = Outcome::Superseded;
        }
        Ok(ledger_batch(&rows)?)
    }

    /// Writes the rows of a row group that stay.
    fn filter(
        &self,
        file: &DataFile<'_>,
        group: usize,
        writer: &mut SerializedFileWriter<Upload>,
        factory: &ArrowRowGroupWriterFactory,
    ) -> Result<(u64, Option<Bounds>), OutputError> {
        let mut columns = factory.create_column_writers(group)?;
        let (mut rows, mut names) = (0, None);
        for batch in file.read(group, None)? {
            let batch = self.staying(&batch?)?;
            rows += batch.num_rows() as u64;
            names = names.into_iter().chain(Bounds::of_rows(&batch)).reduce(Bounds::join);
            let mut next = columns.iter_mut();
            for (field, column) in self.table.schema().fields().iter().zip(batch.columns()) {
                for leaf in compute_leaves(field, column)? {
                    if let Some(column) = next.next() {
                        column.write(&leaf)?;
                    }
                }
            }
        }
        let mut row_group = writer.next_row_group()?;
        for column in columns {
            column.close()?.append_to_row_group(&mut row_group)?;
        }
        row_group.close()?;
        Ok((rows, names))
    }
}

/// A data file that is read.
struct DataFile<'a> {
    store: &'a Arc<dyn ObjectStore>,
    runtime: &'a Handle,
    path: Path,
    metadata: ArrowReaderMetadata,
}

impl DataFile<'_> {
    /// Copies a row group as it is. Its rows, and the repositories that they are of if the file tells.
    fn copy(
        &self,
        group: usize,
        writer: &mut SerializedFileWriter<Upload>,
    ) -> Result<(u64, Option<Bounds>), OutputError> {
        let metadata: &ParquetMetaData = self.metadata.metadata();
        let metadata = metadata.row_group(group);
        let bytes = self.fetch(metadata.columns().iter().map(ColumnChunkMetaData::byte_range))?;
        let mut row_group = writer.next_row_group()?;
        for column in metadata.columns() {
            let close = ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: metadata.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            row_group.append_column(&bytes, close)?;
        }
        row_group.close()?;
        let bounds = column_of_repositories(metadata).and_then(|column| bounds(metadata, column));
        Ok((metadata.num_rows() as u64, bounds))
    }

    /// The rows of a row group: all columns, or one alone.
    fn read(
        &self,
        group: usize,
        column: Option<usize>,
    ) -> Result<ParquetRecordBatchReader, OutputError> {
        let metadata: &ParquetMetaData = self.metadata.metadata();
        let columns = metadata.row_group(group).columns();
        let read = |at: &usize| column.is_none_or(|column| column == *at);
        let ranges = (0..columns.len()).filter(read).map(|at| columns[at].byte_range());
        let bytes = self.fetch(ranges)?;
        let schema = metadata.file_metadata().schema_descr();
        let mask = match column {
            Some(column) => ProjectionMask::leaves(schema, [column]),
            None => ProjectionMask::all(),
        };
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, self.metadata.clone());
        let reader = builder.with_row_groups(vec![group]).with_projection(mask);
        Ok(reader.with_batch_size(BATCH).build()?)
    }

    /// All bytes from the first of these ranges, each given as start and length, to the last.
    fn fetch(
        &self,
        ranges: impl Iterator<Item = (u64, u64)> + Clone,
    ) -> Result<Window, OutputError> {
        let start = ranges.clone().map(|(start, _)| start).min().unwrap_or_default();
        let end = ranges.map(|(start, length)| start + length).max().unwrap_or_default();
        let bytes = self.runtime.block_on(self.store.get_range(&self.path, start..end))?;
        Ok(Window { start, bytes })
    }
}

/// Where the names of repositories are among the leaves of the columns.
fn column_of_repositories(group: &RowGroupMetaData) -> Option<usize> {
    group.columns().iter().position(|column| column.column_path().string() == "repo")
}

/// The first and the last name of a row group, if the file tells.
fn bounds(group: &RowGroupMetaData, column: usize) -> Option<Bounds> {
    let Some(Statistics::ByteArray(statistics)) = group.column(column).statistics() else {
        return None;
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let (first, last) = (statistics.min_bytes_opt()?, statistics.max_bytes_opt()?);
    Some(Bounds { first: text(first)?, last: text(last)? })
}

/// A part of a file, read as if the whole were there.
struct Window {
    start: u64,
    bytes: Bytes,
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl Window {
    fn at(&self, start: u64) -> Result<usize, ParquetError> {
        let at = start.checked_sub(self.start).filter(|at| *at <= self.bytes.len() as u64);
        let outside = || ParquetError::General(format!("byte {start} was not fetched"));
        at.map(|at| at as usize).ok_or_else(outside)
    }
}

impl ChunkReader for Window {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(Cursor::new(self.bytes.slice(self.at(start)?..)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = vec![0; length];
        self.get_read(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// The end of a file, where its metadata is.
struct Tail<'a> {
    store: &'a Arc<dyn ObjectStore>,
    path: &'a Path,
}

impl parquet::arrow::async_reader::MetadataFetch for Tail<'_> {
    fn fetch(
        &mut self,
        range: std::ops::Range<u64>,
    ) -> futures::future::BoxFuture<'_, parquet::errors::Result<Bytes>> {
        let bytes = self.store.get_range(self.path, range);
        Box::pin(async { bytes.await.map_err(|error| ParquetError::External(Box::new(error))) })
    }
}
