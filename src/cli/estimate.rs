//! `backstory estimate`.

mod range;
mod taken;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use backstory_core::Digest;
use backstory_store::Location;
use clap::Args;
use serde::Serialize;
use tempfile::TempDir;

use super::run::{self, Stop, Summary};
use super::style::{Paint, count, plural, table};
use super::{CliError, Exit, PlanArgs, reading_runtime};
use crate::plan::{Loaded, Resolved};
use range::Range;
use taken::{Cost, Costs, Stage, Taken, taken};

/// Arguments of `estimate`.
#[derive(Args)]
pub struct EstimateArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// Repositories that are really run, to correct the estimate by what they take. They are paid; their
    /// answers are kept where the run will find them
    #[arg(long, value_name = "N")]
    sample: Option<NonZeroUsize>,
    /// Repositories whose requests are made up and counted; all if there are no more
    #[arg(long, value_name = "N", default_value = "1000")]
    count: NonZeroUsize,
    /// Worker threads, and as many compute threads; one per core if left out
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Print the estimate as JSON
    #[arg(long)]
    json: bool,
}

/// An estimated [`Cost`].
#[derive(Clone, Copy, Debug, Serialize)]
struct Estimated {
    requests: Range,
    tokens_in: Range,
    tokens_out: Range,
    /// None without prices in the plan.
    money: Option<Range>,
    /// With all servers as busy as the plan allows; none without a sample, and for scores.
    seconds: Option<Range>,
}

#[derive(Debug, Serialize)]
struct Line {
    simulation: String,
    purpose: String,
    #[serde(flatten)]
    cost: Estimated,
}

/// All that is estimated.
#[derive(Debug, Serialize)]
struct Estimate {
    repositories: usize,
    counted: usize,
    sampled: usize,
    stages: Vec<Line>,
    total: Estimated,
    /// Requests that the servers of the plan may work on at a time.
    slots: u64,
    /// What the work takes that is not done by models.
    own_seconds: f64,
}

