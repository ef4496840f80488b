//! `backstory verify`.

use std::io::{self, Write};

use anstyle::AnsiColor;
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::style::{Paint, count, plural};
use super::{CliError, Exit, OutArgs, reading_runtime};
use crate::forget::{Forgotten, Remaining};
use crate::plan::Resolved;
use crate::tables::OutputError;
use crate::verify::{Verdict, VerifyError};

/// Arguments of `verify`.
#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    out: OutArgs,
    /// Print the verdict as JSON
    #[arg(long)]
    json: bool,
}

/// Breaches printed before the rest is only counted.
const SHOWN: usize = 50;

/// Verifies the rows and prints the verdict.
pub fn verify(args: &VerifyArgs) -> Result<Exit, CliError> {
    let verdict = reading_runtime()?.block_on(async {
        let reader = args.out.reader().await?;
        let echo = reader.plan().ok_or_else(|| OutputError::Missing(args.out.at.out.clone()))?;
        let loaded = crate::plan::load_echo("the plan kept with the tables", echo, &[])?;
        let searches = loaded.searches().into_iter();
        let rules = searches.map(|(name, search)| (name, search.rule())).collect();
        let plan = loaded.build_rehearsed()?;
        let forgotten = Forgotten::read(&args.out.at.place()?).await?;
        let plan =
            Resolved { source: Box::new(Remaining { source: plan.source, forgotten }), ..plan };
        let spinner = ProgressBar::new_spinner();
        let progress = |rows| spinner.set_message(format!("{} trajectories", count(rows)));
        let verdict = crate::verify::verify(&plan, &rules, &reader, &progress).await;
        spinner.finish_and_clear();
        verdict.map_err(CliError::from)
    })?;
    let text = if args.json { as_json(&verdict) } else { as_text(&verdict, Paint::for_stdout()) };
    writeln!(io::stdout(), "{text}")?;
    Ok(if verdict.breaches.is_empty() { Exit::Done } else { Exit::Rejected })
}

impl From<VerifyError> for CliError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Output(error) => error.into(),
            VerifyError::Source(error) => error.into(),
        }
    }
}

fn as_json(verdict: &Verdict) -> String {
    let breaches = verdict.breaches.iter().map(|breach| {
        json!({
            "repo": breach.repo,
            "arm": breach.arm,
            "promise": breach.promise,
            "detail": breach.detail,
        })
    });
    json!({
        "repositories": verdict.repositories,
        "trajectories": verdict.trajectories,
        "sequences": verdict.sequences,
        "tokens": verdict.tokens,
        "files": verdict.files,
        "observations": verdict.observations,
        "errors": verdict.errors,
        "missing": verdict.missing,
        "breaches": breaches.collect::<Vec<_>>(),
    })
    .to_string()
}

fn as_text(verdict: &Verdict, paint: Paint) -> String {
    let mut lines = vec![];
    for breach in verdict.breaches.iter().take(SHOWN) {
        let promise = paint.colour(AnsiColor::Red, breach.promise);
        let arm = breach.arm.as_deref().map(|arm| format!(" ({arm})")).unwrap_or_default();
        lines.push(format!("{promise}: {}{arm}: {}", breach.repo, breach.detail));
    }
    if let Some(more) = verdict.breaches.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(format!("... and {} more", count(more as u64)));
    }
    lines.push(format!(
        "{} trajectories, {} sequences, {} tokens, {} written files, {} observations, {} error rows",
        count(verdict.trajectories),
        count(verdict.sequences),
        count(verdict.tokens),
        count(verdict.files),
        count(verdict.observations),
        count(verdict.errors),
    ));
    if verdict.missing > 0 {
        let (missing, all) = (count(verdict.missing), count(verdict.repositories));
        lines.push(format!("{missing} of {all} repositories have no row yet: the run is not over"));
    }
    let kept = paint.colour(AnsiColor::Green, "every promise is kept");
    let broken = plural(verdict.breaches.len() as u64, "breach", "breaches");
    let broken = paint.colour(AnsiColor::Red, &broken);
    lines.push(if verdict.breaches.is_empty() { kept } else { broken });
    lines.join("\n")
}
