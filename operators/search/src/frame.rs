//! The text that is scored. See the head of this crate.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use backstory_core::{Case, Draft, FilePlan, Plan, Step, Structure};

/// What stands around a thought.
const OPEN: &str = "<think>\n";
const CLOSE: &str = "\n</think>\n";

/// All that is scored of one step but the thought.
pub(crate) struct Frame {
    repository: Arc<str>,
    context: Vec<Arc<str>>,
    between: Vec<Arc<str>>,
    target: Arc<str>,
}

impl Frame {
    /// Around the thought at `step` of a draft; `opening` comes first.
    pub(crate) fn of(
        structure: &Structure,
        opening: &[Arc<str>],
        draft: &Draft,
        step: usize,
    ) -> Self {
        let told = |steps: &[Step]| -> Vec<Arc<str>> {
            steps.iter().flat_map(|step| parts(structure, step)).collect()
        };
        Self {
            repository: structure.repository.name.as_str().into(),
            context: [opening, &told(&draft.steps[..step])].concat(),
            between: told(&draft.steps[step + 1..]),
            target: Arc::clone(structure.text(draft.file)),
        }
    }

    /// Asks for the file after each of some thoughts; none is no thought at all.
    pub(crate) fn case(&self, thoughts: &[Option<&str>]) -> Case {
        let candidate = |thought: Option<&str>| {
            let thought = thought.map(think).into_iter().flatten();
            thought.chain(self.between.iter().map(Arc::clone)).collect()
        };
        Case {
            repository: Arc::clone(&self.repository),
            context: self.context.clone(),
            candidates: thoughts.iter().copied().map(candidate).collect(),
            target: Arc::clone(&self.target),
        }
    }
}

/// Which of the parts of a thought is the thought.
pub(crate) const THOUGHT: usize = 1;

fn think(thought: &str) -> [Arc<str>; 3] {
    [OPEN.into(), thought.into(), CLOSE.into()]
}

/// A step in parts. Of a write, what stands before the file.
pub(crate) fn parts(structure: &Structure, step: &Step) -> Vec<Arc<str>> {
    match step {
        Step::Think(thought) => think(thought).to_vec(),
        Step::Read(file) => vec![format!("<read>{}</read>\n", structure.path(*file)).into()],
        Step::Observation(file) => vec![
            format!("<file path=\"{}\">\n", structure.path(*file)).into(),
            Arc::clone(structure.text(*file)),
            "</file>\n".into(),
        ],
        Step::Write(file) => {
            vec![format!("<write path=\"{}\">\n", structure.path(*file)).into()]
        }
    }
}

/// Requirements and plan. If both have more than `most` bytes, of the plan only what concerns the draft.
pub(crate) fn opening(
    structure: &Structure,
    plan: &Plan,
    draft: &Draft,
    most: Option<u64>,
) -> Vec<Arc<str>> {
    let mut told = entries(structure, plan, |_| true);
    if most.is_some_and(|most| (plan.requirements.len() + told.len()) as u64 > most) {
        let reads = draft.steps.iter().filter_map(|step| match step {
            Step::Read(file) => Some(*file),
            _ => None,
        });
        let needs = structure.graph.dependencies[draft.file as usize].iter().copied();
        let concern: BTreeSet<_> = reads.chain(needs).chain([draft.file]).collect();
        told = entries(structure, plan, |file| concern.contains(&file));
    }
    vec![
        format!("<requirements>\n{}\n</requirements>\n", plan.requirements).into(),
        format!("<plan>\n{told}\n</plan>\n").into(),
    ]
}

/// Entries of the plan, numbered, as `flatten` tells them.
fn entries(structure: &Structure, plan: &Plan, wanted: impl Fn(u32) -> bool) -> String {
    let mut text = String::new();
    for (entry, number) in plan.files.iter().zip(1..).filter(|(entry, _)| wanted(entry.file)) {
        tell(structure, entry, number, &mut text);
    }
    text.truncate(text.trim_end().len());
    text
}

fn tell(structure: &Structure, entry: &FilePlan, number: usize, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{number}. {}: {}", structure.path(entry.file), entry.purpose);
    if !entry.interface.is_empty() {
        text.push_str("   Offers:\n");
    }
    for offer in &entry.interface {
        let _ = writeln!(text, "   - {offer}");
    }
    let needed: Vec<_> = entry.relies_on.iter().map(|&file| &**structure.path(file)).collect();
    if !needed.is_empty() {
        let _ = writeln!(text, "   Relies on: {}", needed.join(", "));
    }
}
