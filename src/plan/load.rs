//! The static part: a plan whose tables are right and fit together, before anything is read for it.

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf, absolute};

use backstory_core::{Flow, Operator};
use backstory_search::Search;
use backstory_store::{Location, LocationError};
use serde_json::Value as Json;

use super::diagnostic::{Diagnostics, Place, Problem, Text};
use super::document::{self, Node, Table, Value};
use super::kind::{AuthorKind, Kind, OperatorKind, Registry, ScorerKind, SourceKind};
use super::schema::{Reference, Sort};
use super::set;
use super::shape::{Run, TestConfig};
use super::terms::paths;
use super::typed::{self, Section, Typed};
use super::variables;
use super::wiring::{self, Input, SOURCE, Wiring};

/// A plan file of this size is something else.
const LARGEST_PLAN: u64 = 1 << 20;

/// A plan that passed all checks that need no other file.
pub struct Loaded {
    pub(super) registry: &'static Registry,
    pub(super) base: PathBuf,
    pub(super) source: Configured<SourceKind>,
    /// Those that are used.
    pub(super) models: Vec<Configured<AuthorKind>>,
    pub(super) scorers: Vec<Configured<ScorerKind>>,
    pub(super) operators: Vec<Step>,
    pub(super) sink: Sink,
    pub(super) run: Run,
    test: Option<TestConfig>,
    warnings: Diagnostics,
}

/// A table whose kind and keys are right.
pub(super) struct Configured<K: 'static> {
    pub name: String,
    pub kind: &'static K,
    /// All keys, defaults filled in.
    pub config: Json,
    pub place: Place,
    pub keys: Vec<(String, Place)>,
    pub names: Vec<(Sort, Reference)>,
}

impl<K> Configured<K> {
    /// Whether it names that table.
    fn uses(&self, sort: Sort, name: &str) -> bool {
        self.names.iter().any(|(of, reference)| *of == sort && reference.name == name)
    }
}

/// An operator and what it reads.
pub(super) struct Step {
    pub table: Configured<OperatorKind>,
    pub input: Input,
}

/// Where the tables go.
pub(super) struct Sink {
    pub uri: String,
    pub place: Place,
    /// Operators whose sequences are written.
    pub inputs: Vec<usize>,
}

/// One step of a plan, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageInfo {
    /// Its name in the plan.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// What it does, one line.
    pub summary: &'static str,
    /// The name of what it reads: an operator, or `source`.
    pub reads: String,
    /// What flows to it.
    pub takes: Flow,
    /// What it gives.
    pub gives: Flow,
    /// What it waits for, each in a word: answers of models, scores.
    pub effects: Vec<&'static str>,
    /// The models it uses, by name and kind.
    pub models: Vec<(String, &'static str)>,
    /// The scorers it uses, by name and kind.
    pub scorers: Vec<(String, &'static str)>,
    /// Whether the sink writes what it gives.
    pub written: bool,
}

/// URIs of places outside of the output where something is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptPlaces {
    /// Answers of models.
    pub answers: Vec<String>,
    /// Scores.
    pub scores: Vec<String>,
}

impl Loaded {
    /// What is odd about the plan without being wrong.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// The place that the tables go to.
    pub fn sink(&self) -> Result<Location, LocationError> {
        let uri = &self.sink.uri;
        if uri.contains("://") {
            return Location::open(uri, &self.base);
        }
        Location::folder(&plain(&self.base.join(uri)))
    }

    /// Where models and scorers keep what they have given, if the plan names places for it.
    pub fn kept(&self) -> KeptPlaces {
        let named = |config: &Json, key: &str| {
            let uri = config.get(key)?.as_str()?;
            let is_uri = uri.contains("://");
            Some(if is_uri { uri.to_owned() } else { self.base.join(uri).display().to_string() })
        };
        KeptPlaces {
            answers: self.models.iter().filter_map(|it| named(&it.config, "answers")).collect(),
            scores: self.scorers.iter().filter_map(|it| named(&it.config, "scores")).collect(),
        }
    }

    /// Settings of the engine.
    pub fn run(&self) -> Run {
        self.run
    }

    /// The folder of what the plan's test expects; none if it has no test.
    pub fn golden(&self) -> Option<PathBuf> {
        self.test.as_ref().map(|test| plain(&self.base.join(&test.golden)))
    }

