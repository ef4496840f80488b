//! Takes the rows of some repositories out of data files.
//!
//! A data file is never changed: another one takes its place. Row groups without a row of those repositories are
//! copied as they are, byte by byte; only those with some are decoded.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::DataType;
use backstory_core::{Digest, Outcome};
use object_store::{ObjectStore, path::Path};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::file::writer::SerializedFileWriter;
use tokio::runtime::Handle;

use super::ledger::{ledger_batch, ledger_rows};
use super::segment::{Bounds, Segment, data_file, properties};
use super::stored::{StoredFile, bounds as bounds_of, column_of_repositories};
use super::upload::Upload;
use super::{OutputError, Table};

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
        let path = Path::from(format!("{}/{path}", self.table.name()));
        let file = StoredFile::open(self.store, self.runtime, path, size)?;
        let groups = 0..file.groups();
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

    /// Judged by the column `repo` alone, and by its bounds if they suffice.
    fn going(&self, file: &StoredFile<'_>, group: usize) -> Result<Going, OutputError> {
        let metadata = file.group(group);
        let Some(column) = column_of_repositories(metadata) else { return Ok(Going::None) };
        let may_have = |bounds: Bounds| self.repositories.iter().any(|name| bounds.may_have(name));
        if !bounds_of(metadata, column).is_none_or(may_have) {
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
        file: &StoredFile<'_>,
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
