//! What scoring on the processor reaches of the processor's own rate, and what sharing saves.
//!
//! ```text
//! cargo bench -p backstory-score --bench score -- [THREADS]
//! ```
//!
//! - `sgemm`: `gemm` alone, on 1024³ in f32, the ceiling of everything else;
//! - `one text`: one long text whose second half is the target: the share of that ceiling;
//! - `shared`, `unshared`: eight candidates of 64 tokens between a context of 1,024 and a target of 192, in
//!   one request and as eight contexts that differ in their first token; `warm` is the next round on the
//!   same context.
//!
//! Models have made weights: 7M and 100M parameters. Figures are medians of rounds that alternate; the
//! rate counts the multiplications and additions that a text needs, whatever was done in fact. CPU is
//! the time of all threads, and says what a busy machine hides.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool of developers stops at the first surprise"
)]

#[path = "../tests/made/mod.rs"]
mod made;

use std::time::Instant;

use backstory_score::{Checkpoint, Config, Cpu, CpuOptions, Engine, ScoreRequest};
use gemm::Parallelism;
use safetensors::Dtype;
use serde_json::{Value, json};

const CONTEXT: usize = 1024;
const CANDIDATES: usize = 8;
const THOUGHT: usize = 64;
const TARGET: usize = 192;

fn main() {
    let threads = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(2);
    println!("threads: {threads}\n");
    println!(
        "| model | what | ms | CPU ms | GFLOP/s | of sgemm | GFLOP per CPU-second | of sgemm |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|");
    for (name, rounds, config) in [("7M", 9, small()), ("100M", 3, large())] {
        model(name, rounds, &config, threads);
    }
}

fn small() -> Value {
    json!({
        "model_type": "llama", "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 6,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 8192,
        "max_position_embeddings": 8192, "tie_word_embeddings": true,
    })
}

fn large() -> Value {
    json!({
        "model_type": "llama", "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12,
        "num_attention_heads": 12, "num_key_value_heads": 4, "vocab_size": 32000,
        "max_position_embeddings": 8192, "tie_word_embeddings": true,
    })
}

fn model(name: &str, rounds: usize, config: &Value, threads: usize) {
    let folder = tempfile::tempdir().unwrap();
    made::write(folder.path(), config, made::Form { dtype: Dtype::BF16, files: 1 });
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let options = CpuOptions { threads, pass_tokens: 4096, slots: 16_384 };
    let load = || Engine::new(Box::new(Cpu::<f32>::load(&checkpoint, options).unwrap()), None);
    let mut engine = load();
    let config = &checkpoint.config;
    let count = |name: &str, count| made::tokens(name, count, config.vocab_size);

    let mut sgemm = Sgemm::new(threads);
    let mut figures: [Vec<Spent>; 5] = Default::default();
    let text = count("text", 1024);
    // Contexts differ from round to round, so that nothing is remembered but by `warm`.
    for round in 0..=rounds {
        let own = |index: usize| count(&format!("context {round} {index}"), CONTEXT);
        let mut one = request(&[&text[..512]], &text[512..]);
        one.context.insert(0, [round as u32].into());
        let thoughts = |kind: &str| -> Vec<_> {
            let thought = |index| count(&format!("{kind} {index}"), THOUGHT);
            (0..CANDIDATES).map(thought).collect()
        };
        let shared = |kind: &str| {
            let mut request = request(&[&own(0)], &count("target", TARGET));
            request.candidates = thoughts(kind).into_iter().map(Into::into).collect();
            request
        };
        let unshared: Vec<_> = thoughts("cold")
            .into_iter()
            .enumerate()
            .map(|(index, thought)| request(&[&own(index + 1), &thought], &count("target", TARGET)))
            .collect();
        let spent = [
            Spent::on(|| sgemm.run()),
            Spent::on(|| score(&mut engine, &[one])),
            Spent::on(|| score(&mut engine, &[shared("cold")])),
            Spent::on(|| score(&mut engine, &[shared("warm")])),
            Spent::on(|| score(&mut engine, &unshared)),
        ];
        // The first round warms up.
        if round > 0 {
            figures.iter_mut().zip(spent).for_each(|(all, one)| all.push(one));
        }
    }
    let [ceiling, one, cold, warm, unshared] = figures.map(median);
    let ceiling = (FLOP / ceiling.wall, FLOP / ceiling.cpu);
    let row = |what: &str, spent: &Spent, flop: f64| {
        let (rate, per_cpu) = (flop / spent.wall, flop / spent.cpu);
        println!(
            "| {name} | {what} | {:.0} | {:.0} | {:.0} | {:.0} % | {:.0} | {:.0} % |",
            spent.wall * 1e3,
            spent.cpu * 1e3,
            rate / 1e9,
            rate / ceiling.0 * 100.0,
            per_cpu / 1e9,
            per_cpu / ceiling.1 * 100.0,
        );
    };
    println!("| {name} | sgemm | | | {:.0} | | {:.0} | |", ceiling.0 / 1e9, ceiling.1 / 1e9);
    let tail = THOUGHT + TARGET - 1;
    let tails = CANDIDATES as f64 * flop(config, CONTEXT, tail, TARGET);
    row("one text", &one, flop(config, 0, text.len(), 512));
    row("shared", &cold, flop(config, 0, CONTEXT, 0) + tails);
    row("shared, warm", &warm, tails);
    let whole = flop(config, 0, CONTEXT + tail, TARGET);
    row("unshared", &unshared, CANDIDATES as f64 * whole);
    let times = |spent: &Spent| (unshared.wall / spent.wall, unshared.cpu / spent.cpu);
    for (what, (wall, cpu)) in [("shared", times(&cold)), ("shared, warm", times(&warm))] {
        println!("| {name} | {what}: **{wall:.2}** times as fast, by CPU {cpu:.2} | | | | | | |");
    }
}

