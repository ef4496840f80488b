//! Decides again, from the record, under another rule.

use backstory_core::{Decision, Trial, TrialScore, Variant};

use crate::Rule;

/// What would have become of one thought.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The file, as index into the repository's files.
    pub file: u32,
    /// The thought, as index into the draft's steps.
    pub step: u32,
    /// The trial that would stand in the end, as index into those given: the last one kept, or the thought as
    /// simulated. None if nothing was compared.
    pub kept: Option<usize>,
    /// What would have become of each trial of the step, in order.
    pub decisions: Vec<Decision>,
    /// What it would gain over the thought as simulated, in nats per token of the file, without clip and
    /// price.
    pub vs_first: f64,
    /// Whether every round kept what it kept in truth. After one that does not, later candidates were proposed
    /// in the place of another thought than the one that would stand; their scores are right all the same.
    pub as_run: bool,
    /// Whether every earlier thought of the file ends as in truth. If not, the scores of this one are of another
    /// text than the draft would hold, and tell it only nearly.
    pub same_context: bool,
}

/// A clip whose sums nobody has recorded.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("no score was recorded under a clip of {0} nats")]
pub struct UnrecordedClip(pub f64);

/// What `rule` would have kept, of trials of a search under the rule `ran`, in the order of their record. Asks
/// nobody.
///
/// The clip has to be that of the search, none, or one of [`TrialScore::LEVELS`]: log-probabilities of single
/// tokens are not on record. Nor is what was never asked: rounds after an early stop, and candidates that were
/// refused by a gate or for their length, stay out. See also [`Replayed::as_run`] and
/// [`Replayed::same_context`].
pub fn replay(trials: &[Trial], ran: &Rule, rule: &Rule) -> Result<Vec<Replayed>, UnrecordedClip> {
    let clip = Clip::of(ran, rule)?;
    let mut replayed: Vec<Replayed> = vec![];
    let mut start = 0;
    let mut altered = None;
    for trials in trials.chunk_by(|a, b| (a.file, a.step) == (b.file, b.step)) {
        let file = trials[0].file;
        let mut step = one_step(trials, start, clip, rule);
        step.same_context = altered != Some(file);
        let in_truth = trials.iter().rposition(|trial| trial.decision == Decision::Kept);
        let in_truth = in_truth.or_else(|| first(trials)).map(|index| start + index);
        if step.kept != in_truth {
            altered = Some(file);
        }
        start += trials.len();
        replayed.push(step);
    }
    Ok(replayed)
}

/// Which of the sums on record counts.
#[derive(Clone, Copy)]
enum Clip {
    None,
    Recorded,
    Level(usize),
}

impl Clip {
    fn of(ran: &Rule, rule: &Rule) -> Result<Self, UnrecordedClip> {
        let Some(clip) = rule.clip else { return Ok(Self::None) };
        if rule.clip == ran.clip {
            return Ok(Self::Recorded);
        }
        let same = |level: &f64| level.total_cmp(&clip).is_eq();
        let level = TrialScore::LEVELS.iter().position(same);
        level.map(Self::Level).ok_or(UnrecordedClip(clip))
    }

    fn objective(self, score: &TrialScore, rule: &Rule) -> f64 {
        let clipped = match self {
            Self::None => score.nats,
            Self::Recorded => score.clipped,
            Self::Level(at) => score.nats - score.excess.get(at).copied().unwrap_or_default(),
        };
        rule.objective(clipped, score.thought_tokens)
    }
}

/// The thought as simulated, if it was scored.
fn first(trials: &[Trial]) -> Option<usize> {
    let is_first = |trial: &Trial| trial.variant == Variant::First && trial.score.is_some();
    trials.iter().position(is_first)
}

fn one_step(trials: &[Trial], start: usize, clip: Clip, rule: &Rule) -> Replayed {
    let first = first(trials);
    let mut kept = first;
    let mut decisions: Vec<Decision> = vec![];
    for round in trials.chunk_by(|a, b| (a.variant, a.round) == (b.variant, b.round)) {
        let from = decisions.len();
        decisions.extend(round.iter().map(|trial| match &trial.decision {
            Decision::Kept | Decision::NotBetter => Decision::NotBetter,
            as_it_was => as_it_was.clone(),
        }));
        let current = kept.and_then(|kept| trials[kept].score.as_ref());
        let Some((best, current)) = best(round, clip, rule).zip(current) else { continue };
        let (new, old) = (best.1, clip.objective(current, rule));
        if rule.is_better(new, old, current.target_tokens) {
            decisions[from + best.0] = Decision::Kept;
            kept = Some(from + best.0);
        }
    }
    let score = |index: Option<usize>| index.and_then(|index| trials[index].score.as_ref());
    let vs_first = score(first)
        .zip(score(kept))
        .map_or(0.0, |(first, kept)| (first.nats - kept.nats) / f64::from(first.target_tokens));
    Replayed {
        file: trials[0].file,
        step: trials[0].step,
        kept: kept.map(|index| start + index),
        as_run: trials.iter().map(|trial| &trial.decision).eq(&decisions),
        decisions,
        vs_first,
        same_context: true,
    }
}

/// The best rewrite of a round, the earlier of equals, and its objective.
fn best(round: &[Trial], clip: Clip, rule: &Rule) -> Option<(usize, f64)> {
    let rewrites = round.iter().enumerate().filter(|(_, trial)| trial.variant == Variant::Rewrite);
    let scored = rewrites
        .filter_map(|(index, trial)| Some((index, clip.objective(trial.score.as_ref()?, rule))));
    scored.reduce(|best, next| if next.1 > best.1 { next } else { best })
}
