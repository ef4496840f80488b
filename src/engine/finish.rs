//! A complete repository to its rows: flatten and mask in every arm. Runs on the compute pool.

use std::sync::Arc;

use backstory_core::{
    Failure, FailureKind, Hasher, Outline, SourceFile, Stage, Story, Structure,
};
use timely::dataflow::StreamVec;

use super::Shared;
use super::admit::Ticket;
use super::offload::offload;
use super::resident::{Admitted, Resident};
use super::structure::Epoch;
use super::tally::Tally;
use crate::plan::Arm;
use crate::tables::{ErrorRow, FileRow, RepositoryRows, SequenceRow, TrajectoryRow};

/// A repository whose rows are made.
#[derive(Clone)]
pub struct Finished {
    /// Who waits for it.
    pub ticket: Ticket,
    /// Its rows.
    pub rows: Arc<RepositoryRows>,
    /// What became of it.
    pub tally: Tally,
}

/// Repositories being finished at once per worker: each holds text, spans, tokens and mask.
const FINISHING: usize = 4;

/// Makes the rows of complete repositories.
pub fn finish<'scope>(
    complete: StreamVec<'scope, Epoch, Ticket>,
    shared: &Arc<Shared>,
) -> StreamVec<'scope, Epoch, Finished> {
    let shared = Arc::clone(shared);
    offload(complete, "finish", FINISHING, move |ticket: Ticket, reply| {
        let shared = Arc::clone(&shared);
        let run = Arc::clone(&shared);
        run.pool.spawn_fifo(move || {
            let (name, admitted) = shared.residents.remove(ticket.repository);
            let (rows, tally) = rows_of(&shared, &name, &admitted);
            shared.run.progress.count_finished();
            reply.send(Finished { ticket, rows: Arc::new(rows), tally });
        });
    })
}

fn rows_of(shared: &Shared, name: &str, admitted: &Admitted) -> (RepositoryRows, Tally) {
    let mut rows = RepositoryRows::default();
    let resident = match admitted {
        Ok(resident) => resident,
        Err(failure) => {
            rows.errors.push(error_row(name, None, failure));
            return (rows, Tally { rejected: 1, errors: 1, ..Tally::default() });
        }
    };
    let (structure, _) = resident.structure(&*shared.run.plan.order);
    let repository = &structure.repository;
    let opaque = repository.files.iter().zip(&*structure.outlines).filter_map(opaque);
    let failures = repository.failures.iter().cloned().chain(opaque);
    rows.errors.extend(failures.map(|failure| error_row(name, None, &failure)));
    for arm in &shared.run.plan.arms {
        match rows_of_arm(shared, resident, structure, arm) {
            Ok((trajectory, sequence)) => {
                rows.trajectories.push(trajectory);
                rows.sequences.push(sequence);
            }
            Err(failures) => {
                let failed =
                    failures.iter().map(|failure| error_row(name, Some(&arm.name), failure));
                rows.errors.extend(failed);
            }
        }
    }
    if rows.trajectories.is_empty() {
        rows.errors.push(error_row(name, None, &no_trajectory(&rows.errors)));
    }
    let tally = tally(structure, &rows);
    (rows, tally)
}

/// What is said of a file that is written although nothing is known of what is in it.
fn opaque((file, outline): (&SourceFile, &Arc<Outline>)) -> Option<Failure> {
    let why = outline.opaque.as_ref()?;
    let message = format!("{why}; it is written without an outline");
    Some(Failure::file(Arc::clone(&file.path), Stage::Parse, FailureKind::ParseLimit, message))
}

/// Every repository without a trajectory has a row that says so, whatever failed in it.
fn no_trajectory(errors: &[ErrorRow]) -> Failure {
    Failure::repository(
        Stage::Mask,
        FailureKind::NoTrajectory,
        format!("no arm gave a trajectory; {} other rows say why", errors.len()),
    )
}