fn request(context: &[&[u32]], target: &[u32]) -> ScoreRequest {
    ScoreRequest {
        context: context.iter().map(|&segment| segment.into()).collect(),
        candidates: vec![[].into()],
        target: target.into(),
        ..ScoreRequest::default()
    }
}

fn score(engine: &mut Engine, requests: &[ScoreRequest]) {
    for score in engine.score(requests).into_iter().flatten() {
        std::hint::black_box(score.unwrap());
    }
}

/// What `tokens` tokens after `before` others need, `targets` of them with logits.
fn flop(config: &Config, before: usize, tokens: usize, targets: usize) -> f64 {
    let pairs = tokens * before + tokens * (tokens + 1) / 2;
    let attention = 2 * config.num_hidden_layers * config.q_dim() * pairs;
    let head = config.vocab_size * config.hidden_size * targets;
    2.0 * (config.linear_weights() * tokens + attention + head) as f64
}

/// A product of two square matrices, several times.
struct Sgemm {
    data: [Vec<f32>; 3],
    parallelism: Parallelism,
}

const SIDE: usize = 1024;
const TIMES: usize = 20;
const FLOP: f64 = (2 * TIMES * SIDE.pow(3)) as f64;

impl Sgemm {
    fn new(threads: usize) -> Self {
        let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
        Self { data: std::array::from_fn(|_| vec![0.5; SIDE * SIDE]), parallelism }
    }

    fn run(&mut self) {
        let [out, a, b] = &mut self.data;
        let side = SIDE as isize;
        for _ in 0..TIMES {
            #[expect(unsafe_code, reason = "gemm has no safe interface")]
            // SAFETY: three different square matrices of that side, row by row.
            unsafe {
                gemm::gemm(
                    SIDE,
                    SIDE,
                    SIDE,
                    out.as_mut_ptr(),
                    1,
                    side,
                    false,
                    a.as_ptr(),
                    1,
                    side,
                    b.as_ptr(),
                    side,
                    1,
                    1.0_f32,
                    1.0_f32,
                    false,
                    false,
                    false,
                    self.parallelism,
                );
            }
        }
    }
}

/// Seconds.
struct Spent {
    wall: f64,
    cpu: f64,
}

impl Spent {
    fn on(run: impl FnOnce()) -> Self {
        let (cpu, wall) = (cpu(), Instant::now());
        run();
        Self { wall: wall.elapsed().as_secs_f64(), cpu: self::cpu() - cpu }
    }
}

fn median(mut all: Vec<Spent>) -> Spent {
    let mut middle = |of: fn(&Spent) -> f64| {
        all.sort_by(|a, b| of(a).total_cmp(&of(b)));
        of(&all[all.len() / 2])
    };
    let wall = middle(|spent| spent.wall);
    Spent { wall, cpu: middle(|spent| spent.cpu) }
}

/// Seconds on a CPU of all threads of this process, by what Linux says.
fn cpu() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}
