//! What models make of requests, through the public interface.
//!
//! - `truth` compares with Hugging Face transformers;
//! - `packing` compares candidates scored together with candidates scored alone;
//! - `batching` does so on models, texts and passes of all sizes;
//! - `loading` fixes what is said of folders that are no model;
//! - `local` asks a scorer from many places, and has it fail;
//! - `judge` asks with texts;
//! - `kept` asks again what was asked before;
//! - `tokenizer` fixes what texts become.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../made/mod.rs"]
mod made;

mod batching;
mod judge;
mod kept;
mod loading;
mod local;
mod packing;
mod tokenizer;
mod truth;

use std::path::Path;

use backstory_score::{
    Checkpoint, Cpu, CpuOptions, Engine, Real, ScoreError, ScoreRequest, TargetScore, Tokens,
};
use serde_json::{Value, json};

/// The configuration of a case of `truth/`, and what transformers makes of it.
fn case(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("truth").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A model of a configuration, made, written and read again.
fn engine<T: Real>(config: &Value, form: made::Form, options: CpuOptions) -> Engine {
    let folder = tempfile::tempdir().unwrap();
    made::write(folder.path(), config, form);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    Engine::new(Box::new(Cpu::<T>::load(&checkpoint, options).unwrap()), None)
}

/// Few tokens at once and room for few, so that small requests take several passes.
fn options() -> CpuOptions {
    CpuOptions { threads: 2, pass_tokens: 96, slots: 512 }
}

fn request(context: &[u32], candidates: &[&[u32]], target: &[u32]) -> ScoreRequest {
    ScoreRequest {
        context: vec![context.into()],
        candidates: candidates.iter().map(|&thought| Tokens::from(thought)).collect(),
        target: target.into(),
        ..ScoreRequest::default()
    }
}

/// The log-probabilities of the first candidate of one request.
fn log_probs(engine: &mut Engine, request: ScoreRequest) -> Vec<f64> {
    let score: Result<TargetScore, ScoreError> = engine.score(&[request]).remove(0).remove(0);
    score.unwrap().log_probs
}

fn greatest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn bits(log_probs: &[f64]) -> Vec<u64> {
    log_probs.iter().map(|log_prob| log_prob.to_bits()).collect()
}

/// A llama of the least size.
fn tiny() -> Value {
    json!({
        "model_type": "llama", "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 40,
        "max_position_embeddings": 64, "tie_word_embeddings": true,
    })
}
