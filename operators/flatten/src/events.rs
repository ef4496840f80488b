//! What happens in a trajectory, in order. Text and messages are both made from this.

use std::borrow::Cow;
use std::fmt::Write;

use backstory_core::{Draft, FilePlan, Plan, SpanKind, Step, Story, Structure};

/// What every agent is told. Part of the format: a change of it is a change of [`crate::FORMAT`].
pub(crate) const RULES: &str = "\
You write a software repository from nothing. First state the requirements, then plan the files in the \
order in which they can be written, so that each relies on earlier ones only. Then write them one after \
another. For each file: think about what it is for and what you need to know; read the files that are \
already written and that it relies on; think about how to write it; write it whole.";

/// The reply to every write.
pub(crate) const WRITTEN: &str = "written";

/// One thing that is said, done or answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) kind: SpanKind,
    pub(crate) content: Cow<'a, str>,
    /// The kind of the template's text around the content: who would produce it.
    pub(crate) around: SpanKind,
    pub(crate) file: Option<u32>,
    /// Counts from 0; a reply has the number of its call.
    pub(crate) step: u32,
}

impl Event<'_> {
    fn of_agent(kind: SpanKind, content: Cow<'_, str>, file: Option<u32>, step: u32) -> Event<'_> {
        use SpanKind::{Observation, Result, System};
        let answer = matches!(kind, System | Observation | Result);
        let around = if answer { SpanKind::Frame } else { SpanKind::Markup };
        Event { kind, content, around, file, step }
    }

    /// Whether the content is that of a file, which counts even if it is empty.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.kind, SpanKind::Observation | SpanKind::Write)
    }
}

/// The files alone, in dependency order. No agent asked for them, so that what stands around them is the
/// environment's.
pub(crate) fn bare(structure: &Structure) -> Vec<Event<'_>> {
    let files = structure.graph.order.iter().zip(0..);
    let event = |(&file, step)| Event {
        kind: SpanKind::Write,
        content: Cow::Borrowed(&**structure.text(file)),
        around: SpanKind::Frame,
        file: Some(file),
        step,
    };
    files.map(event).collect()
}

/// How the repository came to be.
pub(crate) fn told<'a>(structure: &'a Structure, story: &'a Story) -> Vec<Event<'a>> {
    let opening = [
        (SpanKind::System, Cow::Owned(format!("{RULES}\n\n{}", task(structure)))),
        (SpanKind::Requirements, Cow::Borrowed(&*story.plan.requirements)),
        (SpanKind::Plan, Cow::Owned(outline(structure, &story.plan))),
    ];
    let mut events: Vec<_> = opening
        .into_iter()
        .zip(0..)
        .map(|((kind, content), step)| Event::of_agent(kind, content, None, step))
        .collect();
    for draft in &story.drafts {
        tell(structure, draft, &mut events);
    }
    events
}

/// Adds the events of one file.
fn tell<'a>(structure: &'a Structure, draft: &'a Draft, events: &mut Vec<Event<'a>>) {
    let mut step = events.last().map_or(0, |event| event.step);
    let mut add = |kind, content, file| {
        let reply = matches!(kind, SpanKind::Observation | SpanKind::Result);
        step += u32::from(!reply);
        events.push(Event::of_agent(kind, content, Some(file), step));
    };
    for action in &draft.steps {
        match action {
            Step::Think(thought) => add(SpanKind::Think, Cow::Borrowed(&**thought), draft.file),
            Step::Read(file) => {
                add(SpanKind::Read, Cow::Borrowed(&**structure.path(*file)), *file);
            }
            Step::Observation(file) => {
                add(SpanKind::Observation, Cow::Borrowed(&**structure.text(*file)), *file);
            }
            Step::Write(file) => {
                add(SpanKind::Write, Cow::Borrowed(&**structure.text(*file)), *file);
                add(SpanKind::Result, Cow::Borrowed(WRITTEN), *file);
            }
        }
    }
}

/// The task, in one line.
pub(crate) fn task(structure: &Structure) -> String {
    let name = &structure.repository.name;
    match structure.repository.main_language() {
        Some(language) => format!("The repository is \"{name}\", mainly in {language}."),
        None => format!("The repository is \"{name}\"."),
    }
}

/// The plan as a numbered list.
fn outline(structure: &Structure, plan: &Plan) -> String {
    let mut text = String::new();
    for (entry, number) in plan.files.iter().zip(1..) {
        outline_file(structure, entry, number, &mut text);
    }
    text.truncate(text.trim_end().len());
    text
}

fn outline_file(structure: &Structure, entry: &FilePlan, number: usize, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{number}. {}: {}", structure.path(entry.file), entry.purpose);
    if !entry.interface.is_empty() {
        text.push_str("   Offers:\n");
    }
    for offer in &entry.interface {
        let _ = writeln!(text, "   - {offer}");
    }
    let needed = entry.relies_on.iter().map(|&file| &**structure.path(file)).collect::<Vec<_>>();
    if !needed.is_empty() {
        let _ = writeln!(text, "   Relies on: {}", needed.join(", "));
    }
}
