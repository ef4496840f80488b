//! Decides again, from the record, under another rule.

use std::collections::BTreeSet;

use backstory_core::{Decision, Gains, Trial, TrialScore, Variant};

use crate::Rule;
use crate::gains::{Compared, gain};
use crate::gate::Verdict;

/// What would have become of one thought.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The file, as index into the repository's files.
    pub file: u32,
    /// The thought, as index into the steps of the draft as simulated.
    pub step: u32,
    /// The trial that would stand in the end, as index into those given: the last one kept, or the thought as
    /// simulated. None if nothing was compared.
    pub kept: Option<usize>,
    /// What would have become of each trial of the step, in order.
    pub decisions: Vec<Decision>,
    /// What the one that stands would gain. Rounds at the end that left nothing on record are missing.
    pub gains: Gains,
    /// Whether a gate would take the thought out of the draft for what it gains; the decision of the one that
    /// stands says why.
    pub dropped: bool,
    /// Why a gate would let the file fail for what the thought gains, if it would. What comes later in the
    /// file is decided all the same.
    pub rejected: Option<String>,
    /// Whether every round kept what it kept in truth. After one that does not, later candidates were proposed
    /// in the place of another thought than the one that would stand; their scores are right all the same.
    pub as_run: bool,
    /// Whether every earlier thought of the file ends as in truth. If not, the scores of this one are of another
    /// text than the draft would hold, and tell it only nearly; so do its measures.
    pub same_context: bool,
}

/// A clip whose sums nobody has recorded.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("no score was recorded under a clip of {0} nats")]
pub struct UnrecordedClip(pub f64);

