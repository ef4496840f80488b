//! Searches decided again, from the record of their trials: what another rule would have kept, and what the
//! thoughts would be then.
//!
//! Responsible for reading the record, search by search, and for adding up what comes of it. What a rule makes of
//! trials is [`backstory_search::replay`]'s. Asks no model and no scorer, and reads no repository.

use std::collections::BTreeSet;

use backstory_core::{Trial, Variant};
use backstory_search::{Replayed, Rule, UnrecordedClip, replay as decide};
use serde::Serialize;
use thiserror::Error;

use crate::tables::{OutputError, Reader, TrialRow};

/// Why nothing was replayed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The tables cannot be read.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// What the rule needs is not on record.
    #[error(transparent)]
    Clip(#[from] UnrecordedClip),
}

/// A search and two rules for it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The name of its operator.
    pub search: String,
    /// The rule that it ran by.
    pub ran: Rule,
    /// The rule to decide by.
    pub rule: Rule,
}

/// What two rules make of one search.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Replay {
    /// The name of the operator.
    pub search: String,
    /// Repositories with trials.
    pub repositories: u64,
    /// Files with trials.
    pub files: u64,
    /// Thoughts that were searched.
    pub thoughts: u64,
    /// Thoughts that could not be.
    pub excluded: u64,
    /// Thoughts that would be others, or would be there or not.
    pub changed: u64,
    /// Those of the thoughts whose scores tell only nearly what would have become of them: under the other rule, an
    /// earlier thought of the file, or the thought that a rewrite was made of, is another.
    pub nearly: u64,
    /// By the rule that ran.
    pub as_run: Outcome,
    /// By the other one.
    pub replayed: Outcome,
}

/// What comes of a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Thoughts in whose place a rewrite stands in the end.
    pub kept: u64,
    /// Thoughts that a gate took out.
    pub dropped: u64,
    /// Files that a gate let fail.
    pub rejected: u64,
    /// Tokens of the thoughts that are left.
    pub thought_tokens: u64,
    /// Perplexity of the true files by token, over all thoughts, after each round; as simulated comes first.
    pub perplexity_by_round: Vec<f64>,
    /// The same in the end, without what was dropped. None if nothing was scored.
    pub perplexity: Option<f64>,
    #[serde(skip)]
    nats: Vec<f64>,
    #[serde(skip)]
    last: f64,
    #[serde(skip)]
    tokens: f64,
}

/// Decides all searches of an output again.
pub async fn replay(reader: &Reader, rules: &[Rules]) -> Result<Vec<Replay>, ReplayError> {
    let named = |rules: &Rules| Replay { search: rules.search.clone(), ..Replay::default() };
    let mut replays: Vec<_> = rules.iter().map(named).collect();
    let mut failed = None;
    let each = |rows: Vec<TrialRow>| {
        let of = |rules: &Rules| rows.first().is_some_and(|row| row.simulation == rules.search);
        let Some(at) = rules.iter().position(of) else { return };
        let trials: Vec<_> = rows.into_iter().map(|row| row.trial).collect();
        if let Err(error) = replays[at].add(&trials, &rules[at]) {
            failed = Some(error);
        }
    };
    reader.trials(each).await?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    for replay in &mut replays {
        replay.as_run.finish();
        replay.replayed.finish();
    }
    Ok(replays)
}

impl Replay {
    /// Adds the trials of a repository.
    fn add(&mut self, trials: &[Trial], rules: &Rules) -> Result<(), UnrecordedClip> {
        let as_run = decide(trials, &rules.ran, &rules.ran)?;
        let replayed = decide(trials, &rules.ran, &rules.rule)?;
        self.repositories += 1;
        self.files += trials.iter().map(|trial| trial.file).collect::<BTreeSet<_>>().len() as u64;
        for (was, is) in as_run.iter().zip(&replayed) {
            if was.kept.is_none() {
                self.excluded += 1;
                continue;
            }
            self.thoughts += 1;
            self.changed += u64::from((was.kept, was.dropped) != (is.kept, is.dropped));
            self.nearly += u64::from(!(is.as_run && is.same_context));
        }
        self.as_run.add(trials, &as_run);
        self.replayed.add(trials, &replayed);
        Ok(())
    }
}

impl Outcome {
    fn add(&mut self, trials: &[Trial], steps: &[Replayed]) {
        let mut rejected = BTreeSet::new();
        for step in steps {
            rejected.extend(step.rejected.is_some().then_some(step.file));
            self.dropped += u64::from(step.dropped);
            let of_step =
                || trials.iter().filter(|trial| (trial.file, trial.step) == (step.file, step.step));
            let score = |variant| {
                let mut trials = of_step().filter(|trial| trial.variant == variant);
                trials.find_map(|trial| trial.score.as_ref())
            };
            let kept = step.kept.map(|kept| &trials[kept]);
            let Some((first, (trial, kept))) = score(Variant::First)
                .zip(kept.and_then(|trial| Some((trial, trial.score.as_ref()?))))
            else {
                continue;
            };
            let rewritten = trial.variant == Variant::Rewrite;
            self.kept += u64::from(rewritten);
            let left = if step.dropped { score(Variant::None) } else { None };
            self.thought_tokens += if step.dropped { 0 } else { kept.thought_tokens.into() };
            self.tokens += f64::from(first.target_tokens);
            self.last += left.unwrap_or(kept).nats;
            self.add_rounds(first.nats, first.target_tokens, &step.gains.rounds);
        }
        self.rejected += rejected.len() as u64;
    }

    /// Adds what stands after each round. A thought whose rounds ended early stays as it is.
    fn add_rounds(&mut self, first: f64, tokens: u32, gains: &[f32]) {
        let before = self.nats.len();
        if before <= gains.len() {
            let last = self.nats.last().copied().unwrap_or_default();
            self.nats.resize(gains.len() + 1, last);
        }
        let mut nats = first;
        let mut gains = gains.iter();
        for sum in &mut self.nats {
            *sum += nats;
            nats -= f64::from(tokens) * f64::from(gains.next().copied().unwrap_or_default());
        }
    }

    fn finish(&mut self) {
        let perplexity = |nats: &f64| (nats / self.tokens).exp();
        if self.tokens > 0.0 {
            self.perplexity_by_round = self.nats.iter().map(perplexity).collect();
            self.perplexity = Some(perplexity(&self.last));
        }
    }
}