    /// The searches of the plan, by the names of their operators.
    pub fn searches(&self) -> Vec<(String, Search)> {
        let tables = self.operators.iter().map(|step| &step.table);
        let searches = tables.filter(|table| table.kind.config.name == Search::KIND);
        let named = searches.filter_map(|table| {
            let config = serde_json::from_value(table.config.clone()).ok()?;
            Some((table.name.clone(), config))
        });
        named.collect()
    }

    /// The operators in the order of the plan.
    pub fn stages(&self) -> Vec<StageInfo> {
        self.operators.iter().enumerate().map(|(at, step)| self.stage(at, step)).collect()
    }

    fn stage(&self, at: usize, step: &Step) -> StageInfo {
        let (reads, takes) = match step.input {
            Input::Source => (SOURCE.to_owned(), Flow::Files),
            Input::Operator(at) => {
                let table = &self.operators[at].table;
                (table.name.clone(), table.kind.gives)
            }
        };
        let kind = step.table.kind;
        let models = self.models.iter().filter(|it| step.table.uses(Sort::Model, &it.name));
        let scorers = self.scorers.iter().filter(|it| step.table.uses(Sort::Scorer, &it.name));
        let asked = models.clone().filter_map(|model| model.kind.effect);
        let asked = asked.chain(scorers.clone().filter_map(|scorer| scorer.kind.effect));
        let mut effects = asked.collect::<Vec<_>>();
        effects.dedup();
        StageInfo {
            name: step.table.name.clone(),
            kind: kind.config.name,
            summary: kind.config.summary,
            reads,
            takes,
            gives: kind.gives,
            effects,
            models: models.map(|it| (it.name.clone(), it.kind.config.name)).collect(),
            scorers: scorers.map(|it| (it.name.clone(), it.kind.config.name)).collect(),
            written: self.sink.inputs.contains(&at),
        }
    }
}

/// What a plan is read with.
pub(super) struct Context<'a> {
    pub registry: &'static Registry,
    /// What messages call the plan.
    pub name: &'a str,
    /// The folder that relative paths in the plan start from.
    pub base: PathBuf,
    /// The folder that relative paths in arguments start from.
    pub here: PathBuf,
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the plan is read for its test, and changed as that says.
    pub tested: bool,
}

/// Reads and checks a plan file.
pub(super) fn from_file(
    registry: &'static Registry,
    path: &Path,
    sets: &[String],
    environment: &dyn Fn(&str) -> Option<String>,
    tested: bool,
) -> Result<Loaded, Diagnostics> {
    let contents = read(path)?;
    let here = env::current_dir()
        .map_err(|error| Problem::error(format!("the current folder cannot be read: {error}")))?;
    let base = here.join(path).parent().map_or_else(|| here.clone(), plain);
    let name = path.display().to_string();
    let context = Context { registry, name: &name, base, here, environment, tested };
    from_text(&context, &contents, sets)
}

/// Reads a plan that [`super::Resolved::echo`] holds.
pub(super) fn from_echo(
    registry: &'static Registry,
    name: &str,
    echo: &str,
    sets: &[String],
) -> Result<Loaded, Diagnostics> {
    let (base, here) = (PathBuf::from("/"), PathBuf::from("/"));
    let context = Context { registry, name, base, here, environment: &|_| None, tested: false };
    from_text(&context, echo, sets)
}

/// Checks the text of a plan.
pub(super) fn from_text(
    context: &Context<'_>,
    contents: &str,
    sets: &[String],
) -> Result<Loaded, Diagnostics> {
    let text = Text::new(context.name, contents, context.base.clone(), 0);
    let mut root = document::parse(&text).map_err(Diagnostics::new)?;
    let mut problems = vec![];
    let of_test = if context.tested { sets_of_test(&root) } else { vec![] };
    let of_test = of_test.iter().map(|argument| ("[test] set", argument, &context.base));
    let arguments = of_test.chain(sets.iter().map(|argument| ("--set", argument, &context.here)));
    for (at, (name, argument, base)) in arguments.enumerate() {
        let text = Text::new(name, argument, base.clone(), at + 1);
        if let Err(wrong) = set::apply(&mut root, &text) {
            problems.extend(wrong);
        }
    }
    variables::expand(&mut root, context.environment, &mut problems);
    let typed = typed::read(&root, context.registry, &mut problems);
    let wiring = wiring::connect(&typed, context.registry, &mut problems);
    finish(context, typed, wiring, problems)
}

