//! The scorer on the processor beside candle's Llama, on the same made weights of 100M parameters, in one run.
//!
//! ```text
//! cd operators/score/benches/peers && RAYON_NUM_THREADS=2 cargo run --release
//! ```
//!
//! - `prefill`: a text of 1,024 tokens, and the probability of one more;
//! - `search`: eight candidates of 64 tokens between a context of 1,024 and a target of 192. Ours computes the
//!   context once and gives 192 log-probabilities per candidate; candle computes eight whole texts and gives the
//!   logits of the last token alone, which is less than a search needs.
//!
//! Medians of rounds that alternate.

#[path = "../../../tests/made/mod.rs"]
mod made;

use std::time::Instant;

use backstory_score::{Checkpoint, Cpu, CpuOptions, Engine, ScoreRequest};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::llama::{Cache, Llama, LlamaConfig};
use safetensors::Dtype;
use serde_json::json;

const THREADS: usize = 2;
const ROUNDS: usize = 5;
const CONTEXT: usize = 1024;
const CANDIDATES: usize = 8;
const THOUGHT: usize = 64;
const TARGET: usize = 192;
const VOCABULARY: usize = 32_000;

fn main() {
    let config = json!({
        "model_type": "llama", "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12,
        "num_attention_heads": 12, "num_key_value_heads": 4, "vocab_size": VOCABULARY,
        "max_position_embeddings": 8192, "tie_word_embeddings": true, "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
    });
    let folder = tempfile::tempdir().unwrap();
    made::write(folder.path(), &config, made::Form { dtype: Dtype::F32, files: 1 });
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let options = CpuOptions { threads: THREADS, pass_tokens: 4096, slots: 16_384 };
    let mut engine = Engine::new(Box::new(Cpu::<f32>::load(&checkpoint, options).unwrap()), None);
    let weights = std::fs::read(folder.path().join("model.safetensors")).unwrap();
    let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).unwrap();
    let config: LlamaConfig = serde_json::from_value(config).unwrap();
    let candle = Candle { config: config.into_config(false), weights };
    let llama = Llama::load(candle.weights.clone(), &candle.config).unwrap();

    let mut figures: [Vec<f64>; 4] = Default::default();
    for round in 0..=ROUNDS {
        let text = |name: &str, count| made::tokens(&format!("{name} {round}"), count, VOCABULARY);
        let (context, target) = (text("context", CONTEXT), text("target", TARGET));
        let thoughts: Vec<_> =
            (0..CANDIDATES).map(|index| text(&format!("thought {index}"), THOUGHT)).collect();
        let one = request(&text("one", CONTEXT), &[vec![]], &[7]);
        let search = request(&context, &thoughts, &target);
        let whole = |thought: &Vec<u32>| [&context[..], thought, &target].concat();
        let spent = [
            seconds(|| score(&mut engine, one)),
            seconds(|| candle.run(&llama, &text("one", CONTEXT))),
            seconds(|| score(&mut engine, search)),
            seconds(|| thoughts.iter().for_each(|thought| candle.run(&llama, &whole(thought)))),
        ];
        // The first round warms up.
        if round > 0 {
            figures.iter_mut().zip(spent).for_each(|(all, one)| all.push(one));
        }
    }
    let [prefill, their_prefill, search, their_search] = figures.map(median);
    println!("| what | ours, ms | candle, ms | candle / ours |");
    println!("|---|--:|--:|--:|");
    for (what, ours, theirs) in
        [("prefill", prefill, their_prefill), ("search", search, their_search)]
    {
        let (ms, their_ms) = (ours * 1e3, theirs * 1e3);
        println!("| {what} | {ms:.0} | {their_ms:.0} | {:.2} |", theirs / ours);
    }
}

struct Candle {
    config: candle_transformers::models::llama::Config,
    weights: VarBuilder<'static>,
}

impl Candle {
    fn run(&self, llama: &Llama, tokens: &[u32]) {
        let mut cache = Cache::new(false, DType::F32, &self.config, &Device::Cpu).unwrap();
        let tokens = Tensor::new(tokens, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        std::hint::black_box(llama.forward(&tokens, 0, &mut cache).unwrap());
    }
}

fn request(context: &[u32], candidates: &[Vec<u32>], target: &[u32]) -> ScoreRequest {
    ScoreRequest {
        context: vec![context.into()],
        candidates: candidates.iter().map(|thought| thought.as_slice().into()).collect(),
        target: target.into(),
        ..ScoreRequest::default()
    }
}

fn score(engine: &mut Engine, request: ScoreRequest) {
    for score in engine.score(&[request]).into_iter().flatten() {
        std::hint::black_box(score.unwrap());
    }
}

fn seconds(run: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    run();
    begin.elapsed().as_secs_f64()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
