//! `backstory run`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use backstory_core::{Author, ModelStatus, Spent};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::style::{Paint, count};
use super::{CliError, Exit, PlanArgs};
use crate::engine::{Control, Progress, Run, Tally};
use crate::plan::Resolved;
use crate::tables::{Identity, Output};

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

/// What a run was asked and has done.
struct Summary<'a> {
    listed: u64,
    progress: &'a Progress,
    committed: Tally,
    /// Why it was stopped before its end, if it was.
    stopped: Option<Stop>,
    models: Vec<ModelStatus>,
    seconds: f64,
    sink: &'a Path,
}

/// Why a run was stopped before its end.
enum Stop {
    /// Somebody wanted it.
    Interrupted,
    /// Something was not there: a budget, a server.
    Unavailable(String),
}

/// Runs the plan to its end, or until Ctrl-C.
pub fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let begin = Instant::now();
    let workers = args.workers.or_else(|| std::thread::available_parallelism().ok());
    let workers = workers.map_or(1, NonZeroUsize::get);
    crate::engine::give_memory_back(workers);
    let plan = args.plan.resolve()?;
    let names = list(&plan)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    let output = runtime.block_on(Output::open(&plan.sink, &identity(&plan)))?;
    let committed = runtime.block_on(output.committed())?;
    charge(&plan, &runtime.block_on(output.spent())?);

    let progress = Arc::new(Progress::default());
    let control = Arc::new(Control::default());
    stop_on_interrupt(&runtime, Arc::clone(&control))?;
    let (sink, listed) = (plan.sink.clone(), names.len() as u64);
    let run = Run {
        plan,
        names,
        committed,
        workers,
        progress: Arc::clone(&progress),
        control: Arc::clone(&control),
    };
    let authors = run.plan.authors.clone();
    let display = Display::start(Arc::clone(&progress), listed, authors.clone());
    let result = crate::engine::run(run, output, runtime.handle());
    display.stop();
    result?;

    let reason = || control.reason().map_or(Stop::Interrupted, Stop::Unavailable);
    let stopped = control.is_stopping().then(reason);
    let models = authors.iter().filter_map(|author| author.status()).collect();
    let committed = progress.committed();
    let seconds = begin.elapsed().as_secs_f64();
    let summary =
        Summary { listed, progress: &progress, committed, stopped, models, seconds, sink: &sink };
    let text = if args.json { summary.json() } else { summary.text(Paint::for_stdout()) };
    writeln!(io::stdout(), "{text}")?;
    Ok(summary.exit())
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
fn list(plan: &Resolved) -> Result<Vec<Arc<str>>, CliError> {
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

/// Shows progress on standard error from a thread of its own: a line that changes on a terminal, a line
/// now and then elsewhere.
struct Display {
    over: Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Display {
    const ON_TERMINAL: Duration = Duration::from_millis(100);
    const ELSEWHERE: Duration = Duration::from_secs(30);

    fn start(progress: Arc<Progress>, listed: u64, authors: Vec<Arc<dyn Author>>) -> Self {
        let (over, ended) = channel();
        let thread = std::thread::spawn(move || {
            let terminal = io::stderr().is_terminal();
            let bar = if terminal { bar(listed) } else { ProgressBar::hidden() };
            let pace = if terminal { Self::ON_TERMINAL } else { Self::ELSEWHERE };
            while ended.recv_timeout(pace) == Err(RecvTimeoutError::Timeout) {
                let committed = progress.committed();
                let settled = committed.repositories + committed.rejected;
                bar.set_position(progress.finished() + progress.unchanged() + progress.changed());
                let mut message = format!(
                    "{} committed, {} rejected, {} tokens",
                    count(settled),
                    count(committed.rejected),
                    count(committed.tokens)
                );
                for status in authors.iter().filter_map(|author| author.status()) {
                    let _ = write!(message, "; {}", model_progress(&status));
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

    fn stop(self) {
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

fn bar(listed: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{bar:30.cyan/dim} {human_pos}/{human_len} repositories  {msg}  {elapsed} (eta {eta})",
    );
    let bar = ProgressBar::new(listed);
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}

impl Summary<'_> {
    /// Repositories that the run did not come to; none if it accounts for more than there are.
    fn left(&self) -> Option<u64> {
        let settled = self.committed.repositories + self.committed.rejected;
        self.listed.checked_sub(settled + self.progress.unchanged() + self.progress.changed())
    }

    fn exit(&self) -> Exit {
        let stopped = self.stopped.is_some();
        let complete = self.left().is_some_and(|left| left == 0 || stopped);
        let balanced = complete && self.committed.balances();
        let clean = self.committed.errors == 0 && self.progress.changed() == 0;
        match (balanced, &self.stopped, clean) {
            (false, ..) => Exit::Bug,
            (_, Some(Stop::Unavailable(_)), _) => Exit::Model,
            (_, Some(Stop::Interrupted), _) => Exit::Interrupted,
            (_, _, false) => Exit::Rejected,
            _ => Exit::Done,
        }
    }

    fn json(&self) -> String {
        let tally = &self.committed;
        let left_out: BTreeMap<_, _> =
            tally.left_out.iter().map(|(reason, count)| (reason.name(), count)).collect();
        json!({
            "repositories": {
                "listed": self.listed,
                "committed": tally.repositories,
                "rejected": tally.rejected,
                "unchanged": self.progress.unchanged(),
                "changed_since_commit": self.progress.changed(),
                "not_started": self.left(),
            },
            "files": {
                "seen": tally.files_seen,
                "written": tally.files_written,
                "failed": tally.files_failed,
                "left_out": left_out,
            },
            "trajectories": tally.trajectories,
            "tokens": tally.tokens,
            "loss_tokens": tally.loss_tokens,
            "errors": tally.errors,
            "bytes": tally.bytes,
            "seconds": self.seconds,
            "models": self.models,
            "interrupted": self.stopped.is_some(),
            "stopped_because": match &self.stopped {
                Some(Stop::Unavailable(why)) => Some(why),
                _ => None,
            },
            "output": self.sink,
        })
        .to_string()
    }

    fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{} {value}", paint.bold(&format!("{name:>13}")));
        };
        line("repositories", self.repositories());
        let tally = &self.committed;
        line("files", files(tally));
        for (arm, rows) in &tally.trajectories {
            line("trajectories", format!("{} of arm {arm}", count(*rows)));
        }
        let (tokens, targets) = (count(tally.tokens), count(tally.loss_tokens));
        line("tokens", format!("{tokens}, {targets} of them training targets"));
        if tally.errors > 0 {
            line("errors", format!("{} rows in the errors table", count(tally.errors)));
        }
        line("time", format!("{:.1} s", self.seconds));
        line("tables", self.sink.display().to_string());
        for status in &self.models {
            line("model", model_summary(status));
        }
        match &self.stopped {
            Some(Stop::Unavailable(why)) => line("stopped", why.clone()),
            Some(Stop::Interrupted) => {
                line("interrupted", "run the same command again to go on".to_owned());
            }
            None => {}
        }
        text.trim_end().to_owned()
    }

    fn repositories(&self) -> String {
        let tally = &self.committed;
        let mut text =
            format!("{} listed, {} committed", count(self.listed), count(tally.repositories));
        let mut also = |number: u64, what: &str| {
            if number > 0 {
                let _ = write!(text, ", {} {what}", count(number));
            }
        };
        also(tally.rejected, "rejected");
        also(self.progress.unchanged(), "unchanged since an earlier run");
        also(
            self.progress.changed(),
            "changed since an earlier run (rows kept as they are; use a new sink.uri to take them in)",
        );
        also(self.left().unwrap_or_default(), "not started");
        text
    }
}

fn model_summary(status: &ModelStatus) -> String {
    let mut text = format!("{}: {} requests answered", status.model, count(status.answered));
    let mut also = |number: u64, what: &str| {
        if number > 0 {
            let _ = write!(text, ", {} {what}", count(number));
        }
    };
    also(status.recalled, "answered by an earlier run");
    also(status.failed, "failed");
    also(status.repeated, "tries repeated");
    let (prompt, completion) = (count(status.prompt_tokens), count(status.completion_tokens));
    let _ = write!(text, "; {prompt} tokens in, {completion} out");
    if let Some(cost) = status.cost {
        let _ = write!(text, ", cost {cost:.2}");
    }
    text
}

fn files(tally: &Tally) -> String {
    let mut text =
        format!("{} met, {} written", count(tally.files_seen), count(tally.files_written));
    if tally.files_failed > 0 {
        let _ = write!(text, ", {} failed", count(tally.files_failed));
    }
    let left_out = tally.left_out.iter();
    let reasons = left_out.map(|(reason, number)| format!("{} {reason}", count(*number)));
    let reasons = reasons.collect::<Vec<_>>();
    if !reasons.is_empty() {
        let _ = write!(text, ", left out: {}", reasons.join(", "));
    }
    text
}
