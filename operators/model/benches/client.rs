//! What the client makes of servers, and what it costs itself.
//!
//! - `slots`: a server with 256 slots and answers of 200 ms: the share of its slots in use, from the first
//!   request until 256 are left. Prompts of 16 KB; answers kept in memory, which leaves the cost of the
//!   client itself, and in a folder, which adds that of making each of them durable.
//! - `bare`: the same bytes over as many sockets without any client: what no client can go below.
//! - `rate`: a server that refuses more than 50 requests a second: the share of the rate that is used, from
//!   the first request to the last answer.
//!
//! The server is a process of its own, so CPU is all that this process takes, per request, in the kernel and
//! outside. `cargo bench -p backstory-model --bench client -- bare disk` runs what has such words in its name.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench")]

#[path = "../tests/server/mod.rs"]
mod server;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use backstory_core::Digest;
use backstory_model::{Client, Message, Place, Question};
use backstory_store::{Location, Variables};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::json;
use server::{Scenario, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const SLOTS: u32 = 256;
const RATE: f64 = 50.0;
/// How this program is told to be the server.
const SERVE: &str = "CLIENT_BENCH_SERVES";

fn main() {
    if let Ok(scenario) = std::env::var(SERVE) {
        return serve(&scenario);
    }
    let wanted: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word));
    let scenario = Scenario { latency_ms: 200, ..Scenario::default() };
    let slots = Scenario { slots: Some(SLOTS), ..scenario.clone() };
    let rate = Scenario { rate: Some(RATE), ..scenario };
    if wanted("bare") {
        println!("bare: {}", bare(&slots, 10_000, 16 << 10));
    }
    if wanted("slots, memory") {
        let run = run(&slots, memory(), 10_000, 16 << 10);
        println!("slots, memory: {:.1} % in use, {}", run.used * 100.0, run.cpu);
    }
    if wanted("slots, disk") {
        let folder = tempfile::tempdir().unwrap();
        let disk = Place::Folder { path: folder.path().into(), own: true };
        let run = run(&slots, disk, 10_000, 16 << 10);
        println!("slots, disk: {:.1} % in use, {}", run.used * 100.0, run.cpu);
    }
    if wanted("rate") {
        let run = run(&rate, memory(), 2_000, 1 << 10);
        let used = run.seen.answered / run.seconds / RATE * 100.0;
        println!("rate: {used:.1} % used, {} refused, {}", run.seen.refused, run.cpu);
    }
}

struct Run {
    /// Share of slots in use until the last of them are left.
    used: f64,
    seconds: f64,
    seen: Seen,
    cpu: String,
}

fn run(scenario: &Scenario, answers: Place, requests: u64, bytes: usize) -> Run {
    let serving = Serving::start(scenario);
    let config = json!({ "model": "m", "urls": [serving.url], "max_in_flight": SLOTS });
    let config = serde_json::from_value(config).unwrap();
    let client = Client::new(&config, answers).unwrap();

    let text = text(bytes);
    let before = Cpu::now();
    let start = Instant::now();
    // Within the runtime, as those that ask do: another thread would have to be woken for each answer.
    let (runtime, seen) = (runtime(), Arc::clone(&serving.control));
    let asking = runtime.spawn(async move {
        // Many more than there are slots: looking for answers and keeping them takes time, too.
        let mut under_way = FuturesUnordered::new();
        let mut asked = 0;
        let mut used = None;
        for done in 1..=requests {
            while asked < requests && under_way.len() < 8 * SLOTS as usize {
                under_way.push(ask(&client, asked, &text));
                asked += 1;
            }
            under_way.next().await.unwrap();
            if done + u64::from(SLOTS) >= requests && used.is_none() {
                let slots = f64::from(SLOTS) * start.elapsed().as_secs_f64();
                used = Some(seen.lock().unwrap().seen().slot_seconds / slots);
            }
        }
        used.unwrap_or_default()
    });
    let used = runtime.block_on(asking).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let cpu = before.each(requests);
    let seen = serving.control.lock().unwrap().seen();
    Run { used, seconds, seen, cpu }
}

