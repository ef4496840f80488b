//! `backstory history`, `compact` and `vacuum`: the versions of an output, and its upkeep.

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use serde_json::json;

use super::style::{count, plural, table};
use super::{CliError, Exit, OutArg, reading_runtime};
use crate::tables::{Commit, Output, history as read_history};

/// Arguments of `history`.
#[derive(Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    out: OutArg,
    /// Print one JSON object per commit
    #[arg(long)]
    json: bool,
}

/// Lists the commits of an output, the latest one first.
pub fn history(args: &HistoryArgs) -> Result<Exit, CliError> {
    let commits = reading_runtime()?.block_on(read_history(&args.out.place()?))?;
    let mut out = io::stdout().lock();
    if args.json {
        for commit in commits.iter().rev() {
            writeln!(out, "{}", as_json(commit))?;
        }
        return Ok(Exit::Done);
    }
    let head = ["version", "when", "run", "for", "new", "replaced", "removed", "rows", "bytes"];
    let lines = table(&head, &commits.iter().rev().map(as_line).collect::<Vec<_>>());
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(Exit::Done)
}

fn as_json(commit: &Commit) -> String {
    let versions = commit.tables.iter().map(|(table, change)| (table.clone(), change.version));
    json!({
        "version": commit.version,
        "at_ms": commit.at,
        "run": commit.run,
        "operation": commit.operation.name(),
        "plan_hash": commit.plan_hash,
        "added": commit.added,
        "replaced": commit.replaced,
        "removed": commit.removed,
        "tables": versions.collect::<std::collections::BTreeMap<_, _>>(),
    })
    .to_string()
}

fn as_line(commit: &Commit) -> Vec<String> {
    let written = commit.tables.values().flat_map(|change| &change.add);
    let (rows, bytes) =
        written.fold((0, 0), |(rows, bytes), file| (rows + file.rows, bytes + file.size));
    vec![
        commit.version.to_string(),
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(commit.at)),
        commit.run.clone(),
        commit.operation.name().to_owned(),
        count(commit.added),
        count(commit.replaced),
        count(commit.removed),
        count(rows),
        count(bytes),
    ]
}

/// Arguments of `compact`.
#[derive(Args)]
pub struct CompactArgs {
    #[command(flatten)]
    out: OutArg,
    /// Bytes that a file should have
    #[arg(long, value_name = "BYTES", default_value_t = 128 << 20)]
    file_bytes: u64,
}

/// Joins small data files.
pub fn compact(args: &CompactArgs) -> Result<Exit, CliError> {
    let place = args.out.place()?;
    let compacted = reading_runtime()?.block_on(async {
        let mut output = Output::existing(&place).await?;
        let compacted = output.compact(args.file_bytes).await;
        output.close().await;
        compacted
    })?;
    let mut out = io::stdout().lock();
    for table in compacted.iter().filter(|table| table.before > 0) {
        let (before, after) = (plural(table.before as u64, "file", "files"), table.after);
        writeln!(out, "{:<13} {before}, {after} now", table.table)?;
    }
    Ok(Exit::Done)
}

/// Arguments of `vacuum`.
#[derive(Args)]
pub struct VacuumArgs {
    #[command(flatten)]
    out: OutArg,
    /// Keep all versions that were the latest one within this time: `7d`, `12h`, `30m`, `0s`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    keep: Duration,
}

/// Deletes what only earlier versions need.
pub fn vacuum(args: &VacuumArgs) -> Result<Exit, CliError> {
    let place = args.out.place()?;
    let vacuumed = reading_runtime()?.block_on(async {
        let mut output = Output::existing(&place).await?;
        let vacuumed = output.vacuum(args.keep).await;
        output.close().await;
        vacuumed
    })?;
    writeln!(
        io::stdout(),
        "{} of {} bytes deleted, {} can no longer be read",
        plural(vacuumed.files, "data file", "data files"),
        count(vacuumed.bytes),
        plural(vacuumed.versions, "version", "versions"),
    )?;
    Ok(Exit::Done)
}

/// A number with a unit: seconds, minutes, hours, days.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let hint = || format!("\"{text}\" is no time: write 30s, 10m, 12h or 7d");
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(hint()),
    };
    let number = number.parse::<u64>().map_err(|_| hint())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(hint)
}
