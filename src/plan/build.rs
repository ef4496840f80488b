//! The second phase: everything a plan names is found, read and made, and then held instead of named.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use backstory_core::{
    Answers, Author, BuildError, Environment, Flatten, Judge, ModelEnvironment, OrderFiles,
    OutlineFile, PlanRepository, Source, Work,
};
use backstory_search::{Even, Foreseen};
use backstory_store::Location;

use super::diagnostic::{Diagnostics, Place, Problem};
use super::echo::echo;
use super::fingerprint::fingerprint;
use super::kind::{AuthorKind, Kind, ScorerKind};
use super::load::{Configured, Loaded};
use super::resolved::{Arm, Drafter, Resolved, Simulation};
use super::wiring::Input;

/// Where in an output the answers of models are kept.
const ANSWERS: &str = "_backstory/answers";
/// Where in an output scores are kept.
const SCORES: &str = "_backstory/scores";

impl Loaded {
    /// Reads and makes everything that the plan names. All that is wrong is reported at once.
    pub fn build(&self) -> Result<Resolved, Diagnostics> {
        let places = self.places();
        self.build_with(places.each_ref().map(|place| Answers::Asked(place)), &environment)
    }

    /// The same with models that are not asked and need no keys, and with what is kept of their answers: see
    /// [`Answers::Foreseen`].
    pub fn build_foreseen(&self) -> Result<Resolved, Diagnostics> {
        let places = self.places();
        self.build_with(places.each_ref().map(|place| Answers::Foreseen(place)), &no_key)
    }

    /// Where answers and scores are kept if a plan does not say.
    fn places(&self) -> [String; 2] {
        // A sink that is none is reported by the build.
        let below = |name| self.sink().ok().map(|sink| sink.join(name).url().to_string());
        [ANSWERS, SCORES].map(|name| below(name).unwrap_or_default())
    }

    /// The same with answers and scores that were recorded in two folders: see [`Answers::Recorded`].
    pub fn build_recorded(
        &self,
        answers: &Path,
        scores: &Path,
        asks: bool,
    ) -> Result<Resolved, Diagnostics> {
        let key: Key<'_> = if asks { &environment } else { &no_key };
        self.build_with([answers, scores].map(|folder| Answers::Recorded { folder, asks }), key)
    }

    /// The same with models that are not asked and need no keys: see [`Answers::Rehearsed`]. Enough for who
    /// reads what a run has left behind.
    pub fn build_rehearsed(&self) -> Result<Resolved, Diagnostics> {
        self.build_with([Answers::Rehearsed; 2], &no_key)
    }

