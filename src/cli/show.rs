//! `backstory show`: a trajectory for eyes.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};

use anstyle::{AnsiColor, Style};
use backstory_core::SpanKind;
use clap::Args;
use futures::TryStreamExt;

use super::style::{Paint, count};
use super::{CliError, Exit, OutArgs, reading_runtime};
use crate::tables::{
    OutputError, Reader, SequenceRow, TrajectoryRow, sequence_rows, trajectory_rows,
};

/// Arguments of `show`.
#[derive(Args)]
pub struct ShowArgs {
    #[command(flatten)]
    out: OutArgs,
    /// The repository; the first one by name if left out
    #[arg(long, value_name = "R")]
    repo: Option<String>,
    /// The arm; all arms if left out
    #[arg(long, value_name = "A")]
    arm: Option<String>,
}

/// Prints the trajectories of one repository.
pub fn show(args: &ShowArgs) -> Result<Exit, CliError> {
    let found = reading_runtime()?.block_on(find(args))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let paint = Paint::for_stdout();
    for (trajectory, sequence) in &found {
        print(&mut out, paint, trajectory, sequence)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

async fn find(args: &ShowArgs) -> Result<Vec<(TrajectoryRow, SequenceRow)>, CliError> {
    let reader = args.out.reader().await?;
    let repo = match &args.repo {
        Some(repo) => repo.clone(),
        None => first_repo(&reader, &args.out.at.out).await?,
    };
    let arm = args.arm.as_ref().map(|arm| format!(" AND arm = {}", literal(arm)));
    let filter = format!("WHERE repo = {}{}", literal(&repo), arm.unwrap_or_default());
    let batches = async |table: &str| {
        let sql = format!("SELECT * FROM {table} {filter} ORDER BY arm");
        Ok::<_, OutputError>(reader.stream(&sql).await?.try_collect::<Vec<_>>().await?)
    };
    let mut trajectories = vec![];
    for batch in batches("trajectories").await? {
        trajectories.extend(trajectory_rows(&batch)?);
    }
    let mut sequences = vec![];
    for batch in batches("sequences").await? {
        sequences.extend(sequence_rows(&batch)?);
    }
    if trajectories.is_empty() {
        return Err(not_found(&reader, &repo, args).await);
    }
    Ok(trajectories.into_iter().zip(sequences).collect())
}

async fn first_repo(reader: &Reader, out: &str) -> Result<String, CliError> {
    let names = reader.texts("SELECT min(repo) FROM trajectories").await?;
    let missing = || CliError::Usage(format!("\"{out}\" holds no trajectory"));
    names.into_iter().next().ok_or_else(missing)
}

/// Says why there is nothing to show: rejected, another arm, a misspelt name.
async fn not_found(reader: &Reader, repo: &str, args: &ShowArgs) -> CliError {
    let ask = async {
        let of_repo = format!("WHERE repo = {}", literal(repo));
        let arms = reader.texts(&format!("SELECT arm FROM trajectories {of_repo}")).await?;
        if let (Some(arm), false) = (&args.arm, arms.is_empty()) {
            let arms = arms.into_iter().collect::<Vec<_>>().join("\", \"");
            return Ok(format!("\"{repo}\" has no arm \"{arm}\"\nhint: it has \"{arms}\""));
        }
        let rejected = reader.texts(&format!("SELECT message FROM errors {of_repo}")).await?;
        if let Some(message) = rejected.first() {
            return Ok(format!("\"{repo}\" was rejected: {message}"));
        }
        let all = reader.texts("SELECT repo FROM trajectories").await?;
        let near = backstory_core::closest(repo, all.iter().map(String::as_str));
        let hint = near.map_or_else(
            || format!("the tables hold {} repositories, see backstory query", all.len()),
            |near| format!("did you mean \"{near}\"?"),
        );
        Ok::<_, CliError>(format!("no repository \"{repo}\" in the tables\nhint: {hint}"))
    };
    ask.await.map_or_else(|error| error, CliError::Usage)
}

/// A text as SQL writes it.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn style(kind: SpanKind) -> Style {
    match kind {
        SpanKind::System | SpanKind::Result => AnsiColor::BrightBlack.on_default(),
        SpanKind::Requirements => AnsiColor::Magenta.on_default(),
        SpanKind::Plan => AnsiColor::Blue.on_default(),
        SpanKind::Think => AnsiColor::Yellow.on_default(),
        SpanKind::Read => AnsiColor::Cyan.on_default(),
        SpanKind::Observation => AnsiColor::BrightBlack.on_default().italic(),
        SpanKind::Write => AnsiColor::Green.on_default(),
        SpanKind::Markup => Style::new().bold(),
        SpanKind::Frame | SpanKind::Special => Style::new().dimmed(),
    }
}

/// Prints a trajectory: what it counts, then its text, lines with training targets marked.
pub(super) fn print(
    out: &mut impl Write,
    paint: Paint,
    trajectory: &TrajectoryRow,
    sequence: &SequenceRow,
) -> io::Result<()> {
    let trained = trained_kinds(sequence);
    header(out, paint, trajectory, sequence, &trained)?;
    for line in lines(trajectory) {
        let targets = line.iter().any(|(kind, text)| trained.contains(kind) && !text.is_empty());
        let gutter = if targets { paint.colour(AnsiColor::Green, "┃") } else { " ".to_owned() };
        write!(out, "{gutter} ")?;
        for (kind, text) in line {
            write!(out, "{}", paint.style(style(kind), text))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// The kinds that are training targets, as the mask of the sequence has it.
fn trained_kinds(sequence: &SequenceRow) -> BTreeSet<SpanKind> {
    let trained = sequence.spans.iter().filter(|span| {
        span.start < span.end && sequence.loss_mask.get(span.start as usize) == Some(&true)
    });
    trained.map(|span| span.kind).collect()
}

fn header(
    out: &mut impl Write,
    paint: Paint,
    trajectory: &TrajectoryRow,
    sequence: &SequenceRow,
    trained: &BTreeSet<SpanKind>,
) -> io::Result<()> {
    let targets = sequence.loss_mask.iter().filter(|&&target| target).count();
    let author = trajectory.author.as_deref().map(|author| format!(", written by {author}"));
    writeln!(
        out,
        "{}  arm {}{}, {} files, {} tokens, {} of them training targets (┃)",
        paint.bold(&trajectory.repo),
        trajectory.arm,
        author.unwrap_or_default(),
        count(trajectory.files.len() as u64),
        count(sequence.input_ids.len() as u64),
        count(targets as u64),
    )?;
    let present = trajectory.spans.iter().map(|span| span.kind).collect::<BTreeSet<_>>();
    let legend = present.iter().map(|kind| {
        let mark = if trained.contains(kind) { "┃" } else { " " };
        format!("{mark}{}", paint.style(style(*kind), kind.name()))
    });
    writeln!(out, "{}\n", legend.collect::<Vec<_>>().join(" "))
}

/// The lines of the text, each cut where its spans end.
fn lines(trajectory: &TrajectoryRow) -> Vec<Vec<(SpanKind, &str)>> {
    let mut lines = vec![vec![]];
    for span in &trajectory.spans {
        let text = &trajectory.text[span.start as usize..span.end as usize];
        for (number, part) in text.split('\n').enumerate() {
            if number > 0 {
                lines.push(vec![]);
            }
            if let (Some(line), false) = (lines.last_mut(), part.is_empty()) {
                line.push((span.kind, part.trim_end_matches('\r')));
            }
        }
    }
    lines
}
