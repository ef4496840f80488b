use backstory_score::Real;
use safetensors::Dtype;

use crate::made::{Form, tokens};
use crate::{case, engine, greatest_difference, log_probs, options, request};

/// How far the log-probabilities of a case are from what transformers computes in float64.
fn apart<T: Real>(name: &str, form: Form) -> f64 {
    let case = case(name);
    let count = case["tokens"].as_u64().unwrap() as usize;
    let text = tokens("tokens", count, case["config"]["vocab_size"].as_u64().unwrap() as usize);
    let mut engine = engine::<T>(&case["config"], form, options());
    let ours = log_probs(&mut engine, request(&text[..1], &[&[]], &text[1..]));
    let theirs: Vec<f64> = serde_json::from_value(case["float64"].clone()).unwrap();
    greatest_difference(&ours, &theirs)
}

/// transformers computes norms and angles in float32 even then, so this is as near as it gets.
const F64: f64 = 1e-5;
/// What a score may be off by, in nats a token.
const F32: f64 = 1e-4;

#[test]
fn llama() {
    assert!(apart::<f64>("llama", Form::default()) < F64);
    assert!(apart::<f32>("llama", Form::default()) < F32);
}

#[test]
fn llama_with_all_biases() {
    assert!(apart::<f64>("llama-biased", Form::default()) < F64);
    assert!(apart::<f32>("llama-biased", Form::default()) < F32);
}

#[test]
fn qwen2() {
    assert!(apart::<f64>("qwen2", Form::default()) < F64);
    assert!(apart::<f32>("qwen2", Form::default()) < F32);
}

#[test]
fn qwen3() {
    assert!(apart::<f64>("qwen3", Form::default()) < F64);
    assert!(apart::<f32>("qwen3", Form::default()) < F32);
}

/// The numbers of these models are exact in all three types.
#[test]
fn other_types_and_several_files() {
    let single = apart::<f64>("qwen3", Form::default());
    for dtype in [Dtype::BF16, Dtype::F16] {
        assert_eq!(apart::<f64>("qwen3", Form { dtype, files: 3 }).to_bits(), single.to_bits());
    }
}
