//! A folder to work in, the program run in it, and the rows that come out.

use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use backstory::tables::{
    ErrorRow, Reader, SequenceRow, TrajectoryRow, TrialRow, error_rows, sequence_rows,
    trajectory_rows,
};
use backstory_store::Location;
use futures::TryStreamExt;
use tempfile::TempDir;

/// A folder with a plan, repositories and outputs, gone when the test is over.
pub struct Place {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), environment: vec![] }
    }

    /// With a plan in it, and the tokenizer that it needs.
    pub fn with_plan(plan: &str) -> Self {
        let place = Self::new();
        place.write("plan.toml", plan);
        let tokenizer = Path::new(ROOT).join("datasets/tokenizer.json");
        fs::copy(tokenizer, place.at("tokenizer.json")).unwrap();
        place
    }

    /// With [`plan`] in it, and repositories of these files: paths begin with the repository.
    pub fn with_files(files: &[(&str, &str)]) -> Self {
        let place = Self::with_plan(&plan());
        for (path, contents) in files {
            place.write(&format!("repositories/{path}"), contents);
        }
        place
    }

    /// Runs the program with these variables from now on.
    pub fn set_environment(&mut self, environment: Vec<(String, String)>) {
        self.environment = environment;
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file, with the folders it needs.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// The program with arguments, to be run in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.envs(self.environment.iter().cloned());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.outcome(&self.command(arguments).output().unwrap())
    }

    /// `run plan.toml` into the folder or URI `out`, with further arguments.
    pub fn run_into(&self, out: &str, further: &[&str]) -> Outcome {
        let sink = format!("sink.uri={out}");
        self.run(&[&["run", "plan.toml", "--set", &sink], further].concat())
    }

    /// The folder or URI `out`, as the program would open it.
    pub fn location(&self, out: &str) -> Location {
        let variables = self.environment.iter().cloned().collect();
        Location::open_with(out, self.folder.path(), &variables).unwrap()
    }

    /// What a run left behind in the folder or at the URI `out`.
    pub fn rows(&self, out: &str) -> Rows {
        rows(&self.location(out))
    }

    /// How often each table of the folder `out` was committed to.
    pub fn versions(&self, out: &str) -> [usize; 3] {
        ["errors", "sequences", "trajectories"].map(|table| {
            let log = fs::read_dir(self.at(out).join(table).join("_delta_log"));
            let names = log.into_iter().flatten().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().ends_with(".json")).count()
        })
    }

    pub fn outcome(&self, output: &Output) -> Outcome {
        let folder = self.folder.path().display().to_string();
        // Stores name objects without the slash before them.
        let names = [&*folder, folder.trim_start_matches('/')];
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            names.iter().fold(text, |text, name| text.replace(name, "[place]"))
        };
        Outcome {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_backstory");

/// The root of the checkout.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A plan of both arms without a test, from `repositories` into `out` beside it.
pub fn plan() -> String {
    let plan = fs::read_to_string(Path::new(ROOT).join("plans/quickstart.toml")).unwrap();
    let (plan, _) = plan.split_once("[test]").unwrap();
    plan.replace("../datasets/tokenizer.json", "tokenizer.json")
        .replace("../datasets/repositories", "repositories")
        .replace("../out/quickstart", "out")
}

/// How the program ended and what it said; the working folder is called `[place]`.
pub struct Outcome {
    /// None if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// All of it as one text that is the same on every machine.
    pub fn report(&self) -> String {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        let mut text = format!("exit code {code}\n");
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                let _ = writeln!(text, "--- {name}\n{}", stream.trim_end());
            }
        }
        // Where a long line breaks depends on the name of the working folder.
        let text = text.replace("\n  │ ", " ");
        let timeless = |line: &str| match line.trim_start().strip_prefix("time ") {
            Some(_) => "         time [time]".to_owned(),
            None => line.to_owned(),
        };
        text.lines().map(timeless).collect::<Vec<_>>().join("\n")
    }

    /// Fails unless the program ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.report());
        self
    }

    /// The summary of `run --json`, the verdict of `verify --json`.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}", self.report()))
    }
}

/// All rows of an output, sorted.
pub struct Rows {
    pub trajectories: Vec<TrajectoryRow>,
    pub sequences: Vec<SequenceRow>,
    pub errors: Vec<ErrorRow>,
    /// Those of one search in one repository in the order in which they were made.
    pub trials: Vec<TrialRow>,
}

/// A folder as the place of an output.
pub fn location(folder: &Path) -> Location {
    Location::folder(folder).unwrap()
}

/// Reads all rows of an output.
fn rows(out: &Location) -> Rows {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let reader = Reader::open(out, None).await.unwrap();
        let batches = async |table: &str, order: &str| {
            let sql = format!("SELECT * FROM {table} ORDER BY {order}");
            reader.stream(&sql).await.unwrap().try_collect::<Vec<_>>().await.unwrap()
        };
        let trajectories = batches("trajectories", "repo, arm").await;
        let sequences = batches("sequences", "repo, arm").await;
        let errors = batches("errors", "repo, arm, path, stage, kind, message").await;
        let mut trials = vec![];
        reader.trials(|rows| trials.extend(rows)).await.unwrap();
        trials.sort_by_cached_key(|row: &TrialRow| (row.repo.clone(), row.simulation.clone()));
        Rows {
            trials,
            trajectories: trajectories.iter().flat_map(|it| trajectory_rows(it).unwrap()).collect(),
            sequences: sequences.iter().flat_map(|it| sequence_rows(it).unwrap()).collect(),
            errors: errors.iter().flat_map(|it| error_rows(it).unwrap()).collect(),
        }
    })
}

impl Rows {
    /// Fails, naming the first row that differs, unless both hold the same rows.
    #[track_caller]
    pub fn assert_same(&self, other: &Self, which: &str) {
        same(&self.errors, &other.errors, |row| format!("{row:?}"), which);
        let name = |row: &TrajectoryRow| format!("trajectory {} {}", row.repo, row.arm);
        same(&self.trajectories, &other.trajectories, name, which);
        let name = |row: &SequenceRow| format!("sequence {} {}", row.repo, row.arm);
        same(&self.sequences, &other.sequences, name, which);
        let name = |row: &TrialRow| format!("trial {} {} {}", row.repo, row.path, row.trial.step);
        same(&self.trials, &other.trials, name, which);
    }

    /// Repositories with rows, each once.
    pub fn repositories(&self) -> usize {
        let errors = self.errors.iter().map(|row| &row.repo);
        let all = self.trajectories.iter().map(|row| &row.repo).chain(errors);
        all.collect::<std::collections::BTreeSet<_>>().len()
    }
}

/// Names first: a row that is missing or double shows as such.
#[track_caller]
fn same<T: Debug + PartialEq>(ours: &[T], theirs: &[T], name: impl Fn(&T) -> String, which: &str) {
    let names = |rows: &[T]| rows.iter().map(&name).collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs), "{which}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        if ours != theirs {
            let (left, right) = (format!("{ours:?}"), format!("{theirs:?}"));
            let pairs = left.char_indices().zip(right.chars());
            let at = pairs.take_while(|((_, left), right)| left == right).count();
            let excerpt = |text: &str| text.chars().skip(at.saturating_sub(80)).take(200).collect();
            let (left, right): (String, String) = (excerpt(&left), excerpt(&right));
            panic!("{which}: {} differs\n  {left}\n  {right}", name(ours));
        }
    }
}
