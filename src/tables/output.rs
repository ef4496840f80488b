//! Opening an output, and committing to its tables as one.

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use backstory_core::{Digest, Spent};
use backstory_store::{Location, make_folder};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::LogicalFileView;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::apply::commit_to;
use super::commits::{self, Commit, Operation, TableChange};
use super::hold::Hold;
use super::reader::Reader;
use super::rewrite::{Rewriter, Rewritten};
use super::segment::Bounds;
use super::{OutputError, Segment, Table, delta};

/// What the rows of an output are made by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Digest of everything in the plan that determines rows.
    pub plan_hash: Digest,
    /// The plan, in a form that can be loaded again.
    pub plan: String,
    /// Further table properties, such as `backstory.tokenizer`.
    pub properties: Vec<(String, String)>,
}

impl Identity {
    /// All of it as properties of a table.
    pub(super) fn properties(&self) -> Vec<(String, String)> {
        let mut properties = vec![
            (delta::PLAN_HASH.to_owned(), self.plan_hash.to_string()),
            (delta::PLAN.to_owned(), self.plan.clone()),
            (delta::BOUNDED.to_owned(), "repo".to_owned()),
            // What earlier versions need goes with them: see [`super::vacuum`].
            (delta::LOG_CLEANUP.to_owned(), "false".to_owned()),
        ];
        properties.extend(self.properties.iter().cloned());
        properties
    }
}

/// An output, open for writing.
pub struct Output {
    place: Location,
    hold: Hold,
    tables: Vec<(Table, DeltaTable)>,
    /// The number of the latest commit.
    version: u64,
    identity: Identity,
}

/// What is to become of some repositories, all at once or not at all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Change {
    /// Data files that come.
    pub add: Vec<Segment>,
    /// Repositories that have rows in these files, and had none before.
    pub added: u64,
    /// Repositories whose rows before this go.
    pub replaced: BTreeSet<String>,
    /// Repositories whose rows go and that get none.
    pub removed: BTreeSet<String>,
    /// Keys of the requests that are on record in the rows that come.
    pub recorded: BTreeSet<Digest>,
}

impl Change {
    /// Takes in another change, of other repositories.
    pub fn extend(&mut self, other: Self) {
        self.add.extend(other.add);
        self.added += other.added;
        self.replaced.extend(other.replaced);
        self.removed.extend(other.removed);
        self.recorded.extend(other.recorded);
    }
}

impl Output {
    /// Opens the output, making its tables if there are none, and finishes a commit that was cut short.
    pub async fn open(place: &Location, identity: &Identity) -> Result<Self, OutputError> {
        prepare(place).await?;
        let hold = Hold::take(place).await?;
        let (place, identity) = (place.clone(), identity.clone());
        let mut output = Self { place, hold, tables: vec![], version: 0, identity };
        match output.catch_up().await {
            Ok(()) => Ok(output),
            Err(error) => {
                output.close().await;
                Err(error)
            }
        }
    }

    /// Opens the tables and does what the latest commit says.
    async fn catch_up(&mut self) -> Result<(), OutputError> {
        let place = &self.place;
        let latest = commits::latest(place).await?;
        for table in Table::ALL {
            let delta = match find(place, table, latest.as_ref()).await? {
                Some(delta) => delta,
                None => delta::create(place, table, self.identity.properties()).await?,
            };
            self.tables.push((table, delta));
        }
        if let Some(latest) = latest {
            self.apply(&latest).await?;
        }
        if self.hold.took_over() {
            self.replace(Operation::TakeOver, vec![]).await?;
        }
        Ok(())
    }

    /// Opens an output that is there, to see to it without a plan.
    pub async fn existing(place: &Location) -> Result<Self, OutputError> {
        let missing = || OutputError::Missing(place.to_string());
        let delta = delta::open(place, Table::Repositories, None).await?.ok_or_else(missing)?;
        let property =
            |key| Ok::<_, OutputError>(delta::property(&delta, key)?.unwrap_or_default());
        let unreadable = |_| OutputError::Damaged("a table does not know its plan".to_owned());
        let identity = Identity {
            plan_hash: property(delta::PLAN_HASH)?.parse().map_err(unreadable)?,
            plan: property(delta::PLAN)?,
            properties: vec![],
        };
        Self::open(place, &identity).await
    }

