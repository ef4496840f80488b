//! `backstory watch`: runs that follow the source.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::history::duration;
use super::run::{Options, Summary, execute, list, workers};
use super::style::Paint;
use super::{CliError, Exit, PlanArgs};

/// Arguments of `watch`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct WatchArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// Time between the end of one look at the source and the next: `30s`, `10m`, `12h`
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    every: Duration,
    /// Worker threads, and as many compute threads; one per core if left out
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Remove the rows of repositories that the source does not have any more
    #[arg(long)]
    prune: bool,
    /// Print a summary as JSON, a line for each run that changed something
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Each look is a run: it reads what is new or has changed and commits its rows, or it changes nothing and says
nothing. Git repositories are told by their commits, folders by sizes and times of files, objects of buckets by
their tags. A source that cannot be read is tried again the next time. Ctrl-C ends it.";

/// Runs the plan again and again, until somebody ends it.
pub fn watch(args: &WatchArgs) -> Result<Exit, CliError> {
    let mut first = true;
    loop {
        match look(args) {
            Ok(summary) => {
                if first || summary.is_change() {
                    say(args, &summary)?;
                }
                if summary.stopped.is_some() {
                    return Ok(summary.exit());
                }
            }
            // What was fine before may be fine again.
            Err(error @ (CliError::Source(_) | CliError::Plan(_))) if !first => {
                error.report();
            }
            Err(error) => return Err(error),
        }
        first = false;
        if !wait(args.every)? {
            return Ok(Exit::Done);
        }
    }
}

fn look(args: &WatchArgs) -> Result<Summary, CliError> {
    // All anew: what a plan names may have changed, too.
    let plan = args.plan.resolve()?;
    let names = list(&plan)?;
    execute(plan, names, Options { workers: workers(args.workers), prune: args.prune })
}

fn say(args: &WatchArgs, summary: &Summary) -> io::Result<()> {
    let text = if args.json { summary.json() } else { summary.text(Paint::for_stdout()) + "\n" };
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Waits; false if somebody wants it to end.
fn wait(time: Duration) -> io::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(tokio::select! {
            () = tokio::time::sleep(time) => true,
            _ = interrupt.recv() => false,
            _ = terminate.recv() => false,
        })
    })
}
