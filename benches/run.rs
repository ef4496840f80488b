//! Whole runs of the program against what tree-sitter alone takes to parse the same files.
//!
//! ```text
//! cargo bench --bench run -- FOLDER...          folders whose direct subfolders are repositories
//! ```
//!
//! Isolates the cost of everything around parsing: reading, outlines, graph, dataflow, tokens, Parquet,
//! commits. Each figure is the best of several rounds, and rounds of all variants alternate, so that
//! ratios are taken within one run on one machine. After that, what a run costs into an output that is there: with
//! nothing changed, and with one file of one repository changed. Prints Markdown; results are kept in
//! `benches/results/`, one file per date and machine.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise"
)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use backstory_core::{Source, SourceFile};
use backstory_source::Dir;
use tempfile::TempDir;
use tree_sitter::{Language, Parser};

/// Source bytes of the corpus for throughput.
const CORPUS_BYTES: u64 = 80 << 20;
/// Rounds of each variant.
const ROUNDS: usize = 3;
/// Copies of the corpus for the memory figure.
const COPIES: usize = 10;
/// Repositories for the figures of later runs.
const UPDATED: usize = 1000;
/// A folder's state is trusted when its files are older than this.
const SETTLED: Duration = Duration::from_secs(3);

/// What one child process took.
struct Cost {
    seconds: f64,
    cpu_seconds: f64,
}

fn main() {
    let folders = std::env::args_os().skip(1).filter(|argument| argument != "--bench");
    let folders = folders.map(PathBuf::from).collect::<Vec<_>>();
    assert!(!folders.is_empty(), "name folders whose direct subfolders are repositories");
    let corpus = Corpus::gather(&folders);
    let megabytes = corpus.bytes as f64 / 1e6;
    println!("| figure | value |\n|---|---|");
    println!(
        "| corpus | {} repositories, {} files, {megabytes:.1} MB of source |",
        corpus.repositories,
        corpus.files.len()
    );
    throughput(&corpus, megabytes);
    nothing_to_do(&corpus);
    later_runs(&folders);
    memory(&corpus);
}

/// Real repositories, hard-linked or copied into one folder.
struct Corpus {
    scratch: TempDir,
    repositories: usize,
    files: Vec<SourceFile>,
    bytes: u64,
}

impl Corpus {
    fn gather(folders: &[PathBuf]) -> Self {
        let scratch = TempDir::new().unwrap();
        let target = scratch.path().join("corpus");
        fs::create_dir(&target).unwrap();
        let mut corpus = Self { scratch, repositories: 0, files: vec![], bytes: 0 };
        let share = CORPUS_BYTES / folders.len() as u64;
        for folder in folders {
            let (mut taken, source) = (0, open(folder));
            for name in source.list().unwrap() {
                let Ok(repository) = source.read(&name) else { continue };
                if taken >= share {
                    break;
                }
                if repository.files.iter().any(|file| grammar(file.language).is_none()) {
                    continue;
                }
                taken += repository.bytes();
                copy_tree(&folder.join(&name), &target.join(&name));
                corpus.repositories += 1;
                corpus.bytes += repository.bytes();
                corpus.files.extend(repository.files);
            }
        }
        corpus
    }

    fn folder(&self) -> PathBuf {
        self.scratch.path().join("corpus")
    }
}

fn open(folder: &Path) -> Box<dyn Source> {
    let config = serde_json::json!({ "path": folder, "layout": "many" });
    let config = serde_json::from_value::<Dir>(config).unwrap();
    config.open(Path::new("/"), backstory_languages::classify).unwrap()
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, target) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_tree(&entry.path(), &target);
        } else if kind.is_file() && fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The grammars of most published source; repositories with files of other languages are left out.
fn grammar(language: &str) -> Option<Language> {
    let grammar = match language {
        "rust" => tree_sitter_rust::LANGUAGE.into(),
        "python" => tree_sitter_python::LANGUAGE.into(),
        "javascript" => tree_sitter_javascript::LANGUAGE.into(),
        "typescript" => tree_sitter_typescript::LANGUAGE_TSX.into(),
        "go" => tree_sitter_go::LANGUAGE.into(),
        _ => return None,
    };
    Some(grammar)
}

