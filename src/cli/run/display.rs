//! Progress of a run, for whoever watches.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use backstory_core::{Author, Judge, ModelStatus, ScorerStatus};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::style::count;
use crate::engine::Progress;

/// Shows progress on standard error from a thread of its own: a line that changes on a terminal, a line
/// now and then elsewhere.
pub struct Display {
    over: Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Display {
    const ON_TERMINAL: Duration = Duration::from_millis(100);
    const ELSEWHERE: Duration = Duration::from_secs(30);

    pub fn start(
        progress: Arc<Progress>,
        listed: u64,
        authors: Vec<Arc<dyn Author>>,
        judges: Vec<Arc<dyn Judge>>,
    ) -> Self {
        let (over, ended) = channel();
        let thread = std::thread::spawn(move || {
            let terminal = io::stderr().is_terminal();
            let bar = if terminal { bar(listed) } else { ProgressBar::hidden() };
            let pace = if terminal { Self::ON_TERMINAL } else { Self::ELSEWHERE };
            while ended.recv_timeout(pace) == Err(RecvTimeoutError::Timeout) {
                let committed = progress.committed();
                let settled = committed.repositories + committed.rejected;
                bar.set_position(progress.finished() + progress.unchanged());
                let mut message = format!(
                    "{} committed, {} rejected, {} tokens",
                    count(settled),
                    count(committed.rejected),
                    count(committed.tokens)
                );
                for status in authors.iter().filter_map(|author| author.status()) {
                    let _ = write!(message, "; {}", model_progress(&status));
                }
                for status in judges.iter().filter_map(|judge| judge.status()) {
                    let _ = write!(message, "; {}", scorer_progress(&status));
                }
                bar.set_message(message);
                if !terminal {
                    let finished = count(progress.finished());
                    let message = bar.message();
                    let _ =
                        writeln!(io::stderr(), "{finished}/{} finished, {message}", count(listed));
                }
            }
            bar.finish_and_clear();
        });
        Self { over, thread }
    }

    pub fn stop(self) {
        let _ = self.over.send(());
        // A panic in it has ended the process already.
        let _ = self.thread.join();
    }
}

/// What a model is doing.
fn model_progress(status: &ModelStatus) -> String {
    let ModelStatus { model, in_flight, waiting, answered, .. } = status;
    let mut text = format!(
        "{model}: {} answered, {} in flight, {} waiting",
        count(*answered),
        count(*in_flight),
        count(*waiting)
    );
    if let Some(trouble) = &status.trouble {
        let _ = write!(text, " ({trouble})");
    }
    text
}

/// What a scorer is doing.
fn scorer_progress(status: &ScorerStatus) -> String {
    let ScorerStatus { in_flight, scored, tokens, .. } = *status;
    format!(
        "{} texts scored, {} tokens, {} in flight",
        count(scored),
        count(tokens),
        count(in_flight)
    )
}

fn bar(listed: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{bar:30.cyan/dim} {human_pos}/{human_len} repositories  {msg}  {elapsed} (eta {eta})",
    );
    let bar = ProgressBar::new(listed);
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}
