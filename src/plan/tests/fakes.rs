//! Kinds with every sort of key, whose keys and docs change only when a test wants it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{
    Author, Authored, BuildError, Case, Classify, Digest, Draft, Environment, Failure, FileClass,
    Flow, Gains, Graph, Halt, Judge, Mode, ModelEnvironment, Operator, OrderFiles, Outline,
    OutlineFile, PlanRepository, Quality, Repository, Scene, SearchFile, Searched, Searching,
    Sequence, SimulateFile, Source, SourceError, SourceFile, SpanKind, Story, Structure, Thought,
    Trajectory, Weighing, Work,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::kind::{OperatorKind, Registry, asked, source};

pub static FAKES: Registry = Registry {
    sources: &[source!(Dir)],
    authors: &[asked!(Facts)],
    scorers: &[asked!(Dice)],
    operators: &[
        OperatorKind::of::<Parse>(),
        OperatorKind::of::<Order>(),
        OperatorKind::of::<Plan>(),
        OperatorKind::of::<Simulate>(),
        OperatorKind::of::<Search>(),
        OperatorKind::of::<Flatten>(),
        OperatorKind::of::<Mask>(),
    ],
    classify: |_| FileClass::Other,
};

/// A struct of keys and the traits that every one of them needs.
macro_rules! keys {
    ($(#[$meta:meta])* $name:ident { $($(#[$field:meta])* $key:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field])* pub $key: $type,)* }
    };
}

keys!(Dir {
    /// The folder that holds the repositories.
    #[schemars(length(min = 1), extend("format" = "path"))]
    path: String,
    /// Patterns of files to leave out.
    #[serde(default)]
    exclude: Vec<String>,
    /// Largest file that is read, in bytes.
    #[serde(default)]
    max_file_bytes: Option<u64>,
});

keys!(Facts {
    /// Where it learnt to write.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    school: Option<String>,
});

keys!(Dice {
    /// How many sides it has.
    #[serde(default = "eight")]
    #[schemars(range(min = 2))]
    sides: u32,
});

keys!(Parse {
    /// Languages that are parsed; all if left out.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    languages: Option<Vec<Language>>,
});

keys!(Order {});

keys!(Plan {
    /// The model that writes the plan.
    #[schemars(extend("format" = "model"))]
    model: String,
});

keys!(Simulate {
    /// The model that writes the thoughts.
    #[schemars(extend("format" = "model"))]
    model: String,
    /// Files that may be read for one file.
    #[serde(default = "eight")]
    #[schemars(range(min = 1, max = 64))]
    reads: u32,
});

keys!(Search {
    /// The model that rewrites thoughts.
    #[schemars(extend("format" = "model"))]
    model: String,
    /// The scorer that compares them.
    #[schemars(extend("format" = "scorer"))]
    scorer: String,
});

keys!(Flatten {
    /// The arm that the rows belong to.
    #[serde(default = "repo2agent")]
    #[schemars(length(min = 1, max = 20))]
    arm: String,
    /// The text form. A file, or the built-in one if left out.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    template: Option<String>,
});

keys!(Mask {
    /// The tokenizer. Any `tokenizer.json`.
    #[schemars(extend("format" = "path"))]
    tokenizer: String,
    /// Kinds of spans that are trained.
    #[serde(default)]
    #[schemars(length(min = 1))]
    train: Option<Vec<SpanKind>>,
    /// Whether a begin-of-text token comes first.
    #[serde(default)]
    begin: bool,
    /// Weight of a trained token.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    weight: f64,
    /// Where long texts are cut.
    #[serde(default)]
    cut: Option<Cut>,
    /// Weights by kind of span.
    #[serde(default)]
    weights: BTreeMap<String, f64>,
});

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
}

/// Either a number of tokens or a rule.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Cut {
    At(u32),
    By(Rule),
}

keys!(Rule {
    /// Where to look.
    side: Side,
});

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Start,
    End,
}

fn eight() -> u32 {
    8
}

fn repo2agent() -> String {
    "repo2agent".to_owned()
}

