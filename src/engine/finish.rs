//! A complete repository to its rows: flatten and mask in every arm. Runs on the compute pool.

use std::collections::HashSet;
use std::sync::Arc;

use backstory_core::{
    Digest, Draft, Failure, FailureKind, Gains, Halt, Hasher, Outline, Quality, Request,
    SourceFile, Stage, Story, Structure, Trial,
};
use backstory_quality::{bytes_equal, order_ok};

use super::Shared;
use super::resident::{Admitted, RepositoryId, Resident, StoryState};
use super::tally::Tally;
use crate::plan::Arm;
use crate::tables::{
    ErrorRow, FileRow, LedgerRow, OutputError, RepositoryRow, SegmentWriter, SequenceRow,
    ThoughtRow, TrajectoryRow, TrialRow,
};

/// What was made of a repository.
pub struct Finished {
    /// Its name.
    pub name: Arc<str>,
    /// Whether its rows take the place of others.
    pub replaces: bool,
    /// What it counts; nothing was made of one that is abandoned.
    pub tally: Tally,
    /// Keys of the requests on record, if its rows take the place of others.
    pub recorded: Vec<Digest>,
}

/// Makes the rows of a complete repository and lets it go. Each row is written before the next is made:
/// rows take several times the room of their source.
pub fn finish(
    repository: RepositoryId,
    shared: &Shared,
    segment: &mut SegmentWriter,
) -> Result<Finished, OutputError> {
    let (name, admitted) = shared.residents.remove(repository);
    let replaces = admitted.replaces;
    let mut tally = match &admitted.resident {
        Err(failure) => {
            segment.errors(&[error_row(&name, None, failure)])?;
            Tally { rejected: 1, errors: 1, ..Tally::default() }
        }
        Ok(resident) if resident.stories.iter().any(StoryState::is_unavailable) => {
            Tally { abandoned: 1, ..Tally::default() }
        }
        Ok(resident) => write_rows(shared, &name, admitted.content, resident, segment)?,
    };
    if tally.abandoned == 0 {
        tally.replaced = u64::from(replaces);
        segment.repositories(&[repository_row(shared, &name, &admitted, &tally)])?;
    }
    shared.run.progress.count_finished();
    let stories = admitted.resident.as_ref().map_or(&[][..], |resident| &resident.stories);
    let requests = stories.iter().filter(|_| replaces).flat_map(StoryState::all_requests);
    let recorded = requests.map(|request| request.key).collect();
    Ok(Finished { name, replaces, tally, recorded })
}

fn repository_row(
    shared: &Shared,
    name: &str,
    admitted: &Admitted,
    tally: &Tally,
) -> RepositoryRow {
    let repository = admitted.resident.as_ref().ok().map(|resident| &resident.repository);
    RepositoryRow {
        repo: name.to_owned(),
        commit_id: repository.and_then(|repository| repository.commit.clone()),
        content_id: admitted.content.to_string(),
        revision: admitted.revision.clone(),
        plan_hash: shared.run.plan.hash.to_string(),
        trajectories: tally.trajectories.values().sum(),
        errors: tally.errors,
    }
}

fn write_rows(
    shared: &Shared,
    name: &str,
    content: Digest,
    resident: &Resident,
    segment: &mut SegmentWriter,
) -> Result<Tally, OutputError> {
    let plan = &shared.run.plan;
    let (structure, _) = resident.structure(&*plan.order);
    let repository = &structure.repository;
    let opaque = repository.files.iter().zip(&*structure.outlines).filter_map(opaque);
    let failures = repository.failures.iter().cloned().chain(opaque);
    let mut errors = failures.map(|failure| error_row(name, None, &failure)).collect::<Vec<_>>();
    let mut tally = Tally::default();
    for arm in &plan.arms {
        match rows_of_arm(shared, content, resident, arm) {
            Ok((trajectory, sequence)) => {
                tally.count_sequence(&arm.name, &sequence.loss_mask);
                segment.trajectory(trajectory)?;
                segment.sequence(sequence)?;
            }
            Err(failures) => {
                let failed =
                    failures.iter().map(|failure| error_row(name, Some(&arm.name), failure));
                errors.extend(failed);
            }
        }
    }
    let mut paid = HashSet::new();
    for (simulation, story) in plan.simulations.iter().zip(&resident.stories) {
        let requests = story.requests(&structure.graph.order).cloned();
        let requests = requests.map(|it| if paid.insert(it.key) { it } else { it.unpaid() });
        let row = |request| ledger_row(name, &simulation.name, structure, request);
        segment.ledger(&requests.map(row).collect::<Vec<_>>())?;
        for trials in story.trials(&structure.graph.order) {
            let Some(Trial { file, .. }) = trials.first() else { continue };
            let path = structure.path(*file);
            segment.trials(&TrialRow::of(name, &simulation.name, path, trials))?;
        }
    }
    if tally.trajectories.is_empty() {
        errors.push(error_row(name, None, &no_trajectory(&errors)));
        tally.rejected = 1;
    } else {
        tally.count_repository(repository);
    }
    tally.errors = errors.len() as u64;
    segment.errors(&errors)?;
    Ok(tally)
}

