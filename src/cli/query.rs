//! `backstory query`: SQL over the tables.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::json::LineDelimitedWriter;
use arrow::util::pretty::pretty_format_batches_with_schema;
use clap::Args;
use futures::TryStreamExt;

use super::{CliError, Exit, OutArgs, reading_runtime};
use crate::tables::OutputError;

/// Arguments of `query`.
#[derive(Args)]
#[command(after_help = "\
Tables: trajectories, sequences, repositories, ledger, trials, errors. For instance:
  SELECT kind, count(*) FROM errors GROUP BY kind
  SELECT arm, sum(n_tokens), sum(n_loss_tokens) FROM sequences GROUP BY arm
  SELECT repo, s['kind'], s['end'] - s['start'] FROM
    (SELECT repo, unnest(spans) AS s FROM trajectories) LIMIT 20
  DESCRIBE trajectories")]
pub struct QueryArgs {
    #[command(flatten)]
    out: OutArgs,
    /// The query
    sql: String,
    /// Print one JSON object per row, as they come
    #[arg(long)]
    json: bool,
}

/// Runs the query and prints its rows.
pub fn query(args: &QueryArgs) -> Result<Exit, CliError> {
    reading_runtime()?.block_on(async {
        let reader = args.out.reader().await?;
        let query = reader.query(&args.sql).await.map_err(as_usage)?;
        if args.json {
            let mut rows = query.execute_stream().await.map_err(OutputError::from)?;
            let mut writer = LineDelimitedWriter::new(io::stdout().lock());
            while let Some(batch) = rows.try_next().await.map_err(OutputError::from)? {
                writer.write(&batch).map_err(as_io)?;
            }
            return writer.finish().map_err(as_io);
        }
        // Without rows there is no batch that could tell the columns.
        let schema = Arc::clone(query.schema().inner());
        let batches = query.collect().await.map_err(OutputError::from)?;
        let table =
            pretty_format_batches_with_schema(schema, &batches).map_err(OutputError::from)?;
        Ok(writeln!(io::stdout(), "{table}")?)
    })?;
    Ok(Exit::Done)
}

/// What is wrong before a query runs is wrong in the query.
fn as_usage(error: OutputError) -> CliError {
    match error {
        OutputError::Store(message) => {
            CliError::Usage(format!("{message}\nhint: see backstory query --help for examples"))
        }
        other => other.into(),
    }
}

/// Arrow's JSON writer fails for the same reasons as what it writes to.
fn as_io(error: arrow::error::ArrowError) -> CliError {
    match error {
        arrow::error::ArrowError::IoError(_, error) => error.into(),
        other => OutputError::from(other).into(),
    }
}
