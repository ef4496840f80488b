//! `backstory run`, and runs on behalf of other commands.

mod display;
mod dry_run;
mod forecast;
mod summary;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use backstory_core::Spent;
use clap::Args;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::style::Paint;
use super::{CliError, Exit, PlanArgs};
use crate::engine::{Control, Kept, Known, Progress, Run};
use crate::forget::{Forgotten, Remaining};
use crate::plan::Resolved;
use crate::tables::{Change, Identity, Operation, Output, OutputError, Reader, RepositoryRow};

use display::Display;
pub(super) use summary::{Stop, Summary, Vanished};

/// Arguments of `run`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct RunArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// Worker threads, and as many compute threads; one per core if left out
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Remove the rows of repositories that the source does not have any more
    #[arg(long)]
    prune: bool,
    /// Say what a run would do, without doing it: repositories, files, requests. Writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A dry run takes answers, scores and thoughts that are kept as they are, makes up what is not there, and counts it. \
Its numbers are those of the run, but for what follows from an answer that nobody has given yet: a new plan counts \
as one that changes all thoughts about its repository; where a search ends by its scores, it may end elsewhere; and \
answers that are refused or of no use are asked for again. Tokens are estimated, and budgets do not count. The \
output need not be there, and another run may be writing to it.";

/// Runs the plan to its end, or until Ctrl-C.
pub fn run(args: &RunArgs) -> Result<Exit, CliError> {
    if args.dry_run {
        return dry_run::dry_run(args);
    }
    let plan = args.plan.resolve()?;
    let names = list(&plan)?;
    let options = Options { workers: workers(args.workers), prune: args.prune };
    let summary = execute(plan, names, options)?;
    let text = if args.json { summary.json() } else { summary.text(Paint::for_stdout()) };
    writeln!(io::stdout(), "{text}")?;
    Ok(summary.exit())
}

/// As many threads as were asked for, or one per core.
pub(super) fn workers(asked: Option<NonZeroUsize>) -> usize {
    let workers = asked.or_else(|| std::thread::available_parallelism().ok());
    workers.map_or(1, NonZeroUsize::get)
}

/// How a plan is run.
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// Workers, and compute threads.
    pub workers: usize,
    /// Whether the rows of repositories that are not listed go.
    pub prune: bool,
}

impl Options {
    /// With all rows kept.
    pub fn workers(workers: usize) -> Self {
        Self { workers, prune: false }
    }
}

/// Runs the plan over the repositories of these names, with progress on standard error.
pub(super) fn execute(
    plan: Resolved,
    names: Vec<Arc<str>>,
    Options { workers, prune }: Options,
) -> Result<Summary, CliError> {
    let begin = Instant::now();
    let runtime = runtime(workers)?;
    let mut output = runtime.block_on(Output::open(&plan.sink, &identity(&plan)))?;
    let forgotten = runtime.block_on(Forgotten::read(output.place()))?;
    let (plan, names) = without(plan, names, forgotten);
    let known = runtime.block_on(known(&plan, &output.reader()?))?;
    let vanished = vanished(&names, &known);
    if prune && !vanished.is_empty() {
        let change = Change { removed: vanished.clone(), ..Change::default() };
        runtime.block_on(output.commit(Operation::Prune, change))?;
    }
    let vanished = Vanished { repositories: vanished.len() as u64, pruned: prune };
    charge(&plan, &runtime.block_on(output.spent())?);
    if names.iter().any(|name| known.get(&**name).is_none_or(|known| !known.current)) {
        for judge in &plan.judges {
            runtime.block_on(judge.ready()).map_err(CliError::Model)?;
        }
    }

    let (sink, listed) = (plan.sink.clone(), names.len() as u64);
    let (authors, judges) = (plan.authors.clone(), plan.judges.clone());
    let progress = Arc::new(Progress::default());
    let control = Arc::new(Control::default());
    let kept = Kept::of(output.place());
    let run = Run {
        plan,
        names,
        known,
        kept,
        workers,
        progress: Arc::clone(&progress),
        control: Arc::clone(&control),
    };
    let stopped = carry_out(run, output, &runtime)?;
    let models = authors.iter().filter_map(|author| author.status()).collect();
    let scorers = judges.iter().filter_map(|judge| judge.status()).collect();
    let committed = progress.committed();
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Summary { listed, vanished, progress, committed, stopped, models, scorers, seconds, sink })
}

