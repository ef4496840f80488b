//! What a run has done into an output of its own, as its tables tell.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use futures::TryStreamExt;

use super::{Dealt, Done, Files, Requests, Why};
use crate::engine::Known;
use crate::tables::{OutputError, Reader, RepositoryRow};

/// Repositories whose files are compared at a time.
const TOGETHER: usize = 500;

impl Done {
    /// By the tables `after`, of a run that began with those `before`, where so much was `known`.
    pub async fn read(
        before: Option<&Reader>,
        after: &Reader,
        known: &HashMap<String, Known>,
    ) -> Result<Self, OutputError> {
        let mut repositories = vec![];
        let note = |row| repositories.push(dealt(row, known));
        after.repositories(note).await?;
        repositories.sort_unstable_by(|a: &Dealt, b| a.repo.cmp(&b.repo));
        if let Some(before) = before {
            compare(before, after, &mut repositories).await?;
        }
        let (requests, thoughts_kept) = (requests(after).await?, thoughts_kept(after).await?);
        Ok(Self { repositories, requests, thoughts_kept })
    }
}

fn dealt(row: RepositoryRow, known: &HashMap<String, Known>) -> Dealt {
    let content = Known::of(&row, &row.plan_hash).content;
    let why = match known.get(&row.repo) {
        None => Why::New,
        Some(known) if known.content == content => Why::OtherPlan,
        Some(_) => Why::Changed,
    };
    Dealt { repo: row.repo, why, files: None }
}

/// Says of changed repositories which files have changed.
async fn compare(
    before: &Reader,
    after: &Reader,
    repositories: &mut [Dealt],
) -> Result<(), OutputError> {
    let mut changed = repositories.iter_mut().filter(|dealt| dealt.why == Why::Changed);
    loop {
        let some = changed.by_ref().take(TOGETHER).collect::<Vec<_>>();
        if some.is_empty() {
            return Ok(());
        }
        let names = some.iter().map(|dealt| format!("'{}'", dealt.repo.replace('\'', "''")));
        let names = names.collect::<Vec<_>>().join(", ");
        let (before, after) = (files(before, &names).await?, files(after, &names).await?);
        for dealt in some {
            let both = before.get(&dealt.repo).zip(after.get(&dealt.repo));
            dealt.files = both.map(|(before, after)| Files::of(before, after));
        }
    }
}

/// Digests of files by their paths.
type Contents = BTreeMap<String, String>;

/// The files of repositories that have trajectories.
async fn files(reader: &Reader, names: &str) -> Result<HashMap<String, Contents>, OutputError> {
    let sql = format!(
        "SELECT repo, file['path'], file['content_id'] FROM \
         (SELECT repo, unnest(files) AS file FROM trajectories WHERE repo IN ({names}))"
    );
    let mut rows = reader.stream(&sql).await?;
    let mut found = HashMap::<_, Contents>::new();
    while let Some(batch) = rows.try_next().await? {
        let [repos, paths, contents] = texts(&batch)?;
        for row in 0..batch.num_rows() {
            let [repo, path, content] =
                [&repos, &paths, &contents].map(|column| column.value(row).to_owned());
            found.entry(repo).or_default().insert(path, content);
        }
    }
    Ok(found)
}

impl Files {
    fn of(before: &Contents, after: &Contents) -> Self {
        let mut files = Self::default();
        for (path, content) in after {
            match before.get(path) {
                None => files.added.push(path.clone()),
                Some(earlier) if earlier == content => files.untouched += 1,
                Some(_) => files.changed.push(path.clone()),
            }
        }
        let gone = before.keys().filter(|path| !after.contains_key(*path));
        files.removed.extend(gone.cloned());
        files
    }
}

/// What is not paid yet, in the order in which a file is asked about.
async fn requests(reader: &Reader) -> Result<Vec<Requests>, OutputError> {
    // The same text may be scored for several repositories; it is scored once.
    let sql = "SELECT model, purpose, CAST(COUNT(DISTINCT key) AS DOUBLE), \
               CAST(SUM(prompt_tokens) AS DOUBLE), CAST(SUM(completion_tokens) AS DOUBLE), SUM(cost) \
               FROM ledger WHERE tries > 0 GROUP BY model, purpose ORDER BY model, \
               CASE purpose WHEN 'plan' THEN 0 WHEN 'need' THEN 1 WHEN 'design' THEN 2 ELSE 3 END";
    let mut rows = reader.stream(sql).await?;
    let mut found = vec![];
    while let Some(batch) = rows.try_next().await? {
        let [models, purposes] = texts(&batch)?;
        let number = |column: usize| batch.column(column).as_primitive::<Float64Type>();
        let [requests, tokens_in, tokens_out] = [2, 3, 4].map(number);
        let costs = number(5);
        let of_row = |row: usize| Requests {
            model: models.value(row).to_owned(),
            purpose: purposes.value(row).to_owned(),
            requests: requests.value(row) as u64,
            tokens_in: tokens_in.value(row) as u64,
            tokens_out: tokens_out.value(row) as u64,
            cost: costs.is_valid(row).then(|| costs.value(row)),
        };
        found.extend((0..batch.num_rows()).map(of_row));
    }
    Ok(found)
}

async fn thoughts_kept(reader: &Reader) -> Result<u64, OutputError> {
    let sql = "SELECT CAST(COUNT(*) AS DOUBLE) FROM \
               (SELECT unnest(thoughts) AS thought FROM trajectories) WHERE thought['kept']";
    let mut rows = reader.stream(sql).await?;
    let mut kept = 0.0;
    while let Some(batch) = rows.try_next().await? {
        kept += batch.column(0).as_primitive::<Float64Type>().values().iter().sum::<f64>();
    }
    Ok(kept as u64)
}

/// The first columns.
fn texts<const N: usize>(batch: &RecordBatch) -> Result<[StringArray; N], OutputError> {
    let text = |column: usize| {
        Ok::<_, OutputError>(
            cast(batch.column(column), &DataType::Utf8)?.as_string::<i32>().clone(),
        )
    };
    let columns = (0..N).map(text).collect::<Result<Vec<_>, _>>()?;
    columns.try_into().map_err(|_| OutputError::Damaged("a query has lost columns".to_owned()))
}
