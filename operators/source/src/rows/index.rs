//! Which repository lies in which rows: found by reading the column of names, and those of the condition.

use std::collections::HashMap;
use std::ops::Range;

use arrow::array::{Array, RecordBatch};
use backstory_core::Failure;

use super::condition::Condition;
use super::file::{Description, Rows, TableFile};
use super::values::texts;
use super::{Columns, RowLayout};

/// Rows that follow each other in one row group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: u32,
    pub(super) group: u32,
    pub(super) rows: Range<u32>,
}

/// Where the rows of repositories lie.
#[derive(Default)]
pub(super) struct Index {
    pub(super) files: Vec<TableFile>,
    /// Repositories, in the order in which their first rows lie.
    pub(super) names: Vec<String>,
    pub(super) places: HashMap<String, Vec<Place>>,
    /// All rows that count, by file and row group.
    pub(super) wanted: HashMap<(u32, u32), Vec<Range<u32>>>,
    /// Rows without a name.
    pub(super) nameless: u64,
}

impl Index {
    /// Adds the rows of a file.
    pub(super) fn add(
        &mut self,
        file: TableFile,
        columns: &Columns,
        layout: RowLayout,
        sql: Option<&str>,
    ) -> Result<(), String> {
        let text = |failure: Failure| failure.message;
        let description = file.describe().map_err(text)?;
        columns.check(layout, description.schema())?;
        let condition = condition(sql, &description, columns.of_bulk(layout))?;
        let number = self.files.len() as u32;
        let groups = match &condition {
            Some(condition) => {
                let name = file.meta.location.as_ref();
                condition.groups(name, description.schema(), description.parquet())
            }
            None => (0..description.parquet().num_row_groups()).collect(),
        };
        let mask = description.columns(|first, _| {
            let is_asked = |condition: &Condition| condition.columns.contains(first);
            first == columns.repository || condition.as_ref().is_some_and(is_asked)
        });
        for group in groups {
            let mut row = 0;
            let batches = file.rows(&description, group, mask.clone(), Rows::All).map_err(text)?;
            for batch in batches {
                let batch = batch.map_err(text)?;
                let at = Place { file: number, group: group as u32, rows: row..row };
                self.add_batch(&batch, &columns.repository, condition.as_ref(), &at)?;
                row += batch.num_rows() as u32;
            }
        }
        self.files.push(file);
        Ok(())
    }

    /// Adds the rows of a batch that starts at a place.
    fn add_batch(
        &mut self,
        batch: &RecordBatch,
        column: &str,
        condition: Option<&Condition>,
        at: &Place,
    ) -> Result<(), String> {
        let holds = condition.map(|condition| condition.holds(batch)).transpose()?;
        let names = batch.column_by_name(column).and_then(texts);
        let names = names.ok_or_else(|| format!("column \"{column}\" holds no names"))?;
        for at_batch in 0..batch.num_rows() {
            if holds.as_ref().is_some_and(|holds| !holds.value(at_batch)) {
                continue;
            }
            let row = at.rows.start + at_batch as u32;
            if names.is_null(at_batch) || names.value(at_batch).is_empty() {
                self.nameless += 1;
                continue;
            }
            extend(self.wanted.entry((at.file, at.group)).or_default(), row);
            self.add_row(names.value(at_batch), Place { rows: row..row + 1, ..at.clone() });
        }
        Ok(())
    }

    fn add_row(&mut self, name: &str, place: Place) {
        let Some(places) = self.places.get_mut(name) else {
            self.names.push(name.to_owned());
            self.places.insert(name.to_owned(), vec![place]);
            return;
        };
        match places.last_mut() {
            Some(last)
                if (last.file, last.group, last.rows.end)
                    == (place.file, place.group, place.rows.start) =>
            {
                last.rows.end = place.rows.end;
            }
            _ => places.push(place),
        }
    }
}

fn extend(ranges: &mut Vec<Range<u32>>, row: u32) {
    match ranges.last_mut() {
        Some(last) if last.end == row => last.end += 1,
        _ => ranges.push(row..row + 1),
    }
}

/// The condition, as the columns of a file have it.
fn condition(
    sql: Option<&str>,
    description: &Description,
    contents: &str,
) -> Result<Option<Condition>, String> {
    let condition = sql.map(|sql| Condition::new(sql, description.schema(), contents)).transpose();
    condition.map_err(|message| format!("`where` is no condition on its columns: {message}"))
}
