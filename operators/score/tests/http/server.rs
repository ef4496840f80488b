//! A server of a toy model for tests. It speaks as `SGLang`, as vLLM, or as others with echo do, and is as
//! faulty as it is told to be. Raw TCP, so that it can break off in the middle of anything.

#[path = "../../../model/tests/server/http.rs"]
mod wire;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use wire::{Request, Response};

/// Tokens of a block of vLLM's prefix cache.
const BLOCK: usize = 16;
/// Token ids that the toy model knows.
pub const VOCABULARY: u32 = 2000;

/// The toy model: ln p(token | before), the same for all who ask.
pub fn log_prob(before: &[u32], token: u32) -> f64 {
    let mut hasher = DefaultHasher::new();
    (before, token).hash(&mut hasher);
    // Numbers that decimals can tell exactly.
    -((hasher.finish() % 9000 + 8) as f64) / 1024.0
}

/// How a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Sglang,
    Vllm,
    Echo,
}

pub const ALL: [Speaks; 3] = [Speaks::Sglang, Speaks::Vllm, Speaks::Echo];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Entries of generated tokens only, as llama.cpp's server has.
    OneEntry,
    /// Each entry is that of the next token.
    NextToken,
    /// Each entry is that of the token before.
    LastToken,
    /// What was cached has the values of whatever was asked before.
    Stale,
    /// What was not asked for is certain.
    Zeros,
    Positive,
    /// Entries are missing here and there.
    Nulls,
    /// A number that JSON does not have.
    Nan,
    /// vLLM's minus infinity.
    Infinity,
    /// Texts are read as other tokens.
    OtherTokens,
    /// Texts are cut to so many tokens, without a word.
    Cut(usize),
    /// A special token is put before texts, without a word.
    Prefixed,
    /// Scores are rounded, as much as a low precision does.
    Coarse,
    Busy,
    Error400,
    Error401,
    Error500,
    Reset,
    Stall,
    HalfJson,
    HalfBody,
    WrongType,
    ErrorInside,
    /// `SGLang`'s way of failing late.
    Aborted,
    /// No fault: nothing is said of a token that ends the text.
    HidesEnd,
}

/// What a server does.
#[derive(Clone, Debug)]
pub struct Behaviour {
    pub speaks: Speaks,
    pub model: &'static str,
    pub version: &'static str,
    /// Added to all scores: another model.
    pub bias: f64,
    pub max_model_len: usize,
    /// Whether it says so.
    pub tells_limit: bool,
    pub fault: Option<Fault>,
    /// Scorings before the fault shows, and as long as it does.
    pub after: u64,
    pub times: u64,
    pub latency_ms: u64,
    /// Only with this key.
    pub key: Option<&'static str>,
    /// Whether it can do without generating.
    pub generates_nothing: bool,
    pub retry_after: Option<&'static str>,
    /// Whether it has a page for people wherever there is nothing else.
    pub has_pages: bool,
}

impl Behaviour {
    pub fn good(speaks: Speaks) -> Self {
        Self {
            speaks,
            model: "toy",
            version: "1.2.3",
            bias: 0.0,
            max_model_len: 4096,
            tells_limit: true,
            fault: None,
            after: 0,
            times: u64::MAX,
            latency_ms: 0,
            key: None,
            generates_nothing: true,
            retry_after: Some("0"),
            has_pages: false,
        }
    }

    pub fn faulty(speaks: Speaks, fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::good(speaks) }
    }
}

/// What a server saw.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Texts to be scored.
    pub texts: u64,
    /// Beginnings to be made known.
    pub warmed: u64,
    /// Tokens that had to be computed.
    pub computed: usize,
    /// Most texts at once.
    pub most: u64,
    /// Values of the header `authorization` that came.
    pub keys: Vec<String>,
}

struct State {
    behaviour: Behaviour,
    stats: Stats,
    working: u64,
    cache: Vec<Vec<u32>>,
    /// The entries of the last answer.
    last: Vec<Option<f64>>,
}

