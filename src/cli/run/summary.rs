//! What a run has done, in words and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use backstory_core::{ModelStatus, ScorerStatus};
use backstory_store::Location;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::style::{Paint, count};
use crate::engine::{Progress, Tally};

/// What a run was asked and has done.
pub struct Summary {
    pub listed: u64,
    pub vanished: Vanished,
    pub progress: Arc<Progress>,
    pub committed: Tally,
    /// Why it was stopped before its end, if it was.
    pub stopped: Option<Stop>,
    pub models: Vec<ModelStatus>,
    pub scorers: Vec<ScorerStatus>,
    pub seconds: f64,
    pub sink: Location,
}

/// Repositories that have rows and that the source does not have any more.
pub struct Vanished {
    pub repositories: u64,
    /// Whether their rows went.
    pub pruned: bool,
}

/// Why a run was stopped before its end.
pub enum Stop {
    /// Somebody wanted it.
    Interrupted,
    /// Something was not there: a budget, a server.
    Unavailable(String),
}

impl Summary {
    /// Repositories that the run did not come to; none if it accounts for more than there are.
    fn left(&self) -> Option<u64> {
        let settled = self.committed.repositories + self.committed.rejected;
        self.listed.checked_sub(settled + self.progress.unchanged())
    }

    /// What the run ends with.
    pub fn exit(&self) -> Exit {
        let stopped = self.stopped.is_some();
        let complete = self.left().is_some_and(|left| left == 0 || stopped);
        let balanced = complete && self.committed.balances();
        let clean = self.committed.errors == 0;
        match (balanced, &self.stopped, clean) {
            (false, ..) => Exit::Bug,
            (_, Some(Stop::Unavailable(_)), _) => Exit::Model,
            (_, Some(Stop::Interrupted), _) => Exit::Interrupted,
            (_, _, false) => Exit::Rejected,
            _ => Exit::Done,
        }
    }

    pub fn json(&self) -> String {
        let tally = &self.committed;
        let left_out: BTreeMap<_, _> =
            tally.left_out.iter().map(|(reason, count)| (reason.name(), count)).collect();
        json!({
            "repositories": {
                "listed": self.listed,
                "committed": tally.repositories,
                "rejected": tally.rejected,
                "unchanged": self.progress.unchanged(),
                "replaced": tally.replaced,
                "vanished": self.vanished.repositories,
                "pruned": self.vanished.pruned,
                "not_started": self.left(),
            },
            "files": {
                "seen": tally.files_seen,
                "written": tally.files_written,
                "failed": tally.files_failed,
                "left_out": left_out,
            },
            "trajectories": tally.trajectories,
            "tokens": tally.tokens,
            "loss_tokens": tally.loss_tokens,
            "errors": tally.errors,
            "bytes": tally.bytes,
            "seconds": self.seconds,
            "models": self.models,
            "scorers": self.scorers,
            "interrupted": self.stopped.is_some(),
            "stopped_because": match &self.stopped {
                Some(Stop::Unavailable(why)) => Some(why),
                _ => None,
            },
            "output": self.sink.to_string(),
        })
        .to_string()
    }

    pub fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{} {value}", paint.bold(&format!("{name:>13}")));
        };
        line("repositories", self.repositories());
        let tally = &self.committed;
        line("files", files(tally));
        for (arm, rows) in &tally.trajectories {
            line("trajectories", format!("{} of arm {arm}", count(*rows)));
        }
        let (tokens, targets) = (count(tally.tokens), count(tally.loss_tokens));
        line("tokens", format!("{tokens}, {targets} of them training targets"));
        if tally.errors > 0 {
            line("errors", format!("{} rows in the errors table", count(tally.errors)));
        }
        line("time", format!("{:.1} s", self.seconds));
        line("tables", self.sink.to_string());
        for status in &self.models {
            line("model", model_summary(status));
        }
        for status in &self.scorers {
            line("scorer", scorer_summary(status));
        }
        match &self.stopped {
            Some(Stop::Unavailable(why)) => line("stopped", why.clone()),
            Some(Stop::Interrupted) => {
                line("interrupted", "run the same command again to go on".to_owned());
            }
            None => {}
        }
        text.trim_end().to_owned()
    }

    fn repositories(&self) -> String {
        let tally = &self.committed;
        let mut text =
            format!("{} listed, {} committed", count(self.listed), count(tally.repositories));
        let mut also = |number: u64, what: &str| {
            if number > 0 {
                let _ = write!(text, ", {} {what}", count(number));
            }
        };
        also(tally.rejected, "rejected");
        also(tally.replaced, "of them in the place of earlier rows");
        also(self.progress.unchanged(), "unchanged since an earlier run");
        also(self.left().unwrap_or_default(), "not started");
        let vanished = if self.vanished.pruned {
            "not in the source any more: rows removed"
        } else {
            "not in the source any more: rows kept, --prune removes them"
        };
        also(self.vanished.repositories, vanished);
        text
    }

    /// Whether anything was changed.
    pub fn is_change(&self) -> bool {
        let Vanished { repositories, pruned } = self.vanished;
        self.committed.repositories + self.committed.rejected > 0 || pruned && repositories > 0
    }
}

fn model_summary(status: &ModelStatus) -> String {
    let mut text = format!("{}: {} requests answered", status.model, count(status.answered));
    let mut also = |number: u64, what: &str| {
        if number > 0 {
            let _ = write!(text, ", {} {what}", count(number));
        }
    };
    also(status.recalled, "answered by an earlier run");
    also(status.failed, "failed");
    also(status.repeated, "tries repeated");
    let (prompt, completion) = (count(status.prompt_tokens), count(status.completion_tokens));
    let _ = write!(text, "; {prompt} tokens in, {completion} out");
    if let Some(cost) = status.cost {
        let _ = write!(text, ", cost {cost:.2}");
    }
    text
}

fn scorer_summary(status: &ScorerStatus) -> String {
    let ScorerStatus { scored, recalled, tokens, .. } = *status;
    let mut text = format!("{} texts scored, {} tokens", count(scored), count(tokens));
    if recalled > 0 {
        let _ = write!(text, ", {} scored by an earlier run", count(recalled));
    }
    text
}

fn files(tally: &Tally) -> String {
    let mut text =
        format!("{} met, {} written", count(tally.files_seen), count(tally.files_written));
    if tally.files_failed > 0 {
        let _ = write!(text, ", {} failed", count(tally.files_failed));
    }
    let left_out = tally.left_out.iter();
    let reasons = left_out.map(|(reason, number)| format!("{} {reason}", count(*number)));
    let reasons = reasons.collect::<Vec<_>>();
    if !reasons.is_empty() {
        let _ = write!(text, ", left out: {}", reasons.join(", "));
    }
    text
}
