//! The `where` of a plan: which rows count, and which row groups need not be looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::prep_null_mask_filter;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::DFSchema;
use datafusion::datasource::physical_plan::ParquetFileMetrics;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccessPlanFilter};
use datafusion::error::DataFusionError;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::DFParser;
use parquet::file::metadata::ParquetMetaData;

/// Makes sure that a condition is one, whatever columns there are.
pub(super) fn check_syntax(sql: &str) -> Result<(), String> {
    DFParser::parse_sql_into_expr(sql).map(|_| ()).map_err(|error| first_line(&error))
}

fn first_line(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let text = text.lines().next().unwrap_or_default();
    if text.starts_with("This feature is not implemented") {
        return "it asks for more than a single row can tell".into();
    }
    let known = ["SQL error: ", "Error during planning: ", "Schema error: ", "ParserError("];
    let text = known.iter().fold(text, |text, prefix| text.strip_prefix(prefix).unwrap_or(text));
    text.trim_end_matches(['.', ')', '"']).trim_start_matches('"').to_owned()
}

/// A condition on the rows of one file.
pub(super) struct Condition {
    expression: Arc<dyn PhysicalExpr>,
    /// The columns that it is about.
    pub(super) columns: BTreeSet<String>,
}

impl Condition {
    /// Understands a condition on rows of this schema. It cannot be about `contents`, a column that is not
    /// read to list repositories.
    pub(super) fn new(sql: &str, schema: &Schema, contents: &str) -> Result<Self, String> {
        let context = SessionContext::new();
        let text = |error: DataFusionError| first_line(&error);
        let known = DFSchema::try_from(schema.clone()).map_err(text)?;
        let expression = context.parse_sql_expr(sql, &known).map_err(text)?;
        if expression.is_volatile() {
            return Err("it may come out otherwise each time".into());
        }
        let expression = context.create_physical_expr(expression, &known).map_err(text)?;
        let kind = expression.data_type(schema).map_err(text)?;
        if !matches!(kind, DataType::Boolean | DataType::Null) {
            return Err(format!("it gives {kind} and not true or false"));
        }
        let columns = collect_columns(&expression);
        let columns: BTreeSet<_> = columns.iter().map(|column| column.name().to_owned()).collect();
        if columns.contains(contents) {
            return Err(format!("all of column \"{contents}\" would have to be read for it"));
        }
        Ok(Self { expression, columns })
    }

    /// The row groups that may hold rows that count, by what the file says of their least and greatest
    /// values.
    pub(super) fn groups(&self, name: &str, schema: &Schema, file: &ParquetMetaData) -> Vec<usize> {
        let groups = file.row_groups();
        let all = ParquetAccessPlan::new_all(groups.len());
        let schema = Arc::new(schema.clone());
        let predicate = PruningPredicateBuilder::new()
            .with_file_schema(Arc::clone(&schema))
            .build(Arc::clone(&self.expression));
        let Some(predicate) = predicate else { return (0..groups.len()).collect() };
        let metrics = ParquetFileMetrics::new(0, name, &ExecutionPlanMetricsSet::new());
        let mut filter = RowGroupAccessPlanFilter::new(all);
        let descriptor = file.file_metadata().schema_descr();
        filter.prune_by_statistics(&schema, descriptor, groups, &predicate, &metrics);
        filter.row_group_indexes().collect()
    }

    /// Which rows of a batch count. `batch` has the columns of the condition alone, `schema` all of them.
    pub(super) fn holds(&self, batch: &RecordBatch) -> Result<BooleanArray, String> {
        let text = |error: DataFusionError| first_line(&error);
        let by_place = datafusion::physical_expr::utils::reassign_expr_columns(
            Arc::clone(&self.expression),
            &batch.schema(),
        );
        let value = by_place.map_err(text)?.evaluate(batch).map_err(text)?;
        let value = value.into_array(batch.num_rows()).map_err(text)?;
        let holds = datafusion::common::cast::as_boolean_array(&value).map_err(text)?;
        Ok(if holds.nulls().is_some() { prep_null_mask_filter(holds) } else { holds.clone() })
    }
}