    /// The tables as a run would find them, without opening the output for writing; none if it would make them.
    pub async fn look(place: &Location) -> Result<Option<Reader>, OutputError> {
        check(place).await?;
        let latest = commits::latest(place).await?;
        let mut tables = vec![];
        for table in Table::ALL {
            let Some(delta) = find(place, table, latest.as_ref()).await? else { return Ok(None) };
            tables.push((table, delta));
        }
        Reader::over(place, tables.iter().map(|(table, delta)| (*table, delta))).map(Some)
    }

    /// Lets other runs in.
    pub async fn close(self) {
        self.hold.release().await;
    }

    /// The plan that made the latest rows, in the form that it can be loaded from.
    pub fn plan_text(&self) -> &str {
        &self.identity.plan
    }

    /// Where it is.
    pub fn place(&self) -> &Location {
        &self.place
    }

    /// The store that segments are written to, rooted at the output.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.place.store()
    }

    /// The tables as they are now, for queries.
    pub fn reader(&self) -> Result<Reader, OutputError> {
        Reader::over(&self.place, self.tables.iter().map(|(table, delta)| (*table, delta)))
    }

    /// What earlier runs have paid, by model.
    pub async fn spent(&self) -> Result<HashMap<String, Spent>, OutputError> {
        self.reader()?.spent().await
    }

    /// Makes a change in all tables, all or none of it as far as the next [`Output::open`] can tell.
    pub async fn commit(
        &mut self,
        operation: Operation,
        change: Change,
    ) -> Result<(), OutputError> {
        let gone: BTreeSet<_> = change.replaced.union(&change.removed).cloned().collect();
        let recorded = (operation == Operation::Run).then(|| change.recorded.clone());
        let rewritten = self.without(gone, recorded).await?;
        let commit = self.plan(operation, &change, rewritten)?;
        self.carry_out(commit).await
    }

    /// Replaces data files by others that hold the same rows.
    pub async fn replace(
        &mut self,
        operation: Operation,
        files: Vec<(Table, Replacement)>,
    ) -> Result<(), OutputError> {
        let commit = self.plan(operation, &Change::default(), files)?;
        self.carry_out(commit).await
    }

    async fn carry_out(&mut self, commit: Commit) -> Result<(), OutputError> {
        self.hold.check().await?;
        commit.write(&self.place).await?;
        self.apply(&commit).await
    }

    /// The data files of a table.
    pub fn files(&self, table: Table) -> Result<Vec<LogicalFileView>, OutputError> {
        self.delta(table).map_or_else(|| Ok(vec![]), delta::files)
    }

    pub(super) fn delta(&self, table: Table) -> Option<&DeltaTable> {
        self.tables.iter().find(|(other, _)| *other == table).map(|(_, delta)| delta)
    }

    /// Takes the rows of repositories out of all tables.
    async fn without(
        &self,
        repositories: BTreeSet<String>,
        recorded: Option<BTreeSet<Digest>>,
    ) -> Result<Vec<(Table, Replacement)>, OutputError> {
        if repositories.is_empty() {
            return Ok(vec![]);
        }
        let mut tables = vec![];
        for table in Table::ALL {
            let files = self.files(table)?;
            tables.push((table, files.iter().map(known_file).collect::<Result<_, _>>()?));
        }
        let (store, runtime) = (self.store(), Handle::current());
        let rewriting = tokio::task::spawn_blocking(move || {
            let rewriter = |table| Rewriter {
                store: &store,
                runtime: &runtime,
                table,
                repositories: &repositories,
                recorded: recorded.as_ref(),
            };
            without(tables, rewriter)
        });
        rewriting.await.map_err(|error| OutputError::Store(error.to_string()))?
    }

    /// Writes down what is to be done.
    pub(super) fn plan(
        &self,
        operation: Operation,
        change: &Change,
        rewritten: Vec<(Table, Replacement)>,
    ) -> Result<Commit, OutputError> {
        let mut rewritten: HashMap<_, _> = rewritten.into_iter().collect();
        let mut tables = std::collections::BTreeMap::new();
        for (table, delta) in &self.tables {
            let segments = change.add.iter().filter(|segment| segment.table == table.name());
            let Replacement { mut add, remove } = rewritten.remove(table).unwrap_or_default();
            add.extend(segments.cloned());
            let said = delta::property(delta, delta::PLAN)?;
            let plan = operation == Operation::Run && said.as_ref() != Some(&self.identity.plan);
            let mut change = TableChange { version: delta::version(delta), add, remove, plan };
            change.version += u64::from(!change.is_empty());
            tables.insert(table.name().to_owned(), change);
        }
        Ok(Commit {
            version: self.version + 1,
            at: Commit::now(),
            run: self.hold.holder().run.clone(),
            operation,
            plan_hash: self.identity.plan_hash.to_string(),
            added: change.added,
            replaced: change.replaced.len() as u64,
            removed: change.removed.len() as u64,
            tables,
        })
    }

    #[cfg(test)]
    pub(super) fn tables_mut(&mut self) -> &mut [(Table, DeltaTable)] {
        &mut self.tables
    }

    /// Does what a commit says to those tables that do not have it yet.
    async fn apply(&mut self, commit: &Commit) -> Result<(), OutputError> {
        for (table, delta) in &mut self.tables {
            commit_to(*table, delta, commit, &self.identity).await?;
        }
        self.version = commit.version;
        Ok(())
    }
}

