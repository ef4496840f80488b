//! How one Delta table takes a commit of the output.

use std::collections::BTreeSet;

use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, MetadataExt as _, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableError};

use super::commits::{Commit, Operation, TableChange};
use super::output::Identity;
use super::segment::Bounds;
use super::{OutputError, Segment, Table, delta};

/// Name of our application in transactions.
const APPLICATION: &str = "backstory";

/// Does to one table what a commit says, if it does not have it yet.
pub async fn commit_to(
    table: Table,
    delta: &mut DeltaTable,
    commit: &Commit,
    identity: &Identity,
) -> Result<(), OutputError> {
    let Some(change) = commit.of(table).filter(|change| !change.is_empty()) else { return Ok(()) };
    if has(delta, commit).await? {
        return Ok(());
    }
    let before = change.version.checked_sub(1);
    if before != delta.version() {
        let (name, version) = (table.name(), delta::version(delta));
        let wrong = format!("the table \"{name}\" is at version {version}, not {before:?}");
        return Err(OutputError::Damaged(wrong));
    }
    let actions = actions(delta, commit, change, identity)?;
    let transaction = Transaction::new(APPLICATION, commit.version as i64);
    let properties = CommitProperties::default()
        .with_max_retries(0)
        .with_metadata([
            ("backstory.version".to_owned(), commit.version.into()),
            ("backstory.operation".to_owned(), commit.operation.name().into()),
        ])
        .with_application_transaction(transaction);
    let operation =
        DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
    let built = CommitBuilder::from(properties).with_actions(actions).build(
        Some(delta.snapshot()?),
        delta.log_store(),
        operation,
    );
    match built.await {
        Ok(built) => delta.state = Some(built.snapshot()),
        Err(error) => {
            // The answer may have been lost, not the commit.
            delta.load().await?;
            if !has(delta, commit).await? {
                return Err(error.into());
            }
        }
    }
    Ok(())
}

async fn has(delta: &DeltaTable, commit: &Commit) -> Result<bool, OutputError> {
    let log = delta.log_store();
    let done = delta.snapshot()?.transaction_version(&*log, APPLICATION).await?;
    Ok(done.is_some_and(|done| done >= commit.version as i64))
}

fn actions(
    delta: &DeltaTable,
    commit: &Commit,
    change: &TableChange,
    identity: &Identity,
) -> Result<Vec<Action>, OutputError> {
    let mut actions = vec![];
    // Of another plan than that at hand nothing is known but its digest: its own run tells it.
    if change.plan && commit.plan_hash == identity.plan_hash.to_string() {
        let mut metadata = delta.snapshot()?.metadata().clone();
        for (key, value) in identity.properties() {
            metadata = metadata.add_config_key(key, value).map_err(DeltaTableError::from)?;
        }
        actions.push(Action::Metadata(metadata));
    }
    let data_change = commit.operation != Operation::Compact;
    let going: BTreeSet<_> = change.remove.iter().map(String::as_str).collect();
    for file in delta::files(delta)?.iter().filter(|file| going.contains(&*file.path())) {
        let mut remove = file.remove_action(data_change);
        remove.deletion_timestamp = Some(commit.at as i64);
        actions.push(Action::Remove(remove));
    }
    actions.extend(change.add.iter().map(|segment| Action::Add(add(segment, commit, data_change))));
    Ok(actions)
}

fn add(segment: &Segment, commit: &Commit, data_change: bool) -> Add {
    // Bounds of `repo` alone. The table says so: see [`delta::BOUNDED`].
    let Bounds { first, last } = &segment.repositories;
    let stats = serde_json::json!({
        "numRecords": segment.rows,
        "minValues": { "repo": first },
        "maxValues": { "repo": last },
        "nullCount": { "repo": 0 },
    });
    Add {
        path: segment.path.clone(),
        size: segment.size as i64,
        modification_time: commit.at as i64,
        data_change,
        stats: Some(stats.to_string()),
        ..Add::default()
    }
}
