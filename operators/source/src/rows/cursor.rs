//! Reads rows of a row group in whatever order they are asked for, and each of them once where that order is
//! nearly theirs.
//!
//! A row group can only be read from its start. Rows that are passed before somebody asks for them are kept, up
//! to a bound; whoever asks for one that is no longer kept has the row group read again from there.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use backstory_core::Failure;
use parquet::arrow::ProjectionMask;

use super::file::{Batches, Description, Rows, TableFile};
use super::index::{Index, Place};
use super::unreadable;

/// Bytes of rows that a row group keeps.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Row groups that are read at the same time: threads are not all in the same one.
const CURSORS: usize = 4;

/// Row groups that are being read.
pub(super) struct Cursors {
    /// Those used last, the latest at the end.
    open: Mutex<Vec<(Group, Arc<Mutex<Cursor>>)>>,
}

/// A file, and a row group in it.
type Group = (u32, u32);

impl Cursors {
    pub(super) fn new() -> Self {
        Self { open: Mutex::default() }
    }

    /// The rows of a place, in their order.
    pub(super) fn take(
        &self,
        index: &Index,
        place: &Place,
        mask: impl Fn(&Description) -> ProjectionMask,
    ) -> Result<Vec<RecordBatch>, Failure> {
        let key = (place.file, place.group);
        let cursor = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let known = open.iter().position(|(known, _)| *known == key);
            let entry = known.map_or_else(|| (key, Arc::default()), |at| open.remove(at));
            if open.len() == CURSORS {
                open.remove(0);
            }
            open.push(entry.clone());
            entry.1
        };
        let mut cursor = cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let file = &index.files[place.file as usize];
        let wanted = index.wanted.get(&key).map(Vec::as_slice).unwrap_or_default();
        let mut source = GroupOf { file, group: place.group, wanted, mask: &mask };
        let taken = place.rows.clone().map(|row| cursor.take(row, &mut source)).collect();
        if Result::is_err(&taken) {
            *cursor = Cursor::default();
        }
        taken
    }
}

/// What a cursor reads.
struct GroupOf<'a> {
    file: &'a TableFile,
    group: u32,
    wanted: &'a [Range<u32>],
    mask: &'a dyn Fn(&Description) -> ProjectionMask,
}

/// How far a row group was read.
#[derive(Default)]
struct Cursor {
    description: Option<Description>,
    batches: Option<Batches>,
    /// Rows that `batches` will give.
    ahead: VecDeque<Range<u32>>,
    /// Rows that were passed, with their sizes.
    kept: BTreeMap<u32, (usize, RecordBatch)>,
    kept_bytes: usize,
}

impl Cursor {
    fn take(&mut self, row: u32, source: &mut GroupOf<'_>) -> Result<RecordBatch, Failure> {
        if let Some((size, batch)) = self.kept.remove(&row) {
            self.kept_bytes -= size;
            return Ok(batch);
        }
        if self.next_row().is_none_or(|next| next > row) {
            self.open(row, source)?;
        }
        loop {
            let (at, batch) = self.advance()?;
            if at == row {
                return Ok(batch);
            }
            self.keep(at, batch);
        }
    }

    fn next_row(&self) -> Option<u32> {
        self.ahead.front().map(|rows| rows.start)
    }

    /// Starts to read at `row`.
    fn open(&mut self, row: u32, source: &GroupOf<'_>) -> Result<(), Failure> {
        let description = match &self.description {
            Some(description) => description.clone(),
            None => source.file.describe()?,
        };
        let ahead = source.wanted.iter().filter(|rows| rows.end > row);
        let ahead: Vec<_> = ahead.map(|rows| rows.start.max(row)..rows.end).collect();
        let (group, mask) = (source.group as usize, (source.mask)(&description));
        let rows = Rows::These(&ahead);
        self.batches = Some(source.file.rows(&description, group, mask, rows)?);
        self.description = Some(description);
        self.ahead = ahead.into();
        Ok(())
    }

    /// The next row.
    fn advance(&mut self) -> Result<(u32, RecordBatch), Failure> {
        let short = || unreadable("the Parquet file has fewer rows than it says");
        let batch = self.batches.as_mut().and_then(Iterator::next).ok_or_else(short)??;
        let rows = self.ahead.front_mut().ok_or_else(short)?;
        let row = rows.start;
        rows.start += 1;
        if rows.start == rows.end {
            self.ahead.pop_front();
        }
        Ok((row, batch))
    }

    fn keep(&mut self, row: u32, batch: RecordBatch) {
        let size = batch.get_array_memory_size();
        self.kept_bytes += size;
        self.kept.insert(row, (size, batch));
        while self.kept_bytes > KEPT_BYTES
            && let Some((_, (size, _))) = self.kept.pop_first()
        {
            self.kept_bytes -= size;
        }
    }
}
