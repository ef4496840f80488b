//! `backstory explain`: the dataflow, drawn.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anstyle::AnsiColor;

use super::style::Paint;
use super::{CliError, Exit, PlanArgs};
use crate::plan::{Resolved, StageInfo};

/// Draws the plan.
pub fn explain(args: &PlanArgs) -> Result<Exit, CliError> {
    let plan = args.resolve()?;
    io::stdout().write_all(drawing(&plan, Paint::for_stdout()).as_bytes())?;
    Ok(Exit::Done)
}

/// The stages as a tree: a stage hangs below what it reads.
fn drawing(plan: &Resolved, paint: Paint) -> String {
    let mut text = format!("{}  {}\n", paint.bold("source"), plan.source_kind);
    let tree = Tree { stages: &plan.stages, paint };
    tree.readers_of("source", "", &mut text);
    let _ = writeln!(text, "\n{}  {}", paint.bold("sink"), plan.sink);
    for arm in &plan.arms {
        let author = arm.simulation.map(|index| plan.author(index));
        let author = author.map(|author| format!(", written by {author}")).unwrap_or_default();
        let _ = writeln!(text, "  arm {}{author}", paint.colour(AnsiColor::Green, &arm.name));
    }
    let waits = plan.stages.iter().any(|stage| !stage.effects.is_empty());
    let effects = if waits { EFFECTS } else { NO_EFFECTS };
    let _ = writeln!(text, "\n{}\n{}", paint.dim(effects), paint.dim(LEGEND));
    let _ = writeln!(text, "{} {}", paint.dim("plan"), paint.dim(&plan.hash.to_string()));
    text
}

const EFFECTS: &str = "⚡ waits for the world outside, one call per file at a time";
const NO_EFFECTS: &str = "no stage waits for the world outside: no model, no server";
const LEGEND: &str = "\
▸ sequences that the sink writes
structural part (parse, graph): differential, only what changed is worked on
after it no stage waits for another repository; credit returns when rows are committed";

struct Tree<'a> {
    stages: &'a [StageInfo],
    paint: Paint,
}

impl Tree<'_> {
    fn readers_of(&self, name: &str, indent: &str, text: &mut String) {
        let readers = self.stages.iter().filter(|stage| stage.reads == name).collect::<Vec<_>>();
        for (place, stage) in readers.iter().enumerate() {
            let last = place + 1 == readers.len();
            let (branch, below) = if last { ("└─", "   ") } else { ("├─", "│  ") };
            let _ = writeln!(
                text,
                "{indent}│ {}",
                self.paint.colour(AnsiColor::Cyan, stage.takes.name())
            );
            let _ = writeln!(text, "{indent}{branch} {}", self.label(stage));
            self.readers_of(&stage.name, &format!("{indent}{below}"), text);
        }
    }

    fn label(&self, stage: &StageInfo) -> String {
        let mut label = self.paint.bold(&stage.name);
        if stage.name != stage.kind {
            let _ = write!(label, " ({})", stage.kind);
        }
        for (model, kind) in &stage.models {
            let _ = write!(label, " model {model}: {kind}");
        }
        for (scorer, kind) in &stage.scorers {
            let _ = write!(label, " scorer {scorer}: {kind}");
        }
        for effect in &stage.effects {
            let _ =
                write!(label, " {}", self.paint.colour(AnsiColor::Yellow, &format!("⚡ {effect}")));
        }
        if stage.written {
            let _ = write!(label, " {}", self.paint.colour(AnsiColor::Green, "▸"));
        }
        format!("{label}  {}", self.paint.dim(stage.summary))
    }
}
