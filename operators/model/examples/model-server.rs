//! The server of the tests as a program: prints its address, then serves until it is killed.
//!
//! `GET /stats` tells what it saw, `POST /scenario` changes what it does.

#![expect(clippy::print_stdout, reason = "its address is what it prints")]

#[path = "../tests/server/mod.rs"]
mod server;

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;
use server::{Scenario, Server};

#[derive(Parser)]
struct Options {
    /// The port; 0 for any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How long an answer takes.
    #[arg(long)]
    latency_ms: Option<u64>,
    /// How many requests are worked on at once.
    #[arg(long)]
    slots: Option<u32>,
    /// How many requests are accepted a second.
    #[arg(long)]
    rate: Option<f64>,
    /// What goes wrong: `[{"kind": "garbage", "every": 7}]`.
    #[arg(long)]
    faults: Option<String>,
    /// A JSON file of answers by what the last message contains.
    #[arg(long)]
    script: Option<PathBuf>,
    /// A JSON file with all of this; the other options go over it.
    #[arg(long)]
    scenario: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let mut scenario: Scenario = match &options.scenario {
        Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
        None => Scenario::default(),
    };
    scenario.latency_ms = options.latency_ms.unwrap_or(scenario.latency_ms);
    scenario.slots = options.slots.or(scenario.slots);
    scenario.rate = options.rate.or(scenario.rate);
    if let Some(faults) = &options.faults {
        scenario.faults = serde_json::from_str(faults)?;
    }
    if let Some(path) = &options.script {
        scenario.script = serde_json::from_slice(&std::fs::read(path)?)?;
    }
    let server = Server::start_at(([127, 0, 0, 1], options.port).into(), scenario).await;
    println!("http://{}/v1", server.address);
    std::io::stdout().flush()?;
    server.serve().await;
    Ok(())
}