/// A running server; stopped when dropped, with all its connections.
pub struct Server {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cache, last) = (vec![], vec![]);
        let state = State { behaviour, stats: Stats::default(), working: 0, cache, last };
        let state = Arc::new(Mutex::new(state));
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn stats(&self) -> Stats {
        lock(&self.state).stats.clone()
    }

    /// Forgets what it saw and what it cached.
    pub fn forget(&self) {
        let mut state = lock(&self.state);
        state.stats = Stats::default();
        state.cache.clear();
    }

    /// Changes what it does from now on.
    pub fn set(&self, change: impl FnOnce(&mut Behaviour)) {
        let mut state = lock(&self.state);
        state.stats.texts = 0;
        change(&mut state.behaviour);
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
        connections.spawn(serve(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut buffer = vec![];
    while let Some(request) = wire::read(&mut stream, &mut buffer).await {
        let (response, fault) = answer(&state, &request).await;
        let limit = (fault == Some(Fault::HalfBody)).then_some(response.body.len() / 2);
        match fault {
            Some(Fault::Stall) => return std::future::pending().await,
            Some(Fault::Reset) => {
                let _ = stream.set_zero_linger();
                return;
            }
            _ => {}
        }
        if wire::write(&mut stream, &response, limit).await.is_err() || limit.is_some() {
            return;
        }
    }
}

async fn answer(state: &Arc<Mutex<State>>, request: &Request) -> (Response, Option<Fault>) {
    let behaviour = lock(state).arrive(request);
    if let Some(key) = behaviour.key
        && request.header("authorization") != Some(&format!("Bearer {key}"))
    {
        return (Response::error(401, "wrong key"), None);
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let sglang = behaviour.speaks == Speaks::Sglang;
    let response = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v1/models") => Response::json(200, &models(&behaviour)),
        ("GET", "/model_info") if sglang => {
            let info = json!({ "model_path": "org/toy", "weight_version": "default" });
            Response::json(200, &info)
        }
        ("GET", "/server_info") if sglang => Response::json(200, &server_info(&behaviour)),
        ("GET", "/version") if behaviour.speaks == Speaks::Vllm => {
            Response::json(200, &json!({ "version": behaviour.version }))
        }
        ("POST", "/tokenize") if behaviour.speaks != Speaks::Echo => {
            let tokens: Vec<_> = body["prompt"].as_str().unwrap().bytes().collect();
            Response::json(200, &json!({ "count": tokens.len(), "tokens": tokens }))
        }
        ("POST", "/generate") if sglang => return work(state, &behaviour, &body).await,
        ("POST", "/v1/completions") if !sglang => return work(state, &behaviour, &body).await,
        _ if behaviour.has_pages => Response::typed(200, "text/html", "<html>"),
        _ => Response::error(404, "Not Found"),
    };
    (response, None)
}

fn models(behaviour: &Behaviour) -> Value {
    let owner = match behaviour.speaks {
        Speaks::Sglang => "sglang",
        Speaks::Vllm => "vllm",
        Speaks::Echo => "somebody",
    };
    let length = behaviour.tells_limit.then_some(behaviour.max_model_len);
    let card = json!({ "id": behaviour.model, "owned_by": owner, "max_model_len": length });
    json!({ "object": "list", "data": [card] })
}

fn server_info(behaviour: &Behaviour) -> Value {
    let length = behaviour.tells_limit.then_some(behaviour.max_model_len);
    json!({ "version": behaviour.version, "dtype": "auto", "max_req_input_len": length })
}

/// Scores a text, or makes a beginning known.
async fn work(
    state: &Arc<Mutex<State>>,
    behaviour: &Behaviour,
    body: &Value,
) -> (Response, Option<Fault>) {
    let prompt = if body["prompt"].is_array() { &body["prompt"] } else { &body["input_ids"] };
    let tokens: Vec<u32> = serde_json::from_value(prompt.clone()).unwrap();
    if behaviour.speaks == Speaks::Sglang && body["return_logprob"] != true {
        let mut state = lock(state);
        state.stats.warmed += 1;
        state.compute(&tokens, usize::MAX);
        let meta = json!({ "prompt_tokens": tokens.len() });
        return (Response::json(200, &json!({ "text": "", "meta_info": meta })), None);
    }
    let fault = lock(state).begin();
    tokio::time::sleep(Duration::from_millis(behaviour.latency_ms)).await;
    lock(state).working -= 1;
    let busy = |status, message| {
        let mut response = Response::error(status, message);
        let wait = behaviour.retry_after.map(|wait| ("retry-after", wait.to_owned()));
        response.headers.extend(wait);
        (response, fault)
    };
    match fault {
        Some(Fault::Busy) => return busy(429, "too many requests"),
        Some(Fault::Error400) => return busy(400, "token 1999 is out of vocabulary"),
        Some(Fault::Error401) => return busy(401, "wrong key"),
        Some(Fault::Error500) => return busy(500, "the engine is dead"),
        _ => {}
    }
    if let Some(refusal) = refusal(behaviour, &tokens, fault) {
        return (Response::error(400, &refusal), fault);
    }
    if body["max_tokens"] == 0 && !behaviour.generates_nothing {
        return (Response::error(400, "max_tokens must be at least 1, got 0"), fault);
    }
    let answer = lock(state).entries(behaviour, body, tokens, fault);
    let mut text = answer.to_string();
    match fault {
        Some(Fault::Nan) => text = text.replace("null", "NaN"),
        Some(Fault::HalfJson) => text.truncate(text.len() / 2),
        Some(Fault::WrongType) => return (Response::typed(200, "text/html", "<html>"), fault),
        Some(Fault::ErrorInside) => text = json!({ "error": { "message": "no luck" } }).to_string(),
        _ => {}
    }
    (Response::typed(200, "application/json", text), fault)
}

/// The words of each server about a text that is too long.
fn refusal(behaviour: &Behaviour, tokens: &[u32], fault: Option<Fault>) -> Option<String> {
    let (length, limit) = (tokens.len(), behaviour.max_model_len);
    if length < limit || matches!(fault, Some(Fault::Cut(_))) {
        return None;
    }
    Some(match behaviour.speaks {
        Speaks::Sglang => format!(
            "The input ({length} tokens) is longer than the model's context length ({limit} tokens)."
        ),
        Speaks::Vllm => format!(
            "You passed {length} input tokens and requested 1 output tokens. However, the model's context \
             length is only {limit} tokens, resulting in a maximum input length of {} tokens.",
            limit - 1
        ),
        Speaks::Echo => format!("This model's maximum context length is {limit} tokens."),
    })
}

impl State {
    fn arrive(&mut self, request: &Request) -> Behaviour {
        if let Some(key) = request.header("authorization")
            && !self.stats.keys.iter().any(|known| known == key)
        {
            self.stats.keys.push(key.to_owned());
        }
        self.behaviour.clone()
    }

    /// Counts a text, and says what goes wrong with it.
    fn begin(&mut self) -> Option<Fault> {
        let Behaviour { fault, after, times, .. } = self.behaviour;
        let number = self.stats.texts;
        self.stats.texts += 1;
        self.working += 1;
        self.stats.most = self.stats.most.max(self.working);
        let shows = number >= after && number - after < times;
        fault.filter(|_| shows)
    }

    /// Computes what of `tokens` is not known, but at least all from `most` on. How much was known.
    fn compute(&mut self, tokens: &[u32], most: usize) -> usize {
        let same = |known: &Vec<u32>| known.iter().zip(tokens).take_while(|(a, b)| a == b).count();
        let known = self.cache.iter().map(same).max().unwrap_or(0).min(most);
        self.stats.computed += tokens.len() - known;
        self.cache.push(tokens.to_vec());
        known
    }

    fn entries(
        &mut self,
        behaviour: &Behaviour,
        body: &Value,
        mut tokens: Vec<u32>,
        fault: Option<Fault>,
    ) -> Value {
        match fault {
            Some(Fault::Cut(length)) => tokens.truncate(length),
            Some(Fault::Prefixed) => tokens.insert(0, 1),
            Some(Fault::OtherTokens) => tokens.iter_mut().for_each(|token| *token += 1),
            _ => {}
        }
        let start = body["logprob_start_len"].as_u64().unwrap_or(0) as usize;
        let known = match behaviour.speaks {
            Speaks::Sglang => self.compute(&tokens, start),
            _ => self.compute(&tokens, 0),
        };
        let mut rows: Vec<Option<f64>> = vec![None];
        let row = |place| log_prob(&tokens[..place], tokens[place]) + behaviour.bias;
        rows.extend((1..tokens.len()).map(|place| Some(row(place))));
        self.spoil(&mut rows, &tokens, known, fault);
        self.last.clone_from(&rows);
        let generated = body["max_tokens"].as_u64().unwrap_or(0) as usize;
        match behaviour.speaks {
            Speaks::Sglang => sglang(&rows, &tokens, start, fault),
            Speaks::Vllm => vllm(&rows, &tokens, fault),
            Speaks::Echo => echo(&rows, generated, fault),
        }
    }

    fn spoil(&self, rows: &mut [Option<f64>], tokens: &[u32], known: usize, fault: Option<Fault>) {
        let length = rows.len();
        let every = |rows: &mut [Option<f64>], value| {
            rows.iter_mut().skip(1).step_by(5).for_each(|row| *row = value);
        };
        match fault {
            Some(Fault::NextToken) => {
                rows.rotate_left(1);
                rows[length - 1] = Some(-1.0);
            }
            Some(Fault::LastToken) => {
                rows.rotate_right(1);
                rows[0] = None;
                rows[1] = Some(-1.0);
            }
            Some(Fault::Stale) => {
                let before = self.cache[..self.cache.len() - 1].iter();
                let same = before
                    .map(|known| known.iter().zip(tokens).take_while(|(a, b)| a == b).count());
                let cached = same.max().unwrap_or(0) / BLOCK * BLOCK;
                let filled = rows.iter_mut().zip(&self.last).take(cached.max(known)).skip(1);
                filled.for_each(|(row, last)| *row = last.or(Some(-1.0)));
            }
            Some(Fault::Zeros) => rows.iter_mut().for_each(|row| *row = Some(0.0)),
            Some(Fault::Positive) => every(rows, Some(1.5)),
            Some(Fault::Nulls | Fault::Nan) => every(rows, None),
            Some(Fault::Infinity) => every(rows, Some(-9999.0)),
            Some(Fault::Coarse) => rows.iter_mut().flatten().for_each(|row| {
                let noise = f64::from(u8::from(self.cache.len().is_multiple_of(2))) / 32.0;
                *row -= noise;
            }),
            _ => {}
        }
    }
}

fn sglang(rows: &[Option<f64>], tokens: &[u32], start: usize, fault: Option<Fault>) -> Value {
    // The last token of the vocabulary is written as 0.
    let id = |token: u32| if token < VOCABULARY - 1 { token } else { 0 };
    let entry = |(row, &token): (&Option<f64>, &u32)| json!([row, id(token), null]);
    let mut entries: Vec<_> = rows.iter().zip(tokens).skip(start).map(entry).collect();
    if !matches!(fault, Some(Fault::NextToken | Fault::LastToken)) {
        entries.iter_mut().take(1).for_each(|entry| entry[0] = Value::Null);
    }
    if fault == Some(Fault::OneEntry) {
        entries = vec![json!([-0.5, 7, null])];
    }
    let reason = match fault {
        Some(Fault::Aborted) => json!({ "type": "abort", "message": "out of memory" }),
        _ => json!({ "type": "length", "length": 0 }),
    };
    let meta = json!({ "input_token_logprobs": entries, "finish_reason": reason });
    json!({ "text": "", "meta_info": meta })
}

fn vllm(rows: &[Option<f64>], tokens: &[u32], fault: Option<Fault>) -> Value {
    let entry = |(row, token): (&Option<f64>, &u32)| -> Value {
        let Some(row) = row else { return Value::Null };
        let mut map = Map::new();
        map.insert(token.to_string(), json!({ "logprob": row, "rank": 1, "decoded_token": "x" }));
        map.into()
    };
    let mut entries: Vec<_> = rows.iter().zip(tokens).map(entry).collect();
    if fault == Some(Fault::OneEntry) {
        entries = vec![];
    }
    json!({ "choices": [{ "text": "x", "prompt_logprobs": entries }] })
}

fn echo(rows: &[Option<f64>], generated: usize, fault: Option<Fault>) -> Value {
    let mut rows = rows.to_vec();
    let usage = json!({ "prompt_tokens": rows.len(), "completion_tokens": generated });
    let shown = if fault == Some(Fault::HidesEnd) { 0 } else { generated };
    rows.extend(vec![Some(-0.25); shown]);
    let logprobs = match fault {
        Some(Fault::OneEntry) => json!({ "content": [{ "token": "x", "logprob": -0.5 }] }),
        _ => json!({ "token_logprobs": rows, "tokens": vec!["x"; rows.len()] }),
    };
    json!({ "choices": [{ "text": "x", "logprobs": logprobs }], "usage": usage })
}