/// What `rule` would have kept and let pass, of trials of a search under the rule `ran`, in the order of their
/// record. Asks nobody.
///
/// The clip has to be that of the search, none, or one of [`TrialScore::LEVELS`]: log-probabilities of single
/// tokens are not on record. What was never asked stays out: further rounds and candidates, steps that were not
/// searched, candidates that were refused by a gate or for their length and so never scored, and files that
/// failed. A rewrite whose measures are not on record passes all gates on measures, and a gain that is not on
/// record passes all gates on gains. See also [`Replayed::as_run`] and [`Replayed::same_context`].
pub fn replay(trials: &[Trial], ran: &Rule, rule: &Rule) -> Result<Vec<Replayed>, UnrecordedClip> {
    let clip = Clip::of(ran, rule)?;
    let mut replayed: Vec<Replayed> = vec![];
    let mut start = 0;
    let mut altered = None;
    for trials in trials.chunk_by(|a, b| (a.file, a.step) == (b.file, b.step)) {
        let file = trials[0].file;
        let step = Replay::new(trials, clip, rule).step(start);
        let (kept, dropped) = in_truth(trials);
        let same = step.kept == kept.map(|kept| start + kept) && step.dropped == dropped;
        replayed.push(Replayed { same_context: altered != Some(file), ..step });
        if !same {
            altered = Some(file);
        }
        start += trials.len();
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

/// Which trial of a step stood in the end, and whether it was dropped then.
fn in_truth(trials: &[Trial]) -> (Option<usize>, bool) {
    let dropped = |trial: &Trial| matches!(trial.decision, Decision::Dropped(_));
    let kept = trials.iter().rposition(|trial| is_kept(trial, &trial.decision));
    (kept.or_else(|| first(trials)), trials.iter().any(dropped))
}

/// Whether a trial is a rewrite that took the place of another thought.
fn is_kept(trial: &Trial, decision: &Decision) -> bool {
    trial.variant == Variant::Rewrite && matches!(decision, Decision::Kept | Decision::Dropped(_))
}

/// The thought as simulated, if it was scored.
fn first(trials: &[Trial]) -> Option<usize> {
    let is_first = |trial: &Trial| trial.variant == Variant::First && trial.score.is_some();
    trials.iter().position(is_first)
}

/// One step, round by round.
struct Replay<'a> {
    trials: &'a [Trial],
    clip: Clip,
    rule: &'a Rule,
    /// Texts of the trials so far.
    tried: BTreeSet<&'a str>,
    decisions: Vec<Decision>,
    /// The trial that stands by now.
    kept: Option<usize>,
    /// What each round gained so far.
    rounds: Vec<f32>,
    /// The last round so far that kept anything.
    gained: Option<u32>,
    /// Whether there are no more rounds.
    over: bool,
}

impl<'a> Replay<'a> {
    fn new(trials: &'a [Trial], clip: Clip, rule: &'a Rule) -> Self {
        Self {
            trials,
            clip,
            rule,
            tried: BTreeSet::new(),
            decisions: vec![],
            kept: first(trials),
            rounds: vec![],
            gained: None,
            over: false,
        }
    }

    /// The step whose first trial is the `start`th of all.
    fn step(mut self, start: usize) -> Replayed {
        for trials in self.trials.chunk_by(|a, b| (a.variant, a.round) == (b.variant, b.round)) {
            self.round(trials);
        }
        let as_run = |(trial, decision): (&Trial, &Decision)| {
            is_kept(trial, decision) == is_kept(trial, &trial.decision)
        };
        let as_run = self.trials.iter().zip(&self.decisions).all(as_run);
        let gains = self.gains();
        let Self { trials, rule, mut decisions, kept, .. } = self;
        let (mut dropped, mut rejected) = (false, None);
        match (rule.verdict(&gains), kept) {
            (Verdict::Dropped(why), Some(kept)) => {
                decisions[kept] = Decision::Dropped(why);
                dropped = true;
            }
            (Verdict::Rejected(why), _) => rejected = Some(why),
            _ => {}
        }
        let Trial { file, step, .. } = trials[0];
        let kept = kept.map(|kept| start + kept);
        let same_context = true;
        Replayed { file, step, kept, decisions, gains, dropped, rejected, as_run, same_context }
    }

    /// Decides over the trials of one round, or over what is compared with rewrites.
    fn round(&mut self, trials: &'a [Trial]) {
        let from = self.decisions.len();
        let Trial { variant, round, .. } = trials[0];
        let current = self.score(self.kept);
        if let Some(current) = current.filter(|_| variant == Variant::Rewrite) {
            // A round without a usable answer kept nothing, and is not on record.
            let gained = round > 0 && self.gained == Some(round - 1);
            self.over |= !self.rule.asks(round, current, gained);
        }
        for trial in trials {
            let decision = self.decision(trial);
            self.decisions.push(decision);
        }
        if variant != Variant::Rewrite || self.over {
            return;
        }
        if let Some(best) = self.better(from) {
            self.decisions[best] = Decision::Kept;
            (self.kept, self.gained) = (Some(best), Some(round));
        }
        let after = self.score(self.kept);
        self.rounds.resize(round as usize, 0.0);
        self.rounds.extend(current.zip(after).map(|(old, new)| gain(old, new)));
    }

    /// What becomes of a trial before any of its round is compared.
    fn decision(&mut self, trial: &'a Trial) -> Decision {
        let unscored = if trial.score.is_some() { None } else { Some(trial.decision.clone()) };
        match trial.variant {
            Variant::None | Variant::Swap => trial.decision.clone(),
            Variant::First => {
                self.tried.insert(trial.text.trim());
                unscored.unwrap_or(Decision::Reference)
            }
            Variant::Rewrite => {
                let few = self.rule.candidates;
                if self.over || few.is_some_and(|few| trial.candidate >= few) {
                    return Decision::NotAsked;
                }
                let repeated = !self.tried.insert(trial.text.trim());
                let refusal = self.rule.refuses(&trial.text, trial.quality.as_ref(), repeated);
                refusal.or(unscored).unwrap_or(Decision::NotBetter)
            }
        }
    }

    /// The best rewrite from a trial on, the earlier of equals, if it is better than what stands by now.
    fn better(&self, from: usize) -> Option<usize> {
        let current = self.score(self.kept)?;
        let objective = |score| self.clip.objective(score, self.rule);
        let open = |&at: &usize| self.decisions[at] == Decision::NotBetter;
        let scored = (from..self.decisions.len())
            .filter(open)
            .filter_map(|at| Some((at, objective(self.score(Some(at))?))));
        let best = scored.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let better = |&(_, best): &(usize, f64)| {
            self.rule.is_better(best, objective(current), current.target_tokens)
        };
        best.filter(better).map(|(at, _)| at)
    }

    fn gains(&self) -> Gains {
        let of = |variant: Variant| {
            let at = self.trials.iter().position(|trial| trial.variant == variant);
            self.score(at)
        };
        let (none, swap) = (of(Variant::None), of(Variant::Swap));
        let compared = of(Variant::First).zip(self.score(self.kept));
        let rounds = self.rounds.clone();
        let gains = |(first, kept)| Compared { first, kept, none, swap }.gains(rounds);
        compared.map(gains).unwrap_or_default()
    }

    fn score(&self, trial: Option<usize>) -> Option<&'a TrialScore> {
        self.trials.get(trial?)?.score.as_ref()
    }
}