/// What every file that a plan names has to be.
fn file(base: &Path, key: &'static str, path: &str) -> Result<Vec<u8>, Vec<BuildError>> {
    std::fs::read(base.join(path)).map_err(|_| {
        let message = format!("\"{path}\" does not exist");
        vec![BuildError { key, message, hint: Some("check the path".to_owned()) }]
    })
}

impl Dir {
    const KIND: &str = "dir";
    const SUMMARY: &str = "Repositories in a folder";

    fn open(self, base: &Path, _: Classify) -> Result<Box<dyn Source>, Vec<BuildError>> {
        if base.join(&self.path).is_dir() {
            return Ok(Box::new(Nothing));
        }
        let message = format!("\"{}\" is not a folder", self.path);
        Err(vec![BuildError { key: "path", message, hint: None }])
    }
}

impl Facts {
    const KIND: &str = "facts";
    const SUMMARY: &str = "Writes from facts only";
    const EFFECT: Option<&str> = None;

    fn build(self, _: &ModelEnvironment<'_>) -> Result<Arc<dyn Author>, Vec<BuildError>> {
        match &self.school {
            Some(school) => Err(file(Path::new("/nowhere"), "school", school).unwrap_err()),
            None => Ok(Arc::new(Nothing)),
        }
    }
}

impl Dice {
    const KIND: &str = "dice";
    const SUMMARY: &str = "Scores by chance";
    const EFFECT: Option<&str> = Some("luck");

    #[expect(clippy::unnecessary_wraps, reason = "as all kinds are built")]
    fn build(self, _: &ModelEnvironment<'_>) -> Result<Arc<dyn Judge>, Vec<BuildError>> {
        Ok(Arc::new(self))
    }
}

impl Operator for Parse {
    const KIND: &str = "parse";
    const SUMMARY: &str = "Outlines files";
    const TAKES: &[Flow] = &[Flow::Files];
    const GIVES: Flow = Flow::Outlines;

    fn build(self, _: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        Ok(Work::Outline(Arc::new(Nothing)))
    }
}

impl Operator for Order {
    const KIND: &str = "graph";
    const SUMMARY: &str = "Orders files";
    const TAKES: &[Flow] = &[Flow::Outlines];
    const GIVES: Flow = Flow::Structure;

    fn build(self, _: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        Ok(Work::Order(Arc::new(Nothing)))
    }
}

fn model(environment: &Environment<'_>, name: &str) -> Result<(), Vec<BuildError>> {
    let message = format!("model \"{name}\" is not there");
    let missing = || vec![BuildError { key: "model", message, hint: None }];
    (environment.author)(name).map(|_| ()).ok_or_else(missing)
}

impl Operator for Plan {
    const KIND: &str = "plan";
    const SUMMARY: &str = "Plans repositories";
    const TAKES: &[Flow] = &[Flow::Structure];
    const GIVES: Flow = Flow::Plan;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        model(environment, &self.model)?;
        Ok(Work::Plan(Arc::new(Nothing)))
    }
}

impl Operator for Simulate {
    const KIND: &str = "simulate";
    const SUMMARY: &str = "Writes drafts";
    const TAKES: &[Flow] = &[Flow::Plan];
    const GIVES: Flow = Flow::Drafts;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        model(environment, &self.model)?;
        Ok(Work::Simulate(Arc::new(Nothing)))
    }
}

impl Operator for Search {
    const KIND: &str = "search";
    const SUMMARY: &str = "Searches thoughts";
    const TAKES: &[Flow] = &[Flow::Drafts];
    const GIVES: Flow = Flow::Drafts;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        model(environment, &self.model)?;
        environment.judge(&self.scorer).map_err(|error| vec![error])?;
        Ok(Work::Search(Arc::new(Nothing)))
    }
}

impl Operator for Flatten {
    const KIND: &str = "flatten";
    const SUMMARY: &str = "Makes trajectories";
    const TAKES: &[Flow] = &[Flow::Structure, Flow::Drafts];
    const GIVES: Flow = Flow::Trajectory;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        let template = self.template.as_deref();
        let text = template.map(|path| file(environment.base, "template", path)).transpose()?;
        let template = Digest::of(text.unwrap_or_default());
        Ok(Work::Flatten(Arc::new(Flat { arm: self.arm, template })))
    }
}

