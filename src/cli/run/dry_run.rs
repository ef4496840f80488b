//! `run --dry-run`: a run into a folder that is thrown away, from where a real one would start.
//!
//! Answers, scores and drafts come from where they are kept, and what is not there is made up: see
//! [`backstory_core::Answers::Foreseen`]. What that run has done is what would be done. Nothing is written to
//! the output, nor made there.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Instant;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::forecast::{Done, Forecast};
use super::{RunArgs, Stop, carry_out, identity, known, list, runtime, vanished, without, workers};
use crate::cli::style::Paint;
use crate::cli::{CliError, Exit, folder};
use crate::engine::{Kept, Progress, Run};
use crate::forget::Forgotten;
use crate::plan::Resolved;
use crate::tables::{Output, Reader};

/// Says what a run would do.
pub fn dry_run(args: &RunArgs) -> Result<Exit, CliError> {
    let begin = Instant::now();
    let plan = args.plan.load()?.build_foreseen()?;
    let names = list(&plan)?;
    let workers = workers(args.workers);
    let runtime = runtime(workers)?;
    let before = runtime.block_on(Output::look(&plan.sink))?;
    let forgotten = runtime.block_on(Forgotten::read(&plan.sink))?;
    let (plan, names) = without(plan, names, forgotten);
    let known = match &before {
        Some(before) => runtime.block_on(known(&plan, before))?,
        None => HashMap::new(),
    };
    let (sink, listed) = (plan.sink.clone(), names.len() as u64);
    let vanished = vanished(&names, &known);

    let scratch = TempDir::new()?;
    let place = folder(scratch.path())?;
    let progress = Arc::new(Progress::default());
    let run = Run {
        kept: Kept::foreseen(&sink),
        plan: Resolved { sink: place.clone(), ..plan },
        names,
        known: known.clone(),
        workers,
        progress: Arc::clone(&progress),
        control: Arc::default(),
    };
    match rehearse(run, &runtime)? {
        None => {}
        Some(Stop::Interrupted) => return Ok(Exit::Interrupted),
        Some(Stop::Unavailable(why)) => return Err(CliError::Model(why)),
    }
    let done = runtime.block_on(async {
        let after = Reader::open(&place, None).await?;
        Done::read(before.as_ref(), &after, &known).await
    })?;
    let (unchanged, seconds) = (progress.unchanged(), begin.elapsed().as_secs_f64());
    let prune = args.prune;
    let forecast = Forecast { listed, unchanged, vanished, prune, done, seconds, sink };
    let text = if args.json { forecast.json() } else { forecast.text(Paint::for_stdout()) };
    writeln!(io::stdout(), "{text}")?;
    Ok(Exit::Done)
}

fn rehearse(run: Run, runtime: &Runtime) -> Result<Option<Stop>, CliError> {
    let output = runtime.block_on(Output::open(&run.plan.sink, &identity(&run.plan)))?;
    carry_out(run, output, runtime)
}
