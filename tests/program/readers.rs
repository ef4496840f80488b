//! The tables, read by programs of others: `tests/readers/read.py` in a Python environment of its own.
//!
//! Catches columns that another reader sees otherwise, and a log that makes one pass over files which hold
//! what it looks for. Needs `python3`; skipped, and says so, only where no package registry is reached.

use std::fs::{self, File};
use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use backstory_core::Digest;

use crate::common::{PROGRAM, Place, ROOT};
use crate::corpus::place_with_corpus;
use crate::models::{Model, place_with};
use crate::searching;
use crate::server::Scenario;

#[test]
fn readers_of_others_agree_with_ours() {
    let Some(python) = python() else {
        // Not by `eprintln!`, which nobody sees of a test that passes.
        let skipped = "SKIPPED: no package registry is reached, nothing of others reads the tables";
        return writeln!(stderr(), "{skipped}").unwrap();
    };
    let model = Model::new(Scenario::default());
    let places = [place_with_corpus(12), place_with(&model, 6, ""), searching::place()];
    let mut said = String::new();
    for place in places {
        let run = place.run_into("out", &[]);
        assert!(matches!(run.code, Some(0 | 1)), "{}", run.report());
        said += &read(&python, &place);
    }
    for table in ["errors", "ledger", "trials", "trajectories", "sequences", "repositories"] {
        let totals = format!("ok {table}: totals rows ");
        let mut rows = said.lines().filter_map(|line| line.strip_prefix(&totals));
        assert!(rows.any(|rows| !rows.starts_with("0,")), "{table} has no rows:\n{said}");
    }
}

/// What the script says of an output that it finds nothing wrong with.
fn read(python: &Path, place: &Place) -> String {
    let script = Path::new(ROOT).join("tests/readers/read.py");
    let mut command = Command::new(python);
    command.arg(script).args(["out", "--program", PROGRAM]).current_dir(place.at(""));
    text(&succeeds(command.output().unwrap()).stdout)
}

/// Python with the packages, made once per list of them in the user's cache; none without a registry.
fn python() -> Option<PathBuf> {
    let requirements = Path::new(ROOT).join("tests/readers/requirements.txt");
    let digest = Digest::of(fs::read(&requirements).unwrap());
    let folder = cache().join(format!("backstory/readers-{digest}"));
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (python, installed) = (folder.join("bin/python"), folder.join("installed"));
    if installed.exists() {
        return Some(python);
    }
    succeeds(Command::new("python3").args(["-m", "venv"]).arg(&folder).output().unwrap());
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--retries", "1", "--requirement"]).arg(requirements);
    let output = pip.output().unwrap();
    let errors = text(&output.stderr);
    if errors.contains("Retrying (Retry(") && errors.contains("(from versions: none)") {
        stderr().write_all(errors.as_bytes()).unwrap();
        return None;
    }
    succeeds(output);
    File::create(installed).unwrap();
    Some(python)
}

fn cache() -> PathBuf {
    let home = || std::env::home_dir().unwrap().join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}

#[track_caller]
fn succeeds(output: Output) -> Output {
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{}\n{stdout}{stderr}", output.status);
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
