//! The second phase: everything a plan names is found, read and made, and then held instead of named.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backstory_core::{
    Answers, Author, ModelEnvironment, BuildError, Digest, Environment, Flatten, Mask, OrderFiles,
    OutlineFile, PlanRepository, SimulateFile, Source, Work,
};

use super::diagnostic::{Diagnostics, Place, Problem};
use super::echo::echo;
use super::fingerprint::fingerprint;
use super::kind::{AuthorKind, Kind};
use super::load::{Configured, Loaded, StageInfo};
use super::shape::Run;
use super::wiring::Input;

/// Where in an output the answers of models are kept.
const ANSWERS: &str = "_backstory/answers";

/// A plan that can run.
pub struct Resolved {
    /// Where repositories come from.
    pub source: Box<dyn Source>,
    /// The kind of the source.
    pub source_kind: &'static str,
    /// What the source does, one line.
    pub source_summary: &'static str,
    /// Outlines files.
    pub outline: Arc<dyn OutlineFile>,
    /// Orders the files of a repository.
    pub order: Arc<dyn OrderFiles>,
    /// The models, in the order of the plan.
    pub authors: Vec<Arc<dyn Author>>,
    /// The ways in which repositories are planned and written.
    pub simulations: Vec<Simulation>,
    /// The ways in which they become sequences, each with rows of its own.
    pub arms: Vec<Arm>,
    /// The folder that the tables go to.
    pub sink: PathBuf,
    /// Settings of the engine.
    pub run: Run,
    /// Digest of everything in the plan that determines rows.
    pub hash: Digest,
    /// The plan as text, from which [`super::load_echo`] reads it again.
    pub echo: String,
    /// The operators in the order of the plan, for people.
    pub stages: Vec<StageInfo>,
}

/// How repositories are planned and their files written.
#[derive(Clone)]
pub struct Simulation {
    /// The name of the simulating operator.
    pub name: String,
    /// Plans a repository.
    pub plan: Arc<dyn PlanRepository>,
    /// Writes the draft of a file.
    pub simulate: Arc<dyn SimulateFile>,
}

/// How a repository becomes a sequence.
#[derive(Clone)]
pub struct Arm {
    /// The arm's name, unique in the plan.
    pub name: String,
    /// Index of the simulation whose drafts it shows; none if it shows the files alone.
    pub simulation: Option<usize>,
    /// Makes the trajectory.
    pub flatten: Arc<dyn Flatten>,
    /// Makes the sequence.
    pub mask: Arc<dyn Mask>,
}

impl Loaded {
    /// Reads and makes everything that the plan names. All that is wrong is reported at once.
    pub fn build(&self) -> Result<Resolved, Diagnostics> {
        self.build_with(Answers::Asked(&self.sink().join(ANSWERS)), &environment)
    }

    /// The same with recorded answers: see [`Answers::Recorded`].
    pub fn build_recorded(&self, folder: &Path, asks: bool) -> Result<Resolved, Diagnostics> {
        let key: Key<'_> = if asks { &environment } else { &no_key };
        self.build_with(Answers::Recorded { folder, asks }, key)
    }

    /// The same with models that are not asked and need no keys: see [`Answers::Rehearsed`]. Enough for who
    /// reads what a run has left behind.
    pub fn build_rehearsed(&self) -> Result<Resolved, Diagnostics> {
        self.build_with(Answers::Rehearsed, &no_key)
    }

    fn build_with(&self, answers: Answers<'_>, key: Key<'_>) -> Result<Resolved, Diagnostics> {
        let mut builder = Builder { plan: self, answers, key, problems: vec![] };
        builder.sink();
        let source = builder.source();
        let authors = builder.authors();
        let works: Vec<_> =
            (0..self.operators.len()).map(|at| builder.work(at, &authors)).collect();
        builder.arms(&works);
        let works = works.into_iter().collect::<Option<Vec<_>>>();
        let (Some(source), Some(works), true) = (source, works, builder.problems.is_empty()) else {
            return Err(Diagnostics::new(builder.problems));
        };
        let parts = Assembly::default()
            .parts(self, works)
            .ok_or_else(|| Problem::error("an operator does not make what its kind promises"))?;
        let authors = authors.into_iter().flatten().collect();
        Ok(self.resolved(source, parts, authors))
    }

