//! What stands around the content of an event.

use backstory_core::{BuildError, Failure, FailureKind, SpanKind, Stage, Structure};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, context};

use crate::events::Event;

/// Stands for the content while a template is rendered. No path holds a NUL.
const MARKER: &str = "\0content\0";

/// The kinds of events.
const KINDS: [SpanKind; 8] = [
    SpanKind::System,
    SpanKind::Requirements,
    SpanKind::Plan,
    SpanKind::Think,
    SpanKind::Read,
    SpanKind::Observation,
    SpanKind::Write,
    SpanKind::Result,
];

/// A template that was seen to render every kind of event.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    source: String,
}

/// What a template puts before and after the content of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    text: String,
    /// Where the content goes.
    split: usize,
}

impl Frame {
    pub(crate) fn before(&self) -> &str {
        &self.text[..self.split]
    }

    pub(crate) fn after(&self) -> &str {
        &self.text[self.split..]
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }
}

/// What a template may print. Texts that there are none of are empty.
struct Context<'a> {
    kind: &'static str,
    content: &'static str,
    step: u32,
    path: &'a str,
    language: &'a str,
    repository: &'a str,
    commit: &'a str,
    license: &'a str,
}

impl<'a> Context<'a> {
    fn of(structure: &'a Structure, event: &Event<'_>) -> Self {
        let repository = &*structure.repository;
        let file = event.file.map(|file| &repository.files[file as usize]);
        Self {
            kind: event.kind.name(),
            content: MARKER,
            step: event.step,
            path: file.map_or("", |file| &file.path),
            language: file.map_or("", |file| file.language),
            repository: &repository.name,
            commit: repository.commit.as_deref().unwrap_or_default(),
            license: repository.license.as_deref().unwrap_or_default(),
        }
    }

    fn sample(kind: SpanKind) -> Self {
        Self {
            kind: kind.name(),
            content: MARKER,
            step: 0,
            path: "src/main.py",
            language: "python",
            repository: "sample",
            commit: "",
            license: "MIT",
        }
    }
}

impl Context<'_> {
    fn values(&self) -> Value {
        let Self { kind, content, step, path, language, repository, commit, license } = *self;
        context! { kind, content, step, path, language, repository, commit, license }
    }
}

/// A template that cannot be used.
struct Problem {
    line: Option<usize>,
    message: String,
}

impl Problem {
    fn new(message: String) -> Self {
        Self { line: None, message }
    }

    fn hint(&self) -> &'static str {
        match self.line {
            Some(_) => {
                "a template knows kind, content, step, path, language, repository, commit, license"
            }
            None => "print {{ content }} exactly once for every kind of event",
        }
    }
}

impl From<minijinja::Error> for Problem {
    fn from(error: minijinja::Error) -> Self {
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        let message = match error.kind() {
            ErrorKind::SyntaxError => format!("syntax error{detail}"),
            kind => format!("{kind}{detail}"),
        };
        Self { line: error.line(), message }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line} of the template: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Template {
    /// Renders every kind of event once to see that it works.
    pub(crate) fn new(source: &str) -> Result<Self, BuildError> {
        match try_all(source) {
            Ok(()) => Ok(Self { source: source.into() }),
            Err(problem) => Err(BuildError {
                key: "template",
                message: problem.to_string(),
                hint: Some(problem.hint().into()),
            }),
        }
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// One frame per event.
    pub(crate) fn render(
        &self,
        structure: &Structure,
        events: &[Event<'_>],
    ) -> Result<Vec<Frame>, Failure> {
        let render = || -> Result<_, Problem> {
            // Compiled once per repository: the engine's templates borrow their source.
            let engine = engine(&self.source)?;
            let template = engine.get_template("template")?;
            let frame = |event| frame(&template, &Context::of(structure, event), event.kind);
            events.iter().map(frame).collect()
        };
        render().map_err(|problem| {
            Failure::repository(Stage::Flatten, FailureKind::Template, problem.to_string())
        })
    }
}

fn engine(source: &str) -> Result<Environment<'_>, Problem> {
    let mut engine = Environment::new();
    // A misspelt variable would print nothing otherwise.
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
    engine.set_syntax(syntax.build()?);
    engine.add_template("template", source)?;
    Ok(engine)
}

fn try_all(source: &str) -> Result<(), Problem> {
    let engine = engine(source)?;
    let template = engine.get_template("template")?;
    for kind in KINDS {
        frame(&template, &Context::sample(kind), kind)?;
    }
    Ok(())
}

fn frame(
    template: &minijinja::Template<'_, '_>,
    context: &Context<'_>,
    kind: SpanKind,
) -> Result<Frame, Problem> {
    let mut text = template.render(context.values())?;
    let mut found = text.match_indices(MARKER).map(|(at, _)| at);
    match (found.next(), found.count()) {
        (Some(split), 0) => {
            text.replace_range(split..split + MARKER.len(), "");
            Ok(Frame { text, split })
        }
        (None, _) => Err(Problem::new(format!("the template drops the content of {kind} events"))),
        (Some(_), more) => Err(Problem::new(format!(
            "the template prints the content of {kind} events {} times",
            more + 1
        ))),
    }
}
