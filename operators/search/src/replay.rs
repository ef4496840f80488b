//! Decides again, from the record, under another rule.

use backstory_core::{Decision, Trial, TrialScore, Variant};

use crate::objective::{is_better, objective};

/// By what a rewrite is kept: see the head of this crate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rule {
    /// Nats per token of the file.
    pub margin: f64,
    /// Nats of a single token.
    pub clip: Option<f64>,
    /// Nats per token of a thought.
    pub price_per_token: f64,
}

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
        let level = TrialScore::LEVELS.iter().position(|&level| level == clip);
        level.map(Self::Level).ok_or(UnrecordedClip(clip))
    }

    fn objective(self, score: &TrialScore, rule: &Rule) -> f64 {
        let clipped = match self {
            Self::None => score.nats,
            Self::Recorded => score.clipped,
            Self::Level(at) => score.nats - score.excess.get(at).copied().unwrap_or_default(),
        };
        objective(clipped, score.thought_tokens, rule)
    }
}

/// The thought as simulated, if it was scored.
fn first(trials: &[Trial]) -> Option<usize> {
    let is_first = |trial: &Trial| trial.variant == Variant::First && trial.score.is_some();
    trials.iter().position(is_first)
}

fn one_step(trials: &[Trial], start: usize, clip: Clip, rule: &Rule) -> Replayed {
    let mut decisions: Vec<_> = trials.iter().map(|trial| trial.decision.clone()).collect();
    let value = |index: usize| trials[index].score.as_ref().map(|s| clip.objective(s, rule));
    let first = first(trials);
    let mut kept = first;
    let mut round = 0;
    while round < trials.len() {
        let same = |trial: &&Trial| {
            (trial.variant, trial.round) == (trials[round].variant, trials[round].round)
        };
        let end = round + trials[round..].iter().take_while(same).count();
        let best = (round..end)
            .filter(|&index| trials[index].variant == Variant::Rewrite)
            .filter_map(|index| Some((index, value(index)?)))
            .reduce(|best, next| if next.1 > best.1 { next } else { best });
        for index in round..end {
            if matches!(decisions[index], Decision::Kept | Decision::NotBetter) {
                decisions[index] = Decision::NotBetter;
            }
        }
        if let (Some((index, new)), Some(old), Some(score)) =
            (best, kept.and_then(value), trials[round..end].iter().find_map(|t| t.score.as_ref()))
            && is_better(new, old, score.target_tokens, rule)
        {
            decisions[index] = Decision::Kept;
            kept = Some(index);
        }
        round = end;
    }
    let nats = |index: usize| trials[index].score.as_ref().map(|score| score.nats);
    let tokens = first.and_then(|first| trials[first].score.as_ref()).map(|s| s.target_tokens);
    let gained = first.and_then(nats).zip(kept.and_then(nats)).zip(tokens);
    Replayed {
        file: trials[0].file,
        step: trials[0].step,
        kept: kept.map(|index| start + index),
        as_run: trials.iter().zip(&decisions).all(|(trial, decision)| trial.decision == *decision),
        decisions,
        vs_first: gained.map_or(0.0, |((first, kept), n)| (first - kept) / f64::from(n)),
        same_context: true,
    }
}
