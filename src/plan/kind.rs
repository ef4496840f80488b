//! What the plan needs to know of a kind of source, author, scorer or operator, whatever struct is behind it.

use std::path::Path;
use std::sync::Arc;

use backstory_core::{
    Author, BuildError, Classify, Environment, Flow, Judge, ModelEnvironment, Operator, Source,
    Work,
};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// All kinds that a plan can name.
pub struct Registry {
    /// Kinds of `[source]`.
    pub sources: &'static [SourceKind],
    /// Kinds of `[models.NAME]`.
    pub authors: &'static [AuthorKind],
    /// Kinds of `[scorers.NAME]`.
    pub scorers: &'static [ScorerKind],
    /// Kinds of `[[operator]]`, in the order of the flow.
    pub operators: &'static [OperatorKind],
    /// Tells sources which files are source code.
    pub classify: Classify,
}

/// What was asked for, or all that is wrong with its configuration.
type Built<T> = Result<T, Vec<BuildError>>;

/// A kind of source.
pub struct SourceKind {
    /// The common part.
    pub config: ConfigKind,
    /// Opens the place that holds the repositories.
    pub open: fn(Json, &Path, Classify) -> Built<Box<dyn Source>>,
}

/// A kind of whoever is asked: an author, or a judge.
pub struct AskedKind<T: ?Sized> {
    /// The common part.
    pub config: ConfigKind,
    /// What of it a run waits for, in one word; none if nothing.
    pub effect: Option<&'static str>,
    /// Makes the one who is asked.
    pub build: fn(Json, &ModelEnvironment<'_>) -> Built<Arc<T>>,
}

/// A kind of author.
pub type AuthorKind = AskedKind<dyn Author>;

/// A kind of scorer.
pub type ScorerKind = AskedKind<dyn Judge>;

/// A kind of operator.
pub struct OperatorKind {
    /// The common part.
    pub config: ConfigKind,
    /// What it can read; any one of these.
    pub takes: &'static [Flow],
    /// What it gives.
    pub gives: Flow,
    /// Makes the work.
    pub build: fn(Json, &Environment<'_>) -> Built<Work>,
}

/// What all kinds have.
pub struct ConfigKind {
    /// The word after `kind =`.
    pub name: &'static str,
    /// What it does, one line.
    pub summary: &'static str,
    /// The JSON schema of its keys.
    pub schema: fn() -> Json,
    /// Reads a checked configuration and writes it again with all defaults filled in.
    pub fill: fn(Json) -> Result<Json, String>,
}

/// A kind of any sort.
pub trait Kind: 'static {
    /// The common part.
    fn config(&self) -> &ConfigKind;
}

impl Kind for SourceKind {
    fn config(&self) -> &ConfigKind {
        &self.config
    }
}

impl<T: ?Sized + 'static> Kind for AskedKind<T> {
    fn config(&self) -> &ConfigKind {
        &self.config
    }
}

impl Kind for OperatorKind {
    fn config(&self) -> &ConfigKind {
        &self.config
    }
}

impl ConfigKind {
    /// The kind that `T` configures.
    pub const fn of<T: Config>(name: &'static str, summary: &'static str) -> Self {
        Self { name, summary, schema: schema_of::<T>, fill: fill::<T> }
    }
}

impl OperatorKind {
    /// The kind that `T` configures.
    pub const fn of<T: Operator>() -> Self {
        Self {
            config: ConfigKind::of::<T>(T::KIND, T::SUMMARY),
            takes: T::TAKES,
            gives: T::GIVES,
            build: |config, environment| read::<T>(config)?.build(environment),
        }
    }
}

/// The kind of source that a struct configures.
macro_rules! source {
    ($config:ty) => {
        $crate::plan::kind::SourceKind {
            config: $crate::plan::kind::ConfigKind::of::<$config>(
                <$config>::KIND,
                <$config>::SUMMARY,
            ),
            open: |config, base, classify| {
                $crate::plan::kind::read::<$config>(config)?.open(base, classify)
            },
        }
    };
}

/// The kind of author, or of scorer, that a struct configures.
macro_rules! asked {
    ($config:ty) => {
        $crate::plan::kind::AskedKind {
            config: $crate::plan::kind::ConfigKind::of::<$config>(
                <$config>::KIND,
                <$config>::SUMMARY,
            ),
            effect: <$config>::EFFECT,
            build: |config, environment| {
                $crate::plan::kind::read::<$config>(config)?.build(environment)
            },
        }
    };
}

pub(super) use {asked, source};

/// A struct whose fields are the keys of a table.
pub trait Config: DeserializeOwned + Serialize + JsonSchema {}

impl<T: DeserializeOwned + Serialize + JsonSchema> Config for T {}

/// The schema of a struct, without references, so that it can be put into another one.
pub(super) fn schema_of<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// A struct out of its configuration.
pub(super) fn read<T: DeserializeOwned>(config: Json) -> Built<T> {
    serde_json::from_value(config)
        .map_err(|error| vec![BuildError { key: "", message: error.to_string(), hint: None }])
}

fn fill<T: Config>(config: Json) -> Result<Json, String> {
    let config: T = serde_json::from_value(config).map_err(|error| error.to_string())?;
    serde_json::to_value(config).map_err(|error| error.to_string())
}
