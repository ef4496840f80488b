//! `backstory deps`: which files of a repository need which.

mod text;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use backstory_core::{EdgeKind, closest};
use backstory_source::Whole;
use clap::{Args, ValueEnum};

use super::style::Paint;
use super::{CliError, Exit};
use crate::deps::{self, Selection};

/// Arguments of `deps`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct DepsArgs {
    /// A folder, or a git repository, bare or not
    repo: PathBuf,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show only files in these languages, and the edges among them: `python`, `rust,go`
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    lang: Vec<String>,
    /// Show only edges of these kinds: `import,re-export`
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<String>,
    /// Read this branch, tag or commit of the git repository instead of the folder as it is now; a bare
    /// repository is read at HEAD if this is left out
    #[arg(long, value_name = "REV")]
    commit: Option<String>,
}

const AFTER_HELP: &str = "\
Every source file counts, also vendored, generated, minified and empty ones; in a git work tree, what
a .gitignore names does not. An edge runs from a file to a file of the same repository that it needs.

Kinds of edges, the strongest first; two files are joined by the strongest one:
  import         an import statement names it
  same-package   it defines a name that is used without an import, in the same package
  re-export      it defines what an imported file only passes on
  type-checking  imported for type checkers only
  inactive       imported in a branch that is not taken, or on another system only
  package        Python's __init__.py around an imported module
The order follows all of them but package, and breaks circles at the weakest.

For instance:
  backstory deps .
  backstory deps . --lang python,rust --kind import
  backstory deps engine.git --commit v1.2 --format json | jq '.order[]'
  backstory deps . --format svg > dependencies.svg
  backstory deps . --format dot | dot -Tpdf > dependencies.pdf

Exit codes: 0 all done, 1 done but a folder could not be read, 2 the command line is wrong, 3 the
repository cannot be read.";

/// How dependencies are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For other programs: files, edges, order, and what could not be resolved
    Json,
    /// For eyes: files in order, each with what it needs
    #[default]
    Text,
    /// For Graphviz
    Dot,
    /// A drawing, dependencies below
    Svg,
}

/// Prints the dependencies of a repository.
pub fn deps(args: &DepsArgs) -> Result<Exit, CliError> {
    let selection = selection(args)?;
    let whole = Whole { path: args.repo.clone(), revision: args.commit.clone() };
    let deps = selection.apply(deps::deps(&whole)?);
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Json => deps::json(&deps, &mut out)?,
        Format::Text => text::text(&deps, Paint::for_stdout(), &mut out)?,
        Format::Dot => deps::dot(&deps, &mut out)?,
        Format::Svg => out.write_all(deps::svg(&deps, &name(args)).as_bytes())?,
    }
    out.flush()?;
    Ok(if deps.failures.is_empty() { Exit::Done } else { Exit::Rejected })
}

/// What the picture is called: the repository, without the folders it is in.
fn name(args: &DepsArgs) -> String {
    let full = args.repo.canonicalize().unwrap_or_else(|_| args.repo.clone());
    let name = full.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "repository".to_owned());
    match &args.commit {
        Some(commit) => format!("{name} at {commit}"),
        None => name,
    }
}

fn selection(args: &DepsArgs) -> Result<Selection, CliError> {
    let languages = args.lang.iter().map(|name| {
        let known = backstory_languages::names();
        deps::language(name).ok_or_else(|| unknown("language", name, &known))
    });
    let kinds = args.kind.iter().map(|name| {
        let known = EdgeKind::ALL.map(EdgeKind::name);
        let found = EdgeKind::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| unknown("kind", name, &known))
    });
    Ok(Selection {
        languages: languages.collect::<Result<_, _>>()?,
        kinds: kinds.collect::<Result<_, _>>()?,
    })
}

fn unknown(what: &str, name: &str, known: &[&str]) -> CliError {
    let hint = match closest(name, known.iter().copied()) {
        Some(close) => format!("did you mean \"{close}\"?"),
        None => format!("there are {}", known.join(", ")),
    };
    CliError::Usage(format!("there is no {what} \"{name}\"\nhint: {hint}"))
}
