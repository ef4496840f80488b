//! Every promise about the rows, recomputed from the rows and the repositories.
//!
//! Responsible for finding what is not as promised; trusts nothing that the run itself counted. Two
//! passes in bounded memory: sequences are decoded and reduced to digests, then each trajectory is
//! compared with its repository, read again, and with the digests of its sequence.
//!
//! The promises, by the name under which a breach is reported:
//!
//! | promise | what is checked |
//! |---|---|
//! | `one-row` | one trajectory per repository and arm, one sequence per trajectory, or a row in `errors` |
//! | `identity` | ids follow from repository, content, plan and arm |
//! | `covered` | spans cover the text, and token spans the tokens, without gap or overlap |
//! | `grounded` | written code and observations equal the files of the repository, byte for byte |
//! | `complete` | every source file is written exactly once |
//! | `ordered` | files are written in the order of the graph; a file is read only after it is written |
//! | `decoded` | the token ids give back the flat text |
//! | `masked` | the loss mask follows the plan's policy token by token |
//! | `tokenised` | ids, token spans and mask are what the plan's tokenizer makes of the text |
//! | `measured` | the measures of thoughts and the marks of gates are what thoughts, files and plan give |
//! | `explained` | what searches decided follows from the scores on record, and the thoughts are those that were kept |
//! | `described` | license, language, and the files left out and failed are the repository's |
//! | `consistent` | columns that follow from others, such as counts, are what follows |
//! | `messages` | the chat form holds the same thoughts, observations and files as the spans |
//! | `accounted` | files met = written + left out + failed, and failures have rows in `errors` |
//! | `unchanged` | the repository still is what the rows were made from (else nothing above can be told) |

mod searches;
mod sequences;
mod thoughts;
mod trajectories;

use std::collections::{BTreeMap, BTreeSet};

use backstory_core::SourceError;
use backstory_search::Rule;
use futures::TryStreamExt;
use thiserror::Error;

use crate::plan::Resolved;
use crate::tables::{
    ErrorRow, OutputError, Reader, error_rows, sequence_contradictions, sequence_rows,
    trajectory_contradictions, trajectory_rows,
};

use searches::check_searches;
use sequences::{SequenceDigest, check_sequence};
use trajectories::Checker;

/// Why nothing could be verified.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The tables cannot be read.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The source cannot be listed.
    #[error("{}", .0.message)]
    Source(SourceError),
}

/// A promise that is not kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The repository.
    pub repo: String,
    /// The arm; none when it concerns all of them.
    pub arm: Option<String>,
    /// Name of the promise.
    pub promise: &'static str,
    /// What is wrong.
    pub detail: String,
}

/// What was checked and found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Repositories of the source.
    pub repositories: u64,
    /// Rows of `trajectories`.
    pub trajectories: u64,
    /// Rows of `sequences`.
    pub sequences: u64,
    /// Tokens in them.
    pub tokens: u64,
    /// Written files compared with the repository.
    pub files: u64,
    /// Observations compared with the repository.
    pub observations: u64,
    /// Rows of `errors`.
    pub errors: u64,
    /// Repositories with no row yet.
    pub missing: u64,
    /// Promises that are not kept.
    pub breaches: Vec<Breach>,
}

/// Checks all rows of an output. `rules` are those of the searches of the plan, by their names; `progress` hears of every trajectory.
pub async fn verify(
    plan: &Resolved,
    rules: &BTreeMap<String, Rule>,
    reader: &Reader,
    progress: &dyn Fn(u64),
) -> Result<Verdict, VerifyError> {
    let mut verdict = Verdict::default();
    let errors = read_errors(reader).await?;
    verdict.errors = errors.len() as u64;
    let sequences = check_sequences(plan, reader, &mut verdict).await?;
    let names = plan.source.list().map_err(VerifyError::Source)?;
    verdict.repositories = names.len() as u64;

    let searches = check_searches(rules, reader, &mut verdict.breaches).await?;
    let mut checker = Checker::new(plan, &sequences, &searches, &errors);
    let mut rows = reader.stream("SELECT * FROM trajectories").await?;
    while let Some(batch) = rows.try_next().await.map_err(OutputError::from)? {
        for (at, row) in trajectory_rows(&batch)?.into_iter().enumerate() {
            checker.check(&row, &mut verdict);
            let wrong = trajectory_contradictions(&batch, at, &row)?;
            check_columns(&wrong, &row.repo, &row.arm, &mut verdict.breaches);
            verdict.trajectories += 1;
            progress(verdict.trajectories);
        }
    }
    let seen = checker.into_seen();
    check_presence(plan, &names, &seen, &sequences, &errors, &mut verdict);
    verdict.breaches.sort();
    Ok(verdict)
}

