//! Records out of Arrow arrays: what the tables have in common.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::ArrowPrimitiveType;

use super::OutputError;

/// What was read, or why it cannot be.
pub(super) type Read<T> = Result<T, OutputError>;

pub(super) fn damaged(what: impl Into<String>) -> OutputError {
    OutputError::Damaged(what.into())
}

/// Columns by name, of a batch or of a struct column.
pub(super) enum Columns<'a> {
    Batch(&'a RecordBatch),
    Struct(&'a StructArray),
}

impl<'a> Columns<'a> {
    pub fn get(&self, name: &str) -> Read<&'a ArrayRef> {
        let column = match self {
            Self::Batch(batch) => batch.column_by_name(name),
            Self::Struct(column) => column.column_by_name(name),
        };
        column.ok_or_else(|| damaged(format!("column \"{name}\" is missing")))
    }

    pub fn strings(&self, name: &str) -> Read<&'a StringArray> {
        let column = self.get(name)?.as_string_opt::<i32>();
        column.ok_or_else(|| damaged(format!("column \"{name}\" holds no text")))
    }

    pub fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Read<&'a [T::Native]> {
        let column = self.get(name)?.as_primitive_opt::<T>();
        let column =
            column.ok_or_else(|| damaged(format!("column \"{name}\" holds no numbers")))?;
        Ok(column.values())
    }

    pub fn flags(&self, name: &str) -> Read<&'a BooleanArray> {
        let column = self.get(name)?.as_boolean_opt();
        column.ok_or_else(|| damaged(format!("column \"{name}\" holds no booleans")))
    }

    /// Numbers that may be absent.
    pub fn optional_numbers<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Read<Vec<Option<T::Native>>> {
        let column = self.get(name)?.as_primitive_opt::<T>();
        let column =
            column.ok_or_else(|| damaged(format!("column \"{name}\" holds no numbers")))?;
        Ok(column.iter().collect())
    }

    pub fn lists(&self, name: &str) -> Read<&'a ListArray> {
        let column = self.get(name)?.as_list_opt::<i32>();
        column.ok_or_else(|| damaged(format!("column \"{name}\" holds no lists")))
    }

    /// The items of a column of lists of structs, row by row.
    pub fn items<T>(
        &self,
        name: &str,
        read: impl Fn(&Columns<'_>, usize) -> Read<Vec<T>>,
    ) -> Read<Vec<Vec<T>>> {
        let lists = self.lists(name)?;
        let rows = lists.iter().map(|list| {
            let list = list.ok_or_else(|| damaged(format!("column \"{name}\" holds a null")))?;
            let items = list.as_struct_opt();
            let items = items.ok_or_else(|| damaged(format!("\"{name}\" holds no structs")))?;
            read(&Columns::Struct(items), items.len())
        });
        rows.collect()
    }
}

pub(super) fn text(column: &StringArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_owned())
}

/// The numbers of one list.
pub(super) fn read_numbers<T: ArrowPrimitiveType>(
    lists: &ListArray,
    row: usize,
) -> Read<Vec<T::Native>> {
    let items = lists.value(row);
    let items = items.as_primitive_opt::<T>().ok_or_else(|| damaged("a list holds no numbers"))?;
    Ok(items.values().to_vec())
}

pub(super) fn read_texts(lists: &ListArray, row: usize) -> Read<Vec<String>> {
    let items = lists.value(row);
    let items = items.as_string_opt::<i32>().ok_or_else(|| damaged("a list holds no text"))?;
    Ok(items.iter().flatten().map(str::to_owned).collect())
}