/// Seconds that tree-sitter alone takes to parse the files on one thread.
fn parse_alone(files: &[SourceFile]) -> f64 {
    let begin = Instant::now();
    let mut parser = Parser::new();
    let mut language = "";
    for file in files {
        if file.language != language {
            language = file.language;
            parser.set_language(&grammar(language).unwrap()).unwrap();
        }
        std::hint::black_box(parser.parse(&*file.text, None).unwrap());
    }
    begin.elapsed().as_secs_f64()
}

fn run(plan: &str, source: &Path, sink: &Path, workers: usize) -> Cost {
    let before = cpu_seconds_of_children();
    let begin = Instant::now();
    let set = |key: &str, value: &Path| {
        let mut argument = OsString::from(format!("--set={key}="));
        argument.push(value);
        argument
    };
    let status = Command::new(env!("CARGO_BIN_EXE_backstory"))
        .arg("run")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("plans").join(plan))
        .arg(set("source.path", source))
        .arg(set("sink.uri", sink))
        .arg(format!("--workers={workers}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    // 1 says that something was rejected, which real corpora always have.
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    let seconds = begin.elapsed().as_secs_f64();
    Cost { seconds, cpu_seconds: cpu_seconds_of_children() - before }
}

/// User and system time of all children that have ended: fields 16 and 17 of `/proc/self/stat`, in
/// hundredths of a second (`proc_pid_stat(5)`).
fn cpu_seconds_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks = after_name.split_whitespace().skip(13).take(2);
    ticks.map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// A run into a new folder, which is removed afterwards.
fn fresh_run(plan: &str, corpus: &Corpus, workers: usize) -> Cost {
    let sink = corpus.scratch.path().join("out");
    let cost = run(plan, &corpus.folder(), &sink, workers);
    fs::remove_dir_all(&sink).unwrap();
    cost
}

fn best(seconds: &[f64]) -> f64 {
    seconds.iter().copied().fold(f64::INFINITY, f64::min)
}

fn throughput(corpus: &Corpus, megabytes: f64) {
    let (mut alone, mut one, mut two, mut agent) = (vec![], vec![], vec![], vec![]);
    let mut cpu = vec![];
    for _ in 0..ROUNDS {
        alone.push(parse_alone(&corpus.files));
        let cost = fresh_run("raw-repos.toml", corpus, 1);
        one.push(cost.seconds);
        cpu.push(cost.cpu_seconds);
        two.push(fresh_run("raw-repos.toml", corpus, 2).seconds);
        agent.push(fresh_run("repo2agent.toml", corpus, 2).seconds);
    }
    let (alone, one, two, agent) = (best(&alone), best(&one), best(&two), best(&agent));
    let rate = |seconds: f64| format!("{seconds:.2} s ({:.1} MB/s)", megabytes / seconds);
    println!("| tree-sitter alone, one thread | {} |", rate(alone));
    println!("| raw-repos, one worker | {} |", rate(one));
    println!("| raw-repos, one worker, CPU of all threads | {:.2} s |", best(&cpu));
    println!("| raw-repos, two workers | {} |", rate(two));
    println!("| repo2agent, two workers | {} |", rate(agent));
    println!("| **one worker / tree-sitter alone** (at most 1.6) | {:.2} |", one / alone);
    println!("| **one worker / two workers** (at least 1.7) | {:.2} |", one / two);
}

/// A plan whose repositories are all committed: start, read, compare, end.
fn nothing_to_do(corpus: &Corpus) {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/repositories");
    let sink = corpus.scratch.path().join("idle");
    run("quickstart.toml", &sample, &sink, 2);
    let rounds = (0..10).map(|_| run("quickstart.toml", &sample, &sink, 2).seconds);
    let milliseconds = best(&rounds.collect::<Vec<_>>()) * 1e3;
    println!("| **nothing to do** (under 100 ms) | {milliseconds:.0} ms |");
}

/// Runs into an output that is there: nothing has changed, one file has changed, and the rows of all
/// repositories in one file of each table.
fn later_runs(folders: &[PathBuf]) {
    let scratch = TempDir::new().unwrap();
    let (source, sink) = (scratch.path().join("source"), scratch.path().join("out"));
    let all = folders.iter().flat_map(|folder| {
        let names = open(folder).list().unwrap().into_iter();
        names.map(move |name| (folder.join(&name), name))
    });
    let mut repositories = vec![];
    for (from, name) in all.take(UPDATED) {
        copy_tree(&from, &source.join(&name));
        repositories.push(source.join(name));
    }
    std::thread::sleep(SETTLED);
    let full = run("repo2agent.toml", &source, &sink, 2).seconds;
    println!("| {} repositories, repo2agent, two workers | {full:.2} s |", repositories.len());
    for after in ["", ", tables compacted"] {
        if !after.is_empty() {
            let mut compact = Command::new(env!("CARGO_BIN_EXE_backstory"));
            compact.arg("compact").arg(&sink).stdout(Stdio::null());
            assert!(compact.status().unwrap().success());
        }
        let idle = (0..5).map(|_| run("repo2agent.toml", &source, &sink, 2).seconds);
        let idle = best(&idle.collect::<Vec<_>>());
        let edited =
            repositories.iter().filter_map(|repository| first_source(repository)).step_by(97);
        let edited = edited.take(5).map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            // Another file: the old one may be a link into the corpus.
            fs::remove_file(&file).unwrap();
            fs::write(&file, text + "\n").unwrap();
            run("repo2agent.toml", &source, &sink, 2).seconds
        });
        let edited = best(&edited.collect::<Vec<_>>());
        let share = |seconds: f64| format!("{seconds:.3} s, {:.2} %", seconds / full * 100.0);
        println!("| **nothing has changed{after}** (at most 1 % of that) | {} |", share(idle));
        println!("| **one file has changed{after}** (at most 1 % of that) | {} |", share(edited));
    }
}

