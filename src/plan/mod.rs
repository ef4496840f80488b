//! Plan files: from what a person typed to work that can run.
//!
//! ```text
//! text --document--> tree with places --set, variables--> tree --typed--> checked tables
//!      --wiring--> Loaded --build--> Resolved
//! ```
//!
//! [`load`] needs nothing but the plan file; [`Loaded::build`] reads what the plan names (tokenizers,
//! templates, folders). Each reports everything it can find at once. In [`Resolved`] nothing is named
//! any more: every reader holds what it reads.
//!
//! Not responsible for running anything, nor for what the keys of a kind mean: those are the fields of
//! its configuration struct, from which the checks, the hints and the editors' schema are generated.

mod build;
mod diagnostic;
mod document;
mod echo;
mod fingerprint;
mod kind;
mod load;
mod registry;
mod resolved;
mod schema;
mod set;
mod shape;
mod terms;
mod typed;
mod variables;
mod wiring;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use diagnostic::{Diagnostics, Problem};
pub use kind::{AuthorKind, ConfigKind, Kind, OperatorKind, Registry, ScorerKind, SourceKind};
pub use load::{KeptPlaces, Loaded, StageInfo};
pub use registry::REGISTRY;
pub use resolved::{Arm, Drafter, Resolved, Simulation};
pub use shape::Run;

/// Reads and checks a plan file. `sets` are `KEY=VALUE` arguments, `environment` looks up environment
/// variables. Reads nothing but the plan file.
pub fn load(
    path: &Path,
    sets: &[String],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Diagnostics> {
    load::from_file(&REGISTRY, path, sets, environment, false)
}

/// The same for the plan's test: changed as that says before `sets` are applied.
pub fn load_test(
    path: &Path,
    sets: &[String],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Diagnostics> {
    load::from_file(&REGISTRY, path, sets, environment, true)
}

/// Reads a plan again from [`Resolved::echo`]. `name` is what messages call it, `sets` are `KEY=VALUE` arguments.
pub fn load_echo(name: &str, echo: &str, sets: &[String]) -> Result<Loaded, Diagnostics> {
    load::from_echo(&REGISTRY, name, echo, sets)
}

/// The JSON schema of plan files, for editors.
pub fn json_schema() -> serde_json::Value {
    shape::plan_schema(&REGISTRY)
}