impl Operator for Mask {
    const KIND: &str = "mask";
    const SUMMARY: &str = "Makes sequences";
    const TAKES: &[Flow] = &[Flow::Trajectory];
    const GIVES: Flow = Flow::Sequence;

    fn build(self, environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        let tokenizer = Digest::of(file(environment.base, "tokenizer", &self.tokenizer)?);
        Ok(Work::Mask(Arc::new(Masked { tokenizer })))
    }
}

struct Nothing;

struct Flat {
    arm: String,
    template: Digest,
}

struct Masked {
    tokenizer: Digest,
}

impl Source for Nothing {
    fn list(&self) -> Result<Vec<String>, SourceError> {
        Ok(vec![])
    }

    fn read(&self, _: &str) -> Result<Repository, Failure> {
        unimplemented!("no test runs a plan")
    }
}

#[async_trait]
impl Author for Nothing {
    fn identity(&self) -> String {
        "facts/1".to_owned()
    }

    async fn plan(&self, _: &Structure) -> Authored<backstory_core::Plan> {
        unimplemented!("no test runs a plan")
    }

    async fn think(&self, _: &Scene<'_>) -> Authored<Thought> {
        unimplemented!("no test runs a plan")
    }
}

impl OutlineFile for Nothing {
    fn outline(&self, _: &SourceFile) -> Outline {
        unimplemented!("no test runs a plan")
    }
}

impl OrderFiles for Nothing {
    fn order(&self, _: &Repository, _: &[Arc<Outline>]) -> Graph {
        unimplemented!("no test runs a plan")
    }
}

#[async_trait]
impl PlanRepository for Nothing {
    fn author(&self) -> String {
        "facts/1".to_owned()
    }

    async fn plan(&self, _: &Structure) -> Authored<backstory_core::Plan, Halt> {
        unimplemented!("no test runs a plan")
    }
}

#[async_trait]
impl SimulateFile for Nothing {
    fn author(&self) -> String {
        "facts/1".to_owned()
    }

    fn mode(&self) -> Mode {
        Mode::default()
    }

    fn marks(&self, _: &Structure, _: u32, _: &[Quality]) -> Vec<String> {
        vec![]
    }

    fn rethinks(&self) -> bool {
        false
    }

    fn inputs(&self, _: &Structure, _: &backstory_core::Plan, _: u32) -> Option<Digest> {
        None
    }

    async fn simulate(
        &self,
        _: &Structure,
        _: &backstory_core::Plan,
        _: u32,
    ) -> Authored<Draft, Halt> {
        unimplemented!("no test runs a plan")
    }
}

#[async_trait]
impl Judge for Dice {
    fn identity(&self) -> String {
        format!("dice/{}", self.sides)
    }

    async fn weigh(&self, _: Case) -> Weighing {
        unimplemented!("no test runs a plan")
    }
}

#[async_trait]
impl SearchFile for Nothing {
    fn identity(&self) -> String {
        "luck/1".to_owned()
    }

    fn control(&self, _: &Structure, _: u32) -> Option<u32> {
        None
    }

    fn marks(&self, _: &Structure, _: u32, _: &[Quality], _: &[Gains]) -> Vec<String> {
        vec!["searched".to_owned()]
    }

    fn inputs(&self, _: &Structure, _: &backstory_core::Plan, _: u32, _: Mode) -> Option<Digest> {
        None
    }

    async fn search(&self, _: &Searching<'_>) -> Searched {
        unimplemented!("no test runs a plan")
    }
}

impl backstory_core::Flatten for Flat {
    fn arm(&self) -> &str {
        &self.arm
    }

    fn template(&self) -> Digest {
        self.template
    }

    fn flatten(&self, _: &Structure, _: Option<&Story>) -> Result<Trajectory, Failure> {
        unimplemented!("no test runs a plan")
    }
}

impl backstory_core::Mask for Masked {
    fn tokenizer(&self) -> Digest {
        self.tokenizer
    }

    fn mask(&self, _: &Trajectory) -> Result<Sequence, Failure> {
        unimplemented!("no test runs a plan")
    }

    fn decode(&self, _: &[u32]) -> Result<String, Failure> {
        unimplemented!("no test runs a plan")
    }

    fn trains(&self, _: SpanKind) -> bool {
        false
    }
}