/// Data files of one table that others take the place of.
#[derive(Clone, Debug, Default)]
pub struct Replacement {
    /// Those that come.
    pub add: Vec<Segment>,
    /// Paths of those that go.
    pub remove: Vec<String>,
}

/// A data file: its path, its size in bytes, and the repositories in it.
type KnownFile = (String, u64, Bounds);

fn known_file(file: &LogicalFileView) -> Result<KnownFile, OutputError> {
    let path = file.path().into_owned();
    let missing = || OutputError::Damaged(format!("the log has no bounds of \"{path}\""));
    let bounds = Bounds::of(file).ok_or_else(missing)?;
    Ok((path, file.size() as u64, bounds))
}

fn without<'a>(
    tables: Vec<(Table, Vec<KnownFile>)>,
    rewriter: impl Fn(Table) -> Rewriter<'a>,
) -> Result<Vec<(Table, Replacement)>, OutputError> {
    let mut replaced = vec![];
    for (table, files) in tables {
        let rewriter = rewriter(table);
        let mut replacement = Replacement::default();
        for (path, size, bounds) in files {
            match rewriter.rewrite(&path, size, &bounds)? {
                Rewritten::Same => continue,
                Rewritten::Gone => {}
                Rewritten::By(segment) => replacement.add.push(segment),
            }
            replacement.remove.push(path);
        }
        replaced.push((table, replacement));
    }
    Ok(replaced)
}

/// Makes sure that the place is there, and nothing of others in it.
async fn prepare(place: &Location) -> Result<(), OutputError> {
    check(place).await?;
    let Some(folder) = place.local() else { return Ok(()) };
    make_folder(&folder).map_err(|source| OutputError::Folder { path: folder, source })
}

/// Makes sure that there is nothing of others.
async fn check(place: &Location) -> Result<(), OutputError> {
    let ours =
        |name: &str| name == "_backstory" || Table::ALL.iter().any(|table| name == table.name());
    let foreign = if let Some(folder) = place.local() {
        !names(&folder)?.iter().all(|name| ours(name))
    } else {
        let listed = place.root().list_with_delimiter(Some(place.prefix())).await?;
        let mut folders = listed.common_prefixes.iter();
        let is_ours = |path: &object_store::path::Path| path.filename().is_none_or(ours);
        !(listed.objects.is_empty() && folders.all(is_ours))
    };
    if foreign { Err(OutputError::NotOurs(place.to_string())) } else { Ok(()) }
}

/// What lies in a folder; nothing if it is not there.
fn names(folder: &Path) -> Result<Vec<String>, OutputError> {
    let failed = |source| OutputError::Folder { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        entries => entries.map_err(failed)?,
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    entries.map(name).collect::<Result<_, _>>().map_err(failed)
}

/// A table; none if it is still to be made.
async fn find(
    place: &Location,
    table: Table,
    latest: Option<&Commit>,
) -> Result<Option<DeltaTable>, OutputError> {
    let delta = delta::open(place, table, None).await?;
    match (&delta, latest) {
        (None, Some(_)) => {
            let missing = format!("the table \"{}\" is not there", table.name());
            Err(OutputError::Damaged(missing))
        }
        (Some(delta), None) if delta::version(delta) > 0 => {
            Err(OutputError::Unrecorded(place.to_string()))
        }
        _ => Ok(delta),
    }
}