/// What the test of a plan changes. What is not as it should be is reported when its table is read.
fn sets_of_test(root: &Table) -> Vec<String> {
    let set = root.get("test").and_then(Node::as_table).and_then(|test| test.get("set"));
    let Some(Node { value: Value::List(sets), .. }) = set else { return vec![] };
    sets.iter().filter_map(Node::as_str).map(str::to_owned).collect()
}

fn finish(
    context: &Context<'_>,
    typed: Typed,
    wiring: Wiring,
    mut problems: Vec<Problem>,
) -> Result<Loaded, Diagnostics> {
    let base = typed
        .base
        .as_ref()
        .map_or_else(|| context.base.clone(), |(base, _)| plain(&context.base.join(base)));
    problems.extend(sink_in_source(&typed, &base));
    if problems.iter().any(Problem::is_error) {
        return Err(Diagnostics::new(problems));
    }
    let whole = assemble(context.registry, base, typed, wiring, Diagnostics::new(problems));
    whole.ok_or_else(|| Problem::error("the plan is incomplete, and no check found why").into())
}

/// None only if something is missing that should have been reported.
fn assemble(
    registry: &'static Registry,
    base: PathBuf,
    typed: Typed,
    wiring: Wiring,
    warnings: Diagnostics,
) -> Option<Loaded> {
    let steps = typed.operators.into_iter().zip(wiring.inputs);
    let steps = steps.map(|(operator, input)| {
        Some(Step { table: operator.section.configured()?, input: input? })
    });
    let operators = steps.collect::<Option<Vec<_>>>()?;
    let models = used(typed.models, Sort::Model, &operators)?;
    let scorers = used(typed.scorers, Sort::Scorer, &operators)?;
    let inputs = wiring.sink.into_iter().collect::<Option<Vec<_>>>()?;
    let (uri, place) = typed.sink?.uri?;
    let sink = Sink { uri, place, inputs };
    let source = typed.source?.configured()?;
    Some(Loaded {
        registry,
        base,
        source,
        models,
        scorers,
        operators,
        sink,
        run: typed.run,
        test: typed.test,
        warnings,
    })
}

/// Those of some tables that an operator names.
fn used<K: Kind>(
    sections: Vec<Section<K>>,
    sort: Sort,
    operators: &[Step],
) -> Option<Vec<Configured<K>>> {
    let uses = |name: &str| operators.iter().any(|step| step.table.uses(sort, name));
    let named = sections.into_iter().filter(|section| uses(&section.name));
    named.map(Section::configured).collect()
}

impl<K: Kind> Section<K> {
    fn configured(self) -> Option<Configured<K>> {
        let Self { name, place, kind, config, keys, names, .. } = self;
        Some(Configured { name, kind: kind?, config: config?, place, keys, names })
    }
}

/// Tables in a folder of repositories look like a repository to the next run.
fn sink_in_source(typed: &Typed, base: &Path) -> Option<Problem> {
    let (uri, place) = typed.sink.as_ref()?.uri.as_ref().filter(|(uri, _)| !uri.contains("://"))?;
    let source = typed.source.as_ref()?;
    let sink = plain(&base.join(uri));
    let schema = (source.kind?.config.schema)();
    let read = paths(source.config.as_ref()?, &schema);
    let inside = read.iter().any(|path| sink.starts_with(plain(&base.join(path))));
    inside.then(|| {
        Problem::warning("the tables go into the folder that the source reads")
            .at(place, "inside the source")
            .hint("choose a folder outside of it, or the next run may read them as source")
    })
}

/// A path without `.` and `..`, as far as that can be told without looking.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            component => plain.push(component),
        }
    }
    plain
}

fn read(path: &Path) -> Result<String, Problem> {
    let name = path.display();
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Problem::error(format!("\"{name}\" does not exist"))
            .hint("check the path of the plan file"),
        _ => Problem::error(format!("\"{name}\" cannot be read: {error}")),
    };
    if path.is_dir() {
        let problem = Problem::error(format!("\"{name}\" is a folder"));
        return Err(problem.hint("name the plan file in it"));
    }
    let mut bytes = vec![];
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST_PLAN + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_PLAN {
        let problem = Problem::error(format!("\"{name}\" is too large for a plan"));
        return Err(problem.hint("check the path of the plan file"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        Problem::error(format!("\"{name}\" is not UTF-8 in line {line}")).hint("save it as UTF-8")
    })
}
