//! `backstory replay`.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use super::style::{Paint, count, perplexity, plural, table};
use super::{CliError, Exit, OutArgs, reading_runtime};
use crate::plan::load_echo;
use crate::replay::{Outcome, Replay, ReplayError, Rules};
use crate::tables::OutputError;

/// Arguments of `replay`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct ReplayArgs {
    #[command(flatten)]
    out: OutArgs,
    /// Decide by another rule: `search.margin=0.01`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Print what comes of it as JSON
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A key is the name of a search and one of: margin, rounds, candidates, stop_perplexity, stop_without_gain, clip,
price_per_token, words, gates, gain_gates. What the run did not ask for is not there: give fewer rounds, not more.
  backstory replay out --set search.margin=0.01 --set search.rounds=1
  backstory replay out --set 'search.gain_gates=[{ measure = \"vs-none\", below = 0.0, then = \"drop\" }]'

Nothing is asked and no row is changed: scores are on record, decisions follow from them. A clip has to be the
one of the run, or 2, 3, 4, 6, 8, 10, 12 or 16 nats.";

/// The keys of a search that decide, and ask for nothing.
const DECIDING: [&str; 10] = [
    "margin",
    "rounds",
    "candidates",
    "stop_perplexity",
    "stop_without_gain",
    "clip",
    "price_per_token",
    "words",
    "gates",
    "gain_gates",
];

/// What messages call the plan.
const PLAN: &str = "the plan kept with the tables";

/// Decides the searches of an output again, and prints what would be otherwise.
pub fn replay(args: &ReplayArgs) -> Result<Exit, CliError> {
    let replays = reading_runtime()?.block_on(async {
        let reader = args.out.reader().await?;
        let echo = reader.plan().ok_or_else(|| OutputError::Missing(args.out.at.out.clone()))?;
        let rules = rules(echo, &args.sets)?;
        Ok::<_, CliError>(crate::replay::replay(&reader, &rules).await?)
    })?;
    let text = if args.json {
        json!({ "searches": replays }).to_string()
    } else {
        let paint = Paint::for_stdout();
        replays.iter().map(|replay| as_text(replay, paint)).collect::<Vec<_>>().join("\n\n")
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(Exit::Done)
}

fn rules(echo: &str, sets: &[String]) -> Result<Vec<Rules>, CliError> {
    let ran = load_echo(PLAN, echo, &[])?.searches();
    if ran.is_empty() {
        let message = "the plan of this output has no search: there is nothing to decide again";
        return Err(CliError::Usage(message.to_owned()));
    }
    let names: Vec<_> = ran.iter().map(|(name, _)| name.as_str()).collect();
    let sets = sets.iter().map(|set| deciding(set, &names)).collect::<Result<Vec<_>, _>>()?;
    let replayed = load_echo(PLAN, echo, &sets)?.searches();
    let both = ran.into_iter().zip(replayed).map(|((search, ran), (_, replayed))| {
        let problems = replayed.problems();
        if let Some(problem) = problems.first() {
            let hint = problem.hint.as_ref().map(|hint| format!("\nhint: {hint}"));
            let hint = hint.unwrap_or_default();
            return Err(CliError::Usage(format!("{search}.{}: {problem}{hint}", problem.key)));
        }
        let asked = [
            ("rounds", ran.rounds, replayed.rounds),
            ("candidates", ran.candidates, replayed.candidates),
        ];
        if let Some((key, ran, _)) = asked.into_iter().find(|(_, ran, wanted)| wanted > ran) {
            let message = format!("{search}.{key}: no more than {ran} are on record");
            return Err(CliError::Usage(format!("{message}\nhint: run the plan with more")));
        }
        Ok(Rules { search, ran: ran.rule(), rule: replayed.rule() })
    });
    both.collect()
}

/// The argument as a plan takes it, if it changes nothing but decisions.
fn deciding(set: &str, names: &[&str]) -> Result<String, CliError> {
    let key = set.split('=').next().unwrap_or_default().trim();
    let of_search = key.strip_prefix("operator.").unwrap_or(key);
    let decides = of_search.split_once('.').is_some_and(|(name, key)| {
        let key = key.split('.').next().unwrap_or_default();
        names.contains(&name) && DECIDING.contains(&key)
    });
    if decides {
        return Ok(format!(
            "operator.{}",
            set.trim().strip_prefix("operator.").unwrap_or(set.trim())
        ));
    }
    let example = names.first().copied().unwrap_or("search");
    Err(CliError::Usage(format!(
        "\"{key}\" cannot be decided again from what is on record\nhint: set {example}.margin, or {} of {}",
        DECIDING[1..].join(", "),
        names.join(" or ")
    )))
}

fn as_text(replay: &Replay, paint: Paint) -> String {
    let Replay { as_run, replayed, .. } = replay;
    let mut lines = vec![format!(
        "{}: {}, {}, {}, {} more could not be scored",
        paint.bold(&replay.search),
        plural(replay.repositories, "repository", "repositories"),
        plural(replay.files, "file", "files"),
        plural(replay.thoughts, "thought", "thoughts"),
        count(replay.excluded)
    )];
    let row = |name: &str, of: &dyn Fn(&Outcome) -> String| {
        vec![name.to_owned(), of(as_run), of(replayed)]
    };
    let mut rows = vec![
        row("thoughts rewritten", &|outcome| count(outcome.kept)),
        row("thoughts dropped", &|outcome| count(outcome.dropped)),
        row("files failed", &|outcome| count(outcome.rejected)),
        row("tokens of thoughts", &|outcome| count(outcome.thought_tokens)),
    ];
    let shown = |number: Option<f64>| number.map_or("-".to_owned(), perplexity);
    let rounds = as_run.perplexity_by_round.len().max(replayed.perplexity_by_round.len());
    for at in 0..rounds {
        let name = match at {
            0 => "perplexity as simulated".to_owned(),
            round => format!("perplexity after round {round}"),
        };
        rows.push(row(&name, &|outcome| shown(outcome.perplexity_by_round.get(at).copied())));
    }
    rows.push(row("perplexity in the end", &|outcome| shown(outcome.perplexity)));
    lines.extend(table(&["", "as run", "replayed"], &rows));
    lines.push(format!("{} would be others", plural(replay.changed, "thought", "thoughts")));
    if replay.nearly > 0 {
        lines.push(format!(
            "of {} this tells only nearly: what stands before them, or what was rewritten, would be another text",
            plural(replay.nearly, "thought", "thoughts")
        ));
    }
    lines.join("\n")
}

impl From<ReplayError> for CliError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Output(error) => error.into(),
            ReplayError::Clip(error) => Self::Usage(format!(
                "{error}\nhint: take the clip of the run, or 2, 3, 4, 6, 8, 10, 12 or 16 nats"
            )),
        }
    }
}
