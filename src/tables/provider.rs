//! Shows the data files of a table to `DataFusion`: just those that the log names, in its order, and with the
//! bounds that it has. One that is not there is an error, not an empty one.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use backstory_store::Location;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use deltalake_core::kernel::LogicalFileView;
use object_store::ObjectMeta;

use super::Table;
use super::segment::Bounds;

/// The data files of a table.
#[derive(Debug)]
pub struct DataFiles {
    store: ObjectStoreUrl,
    schema: SchemaRef,
    files: Vec<PartitionedFile>,
}

impl DataFiles {
    /// Those of a table below this place.
    pub fn new(place: &Location, table: Table, files: &[LogicalFileView]) -> Result<Self> {
        let url = place.url();
        let store = &url[..url::Position::BeforePath];
        let schema = table.schema();
        let file = |file: &LogicalFileView| {
            let path = place.join(table.name()).path(&file.path());
            let mut known = PartitionedFile::new(path.to_string(), file.size() as u64);
            known.statistics = Bounds::of(file).map(|bounds| Arc::new(statistics(&schema, bounds)));
            known
        };
        let files = files.iter().map(file).collect();
        Ok(Self { store: ObjectStoreUrl::parse(store)?, schema, files })
    }
}

impl DataFiles {
    /// A single object, whatever the log says of it.
    pub fn object(place: &Location, table: Table, object: &ObjectMeta) -> Result<Self> {
        let store = ObjectStoreUrl::parse(&place.url()[..url::Position::BeforePath])?;
        let files = vec![PartitionedFile::new_from_meta(object.clone())];
        Ok(Self { store, schema: table.schema(), files })
    }
}

/// What is known of a file whose repositories lie between these bounds.
fn statistics(schema: &SchemaRef, Bounds { first, last }: Bounds) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    if let Ok(at) = schema.index_of("repo") {
        let column = &mut statistics.column_statistics[at];
        column.min_value = Precision::Exact(ScalarValue::Utf8(Some(first)));
        column.max_value = Precision::Exact(ScalarValue::Utf8(Some(last)));
        column.null_count = Precision::Exact(0);
    }
    statistics
}

#[async_trait]
impl TableProvider for DataFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut source = ParquetSource::new(Arc::clone(&self.schema));
        if let Some(filter) = conjunction(filters.to_vec()) {
            let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
            source = source.with_predicate(state.create_physical_expr(filter, &schema)?);
        }
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_group(self.files.iter().cloned().collect())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