    fn resolved(
        &self,
        source: Box<dyn Source>,
        parts: Parts,
        authors: Vec<Arc<dyn Author>>,
    ) -> Resolved {
        let identities: Vec<_> = authors.iter().map(|author| author.identity()).collect();
        Resolved {
            source,
            source_kind: self.source.kind.config.name,
            source_summary: self.source.kind.config.summary,
            hash: fingerprint(self, &identities, &parts.arms),
            outline: parts.outline,
            order: parts.order,
            authors,
            simulations: parts.simulations,
            arms: parts.arms,
            sink: self.sink(),
            run: self.run,
            echo: echo(self),
            stages: self.stages(),
        }
    }
}

/// Finds keys to servers by name.
type Key<'a> = &'a dyn Fn(&str) -> Option<String>;

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// For who asks no server.
#[expect(clippy::unnecessary_wraps, reason = "keys may be missing elsewhere")]
fn no_key(_: &str) -> Option<String> {
    Some("none".to_owned())
}

struct Builder<'a> {
    plan: &'a Loaded,
    answers: Answers<'a>,
    key: Key<'a>,
    problems: Vec<Problem>,
}

/// What the operators come to together.
struct Parts {
    outline: Arc<dyn OutlineFile>,
    order: Arc<dyn OrderFiles>,
    simulations: Vec<Simulation>,
    arms: Vec<Arm>,
}

impl Builder<'_> {
    fn sink(&mut self) {
        let path = self.plan.sink();
        if path.exists() && !path.is_dir() {
            let problem = Problem::error(format!("\"{}\" is not a folder", path.display()));
            let problem = problem.at(&self.plan.sink.place, "this uri");
            self.problems.push(problem.hint("name a folder, or one that is not there yet"));
        }
    }

    fn source(&mut self) -> Option<Box<dyn Source>> {
        let table = &self.plan.source;
        let classify = self.plan.registry.classify;
        let opened = (table.kind.open)(table.config.clone(), &self.plan.base, classify);
        self.taken(opened, table)
    }

    /// One entry per model; none for those that could not be made.
    fn authors(&mut self) -> Vec<Option<Arc<dyn Author>>> {
        let environment =
            ModelEnvironment { base: &self.plan.base, answers: self.answers, key: self.key };
        let build =
            |model: &Configured<AuthorKind>| (model.kind.build)(model.config.clone(), &environment);
        self.plan.models.iter().map(|model| self.taken(build(model), model)).collect()
    }

    fn work(&mut self, at: usize, authors: &[Option<Arc<dyn Author>>]) -> Option<Work> {
        let table = &self.plan.operators[at].table;
        // An author that could not be made was reported; that it is not there is no second mistake.
        let missed = Cell::new(false);
        let author = |name: &str| {
            let at = self.plan.models.iter().position(|model| model.name == name)?;
            missed.set(missed.get() || authors[at].is_none());
            authors[at].clone()
        };
        let environment = Environment { base: &self.plan.base, author: &author, scorer: &|_| None };
        let built = (table.kind.build)(table.config.clone(), &environment);
        if built.is_err() && missed.get() { None } else { self.taken(built, table) }
    }

    fn taken<T, K: Kind>(
        &mut self,
        built: Result<T, Vec<BuildError>>,
        table: &Configured<K>,
    ) -> Option<T> {
        match built {
            Ok(built) => Some(built),
            Err(errors) => {
                self.problems.extend(errors.into_iter().map(|error| problem(error, table)));
                None
            }
        }
    }

    /// Rows are told apart by repository and arm.
    fn arms(&mut self, works: &[Option<Work>]) {
        let mut known: Vec<(&str, usize)> = vec![];
        for (at, work) in works.iter().enumerate() {
            let Some(Work::Flatten(flatten)) = work else { continue };
            let arm = flatten.arm();
            match known.iter().find(|(name, _)| *name == arm) {
                Some((_, first)) => self.double_arm(arm, at, *first),
                None => known.push((arm, at)),
            }
        }
    }

    fn double_arm(&mut self, arm: &str, second: usize, first: usize) {
        let operators = &self.plan.operators;
        let place = |at: usize| place("arm", &operators[at].table).0;
        let problem = Problem::error(format!("two operators make the arm \"{arm}\""))
            .at(place(second), "the second")
            .and_at(place(first), "the first")
            .hint("tell them apart: arm = \"...\"");
        self.problems.push(problem);
    }
}

