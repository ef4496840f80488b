//! A data file of an output, read row group by row group.

use std::io::{Cursor, Read};
use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::async_reader::MetadataFetch;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use tokio::runtime::Handle;

use super::OutputError;
use super::segment::Bounds;
use super::upload::Upload;

/// Rows decoded at a time.
const BATCH: usize = 64;

/// A data file that is read. Blocks.
pub struct StoredFile<'a> {
    store: &'a Arc<dyn ObjectStore>,
    runtime: &'a Handle,
    path: Path,
    metadata: ArrowReaderMetadata,
}

impl<'a> StoredFile<'a> {
    /// The file at this path in a store, of so many bytes.
    pub fn open(
        store: &'a Arc<dyn ObjectStore>,
        runtime: &'a Handle,
        path: Path,
        size: u64,
    ) -> Result<Self, OutputError> {
        let tail = Tail { store, path: &path };
        let metadata = ParquetMetaDataReader::new().load_and_finish(tail, size);
        let metadata = Arc::new(runtime.block_on(metadata)?);
        let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new())?;
        Ok(Self { store, runtime, path, metadata })
    }

    /// How many row groups it has.
    pub fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// What the footer tells of a row group.
    pub fn group(&self, group: usize) -> &RowGroupMetaData {
        self.metadata.metadata().row_group(group)
    }

    /// Copies a row group as it is. Its rows, and the repositories that they are of if the file tells.
    pub fn copy(
        &self,
        group: usize,
        writer: &mut SerializedFileWriter<Upload>,
    ) -> Result<(u64, Option<Bounds>), OutputError> {
        let metadata = self.group(group);
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
    pub fn read(
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
pub fn column_of_repositories(group: &RowGroupMetaData) -> Option<usize> {
    group.columns().iter().position(|column| column.column_path().string() == "repo")
}

/// The first and the last name of a row group, if the file tells.
pub fn bounds(group: &RowGroupMetaData, column: usize) -> Option<Bounds> {
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

impl MetadataFetch for Tail<'_> {
    fn fetch(
        &mut self,
        range: std::ops::Range<u64>,
    ) -> futures::future::BoxFuture<'_, parquet::errors::Result<Bytes>> {
        let bytes = self.store.get_range(self.path, range);
        Box::pin(async { bytes.await.map_err(|error| ParquetError::External(Box::new(error))) })
    }
}
