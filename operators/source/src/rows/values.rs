//! Values of columns, whichever of their many types they have.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, LargeBinaryArray, LargeStringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

/// The values of a column as text. What is no UTF-8 is null.
pub(super) fn texts(column: &ArrayRef) -> Option<LargeStringArray> {
    let texts = cast(column, &DataType::LargeUtf8).ok()?;
    texts.as_any().downcast_ref::<LargeStringArray>().cloned()
}

/// The values of a column as bytes, in whatever encoding they are.
pub(super) fn bytes(column: &ArrayRef) -> Option<LargeBinaryArray> {
    let is_binary = matches!(
        column.data_type(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    );
    let column = if is_binary { Arc::clone(column) } else { Arc::new(texts(column)?) };
    let bytes = cast(&column, &DataType::LargeBinary).ok()?;
    bytes.as_any().downcast_ref::<LargeBinaryArray>().cloned()
}

/// The structs in the list of a single row; none if there is no list of structs.
pub(super) fn structs(column: &ArrayRef) -> Option<StructArray> {
    let (DataType::List(field) | DataType::LargeList(field) | DataType::ListView(field)) =
        column.data_type()
    else {
        return None;
    };
    let list = cast(column, &DataType::LargeList(Arc::clone(field))).ok()?;
    let list = list.as_any().downcast_ref::<arrow::array::LargeListArray>()?;
    let values =
        if list.is_empty() || list.is_null(0) { list.values().slice(0, 0) } else { list.value(0) };
    values.as_any().downcast_ref::<StructArray>().cloned()
}
