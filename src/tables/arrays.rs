//! Arrow arrays out of records: what the tables have in common. List items are called `element`, as Delta readers
//! expect.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::error::ArrowError;

/// An array, or why it cannot be made.
pub(super) type Made<T> = Result<T, ArrowError>;

/// Rows of a table of these columns.
pub(super) fn batch(fields: Vec<Field>, columns: Vec<ArrayRef>) -> Made<RecordBatch> {
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

pub(super) fn required(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

pub(super) fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

pub(super) fn list_of(data_type: DataType) -> DataType {
    DataType::List(Arc::new(required("element", data_type)))
}

pub(super) fn strings<'a, T: 'a>(rows: &'a [T], of: impl Fn(&'a T) -> &'a str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
}

pub(super) fn optional_strings<'a, T: 'a>(
    rows: &'a [T],
    of: impl Fn(&'a T) -> Option<&'a str>,
) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

pub(super) fn numbers<T>(rows: &[T], of: impl Fn(&T) -> u64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| of(row) as i64)))
}

pub(super) fn shares<T>(rows: &[T], of: impl Fn(&T) -> f32) -> ArrayRef {
    Arc::new(Float32Array::from_iter_values(rows.iter().map(of)))
}

pub(super) fn texts<'a>(rows: impl Iterator<Item = &'a [String]> + Clone) -> Made<ArrayRef> {
    let items = rows.clone().flatten().map(String::as_str).collect::<Vec<_>>();
    list(rows.map(<[_]>::len), strings(&items, |item| item))
}

/// A list column: `items` holds the items of all rows one after the other.
pub(super) fn list(lengths: impl Iterator<Item = usize>, items: ArrayRef) -> Made<ArrayRef> {
    let field = required("element", items.data_type().clone());
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::new(field), offsets, items, None)?))
}

/// The list column of a single row with these items.
pub(super) fn one_list(items: ArrayRef) -> Made<ArrayRef> {
    list(std::iter::once(items.len()), items)
}

pub(super) fn structs(fields: Fields, columns: Vec<ArrayRef>) -> Made<ArrayRef> {
    let length = columns.first().map_or(0, |column| column.len());
    let none: Option<NullBuffer> = None;
    Ok(Arc::new(StructArray::try_new_with_length(fields, columns, none, length)?))
}
