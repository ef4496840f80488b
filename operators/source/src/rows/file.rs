//! A Parquet file in a store: what it says of itself, and its rows one after the other.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use bytes::Bytes;
use object_store::{Error, ObjectMeta, ObjectStore};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};

use backstory_core::{Failure, contain};

use crate::object::{get, store_failure, wait};

/// Bytes of a column that are asked for at once.
const BLOCK: u64 = 4 * 1024 * 1024;
/// Blocks that are held: one for each column that is read at the same time.
const BLOCKS: usize = 16;

/// One state of a file.
#[derive(Clone)]
pub(super) struct TableFile {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) meta: Arc<ObjectMeta>,
}

/// Why a store refused, if it did: decoders hand on errors as they please.
type Cause = Arc<Mutex<Option<Failure>>>;

impl TableFile {
    /// Reads what the file says of itself.
    pub(super) fn describe(&self) -> std::result::Result<Description, Failure> {
        let blocks = Blocks::new(self, vec![]);
        // The types of Parquet will do; those of Arrow beside them are taken on trust by who decodes them.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = contain(|| ArrowReaderMetadata::load(&blocks, options));
        let metadata = metadata.ok().and_then(Result::ok).ok_or_else(|| blocks.failure())?;
        let mut groups = metadata.metadata().row_groups().iter();
        if !groups.all(|group| is_sound(group, self.meta.size)) {
            return Err(super::unreadable(BROKEN));
        }
        Ok(Description { metadata })
    }

    /// Rows of a group, one in each batch: all of them, or those of `rows`.
    pub(super) fn rows(
        &self,
        description: &Description,
        group: usize,
        columns: ProjectionMask,
        rows: Rows<'_>,
    ) -> std::result::Result<Batches, Failure> {
        let metadata = description.metadata.clone();
        let chunks = description.parquet().row_group(group).columns().iter();
        let chunks = chunks.map(|chunk| {
            let (start, length) = chunk.byte_range();
            start..start + length
        });
        let blocks = Blocks::new(self, chunks.collect());
        let total = description.parquet().row_group(group).num_rows() as usize;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(blocks.clone(), metadata)
            .with_row_groups(vec![group])
            .with_projection(columns);
        let builder = match rows {
            Rows::All => builder.with_batch_size(4096),
            Rows::These(ranges) => {
                let ranges = ranges.iter().map(|rows| rows.start as usize..rows.end as usize);
                let selection = RowSelection::from_consecutive_ranges(ranges, total);
                builder.with_row_selection(selection).with_batch_size(1)
            }
        };
        let reader = contain(|| builder.build()).ok().and_then(Result::ok);
        let reader = reader.ok_or_else(|| blocks.failure())?;
        Ok(Batches { reader, blocks })
    }
}

/// Whether a row group lies in a file of this size. What reads it takes that for granted.
fn is_sound(group: &RowGroupMetaData, size: u64) -> bool {
    let is_inside = |chunk: &ColumnChunkMetaData| {
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let (start, length) = (u64::try_from(start), u64::try_from(chunk.compressed_size()));
        let (Ok(start), Ok(length)) = (start, length) else { return false };
        chunk.data_page_offset() >= 0 && start.checked_add(length).is_some_and(|end| end <= size)
    };
    u32::try_from(group.num_rows()).is_ok() && group.columns().iter().all(is_inside)
}

/// Which rows of a group are read.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    /// All, in batches.
    All,
    /// These, each on its own.
    These(&'a [Range<u32>]),
}

/// What a file says of itself.
#[derive(Clone)]
pub(super) struct Description {
    metadata: ArrowReaderMetadata,
}

impl Description {
    pub(super) fn schema(&self) -> &Arc<Schema> {
        self.metadata.schema()
    }

    pub(super) fn parquet(&self) -> &Arc<ParquetMetaData> {
        self.metadata.metadata()
    }

    /// The columns that `wanted` wants, by the first and the last part of their paths.
    pub(super) fn columns(&self, wanted: impl Fn(&str, Option<&str>) -> bool) -> ProjectionMask {
        let descriptor = self.metadata.parquet_schema();
        let leaves = descriptor.columns().iter().enumerate().filter(|(_, column)| {
            let parts = column.path().parts();
            let last = if parts.len() > 1 { parts.last().map(String::as_str) } else { None };
            parts.first().is_some_and(|first| wanted(first, last))
        });
        ProjectionMask::leaves(descriptor, leaves.map(|(at, _)| at).collect::<Vec<_>>())
    }
}

