//! Expected rows: one text file per trajectory and its sequence, one for the trials of a search in a repository,
//! and one for all errors, made to be read and reviewed as differences.
//!
//! A file says everything about its rows but what every change of the plan file changes: the text as
//! `backstory show` prints it, and digests of what is too long or too dull to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anstyle::AnsiColor;
use backstory_core::{Digest, Mode};
use futures::TryStreamExt;
use similar::{ChangeTag, TextDiff};

use crate::cli::CliError;
use crate::cli::show;
use crate::cli::style::Paint;
use crate::tables::{
    OutputError, Reader, SequenceRow, TrajectoryRow, TrialRow, error_rows, sequence_rows,
    trajectory_rows, trial_rows,
};

/// Texts of files by their paths in the folder, parts divided by slashes.
pub type Files = BTreeMap<String, String>;

/// The file of all rows of `errors`.
const ERRORS: &str = "errors.txt";
/// Digits of digests: enough to tell any two rows apart that ever meet.
const DIGITS: usize = 16;
/// Lines shown around a difference.
const CONTEXT: usize = 2;

/// The rows of an output.
pub async fn render(reader: &Reader) -> Result<Files, CliError> {
    let mut files = Files::new();
    let batches = async |table: &str| {
        let sql = format!("SELECT * FROM {table} ORDER BY trajectory_id");
        Ok::<_, OutputError>(reader.stream(&sql).await?.try_collect::<Vec<_>>().await?)
    };
    let (mut trajectories, mut sequences) = (vec![], vec![]);
    for batch in batches("trajectories").await? {
        trajectories.extend(trajectory_rows(&batch)?);
    }
    for batch in batches("sequences").await? {
        sequences.extend(sequence_rows(&batch)?);
    }
    for (trajectory, sequence) in trajectories.iter().zip(&sequences) {
        let path = format!("{}.{}.txt", trajectory.repo, trajectory.arm);
        files.insert(path, text(trajectory, sequence)?);
    }
    let mut rows = reader.stream("SELECT * FROM trials").await?;
    while let Some(batch) = rows.try_next().await.map_err(OutputError::from)? {
        for row in trial_rows(&batch)? {
            let path = format!("{}.{}.trials.txt", row.repo, row.simulation);
            files.entry(path).or_default().push_str(&tried(&row));
        }
    }
    let mut errors = BTreeSet::new();
    let mut rows = reader.stream("SELECT * FROM errors").await?;
    while let Some(batch) = rows.try_next().await.map_err(OutputError::from)? {
        for row in error_rows(&batch)? {
            let place = [Some(row.repo), row.arm, row.path].into_iter().flatten();
            let place = place.collect::<Vec<_>>().join(", ");
            errors.insert(format!("{place}: {} {}: {}\n", row.stage, row.kind, row.message));
        }
    }
    if !errors.is_empty() {
        files.insert(ERRORS.to_owned(), errors.into_iter().collect());
    }
    Ok(files)
}

fn text(trajectory: &TrajectoryRow, sequence: &SequenceRow) -> io::Result<String> {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:12} {value}");
        }
    };
    let left_out = trajectory.left_out.iter().map(|(reason, count)| format!("{count} {reason}"));
    line("content", &short(&trajectory.content_id));
    line("commit", trajectory.commit_id.as_deref().unwrap_or_default());
    line("license", trajectory.license.as_deref().unwrap_or_default());
    line("language", trajectory.language.as_deref().unwrap_or_default());
    line("mode", trajectory.mode.map(Mode::name).unwrap_or_default());
    line("files met", &trajectory.n_files_seen.to_string());
    line("left out", &left_out.collect::<Vec<_>>().join(", "));
    line("files", &debug(&trajectory.files));
    line("spans", &debug(&trajectory.spans));
    line("messages", &debug(&trajectory.messages));
    line("measures", &debug(&trajectory.thoughts));
    line("input_ids", &debug(&sequence.input_ids));
    line("loss_mask", &debug(&sequence.loss_mask));
    line("token spans", &debug(&sequence.spans));
    for mark in &trajectory.marks {
        line("mark", mark);
    }
    text.push('\n');
    let mut shown = text.into_bytes();
    show::print(&mut shown, Paint::plain(), trajectory, sequence)?;
    Ok(String::from_utf8_lossy(&shown).into_owned())
}

/// A line of the table of trials.
fn tried(row: &TrialRow) -> String {
    let trial = &row.trial;
    let mut line = format!(
        "{} step {} {} {}.{} {} {}",
        row.path,
        trial.step,
        trial.variant.name(),
        trial.round,
        trial.candidate,
        trial.decision.name(),
        debug(trial)
    );
    if let Some(score) = &trial.score {
        let _ = write!(line, " {:.2} nats of {} tokens", score.nats, score.target_tokens);
    }
    if let Some(gain) = row.gain_vs_first {
        let _ = write!(line, ", {gain:+.4} per token");
    }
    if let Some(why) = trial.decision.why() {
        let _ = write!(line, ": {why}");
    }
    line + "\n"
}

fn short(digest: &str) -> String {
    digest.chars().take(DIGITS).collect()
}

/// A digest of everything in a value.
fn debug(value: &impl std::fmt::Debug) -> String {
    short(&Digest::of(format!("{value:?}")).to_string())
}

/// What is expected; nothing if the folder is not there yet.
pub fn read(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    for path in walk(folder)? {
        let text = fs::read_to_string(&path)?;
        let name = path.strip_prefix(folder).unwrap_or(&path);
        let parts = name.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>();
        files.insert(parts.join("/"), text);
    }
    Ok(files)
}

/// Replaces what is expected.
pub fn write(folder: &Path, files: &Files) -> io::Result<()> {
    for path in walk(folder)? {
        fs::remove_file(path)?;
    }
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// All text files below a folder.
fn walk(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], vec![]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "txt") {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// A file that is not as expected.
pub struct Difference<'a> {
    name: &'a str,
    expected: Option<&'a str>,
    found: Option<&'a str>,
}

/// Every file that is missing, new or different.
pub fn differences<'a>(expected: &'a Files, found: &'a Files) -> Vec<Difference<'a>> {
    let names = expected.keys().chain(found.keys()).collect::<BTreeSet<_>>();
    let pairs = names.into_iter().map(|name| Difference {
        name,
        expected: expected.get(name).map(String::as_str),
        found: found.get(name).map(String::as_str),
    });
    pairs.filter(|pair| pair.expected != pair.found).collect()
}

impl Difference<'_> {
    /// What differs, line by line.
    pub fn text(&self, paint: Paint) -> String {
        let (expected, found) = match (self.expected, self.found) {
            (Some(expected), Some(found)) => (expected, found),
            (None, _) => return format!("{}: not expected\n", paint.bold(self.name)),
            (_, None) => {
                return format!("{}: expected, but there is none\n", paint.bold(self.name));
            }
        };
        let mut text = format!("{}: not as expected\n", paint.bold(self.name));
        let diff = TextDiff::from_lines(expected, found);
        for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
            if number > 0 {
                text.push_str("  ...\n");
            }
            for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
                let line = change.value().trim_end_matches('\n');
                let line = match change.tag() {
                    ChangeTag::Equal => format!("    {line}"),
                    ChangeTag::Delete => paint.colour(AnsiColor::Red, &format!("  - {line}")),
                    ChangeTag::Insert => paint.colour(AnsiColor::Green, &format!("  + {line}")),
                };
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }
}