/// Counts the requests of some repositories without asking, runs a few of them if that is wanted, and prints
/// what all of them will take.
pub fn estimate(args: &EstimateArgs) -> Result<Exit, CliError> {
    let loaded = args.plan.load()?;
    let workers = run::workers(args.workers);
    let scratch = TempDir::new()?;
    let rehearsed = loaded.build_rehearsed()?;
    let names = run::list(&rehearsed)?;
    let chosen = choose(&names, args.count);
    let (summary, rehearsal) =
        execute(rehearsed, &chosen, workers, &super::folder(&scratch.path().join("rehearsal"))?)?;
    if summary.stopped.is_some() {
        return Ok(summary.exit());
    }
    let mut estimate = Estimate {
        repositories: names.len(),
        counted: chosen.len(),
        sampled: 0,
        stages: vec![],
        total: Estimated::none(),
        slots: 0,
        own_seconds: summary.seconds * names.len() as f64 / chosen.len().max(1) as f64,
    };
    let sample = match args.sample {
        None => None,
        Some(size) => {
            let chosen = &chosen[..size.get().min(chosen.len())];
            let Some(sample) = sample(&loaded, chosen, workers, scratch.path(), &mut estimate)?
            else {
                return Ok(Exit::Interrupted);
            };
            Some(sample)
        }
    };
    estimate.fill(&chosen, &rehearsal, sample.as_ref());
    let text = if args.json {
        serde_json::to_string(&estimate).map_err(io::Error::other)?
    } else {
        estimate.text(Paint::for_stdout())
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(Exit::Done)
}

/// As many names as are wanted, the same ones each time, as if at random.
fn choose(names: &[Arc<str>], wanted: NonZeroUsize) -> Vec<Arc<str>> {
    let mut names = names.to_vec();
    names.sort_by_cached_key(|name| Digest::of(&**name).0);
    names.truncate(wanted.get());
    names
}

/// Runs some repositories for real; none if somebody interrupts it.
fn sample(
    loaded: &Loaded,
    chosen: &[Arc<str>],
    workers: usize,
    scratch: &Path,
    estimate: &mut Estimate,
) -> Result<Option<Costs>, CliError> {
    let (summary, taken) =
        execute(loaded.build()?, chosen, workers, &super::folder(&scratch.join("sample"))?)?;
    match summary.stopped {
        Some(Stop::Unavailable(why)) => Err(CliError::Model(why)),
        Some(Stop::Interrupted) => Ok(None),
        None => {
            estimate.sampled = chosen.len();
            estimate.slots = summary.models.iter().map(|model| model.slots).sum();
            Ok(Some(taken.costs))
        }
    }
}

fn execute(
    mut plan: Resolved,
    names: &[Arc<str>],
    workers: usize,
    sink: &Location,
) -> Result<(Summary, Taken), CliError> {
    plan.sink = sink.clone();
    let summary = run::execute(plan, names.to_vec(), run::Options::workers(workers))?;
    let taken = reading_runtime()?.block_on(taken(sink))?;
    Ok((summary, taken))
}

impl Estimated {
    fn none() -> Self {
        let (requests, tokens_in, tokens_out) = Default::default();
        Self { requests, tokens_in, tokens_out, money: None, seconds: None }
    }
}

impl Estimate {
    fn fill(&mut self, chosen: &[Arc<str>], rehearsal: &Taken, sample: Option<&Costs>) {
        let cost_of = |costs: &Costs, name: &str, stage: &dyn Fn(&Stage) -> bool| {
            let of_repository = costs.get(name).into_iter().flatten();
            let of_stage = of_repository.filter(|(it, _)| stage(it));
            of_stage.fold(Cost::default(), |sum, (_, cost)| sum + *cost)
        };
        let estimated = |stage: &dyn Fn(&Stage) -> bool| {
            let pairs = chosen.iter().enumerate().map(|(at, name)| {
                let rehearsed = cost_of(&rehearsal.costs, name, stage);
                let sampled = sample.filter(|_| at < self.sampled);
                (rehearsed, sampled.map(|costs| cost_of(costs, name, stage)))
            });
            let pairs = pairs.collect::<Vec<_>>();
            let range = |of: fn(&Cost) -> f64, basis: fn(&Cost) -> f64| {
                let values =
                    pairs.iter().map(|(rehearsed, _)| basis(rehearsed)).collect::<Vec<_>>();
                let total = Range::total(&values, self.repositories);
                if sample.is_none() {
                    return total;
                }
                let ratios = pairs.iter().filter_map(|(rehearsed, sampled)| {
                    Some((basis(rehearsed), of(sampled.as_ref()?)))
                });
                total.times(Range::ratio(&ratios.collect::<Vec<_>>(), self.repositories))
            };
            let like = |of: fn(&Cost) -> f64| range(of, of);
            let money = like(|cost| cost.money);
            let seconds = range(|cost| cost.seconds, |cost| cost.requests);
            let timed = sample.is_some() && seconds.value > 0.0;
            Estimated {
                requests: like(|cost| cost.requests),
                tokens_in: like(|cost| cost.tokens_in),
                tokens_out: like(|cost| cost.tokens_out),
                money: (money.value > 0.0).then_some(money),
                seconds: timed.then(|| seconds.scaled(1.0 / self.slots.max(1) as f64)),
            }
        };
        let lines = rehearsal.stages.iter().map(|stage| Line {
            simulation: stage.0.clone(),
            purpose: stage.1.clone(),
            cost: estimated(&|it| it == stage),
        });
        let (stages, total) = (lines.collect(), estimated(&|_| true));
        (self.stages, self.total) = (stages, total);
    }

    fn text(&self, paint: Paint) -> String {
        let mut lines = vec![format!(
            "{}; requests counted of {}, {} run for real",
            plural(self.repositories as u64, "repository", "repositories"),
            count(self.counted as u64),
            count(self.sampled as u64)
        )];
        if self.stages.is_empty() {
            lines.push("No model is asked.".to_owned());
        } else {
            lines.push(String::new());
            lines.extend(self.table(paint));
            lines.push(String::new());
            lines.extend(self.notes());
        }
        lines.push(format!("Our own work: about {}.", duration(self.own_seconds)));
        lines.join("\n")
    }

    fn table(&self, paint: Paint) -> Vec<String> {
        let simulations = self.stages.iter().map(|line| &line.simulation);
        let many = simulations.collect::<BTreeSet<_>>().len() > 1;
        let named = self.stages.iter().map(|line| {
            let Line { simulation, purpose, cost } = line;
            (if many { format!("{simulation}: {purpose}") } else { purpose.clone() }, cost)
        });
        let named = named.chain([("all".to_owned(), &self.total)]);
        let cells = named.map(|(name, cost)| {
            vec![
                name,
                amount(cost.requests),
                amount(cost.tokens_in),
                amount(cost.tokens_out),
                cost.money.map_or("-".to_owned(), amount),
                cost.seconds.map_or("-".to_owned(), time),
            ]
        });
        let head = ["stage", "requests", "tokens in", "tokens out", "money", "time of servers"];
        let mut lines = table(&head, &cells.collect::<Vec<_>>());
        let last = lines.len() - 1;
        for at in [0, last] {
            lines[at] = paint.bold(&lines[at]);
        }
        lines
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![];
        if self.sampled == 0 {
            let told = "Tokens in are bytes / 4; tokens out are as if every thought were as long as is asked \
                        for. Answers that have to be asked for again are not counted. --sample N runs N \
                        repositories for real and corrects all this by what they take.";
            notes.push(told.to_owned());
        } else {
            let sampled = plural(self.sampled as u64, "repository", "repositories");
            notes.push(format!("Corrected by what came of {sampled} that ran for real."));
        }
        if self.total.seconds.is_some() {
            notes.push(format!(
                "Time is that of {} requests at a time, which is the most that the plan allows, each as slow as in \
                 the sample.",
                count(self.slots)
            ));
        }
        notes.push("± holds in nine cases of ten, for repositories like those counted.".to_owned());
        let asks = |line: &Line| line.purpose != "score";
        if self.stages.iter().any(|line| !asks(line)) {
            let told = "Tokens that are scored count what texts have in common for each of them. How long scoring \
                        takes is not estimated.";
            notes.push(told.to_owned());
        }
        if self.total.money.is_none() && self.stages.iter().any(asks) {
            notes.push(
                "No price is known: give the model `price = { input = ..., output = ... }`."
                    .to_owned(),
            );
        }
        notes
    }
}

/// An error beyond this says that nothing is known.
const UNKNOWN: f64 = 1e30;

/// A number with its error, in a unit that keeps both short.
fn amount(range: Range) -> String {
    let (unit, name) = match range.value {
        value if value >= 1e9 => (1e9, " G"),
        value if value >= 1e6 => (1e6, " M"),
        value if value >= 1e5 => (1e3, " k"),
        _ => (1.0, ""),
    };
    let decimals = match range.value / unit {
        value if value >= 100.0 || range.value.fract() == 0.0 && range.error == 0.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 4,
    };
    let number = |number: f64| match number / unit {
        number if number >= 1000.0 => format!("{}{name}", count(number.round() as u64)),
        number => format!("{number:.decimals$}{name}"),
    };
    match range.error {
        0.0 => number(range.value),
        error if error < UNKNOWN => format!("{} ± {}", number(range.value), number(error)),
        _ => format!("{} ± ?", number(range.value)),
    }
}

fn time(range: Range) -> String {
    let error = match range.error {
        0.0 => return duration(range.value),
        error if error < UNKNOWN => duration(error),
        _ => "?".to_owned(),
    };
    format!("{} ± {error}", duration(range.value))
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 2.0 * 86_400.0 => format!("{:.1} days", s / 86_400.0),
        s if s >= 2.0 * 3_600.0 => format!("{:.1} h", s / 3_600.0),
        s if s >= 120.0 => format!("{:.1} min", s / 60.0),
        s => format!("{s:.1} s"),
    }
}
