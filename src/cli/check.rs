//! `backstory check` and `backstory schema`.

use std::io::{self, Write};

use super::style::plural;
use super::{CliError, Exit, PlanArgs};

/// Everything that can be wrong before a repository is read.
pub fn check(args: &PlanArgs) -> Result<Exit, CliError> {
    let plan = args.resolve()?;
    let names = plan.source.list()?;
    writeln!(
        io::stdout(),
        "{} is fine: {}, {}, output in {}",
        args.plan.display(),
        plural(names.len() as u64, "repository", "repositories"),
        plural(plan.arms.len() as u64, "arm", "arms"),
        plan.sink
    )?;
    Ok(Exit::Done)
}

/// The JSON schema of plan files.
pub fn schema() -> Result<Exit, CliError> {
    let schema = crate::plan::json_schema();
    writeln!(io::stdout(), "{schema:#}")?;
    Ok(Exit::Done)
}
