//! What a run would do, in words and as JSON.

mod read;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use backstory_store::Location;
use serde::Serialize;
use serde_json::json;

use crate::cli::style::{Paint, count, plural};

/// What a run would do.
pub struct Forecast {
    pub listed: u64,
    pub unchanged: u64,
    /// Repositories that have rows and that the source does not have any more.
    pub vanished: BTreeSet<String>,
    /// Whether their rows would go.
    pub prune: bool,
    pub done: Done,
    pub seconds: f64,
    pub sink: Location,
}

/// What a run has done into an output of its own.
#[derive(Default)]
pub struct Done {
    /// All repositories that it has dealt with, by name.
    pub repositories: Vec<Dealt>,
    /// Requests that were not answered before; those for scores are texts to be scored.
    pub requests: Vec<Requests>,
    /// Thoughts in rows that were written before a file that is read before them had its content.
    pub thoughts_kept: u64,
}

/// A repository that was dealt with.
#[derive(Serialize)]
pub struct Dealt {
    pub repo: String,
    pub why: Why,
    /// What has become of its files; none unless it has changed, and where one of the two has no rows.
    pub files: Option<Files>,
}

/// Why a repository was dealt with.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It had no rows.
    New,
    /// Its source is not what its rows were made from.
    Changed,
    /// It is as it was, and another plan made its rows.
    OtherPlan,
}

/// Files of a repository, compared with those in its rows.
#[derive(Default, Serialize)]
pub struct Files {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
    pub untouched: u64,
}

/// Requests to one model for one purpose.
#[derive(Serialize)]
pub struct Requests {
    pub model: String,
    pub purpose: String,
    pub requests: u64,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// None without prices in the plan.
    pub cost: Option<f64>,
}

impl Requests {
    fn is_score(&self) -> bool {
        self.purpose == "score"
    }
}

/// Repositories that are told of one by one, in words.
const SHOWN: usize = 20;

impl Forecast {
    fn dealt(&self, why: Why) -> u64 {
        self.done.repositories.iter().filter(|dealt| dealt.why == why).count() as u64
    }

    /// Files of changed repositories: added, changed, removed, untouched.
    fn files(&self) -> [u64; 4] {
        let files = self.done.repositories.iter().filter_map(|dealt| dealt.files.as_ref());
        files.fold([0; 4], |sum, files| {
            let more = files.counts();
            std::array::from_fn(|at| sum[at] + more[at])
        })
    }

    pub fn json(&self) -> String {
        let [added, changed, removed, untouched] = self.files();
        let (scores, requests): (Vec<_>, Vec<_>) =
            self.done.requests.iter().partition(|requests| requests.is_score());
        let scores = scores.iter().map(|scores| {
            json!({ "scorer": scores.model, "texts": scores.requests, "tokens": scores.tokens_in })
        });
        json!({
            "repositories": {
                "listed": self.listed,
                "new": self.dealt(Why::New),
                "changed": self.dealt(Why::Changed),
                "other_plan": self.dealt(Why::OtherPlan),
                "unchanged": self.unchanged,
                "vanished": self.vanished.len(),
                "pruned": self.prune,
            },
            "files": {
                "added": added, "changed": changed, "removed": removed, "untouched": untouched,
            },
            "requests": requests,
            "scores": scores.collect::<Vec<_>>(),
            "thoughts_kept": self.done.thoughts_kept,
            "dealt_with": self.done.repositories,
            "vanished": self.vanished,
            "seconds": self.seconds,
            "output": self.sink.to_string(),
        })
        .to_string()
    }

    pub fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "{} {value}", paint.bold(&format!("{name:>13}")));
        };
        line("repositories", &self.repositories());
        let changed = self.done.repositories.iter().filter(|dealt| dealt.why == Why::Changed);
        for dealt in changed.clone().take(SHOWN) {
            let files = dealt.files.as_ref().map_or("no rows to compare".into(), Files::text);
            line("changed", &format!("{}: {files}", dealt.repo));
        }
        if changed.count() > SHOWN {
            line("changed", "and more: see --json");
            line("files", &files_text(self.files()));
        }
        for told in self.requests() {
            line("requests", &told);
        }
        for scores in self.done.requests.iter().filter(|requests| requests.is_score()) {
            let texts = plural(scores.requests, "text", "texts");
            line("scores", &format!("{texts}, about {} tokens", count(scores.tokens_in)));
        }
        if self.done.thoughts_kept > 0 {
            line("thoughts", &format!("{} kept", count(self.done.thoughts_kept)));
        }
        line("time", &format!("{:.1} s", self.seconds));
        line("tables", &format!("{}, not written to", self.sink));
        text.trim_end().to_owned()
    }

    fn repositories(&self) -> String {
        let mut text = format!("{} listed", count(self.listed));
        let mut also = |number: u64, what: &str| {
            if number > 0 {
                let _ = write!(text, ", {} {what}", count(number));
            }
        };
        also(self.dealt(Why::New), "new");
        also(self.dealt(Why::Changed), "changed");
        also(self.dealt(Why::OtherPlan), "made by another plan");
        also(self.unchanged, "unchanged since an earlier run");
        let vanished = if self.prune {
            "not in the source any more: rows to be removed"
        } else {
            "not in the source any more: rows kept, --prune removes them"
        };
        also(self.vanished.len() as u64, vanished);
        text
    }

    /// One text for each model.
    fn requests(&self) -> Vec<String> {
        let asked = self.done.requests.iter().filter(|requests| !requests.is_score());
        let asked = asked.collect::<Vec<_>>();
        let of_models = asked.chunk_by(|a, b| a.model == b.model);
        let told = of_models.map(model).collect::<Vec<_>>();
        if told.is_empty() { vec!["none".to_owned()] } else { told }
    }
}

/// What one model would be asked.
fn model(asked: &[&Requests]) -> String {
    let sum = |of: fn(&Requests) -> u64| asked.iter().map(|requests| of(requests)).sum::<u64>();
    let purposes = asked.iter().map(|it| format!("{} {}", count(it.requests), it.purpose));
    let purposes = purposes.collect::<Vec<_>>().join(", ");
    let name = asked.first().map_or("", |requests| &requests.model);
    let (requests, prompt) = (count(sum(|it| it.requests)), count(sum(|it| it.tokens_in)));
    let completion = count(sum(|it| it.tokens_out));
    let mut text =
        format!("{requests} to {name}: {purposes}; about {prompt} tokens in, {completion} out");
    let costs = asked.iter().map(|requests| requests.cost).collect::<Option<Vec<_>>>();
    if let Some(costs) = costs {
        let _ = write!(text, ", cost {:.2}", costs.iter().sum::<f64>());
    }
    text
}

impl Files {
    fn counts(&self) -> [u64; 4] {
        let [added, changed, removed] =
            [&self.added, &self.changed, &self.removed].map(|files| files.len() as u64);
        [added, changed, removed, self.untouched]
    }

    fn text(&self) -> String {
        files_text(self.counts())
    }
}

fn files_text([added, changed, removed, untouched]: [u64; 4]) -> String {
    let all = [(added, "added"), (changed, "changed"), (removed, "removed")];
    let told = all.iter().filter(|(number, _)| *number > 0);
    let told = told.map(|(number, what)| format!("{} {what}, ", count(*number)));
    let told = told.collect::<String>();
    format!("files {told}{} untouched", count(untouched))
}
