//! How far scores are from those that `truth/truth.py` wrote down.
//!
//! ```text
//! cargo run --release -p backstory-score --example compare -- CASE.json...
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool of developers stops at the first surprise"
)]

#[path = "../tests/made/mod.rs"]
mod made;

use backstory_score::{Checkpoint, Cpu, CpuOptions, Engine, Real, ScoreRequest};
use serde_json::Value;

fn main() {
    println!(
        "| case | tokens | ours, f64 | ours, f32 | transformers, float32 | mean of ours, f32 |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for path in std::env::args().skip(1) {
        let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let truth = |kind: &str| serde_json::from_value::<Vec<f64>>(case[kind].clone()).unwrap();
        let exact = truth("float64");
        let (ours, theirs) = (log_probs::<f32>(&case), truth("float32"));
        let name = std::path::Path::new(&path).file_stem().unwrap().display();
        println!(
            "| {name} | {} | {:.1e} | {:.1e} | {:.1e} | {:.1e} |",
            case["tokens"],
            greatest(&log_probs::<f64>(&case), &exact),
            greatest(&ours, &exact),
            greatest(&theirs, &exact),
            (ours.iter().sum::<f64>() - exact.iter().sum::<f64>()).abs() / exact.len() as f64,
        );
    }
}

fn log_probs<T: Real>(case: &Value) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    made::write(folder.path(), &case["config"], made::Form::default());
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let options = CpuOptions { threads: 2, pass_tokens: 1000, slots: 9000 };
    let mut engine = Engine::new(Box::new(Cpu::<T>::load(&checkpoint, options).unwrap()), None);
    let count = case["tokens"].as_u64().unwrap() as usize;
    let text = made::tokens("tokens", count, checkpoint.config.vocab_size);
    let request = ScoreRequest {
        context: vec![text[..1].into()],
        candidates: vec![[].into()],
        target: text[1..].into(),
        ..ScoreRequest::default()
    };
    engine.score(&[request]).remove(0).remove(0).unwrap().log_probs
}

fn greatest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
