//! `backstory check` and `backstory schema`.

use std::io::{self, Write};

use super::{CliError, Exit, PlanArgs};

/// Everything that can be wrong before a repository is read.
pub fn check(args: &PlanArgs) -> Result<Exit, CliError> {
    let plan = args.resolve()?;
    let names = plan.source.list()?;
    writeln!(
        io::stdout(),
        "{} is fine: {} repositories, {} arms, output in {}",
        args.plan.display(),
        names.len(),
        plan.arms.len(),
        plan.sink.display()
    )?;
    Ok(Exit::Done)
}

/// The JSON schema of plan files.
pub fn schema() -> Result<Exit, CliError> {
    let schema = crate::plan::json_schema();
    writeln!(io::stdout(), "{schema:#}")?;
    Ok(Exit::Done)
}