async fn ask(client: &Client, number: u64, text: &str) {
    let mut content = String::with_capacity(text.len() + 8);
    content.extend([&number.to_string(), text]);
    let question = Question {
        purpose: "need",
        file: None,
        template: Digest([0; 32]),
        messages: vec![Message { role: "user", content }],
        schema: None,
        max_tokens: None,
        sample: 0,
    };
    client.ask(&format!("repository-{}", number / 40), question).await.result.unwrap();
}

/// The cost of exchanging the same bytes.
fn bare(scenario: &Scenario, requests: u64, bytes: usize) -> String {
    let serving = Serving::start(scenario);
    let address = serving.url.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let messages = [json!({ "role": "user", "content": text(bytes) })];
    let body = json!({ "model": "m", "messages": messages, "max_tokens": 4096 }).to_string();
    let head = "POST /v1/chat/completions HTTP/1.1\r\ncontent-type: application/json\r\n";
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    let request: Arc<[u8]> = request.into_bytes().into();
    let before = Cpu::now();
    runtime().block_on(async {
        let connection = |_| {
            let (address, request) = (address.clone(), Arc::clone(&request));
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut answer = vec![0; 64 << 10];
                for _ in 0..requests / u64::from(SLOTS) {
                    stream.write_all(&request).await.unwrap();
                    // The server writes its short answers at once.
                    assert!(stream.read(&mut answer).await.unwrap() > 0);
                }
            })
        };
        futures::future::join_all((0..SLOTS).map(connection)).await;
    });
    before.each(requests / u64::from(SLOTS) * u64::from(SLOTS))
}

fn memory() -> Place {
    let location = Location::open_with("memory://kept/answers", Path::new("."), &Variables::new());
    Place::Store { location: location.unwrap(), own: false }
}

fn text(bytes: usize) -> String {
    "all work and no play ".repeat(bytes / 21)
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A server in a process of its own, killed when dropped.
struct Serving {
    child: Child,
    control: Arc<Mutex<Control>>,
    url: String,
}

/// Where the server is asked what it saw.
struct Control {
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What the server saw.
struct Seen {
    slot_seconds: f64,
    answered: f64,
    refused: f64,
}

impl Serving {
    fn start(scenario: &Scenario) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(SERVE, json!(scenario).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let url = line(&mut answers);
        let control = Arc::new(Mutex::new(Control { questions, answers }));
        Self { child, control, url }
    }
}

impl Control {
    fn seen(&mut self) -> Seen {
        self.questions.write_all(b"\n").unwrap();
        let told = line(&mut self.answers);
        let mut numbers = told.split(' ').map(|number| number.parse().unwrap());
        let mut next = || numbers.next().unwrap();
        Seen { slot_seconds: next(), answered: next(), refused: next() }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn line(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Prints its address, then for every line that comes what it saw.
fn serve(scenario: &str) {
    let scenario = serde_json::from_str(scenario).unwrap();
    let runtime = runtime();
    let server = runtime.block_on(Server::start(scenario));
    println!("{}", server.url());
    for _ in std::io::stdin().lines() {
        let stats = server.stats();
        println!("{} {} {}", stats.slot_seconds, stats.answered, stats.refused);
    }
}

/// Time on a CPU in ticks of a hundredth of a second, by what Linux says of this process.
struct Cpu {
    user: f64,
    kernel: f64,
}

impl Cpu {
    fn now() -> Self {
        let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name of the program stands in parentheses, and may hold spaces.
        let numbers = told.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
        let mut numbers = numbers.map(|number| number.parse().unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default();
        Self { user: next(), kernel: next() }
    }

    /// What it took from then until now for each of so many requests.
    fn each(&self, requests: u64) -> String {
        let now = Self::now();
        let micros = |ticks: f64| ticks * 1e4 / requests as f64;
        let (user, kernel) = (micros(now.user - self.user), micros(now.kernel - self.kernel));
        let all = user + kernel;
        format!("{all:.0} us CPU a request, {user:.0} of them outside the kernel")
    }
}