/// A source file of a repository.
fn first_source(repository: &Path) -> Option<PathBuf> {
    let mut folders = vec![repository.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs" || it == "py") {
                return Some(path);
            }
        }
    }
    None
}

/// Peak memory of the corpus, and of ten times as many repositories.
fn memory(corpus: &Corpus) {
    let many = corpus.scratch.path().join("many");
    for copy in 0..COPIES {
        for entry in fs::read_dir(corpus.folder()).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{}-{copy}", entry.file_name().display());
            copy_tree(&entry.path(), &many.join(name));
        }
    }
    for plan in ["raw-repos.toml", "repo2agent.toml"] {
        for workers in [1, 2] {
            let small =
                peak_of(plan, &corpus.folder(), &corpus.scratch.path().join("out"), workers);
            let large = peak_of(plan, &many, &corpus.scratch.path().join("out"), workers);
            let growth = (large / small - 1.0) * 100.0;
            println!(
                "| **peak memory, {plan}, {workers} workers: {COPIES} times the repositories** (under +20 %) | \
                 {small:.0} MiB, then {large:.0} MiB: {growth:+.0} % |"
            );
        }
    }
}

/// Peak resident memory of one run in MiB. The kernel keeps the maximum over all children, so each run is
/// the only child of a process of its own.
fn peak_of(plan: &str, source: &Path, sink: &Path, workers: usize) -> f64 {
    let output = Command::new("/usr/bin/env")
        .args(["sh", "-c", PEAK_SCRIPT, "sh"])
        .arg(env!("CARGO_BIN_EXE_backstory"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("plans").join(plan))
        .arg(source)
        .arg(sink)
        .arg(workers.to_string())
        .output()
        .unwrap();
    fs::remove_dir_all(sink).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let kilobytes = text.trim().parse::<f64>().unwrap();
    kilobytes / 1024.0
}

/// Polls the high-water mark that the kernel keeps of a process, until the process is gone.
const PEAK_SCRIPT: &str = r#"
"$1" run "$2" --set "source.path=$3" --set "sink.uri=$4" --workers "$5" >/dev/null 2>&1 &
while [ -r /proc/$!/status ]; do
    line=$(grep VmHWM /proc/$!/status 2>/dev/null) && peak=$line
    [ -n "$line" ] || break
    sleep 0.05
done
echo "$peak" | tr -dc 0-9
"#;