fn ledger_row(repo: &str, simulation: &str, structure: &Structure, request: Request) -> LedgerRow {
    LedgerRow {
        repo: repo.to_owned(),
        simulation: simulation.to_owned(),
        path: request.file.map(|file| structure.path(file).to_string()),
        request,
    }
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
    content: Digest,
    resident: &Resident,
    arm: &Arm,
) -> Result<(TrajectoryRow, SequenceRow), Vec<Failure>> {
    let (structure, _) = resident.structure(&*shared.run.plan.order);
    let story =
        arm.simulation.map(|index| story(shared, resident, structure, index)).transpose()?;
    let marks = |(simulation, story): (usize, &Story)| {
        let marks = |draft: &Arc<Draft>| shared.run.plan.marks(simulation, structure, draft);
        story.drafts.iter().flat_map(marks).collect()
    };
    let one = |failure| vec![failure];
    let trajectory = arm.flatten.flatten(structure, story.as_ref()).map_err(one)?;
    let sequence = arm.mask.mask(&trajectory).map_err(one)?;
    let repository = &structure.repository;
    let plan_hash = shared.run.plan.hash.to_string();
    let content_id = content.to_string();
    let trajectory_id = trajectory_id(&repository.name, &content_id, &plan_hash, &arm.name);
    let sequence = SequenceRow {
        trajectory_id: trajectory_id.clone(),
        repo: repository.name.clone(),
        arm: arm.name.clone(),
        input_ids: sequence.input_ids,
        loss_mask: sequence.loss_mask,
        spans: sequence.spans,
    };
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
        mode: story.as_ref().map(|story| story.mode),
        order_ok: story
            .as_ref()
            .is_none_or(|story| order_ok(structure, &story.plan, &story.drafts)),
        bytes_equal: bytes_equal(structure, &trajectory.text, &trajectory.spans),
        thoughts: story.as_ref().map(thoughts).unwrap_or_default(),
        marks: arm.simulation.zip(story.as_ref()).map(marks).unwrap_or_default(),
        author: story.map(|story| story.author),
        plan_hash,
        files: files(structure),
        n_files_seen: repository.files_seen(),
        left_out: left_out.collect(),
        n_files_failed: repository.files_failed(),
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
    let plan = &shared.run.plan;
    let state = &resident.stories[simulation];
    let planned = resident.stories[plan.planned_by(simulation)].plan.get();
    let planned = planned.expect("the plan was asked for before the first file");
    let files = planned.result.as_ref().map_err(|halt| vec![failure(halt)])?;
    let mut drafts = vec![];
    let mut failures = vec![];
    for &file in &structure.graph.order {
        let drafted = state.drafts[file as usize].get();
        match &drafted.expect("a complete repository has a draft of every file").draft.result {
            Ok(draft) => drafts.push(Arc::clone(draft)),
            Err(halt) => failures.push(failure(halt)),
        }
    }
    let (author, mode) = (plan.author(simulation), plan.mode(simulation));
    let plan = Arc::clone(files);
    if failures.is_empty() { Ok(Story { plan, drafts, author, mode }) } else { Err(failures) }
}

fn failure(halt: &Halt) -> Failure {
    match halt {
        Halt::Failed(failure) => failure.clone(),
        Halt::Unavailable(_) => unreachable!("such a repository has no rows"),
    }
}

fn thoughts(story: &Story) -> Vec<ThoughtRow> {
    let of_draft = |draft: &Arc<Draft>| {
        let file = draft.file;
        let gains = draft.gains.iter().cloned().chain(std::iter::repeat(Gains::default()));
        let row = |(quality, gains): (&Quality, _)| ThoughtRow {
            file,
            kept: draft.kept,
            quality: quality.clone(),
            gains,
        };
        draft.qualities.iter().zip(gains).map(row).collect::<Vec<_>>()
    };
    story.drafts.iter().flat_map(of_draft).collect()
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