/// The runtime of runs.
fn runtime(workers: usize) -> io::Result<Runtime> {
    crate::engine::give_memory_back(workers);
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()
}

/// Runs with progress on standard error. Why it was stopped before its end, if it was.
fn carry_out(run: Run, output: Output, runtime: &Runtime) -> Result<Option<Stop>, CliError> {
    let control = Arc::clone(&run.control);
    stop_on_interrupt(runtime, Arc::clone(&control))?;
    let (authors, judges) = (run.plan.authors.clone(), run.plan.judges.clone());
    let display =
        Display::start(Arc::clone(&run.progress), run.names.len() as u64, authors, judges);
    let result = crate::engine::run(run, output, runtime.handle());
    display.stop();
    result?;
    let reason = || control.reason().map_or(Stop::Interrupted, Stop::Unavailable);
    Ok(control.is_stopping().then(reason))
}

/// A plan and the repositories of its source without what was forgotten.
fn without(
    plan: Resolved,
    mut names: Vec<Arc<str>>,
    forgotten: Forgotten,
) -> (Resolved, Vec<Arc<str>>) {
    if forgotten.is_empty() {
        return (plan, names);
    }
    names.retain(|name| !forgotten.has_repository(name));
    let source = Box::new(Remaining { source: plan.source, forgotten });
    (Resolved { source, ..plan }, names)
}

/// The repositories that have rows.
async fn known(plan: &Resolved, reader: &Reader) -> Result<HashMap<String, Known>, OutputError> {
    let hash = plan.hash.to_string();
    let mut known = HashMap::new();
    let mut note = |row: RepositoryRow| {
        let what = Known::of(&row, &hash);
        known.insert(row.repo, what);
    };
    reader.repositories(&mut note).await?;
    Ok(known)
}

/// The repositories that have rows and are not listed.
fn vanished(names: &[Arc<str>], known: &HashMap<String, Known>) -> BTreeSet<String> {
    let listed: HashSet<_> = names.iter().map(|name| &**name).collect();
    known.keys().filter(|name| !listed.contains(name.as_str())).cloned().collect()
}

/// Tells the models of a plan what earlier runs into the same output have paid.
fn charge(plan: &Resolved, spent: &HashMap<String, Spent>) {
    for author in &plan.authors {
        if let Some(spent) = author.status().and_then(|status| spent.get(&status.model)) {
            author.charge(spent);
        }
    }
}

/// The repositories of the source.
pub(super) fn list(plan: &Resolved) -> Result<Vec<Arc<str>>, CliError> {
    Ok(plan.source.list()?.into_iter().map(Arc::from).collect())
}

/// What the tables say about the plan that made them.
fn identity(plan: &Resolved) -> Identity {
    let mut properties = vec![
        // Says of `loss_mask` and `input_ids` what readers would otherwise have to guess.
        ("backstory.alignment".to_owned(), "unshifted".to_owned()),
        ("backstory.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ];
    for arm in &plan.arms {
        let property = |what: &str| format!("backstory.{what}.{}", arm.name);
        properties.push((property("tokenizer"), arm.mask.tokenizer().to_string()));
        properties.push((property("template"), arm.flatten.template().to_string()));
    }
    Identity { plan_hash: plan.hash, plan: plan.echo.clone(), properties }
}

/// The first Ctrl-C, or request to terminate, finishes and commits what is under way; the second one leaves
/// at once.
fn stop_on_interrupt(runtime: &Runtime, control: Arc<Control>) -> io::Result<()> {
    let _context = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    runtime.spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if control.is_stopping() {
                std::process::exit(Exit::Interrupted as i32);
            }
            let _ = writeln!(
                io::stderr(),
                "stopping: finishing what is under way (Ctrl-C again to leave at once)"
            );
            control.stop();
        }
    });
    Ok(())
}
