//! A server of chat completions for tests: as slow, as full and as faulty as its scenario says, and it counts
//! what it saw. Raw TCP, so that it can break off in the middle of anything.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, unused_imports, reason = "not every user needs all of it")]

mod http;
mod scenario;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

pub use http::{Request, Response};
pub use scenario::{Fault, Kind, Scenario};

/// A running server; stopped when dropped, with all its connections.
pub struct Server {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

/// What a server saw.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stats {
    /// Requests that arrived.
    pub requests: u64,
    /// Those answered as they should be.
    pub answered: u64,
    /// Those refused because it was busy.
    pub refused: u64,
    /// Most requests at once.
    pub most: u32,
    /// Slots in use, summed over time, in seconds.
    pub slot_seconds: f64,
    /// Per body, by the start of its last message and its hash: how often it arrived, and was answered.
    pub bodies: BTreeMap<String, (u64, u64)>,
    /// Values of the header `authorization` that came.
    pub keys: Vec<String>,
}

struct State {
    scenario: Scenario,
    stats: Stats,
    working: u32,
    changed: Instant,
    tokens: f64,
    filled: Instant,
}

impl Server {
    /// Starts one on a free port.
    pub async fn start(scenario: Scenario) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), scenario).await
    }

    /// Starts one at `address`.
    pub async fn start_at(address: SocketAddr, scenario: Scenario) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let now = Instant::now();
        let tokens = scenario.burst();
        let state = Arc::new(Mutex::new(State {
            scenario,
            stats: Stats::default(),
            working: 0,
            changed: now,
            tokens,
            filled: now,
        }));
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, task }
    }

    /// The URL that a plan names.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What it saw so far.
    pub fn stats(&self) -> Stats {
        lock(&self.state).stats()
    }

    /// How often a question was (sent, answered) whose last message starts with `start`.
    pub fn seen(&self, start: &str) -> (u64, u64) {
        let stats = self.stats();
        let seen = stats.bodies.iter().filter(|(key, _)| key.starts_with(start));
        seen.fold((0, 0), |sum, (_, seen)| (sum.0 + seen.0, sum.1 + seen.1))
    }

    /// Changes what it does.
    pub fn set(&self, scenario: Scenario) {
        lock(&self.state).scenario = scenario;
    }

    /// Runs until it is killed.
    pub async fn serve(mut self) {
        let _ = (&mut self.task).await;
    }

    /// Stops it, and waits until its port is free.
    pub async fn stop(mut self) -> Stats {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.stats()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap()
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        connections.spawn(serve(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

/// What to do with a connection after a response.
pub enum Next {
    Answer(Response),
    Half(Response),
    Reset,
    Stall,
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut buffer = vec![];
    while let Some(request) = http::read(&mut stream, &mut buffer).await {
        let next = match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/stats") => Next::Answer(Response::json(200, &json!(lock(&state).stats()))),
            ("POST", "/scenario") => Next::Answer(set(&state, &request)),
            ("POST", path) if path.ends_with("/chat/completions") => {
                complete(&state, request).await
            }
            _ => Next::Answer(Response::error(404, "no such path")),
        };
        let done = match next {
            Next::Answer(response) => http::write(&mut stream, &response, None).await,
            Next::Half(response) => {
                let half = response.body.len() / 2;
                let _ = http::write(&mut stream, &response, Some(half)).await;
                return;
            }
            Next::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
            Next::Stall => return std::future::pending().await,
        };
        if done.is_err() {
            return;
        }
    }
}

fn set(state: &Mutex<State>, request: &Request) -> Response {
    match serde_json::from_slice(&request.body) {
        Ok(scenario) => {
            lock(state).scenario = scenario;
            Response::json(200, &json!({}))
        }
        Err(error) => Response::error(400, &error.to_string()),
    }
}

/// A slot that is in use until dropped: also when the client goes away.
struct Working(Arc<Mutex<State>>);

impl Drop for Working {
    fn drop(&mut self) {
        lock(&self.0).work(-1);
    }
}

async fn complete(state: &Arc<Mutex<State>>, request: Request) -> Next {
    let arrival = lock(state).arrive(&request);
    let (key, question, fault, scenario) = match arrival {
        Ok(arrival) => arrival,
        Err(response) => return Next::Answer(response),
    };
    let working = Working(Arc::clone(state));
    tokio::time::sleep(Duration::from_millis(scenario.latency_ms)).await;
    drop(working);
    match fault {
        None | Some(Kind::NoUsage | Kind::Length) => {
            let mut state = lock(state);
            state.stats.answered += 1;
            state.stats.bodies.entry(key).or_default().1 += 1;
        }
        _ => {}
    }
    scenario.respond(fault, &question)
}

type Arrival = (String, Value, Option<Kind>, Scenario);

impl State {
    /// Counts a request, and takes a slot for it or refuses it.
    fn arrive(&mut self, request: &Request) -> Result<Arrival, Response> {
        self.stats.requests += 1;
        if let Some(key) = request.header("authorization")
            && !self.stats.keys.iter().any(|known| known == key)
        {
            self.stats.keys.push(key.to_owned());
        }
        let question: Value = serde_json::from_slice(&request.body)
            .map_err(|error| Response::error(400, &error.to_string()))?;
        let key = scenario::key(&question, &request.body);
        let seen = self.stats.bodies.entry(key.clone()).or_default();
        seen.0 += 1;
        let seen = seen.0;
        let fault = self.scenario.fault(self.stats.requests, seen, &question);
        if fault == Some(Kind::Busy) || self.full() {
            self.stats.refused += 1;
            return Err(self.scenario.refusal());
        }
        self.work(1);
        Ok((key, question, fault, self.scenario.clone()))
    }

    fn full(&mut self) -> bool {
        if self.scenario.slots.is_some_and(|slots| self.working >= slots) {
            return true;
        }
        let Some(rate) = self.scenario.rate else { return false };
        let now = Instant::now();
        let filled = self.tokens + (now - self.filled).as_secs_f64() * rate;
        (self.tokens, self.filled) = (filled.min(self.scenario.burst()), now);
        let full = self.tokens < 1.0;
        self.tokens -= f64::from(u8::from(!full));
        full
    }

    fn work(&mut self, change: i32) {
        let now = Instant::now();
        self.stats.slot_seconds += f64::from(self.working) * (now - self.changed).as_secs_f64();
        self.changed = now;
        self.working = self.working.saturating_add_signed(change);
        self.stats.most = self.stats.most.max(self.working);
    }

    fn stats(&mut self) -> Stats {
        self.work(0);
        self.stats.clone()
    }
}