async fn read_errors(reader: &Reader) -> Result<Vec<ErrorRow>, OutputError> {
    let mut rows = reader.stream("SELECT * FROM errors").await?;
    let mut errors = vec![];
    while let Some(batch) = rows.try_next().await? {
        errors.extend(error_rows(&batch)?);
    }
    Ok(errors)
}

/// Digests of all sequences, by trajectory.
type Sequences = BTreeMap<String, SequenceDigest>;

async fn check_sequences(
    plan: &Resolved,
    reader: &Reader,
    verdict: &mut Verdict,
) -> Result<Sequences, OutputError> {
    let mut digests = Sequences::new();
    let mut rows = reader.stream("SELECT * FROM sequences").await?;
    while let Some(batch) = rows.try_next().await? {
        for (at, row) in sequence_rows(&batch)?.into_iter().enumerate() {
            let wrong = sequence_contradictions(&batch, at, &row)?;
            check_columns(&wrong, &row.repo, &row.arm, &mut verdict.breaches);
            verdict.sequences += 1;
            verdict.tokens += row.input_ids.len() as u64;
            let digest = check_sequence(plan, &row, &mut verdict.breaches);
            if digests.insert(row.trajectory_id.clone(), digest).is_some() {
                let detail = format!("two sequences of trajectory {}", row.trajectory_id);
                breach(&mut verdict.breaches, &row.repo, Some(&row.arm), "one-row", detail);
            }
        }
    }
    Ok(digests)
}

fn check_columns(wrong: &[String], repo: &str, arm: &str, breaches: &mut Vec<Breach>) {
    for name in wrong {
        let detail = format!("the column {name} contradicts the others");
        breach(breaches, repo, Some(arm), "consistent", detail);
    }
}

/// Trajectories met: id, by repository and arm.
type Seen = BTreeMap<(String, String), String>;

/// Every repository of the source has, per arm, a trajectory with its sequence or a row in `errors`.
fn check_presence(
    plan: &Resolved,
    names: &[String],
    seen: &Seen,
    sequences: &Sequences,
    errors: &[ErrorRow],
    verdict: &mut Verdict,
) {
    let rejected = errors.iter().filter(|row| row.path.is_none() || row.arm.is_some());
    let rejected =
        rejected.map(|row| (row.repo.as_str(), row.arm.as_deref())).collect::<BTreeSet<_>>();
    for name in names {
        let arms = plan.arms.iter().map(|arm| arm.name.as_str());
        let absent = arms.filter(|arm| !seen.contains_key(&(name.clone(), (*arm).to_owned())));
        let absent = absent.filter(|arm| {
            !rejected.contains(&(name, None)) && !rejected.contains(&(name, Some(arm)))
        });
        let absent = absent.collect::<Vec<_>>();
        if absent.len() == plan.arms.len() {
            verdict.missing += 1;
        } else if !absent.is_empty() {
            let detail = format!("no row and no error for arm {}", absent.join(", "));
            breach(&mut verdict.breaches, name, None, "one-row", detail);
        }
    }
    let ids = seen.values().collect::<BTreeSet<_>>();
    for (id, sequence) in sequences.iter().filter(|(id, _)| !ids.contains(id)) {
        let detail = format!("sequence without trajectory {id}");
        breach(&mut verdict.breaches, &sequence.repo, Some(&sequence.arm), "one-row", detail);
    }
}

fn breach(
    breaches: &mut Vec<Breach>,
    repo: &str,
    arm: Option<&str>,
    promise: &'static str,
    detail: impl Into<String>,
) {
    let (repo, arm) = (repo.to_owned(), arm.map(str::to_owned));
    breaches.push(Breach { repo, arm, promise, detail: detail.into() });
}