/// Where a key was typed and what to say there; the header if it was left out.
fn place<'t, K: Kind>(key: &str, table: &'t Configured<K>) -> (&'t Place, String) {
    let key = key.split('.').next().unwrap_or_default();
    match table.keys.iter().find(|(known, _)| known == key) {
        Some((_, place)) => (place, "given here".to_owned()),
        None if key.is_empty() => (&table.place, "in this table".to_owned()),
        None => (&table.place, format!("{key} is left out here")),
    }
}

fn problem<K: Kind>(error: BuildError, table: &Configured<K>) -> Problem {
    let (place, label) = place(error.key, table);
    Problem::error(error.message).at(place, label).hint_if(error.hint)
}

/// The parts of a plan as they are found, operator by operator.
#[derive(Default)]
struct Assembly {
    outline: Option<Arc<dyn OutlineFile>>,
    order: Option<Arc<dyn OrderFiles>>,
    simulations: Vec<Simulation>,
    arms: Vec<Arm>,
    /// Per operator, what a reader of it holds on to.
    made: Vec<Upstream>,
}

impl Assembly {
    /// None if an operator is not what its kind promises.
    fn parts(mut self, plan: &Loaded, works: Vec<Work>) -> Option<Parts> {
        for (step, work) in plan.operators.iter().zip(works) {
            let input = match step.input {
                Input::Source => Upstream::Source,
                Input::Operator(at) => self.made.get(at)?.clone(),
            };
            let made = self.add(&step.table.name, input, work)?;
            self.made.push(made);
        }
        let Self { outline, order, simulations, arms, .. } = self;
        Some(Parts { outline: outline?, order: order?, simulations, arms })
    }

    fn add(&mut self, name: &str, input: Upstream, work: Work) -> Option<Upstream> {
        let made = match (input, work) {
            (Upstream::Source, Work::Outline(work)) => {
                self.outline = Some(work);
                Upstream::Outlines
            }
            (Upstream::Outlines, Work::Order(work)) => {
                self.order = Some(work);
                Upstream::Structure
            }
            (Upstream::Structure, Work::Plan(work)) => Upstream::Plan(work),
            (Upstream::Plan(plan), Work::Simulate(simulate)) => {
                self.simulations.push(Simulation { name: name.to_owned(), plan, simulate });
                Upstream::Drafts(self.simulations.len() - 1)
            }
            (Upstream::Structure, Work::Flatten(work)) => Upstream::Trajectory(work, None),
            (Upstream::Drafts(at), Work::Flatten(work)) => Upstream::Trajectory(work, Some(at)),
            (Upstream::Trajectory(flatten, simulation), Work::Mask(mask)) => {
                let name = flatten.arm().to_owned();
                self.arms.push(Arm { name, simulation, flatten, mask });
                Upstream::Sequence
            }
            _ => return None,
        };
        Some(made)
    }
}

/// What an operator holds on to of the one it reads.
#[derive(Clone)]
enum Upstream {
    Source,
    Outlines,
    Structure,
    Plan(Arc<dyn PlanRepository>),
    /// Index of a simulation.
    Drafts(usize),
    Trajectory(Arc<dyn Flatten>, Option<usize>),
    Sequence,
}