fn rows_of_arm(
    shared: &Shared,
    resident: &Resident,
    structure: &Structure,
    arm: &Arm,
) -> Result<(TrajectoryRow, SequenceRow), Vec<Failure>> {
    let story =
        arm.simulation.map(|index| story(shared, resident, structure, index)).transpose()?;
    let one = |failure| vec![failure];
    let trajectory = arm.flatten.flatten(structure, story.as_ref()).map_err(one)?;
    let sequence = arm.mask.mask(&trajectory).map_err(one)?;
    let repository = &structure.repository;
    let plan_hash = shared.run.plan.hash.to_string();
    let content_id = resident.content.to_string();
    let trajectory_id = trajectory_id(&repository.name, &content_id, &plan_hash, &arm.name);
    let sequence = SequenceRow {
        trajectory_id: trajectory_id.clone(),
        repo: repository.name.clone(),
        arm: arm.name.clone(),
        input_ids: sequence.input_ids,
        loss_mask: sequence.loss_mask,
        spans: sequence.spans,
    };
    let failed = repository.failures.iter().filter(|failure| failure.path.is_some()).count();
    let left_out =
        repository.left_out.iter().map(|(reason, count)| (reason.name().to_owned(), *count));
    let trajectory = TrajectoryRow {
        trajectory_id,
        repo: repository.name.clone(),
        commit_id: repository.commit.clone(),
        content_id,
        license: repository.license.clone(),
        language: repository.main_language().map(str::to_owned),
        arm: arm.name.clone(),
        author: story.map(|story| story.author),
        plan_hash,
        files: files(structure),
        n_files_seen: repository.files_seen(),
        left_out: left_out.collect(),
        n_files_failed: failed as u64,
        messages: trajectory.messages,
        text: trajectory.text,
        spans: trajectory.spans,
    };
    Ok((trajectory, sequence))
}

/// The identity of a trajectory: equal for equal inputs, whoever runs the plan and when.
pub fn trajectory_id(repo: &str, content_id: &str, plan_hash: &str, arm: &str) -> String {
    Hasher::new().field(repo).field(content_id).field(plan_hash).field(arm).finish().to_string()
}

/// The whole story, or everything that failed in it.
fn story(
    shared: &Shared,
    resident: &Resident,
    structure: &Structure,
    simulation: usize,
) -> Result<Story, Vec<Failure>> {
    let state = &resident.stories[simulation];
    let plan = match state.plan.get() {
        Some(Ok(plan)) => Arc::clone(plan),
        Some(Err(failure)) => return Err(vec![failure.clone()]),
        None => unreachable!("the plan was asked for before the first file was drafted"),
    };
    let mut drafts = vec![];
    let mut failures = vec![];
    for &file in &structure.graph.order {
        match state.drafts[file as usize].get() {
            Some(Ok(draft)) => drafts.push(Arc::clone(draft)),
            Some(Err(failure)) => failures.push(failure.clone()),
            None => unreachable!("a complete repository has a draft of every file"),
        }
    }
    let author = shared.run.plan.simulations[simulation].simulate.author();
    if failures.is_empty() { Ok(Story { plan, drafts, author }) } else { Err(failures) }
}

fn files(structure: &Structure) -> Vec<FileRow> {
    let row = |file: &backstory_core::SourceFile| FileRow {
        path: file.path.to_string(),
        language: file.language.to_owned(),
        content_id: file.digest.to_string(),
        bytes: file.text.len() as u64,
    };
    structure.repository.files.iter().map(row).collect()
}

fn error_row(repo: &str, arm: Option<&str>, failure: &Failure) -> ErrorRow {
    ErrorRow {
        repo: repo.to_owned(),
        arm: arm.map(str::to_owned),
        path: failure.path.as_deref().map(str::to_owned),
        stage: failure.stage.name().to_owned(),
        kind: failure.kind.name().to_owned(),
        message: failure.message.clone(),
    }
}

fn tally(structure: &Structure, rows: &RepositoryRows) -> Tally {
    let mut tally = Tally { errors: rows.errors.len() as u64, ..Tally::default() };
    if rows.trajectories.is_empty() {
        tally.rejected = 1;
        return tally;
    }
    let repository = &structure.repository;
    tally.repositories = 1;
    tally.files_seen = repository.files_seen();
    tally.files_written = repository.files.len() as u64;
    tally.files_failed = rows.trajectories[0].n_files_failed;
    tally.left_out.clone_from(&repository.left_out);
    tally.bytes = repository.files.iter().map(|file| file.text.len() as u64).sum();
    for row in &rows.trajectories {
        *tally.trajectories.entry(row.arm.clone()).or_default() += 1;
    }
    for row in &rows.sequences {
        tally.tokens += row.input_ids.len() as u64;
        tally.loss_tokens += row.loss_mask.iter().filter(|&&target| target).count() as u64;
    }
    tally
}
