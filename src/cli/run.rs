//! `backstory run`, and runs on behalf of other commands.

mod display;
mod summary;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use backstory_core::Spent;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::style::Paint;
use super::{CliError, Exit, PlanArgs};
use crate::engine::{Control, Known, Progress, Run};
use crate::plan::Resolved;
use crate::tables::{Identity, Output, OutputError, RepositoryRow};

use display::Display;
pub(super) use summary::{Stop, Summary};

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// Worker threads, and as many compute threads; one per core if left out
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the plan to its end, or until Ctrl-C.
pub fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let plan = args.plan.resolve()?;
    let names = list(&plan)?;
    let summary = execute(plan, names, workers(args.workers))?;
    let text = if args.json { summary.json() } else { summary.text(Paint::for_stdout()) };
    writeln!(io::stdout(), "{text}")?;
    Ok(summary.exit())
}

/// As many threads as were asked for, or one per core.
pub(super) fn workers(asked: Option<NonZeroUsize>) -> usize {
    let workers = asked.or_else(|| std::thread::available_parallelism().ok());
    workers.map_or(1, NonZeroUsize::get)
}

/// Runs the plan over the repositories of these names, with progress on standard error.
pub(super) fn execute(
    plan: Resolved,
    names: Vec<Arc<str>>,
    workers: usize,
) -> Result<Summary, CliError> {
    let begin = Instant::now();
    crate::engine::give_memory_back(workers);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    let output = runtime.block_on(Output::open(&plan.sink, &identity(&plan)))?;
    let known = runtime.block_on(known(&plan, &output))?;
    charge(&plan, &runtime.block_on(output.spent())?);
    if names.iter().any(|name| known.get(&**name).is_none_or(|known| !known.current)) {
        for judge in &plan.judges {
            runtime.block_on(judge.ready()).map_err(CliError::Model)?;
        }
    }

    let progress = Arc::new(Progress::default());
    let control = Arc::new(Control::default());
    stop_on_interrupt(&runtime, Arc::clone(&control))?;
    let (sink, listed) = (plan.sink.clone(), names.len() as u64);
    let run = Run {
        plan,
        names,
        known,
        workers,
        progress: Arc::clone(&progress),
        control: Arc::clone(&control),
    };
    let (authors, judges) = (run.plan.authors.clone(), run.plan.judges.clone());
    let display = Display::start(Arc::clone(&progress), listed, authors.clone(), judges.clone());
    let result = crate::engine::run(run, output, runtime.handle());
    display.stop();
    result?;

    let reason = || control.reason().map_or(Stop::Interrupted, Stop::Unavailable);
    let stopped = control.is_stopping().then(reason);
    let models = authors.iter().filter_map(|author| author.status()).collect();
    let scorers = judges.iter().filter_map(|judge| judge.status()).collect();
    let committed = progress.committed();
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Summary { listed, progress, committed, stopped, models, scorers, seconds, sink })
}

/// The repositories that have rows.
async fn known(plan: &Resolved, output: &Output) -> Result<HashMap<String, Known>, OutputError> {
    let hash = plan.hash.to_string();
    let mut known = HashMap::new();
    let mut note = |row: RepositoryRow| {
        let what = Known::of(&row, &hash);
        known.insert(row.repo, what);
    };
    output.repositories(&mut note).await?;
    Ok(known)
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
fn stop_on_interrupt(runtime: &tokio::runtime::Runtime, control: Arc<Control>) -> io::Result<()> {
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
