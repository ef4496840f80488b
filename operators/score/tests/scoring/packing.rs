use backstory_score::{CpuOptions, Real, ScoreRequest, Tokens};

use crate::made::{Form, tokens};
use crate::{bits, case, engine, options, request};

/// Two requests on one tree: candidates with and without common starts, one of them twice, one empty.
fn requests() -> Vec<ScoreRequest> {
    let plan = tokens("plan", 130, 515);
    let thought = tokens("thought", 20, 515);
    let other = [&thought[..7], &tokens("other", 10, 515)].concat();
    let target = tokens("target", 40, 515);
    let mut first = request(&plan, &[&thought, &other, &[], &thought], &target);
    first.context.push(tokens("file", 33, 515).into());
    let second = request(&plan, &[&other, &[]], &target[..21]);
    vec![first, second]
}

/// Scores are the same bit by bit: together, through small passes and a memory that is too small for all,
/// and each candidate alone, in one pass.
fn together_is_as_alone<T: Real>(name: &str) {
    let config = &case(name)["config"];
    let small = CpuOptions { pass_tokens: 50, slots: 300, ..options() };
    let large = CpuOptions { threads: 1, pass_tokens: 1000, slots: 1000 };
    let mut together = engine::<T>(config, Form::default(), small);
    let mut alone = engine::<T>(config, Form::default(), large);
    // The second round finds contexts remembered.
    for _ in 0..2 {
        let requests = requests();
        let scores = together.score(&requests);
        for (request, scores) in requests.iter().zip(scores) {
            for (candidate, score) in request.candidates.iter().zip(scores) {
                let one =
                    ScoreRequest { candidates: vec![Tokens::clone(candidate)], ..request.clone() };
                let one = alone.score(&[one]).remove(0).remove(0).unwrap();
                assert_eq!(bits(&score.unwrap().log_probs), bits(&one.log_probs), "{name}");
            }
        }
    }
}

#[test]
fn together_is_as_alone_in_f64() {
    for name in ["llama", "qwen2", "qwen3"] {
        together_is_as_alone::<f64>(name);
    }
}

#[test]
fn together_is_as_alone_in_f32() {
    for name in ["llama", "qwen2", "qwen3"] {
        together_is_as_alone::<f32>(name);
    }
}