    /// Answers come from the first place, scores from the second.
    fn build_with(
        &self,
        [answers, scores]: [Answers<'_>; 2],
        key: Key<'_>,
    ) -> Result<Resolved, Diagnostics> {
        let mut builder = Builder { plan: self, key, problems: vec![] };
        let sink = builder.sink();
        let source = builder.source();
        let authors = builder.authors(answers);
        let judges = builder.judges(scores);
        let works: Vec<_> =
            (0..self.operators.len()).map(|at| builder.work(at, &authors, &judges)).collect();
        builder.arms(&works);
        let works = works.into_iter().collect::<Option<Vec<_>>>();
        let (Some(sink), Some(source), Some(works), true) =
            (sink, source, works, builder.problems.is_empty())
        else {
            return Err(Diagnostics::new(builder.problems));
        };
        let parts = Assembly::default()
            .parts(self, works)
            .ok_or_else(|| Problem::error("an operator does not make what its kind promises"))?;
        let authors = authors.into_iter().flatten().collect();
        let judges = judges.into_iter().flatten().collect();
        Ok(self.resolved((source, sink), parts, authors, judges))
    }

    fn resolved(
        &self,
        (source, sink): (Box<dyn Source>, Location),
        parts: Parts,
        authors: Vec<Arc<dyn Author>>,
        judges: Vec<Arc<dyn Judge>>,
    ) -> Resolved {
        let writers: Vec<_> = authors.iter().map(|author| author.identity()).collect();
        let scorers: Vec<_> = judges.iter().map(|judge| judge.identity()).collect();
        Resolved {
            source,
            source_kind: self.source.kind.config.name,
            source_summary: self.source.kind.config.summary,
            hash: fingerprint(self, &writers, &scorers, &parts.arms),
            outline: parts.outline,
            order: parts.order,
            authors,
            judges,
            simulations: parts.simulations,
            arms: parts.arms,
            sink,
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
    fn sink(&mut self) -> Option<Location> {
        let place = &self.plan.sink.place;
        let problem = match self.plan.sink() {
            Err(error) => Problem::error(error.message).at(place, "this uri").hint(error.hint),
            Ok(sink) => match sink.local().filter(|path| path.exists() && !path.is_dir()) {
                None => return Some(sink),
                Some(_) => Problem::error(format!("\"{sink}\" is not a folder"))
                    .at(place, "this uri")
                    .hint("name a folder, or one that is not there yet"),
            },
        };
        self.problems.push(problem);
        None
    }

    fn source(&mut self) -> Option<Box<dyn Source>> {
        let table = &self.plan.source;
        let classify = self.plan.registry.classify;
        let opened = (table.kind.open)(table.config.clone(), &self.plan.base, classify);
        self.taken(opened, table)
    }

    /// One entry per model; none for those that could not be made.
    fn authors(&mut self, answers: Answers<'_>) -> Vec<Option<Arc<dyn Author>>> {
        let environment = ModelEnvironment { base: &self.plan.base, answers, key: self.key };
        let build =
            |model: &Configured<AuthorKind>| (model.kind.build)(model.config.clone(), &environment);
        self.plan.models.iter().map(|model| self.taken(build(model), model)).collect()
    }

    /// The same for scorers. Where nobody is asked, they find everything equally likely that is not on record.
    fn judges(&mut self, scores: Answers<'_>) -> Vec<Option<Arc<dyn Judge>>> {
        let environment =
            ModelEnvironment { base: &self.plan.base, answers: scores, key: self.key };
        let build = |scorer: &Configured<ScorerKind>| {
            let judge = (scorer.kind.build)(scorer.config.clone(), &environment)?;
            Ok(match scores {
                Answers::Asked(_) | Answers::Recorded { .. } => judge,
                Answers::Foreseen(_) => Arc::new(Foreseen::of(judge)),
                Answers::Rehearsed => Arc::new(Even::like(&*judge)),
            })
        };
        self.plan.scorers.iter().map(|scorer| self.taken(build(scorer), scorer)).collect()
    }

    fn work(
        &mut self,
        at: usize,
        authors: &[Option<Arc<dyn Author>>],
        judges: &[Option<Arc<dyn Judge>>],
    ) -> Option<Work> {
        let table = &self.plan.operators[at].table;
        // One that could not be made was reported; that it is not there is no second mistake.
        let missed = Cell::new(false);
        let author = |name: &str| find(&self.plan.models, authors, name, &missed);
        let scorer = |name: &str| find(&self.plan.scorers, judges, name, &missed);
        let environment = Environment { base: &self.plan.base, author: &author, scorer: &scorer };
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

/// What was made of the table of that name; notes in `missed` if nothing could be made.
fn find<K, T: ?Sized>(
    tables: &[Configured<K>],
    made: &[Option<Arc<T>>],
    name: &str,
    missed: &Cell<bool>,
) -> Option<Arc<T>> {
    let at = tables.iter().position(|table| table.name == name)?;
    missed.set(missed.get() || made[at].is_none());
    made[at].clone()
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
                self.drafts(name, Drafter::Simulate(plan, simulate))
            }
            (Upstream::Drafts(at), Work::Search(search)) => {
                self.drafts(name, Drafter::Search(at, search))
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

    fn drafts(&mut self, name: &str, drafter: Drafter) -> Upstream {
        self.simulations.push(Simulation { name: name.to_owned(), drafter });
        Upstream::Drafts(self.simulations.len() - 1)
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