/// Rows as they are read.
pub(super) struct Batches {
    reader: ParquetRecordBatchReader,
    blocks: Blocks,
}

impl Iterator for Batches {
    type Item = std::result::Result<RecordBatch, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = contain(|| self.reader.next()).unwrap_or_else(|_| Some(Err(panicked())));
        Some(batch?.map_err(|_| self.blocks.failure()))
    }
}

/// The bytes of a file, asked for in blocks that never reach beyond a column.
#[derive(Clone)]
struct Blocks(Arc<Inner>);

struct Inner {
    file: TableFile,
    /// Where columns lie.
    chunks: Vec<Range<u64>>,
    /// Those used last, the latest at the end.
    held: Mutex<Vec<(u64, Bytes)>>,
    cause: Cause,
}

fn panicked() -> ArrowError {
    ArrowError::ParquetError("stopped".into())
}

const BROKEN: &str = "the Parquet file is broken, or packed in a way that is not known";

impl Blocks {
    fn new(file: &TableFile, chunks: Vec<Range<u64>>) -> Self {
        let file = file.clone();
        Self(Arc::new(Inner { file, chunks, held: Mutex::default(), cause: Cause::default() }))
    }

    fn failure(&self) -> Failure {
        let cause = self.0.cause.lock().unwrap_or_else(PoisonError::into_inner).clone();
        cause.unwrap_or_else(|| super::unreadable(BROKEN))
    }

    fn get(&self, range: Range<u64>) -> Result<Bytes> {
        let file = &self.0.file;
        if range.start > range.end || range.end > file.meta.size {
            return Err(ParquetError::EOF("beyond the end".into()));
        }
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        wait(get(&*file.store, &file.meta, range)).map_err(|error: Error| {
            let mut cause = self.0.cause.lock().unwrap_or_else(PoisonError::into_inner);
            cause.get_or_insert_with(|| store_failure(&error));
            ParquetError::General("stopped".into())
        })
    }

    /// The block that a byte lies in: where it starts, and its bytes.
    fn block(&self, position: u64) -> Result<(u64, Bytes)> {
        let rest = position..self.0.file.meta.size;
        let chunk = self.0.chunks.iter().find(|chunk| chunk.contains(&position));
        let chunk = chunk.unwrap_or(&rest);
        let start = chunk.start + (position - chunk.start) / BLOCK * BLOCK;
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = held.iter().position(|(known, _)| *known == start) {
            let block = held.remove(at);
            held.push(block.clone());
            return Ok(block);
        }
        let bytes = self.get(start..chunk.end.min(start + BLOCK))?;
        if held.len() == BLOCKS {
            held.remove(0);
        }
        held.push((start, bytes.clone()));
        Ok((start, bytes))
    }
}

impl Length for Blocks {
    fn len(&self) -> u64 {
        self.0.file.meta.size
    }
}

impl ChunkReader for Blocks {
    type T = From;

    fn get_read(&self, start: u64) -> Result<From> {
        Ok(From { blocks: self.clone(), position: start })
    }

    /// Pages are asked for twice, their headers first: what is held serves both.
    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let end = start.saturating_add(length as u64);
        let is_inside = |chunk: &Range<u64>| chunk.contains(&start) && end <= chunk.end;
        if length == 0 || !self.0.chunks.iter().any(is_inside) {
            return self.get(start..end);
        }
        let (at, block) = self.block(start)?;
        let from = (start - at) as usize;
        if from + length <= block.len() {
            return Ok(block.slice(from..from + length));
        }
        let mut bytes = Vec::with_capacity(length);
        self.get_read(start)?.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Reads on from a place.
struct From {
    blocks: Blocks,
    position: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.blocks.0.file.meta.size {
            return Ok(0);
        }
        let (start, block) = self.blocks.block(self.position).map_err(io::Error::other)?;
        let rest = &block[(self.position - start) as usize..];
        let taken = rest.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&rest[..taken]);
        self.position += taken as u64;
        Ok(taken)
    }
}
