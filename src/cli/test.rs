//! `backstory test`.

mod golden;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;
use tempfile::TempDir;

use super::run::{self, Stop};
use super::style::{Paint, plural};
use super::{CliError, Exit, PlanArgs, reading_runtime};
use crate::tables::Reader;

/// Arguments of `test`.
#[derive(Args)]
pub struct TestArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// Take the rows that come out for those expected
    #[arg(long)]
    update: bool,
    /// Ask for answers and scores that are not recorded, drop those that are not used, and update
    #[arg(long)]
    record: bool,
    /// Worker threads, and as many compute threads; one per core if left out
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
}

/// Where the golden folder keeps rows, answers and scores.
const ROWS: &str = "rows";
const ANSWERS: &str = "answers";
const SCORES: &str = "scores";

/// Runs the plan's test into a folder that is gone afterwards.
pub fn test(args: &TestArgs) -> Result<Exit, CliError> {
    let loaded = args.plan.load_test()?;
    let golden = loaded.golden().ok_or_else(|| no_test(&args.plan.plan))?;
    let (rows, answers) = (golden.join(ROWS), golden.join(ANSWERS));
    let scratch = TempDir::new()?;
    let scores = golden.join(SCORES);
    let mut plan = loaded.build_recorded(&answers, &scores, args.record)?;
    let sink = super::folder(&scratch.path().join("out"))?;
    plan.sink = sink.clone();
    let names = run::list(&plan)?;
    let summary = run::execute(plan, names, run::Options::workers(run::workers(args.workers)))?;
    match &summary.stopped {
        Some(Stop::Unavailable(why)) => return Err(CliError::Model(stopped(why, args))),
        Some(Stop::Interrupted) => return Ok(Exit::Interrupted),
        None => {}
    }
    let found = reading_runtime()?.block_on(async {
        let reader = Reader::open(&sink, None).await?;
        if args.record {
            let used = reader.texts("SELECT DISTINCT key FROM ledger").await?;
            keep_used(&answers, &used)?;
            keep_used(&scores, &used)?;
        }
        golden::render(&reader).await
    })?;
    let mut out = io::stdout().lock();
    if args.update || args.record {
        golden::write(&rows, &found)?;
        let files = plural(found.len() as u64, "file", "files");
        writeln!(out, "{files} of expected rows in {}", rows.display())?;
        return Ok(Exit::Done);
    }
    let expected = golden::read(&rows)?;
    let differences = golden::differences(&expected, &found);
    for difference in &differences {
        write!(out, "{}", difference.text(Paint::for_stdout()))?;
    }
    let files = plural(found.len() as u64, "file", "files");
    if differences.is_empty() {
        writeln!(out, "{} gives the rows expected: {files}", args.plan.plan.display())?;
        return Ok(Exit::Done);
    }
    let differing = plural(differences.len() as u64, "difference", "differences");
    writeln!(
        out,
        "{differing} from {}; if they are meant: backstory test {} --update",
        rows.display(),
        args.plan.plan.display()
    )?;
    Ok(Exit::Rejected)
}

fn no_test(plan: &Path) -> CliError {
    CliError::Usage(format!(
        "{} has no test\nhint: add [test] with set = [\"source.path=...\"] for a small source and golden \
         = \"...\" for the folder of what is expected",
        plan.display()
    ))
}

fn stopped(why: &str, args: &TestArgs) -> String {
    let hint = format!("backstory test {} --record asks for it", args.plan.plan.display());
    if args.record { why.to_owned() } else { format!("{why}\nhint: {hint}") }
}

/// Removes answers, or scores, that no request of the ledger has used. They lie as [`backstory_keep`] puts them:
/// named by key, in folders of two digits.
fn keep_used(answers: &Path, used: &BTreeSet<String>) -> io::Result<()> {
    let folders = match fs::read_dir(answers) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        folders => folders?,
    };
    for folder in folders {
        let folder = folder?.path();
        for answer in fs::read_dir(&folder)? {
            let answer = answer?.path();
            let key = answer.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if !used.contains(&key) {
                fs::remove_file(answer)?;
            }
        }
        if fs::read_dir(&folder)?.next().is_none() {
            fs::remove_dir(&folder)?;
        }
    }
    Ok(())
}
