//! What the client makes of servers, and what it costs itself.
//!
//! - `slots`: a server with 256 slots and answers of 200 ms: the share of its slots in use, from the first
//!   request until 256 are left. Prompts of 16 KB; answers kept in memory, which leaves the cost of the
//!   client itself, and in a folder, which adds that of the disk.
//! - `rate`: a server that refuses more than 50 requests a second: the share of the rate that is used, from
//!   the first request to the last answer.
//!
//! CPU is that of all threads but the server's, per request.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/server/mod.rs"]
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use backstory_core::Digest;
use backstory_model::{Client, Message, Question};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use serde_json::json;
use server::{Scenario, Server};
use tokio::runtime::{Builder, Runtime};

const SLOTS: u32 = 256;
const RATE: f64 = 50.0;

fn main() {
    let scenario = Scenario { latency_ms: 200, ..Scenario::default() };
    let slots = Scenario { slots: Some(SLOTS), ..scenario.clone() };
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    let stores: [(_, Arc<dyn ObjectStore>); 2] =
        [("memory", Arc::new(InMemory::new())), ("disk", disk)];
    for (name, store) in stores {
        let run = run(slots.clone(), store, 10_000, 16 << 10);
        let used = run.used * 100.0;
        println!("slots, {name}: {used:.1} % in use, {:.0} us CPU a request", run.cpu);
    }
    let rate = Scenario { rate: Some(RATE), ..scenario };
    let run = run(rate, Arc::new(InMemory::new()), 2_000, 1 << 10);
    let used = run.answered / run.seconds / RATE;
    println!(
        "rate: {:.1} % used, {} refused, {:.0} us CPU a request",
        used * 100.0,
        run.refused,
        run.cpu
    );
}

struct Run {
    /// Share of slots in use until the last of them are left.
    used: f64,
    seconds: f64,
    answered: f64,
    refused: u64,
    /// Microseconds a request.
    cpu: f64,
}

fn run(scenario: Scenario, store: Arc<dyn ObjectStore>, requests: u64, bytes: usize) -> Run {
    let serving = runtime("server");
    let server = serving.block_on(Server::start(scenario));
    let config = json!({ "model": "m", "urls": [server.url()], "max_in_flight": SLOTS });
    let config = serde_json::from_value(config).unwrap();
    let client = Client::new(&config, store, "answers".into()).unwrap();

    let text = "all work and no play ".repeat(bytes / 21);
    let before = cpu();
    let start = Instant::now();
    let mut used = None;
    let asking = runtime("client");
    asking.block_on(async {
        // Many more than there are slots: looking for answers and keeping them takes time, too.
        let mut under_way = FuturesUnordered::new();
        let mut asked = 0;
        let mut done = 0;
        while done < requests {
            while asked < requests && under_way.len() < 8 * SLOTS as usize {
                under_way.push(ask(&client, asked, &text));
                asked += 1;
            }
            under_way.next().await.unwrap();
            done += 1;
            if done + u64::from(SLOTS) >= requests && used.is_none() {
                let slots = f64::from(SLOTS) * start.elapsed().as_secs_f64();
                used = Some(server.stats().slot_seconds / slots);
            }
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    let stats = server.stats();
    let cpu = cpu().saturating_sub(before).as_secs_f64() * 1e6 / requests as f64;
    let used = used.unwrap_or_default();
    drop((asking, serving));
    Run { used, seconds, answered: stats.answered as f64, refused: stats.refused, cpu }
}

async fn ask(client: &Client, number: u64, text: &str) {
    let question = Question {
        purpose: "need",
        file: None,
        template: Digest([0; 32]),
        messages: vec![Message { role: "user", content: format!("{number} {text}") }],
        schema: None,
        max_tokens: None,
        sample: 0,
    };
    client.ask(&format!("repository-{}", number / 40), question).await.result.unwrap();
}

fn runtime(name: &str) -> Runtime {
    Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build().unwrap()
}

/// Time on a CPU of all threads but the server's, by what Linux says of them; threads that ended are missing.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of = |task: std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let spent = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanos: u64 = spent.split(' ').next()?.parse().ok()?;
        (!name.starts_with("server")).then_some(nanos)
    };
    Duration::from_nanos(tasks.filter_map(of).sum())
}
