//! Whatever else is scored with a request, in whatever passes and by however many threads: each
//! log-probability has the same bits.

use std::collections::BTreeMap;

use backstory_score::{Checkpoint, Cpu, CpuOptions, Engine, ScoreRequest, Tokens};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::made::{self, Form, tokens};
use crate::{bits, request};

/// Longer than two of the blocks in which attention takes keys.
const LONGEST: usize = 640;

/// Models whose sizes are, and are not, multiples of what a processor computes at once.
fn models() -> impl Strategy<Value = Value> {
    let heads = prop::sample::select(vec![(1, 1), (2, 1), (4, 2), (3, 3), (6, 2), (8, 1)]);
    (
        prop::sample::select(vec!["llama", "qwen2", "qwen3"]),
        heads,
        prop::sample::select(vec![2, 8, 16, 34, 64]),
        prop::sample::select(vec![6, 16, 64, 130, 258]),
        prop::sample::select(vec![9, 24, 130, 320]),
        prop::sample::select(vec![40, 515, 1025]),
        any::<bool>(),
    )
        .prop_map(|(family, (heads, kv_heads), head, hidden, wide, vocabulary, flag)| {
            json!({
                "model_type": family, "hidden_size": hidden, "intermediate_size": wide,
                "num_hidden_layers": 2, "num_attention_heads": heads, "head_dim": head,
                "num_key_value_heads": kv_heads, "vocab_size": vocabulary, "rms_norm_eps": 1e-5,
                "max_position_embeddings": LONGEST, "rope_theta": 10_000.0,
                "tie_word_embeddings": flag, "attention_bias": flag, "mlp_bias": flag,
            })
        })
}

/// A text that shares a start with others: so many tokens of one that is common to all, so many others.
#[derive(Clone, Debug)]
struct Branch {
    common: usize,
    own: usize,
    seed: u32,
}

impl Branch {
    fn tokens(&self, name: &str, vocabulary: usize) -> Vec<u32> {
        let own = tokens(&format!("{name} {}", self.seed), self.own, vocabulary);
        [tokens(name, self.common, vocabulary), own].concat()
    }
}

fn branch(common: usize, own: usize) -> impl Strategy<Value = Branch> {
    // Few tokens are as frequent as many: the narrowest products are those of single rows.
    let length = |most: usize| prop_oneof![0..=most.min(3), 0..=most];
    let parts = (length(common), length(own), 0..3_u32);
    parts.prop_map(|(common, own, seed)| Branch { common, own, seed })
}

/// Context, thoughts and target of a request.
type Shape = (Branch, Vec<Branch>, Branch);

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let thoughts = prop::collection::vec(branch(40, 60), 1..4);
    prop::collection::vec((branch(400, 60), thoughts, branch(0, 70)), 1..5)
}

fn build((context, thoughts, target): &Shape, vocabulary: usize) -> ScoreRequest {
    let thoughts: Vec<_> =
        thoughts.iter().map(|thought| thought.tokens("thought", vocabulary)).collect();
    let thoughts: Vec<&[u32]> = thoughts.iter().map(|thought| &thought[..]).collect();
    let context = [vec![1], context.tokens("context", vocabulary)].concat();
    let target = [vec![2], target.tokens("target", vocabulary)].concat();
    request(&context, &thoughts, &target)
}

/// The bits of all scores.
fn score(engine: &mut Engine, requests: &[ScoreRequest]) -> Vec<Vec<Vec<u64>>> {
    let scores = engine.score(requests).into_iter();
    scores
        .map(|scores| scores.into_iter().map(|score| bits(&score.unwrap().log_probs)).collect())
        .collect()
}

fn alone(request: &ScoreRequest) -> impl Iterator<Item = ScoreRequest> + '_ {
    request.candidates.iter().map(|candidate| ScoreRequest {
        candidates: vec![Tokens::clone(candidate)],
        ..request.clone()
    })
}

/// Which of the requests are scored together, plan after plan, and what the executor may take.
#[derive(Clone, Debug)]
struct Way {
    plans: Vec<Vec<prop::sample::Index>>,
    options: CpuOptions,
}

fn ways() -> impl Strategy<Value = Way> {
    let plan = prop::collection::vec(any::<prop::sample::Index>(), 1..4);
    let pass_tokens = prop_oneof![1..8_usize, 8..80_usize, 80..1500_usize];
    (prop::collection::vec(plan, 1..4), 1..=2_usize, pass_tokens, LONGEST..1500).prop_map(
        |(plans, threads, pass_tokens, slots)| Way {
            plans,
            options: CpuOptions { threads, pass_tokens, slots },
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn do_not_depend_on_what_else_is_scored(
        model in models(),
        shapes in shapes(),
        ways in prop::collection::vec(ways(), 1..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        made::write(folder.path(), &model, Form::default());
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let load = |options| {
            Engine::new(Box::new(Cpu::<f32>::load(&checkpoint, options).unwrap()), None)
        };
        let vocabulary = checkpoint.config.vocab_size;
        let requests: Vec<_> = shapes.iter().map(|shape| build(shape, vocabulary)).collect();
        let large = CpuOptions { threads: 1, pass_tokens: LONGEST, slots: LONGEST };
        let mut expected = BTreeMap::new();
        for (index, request) in requests.iter().enumerate() {
            let one = |request| score(&mut load(large), &[request]).remove(0).remove(0);
            expected.insert(index, alone(request).map(one).collect::<Vec<_>>());
        }
        for way in ways {
            let mut engine = load(way.options);
            for plan in way.plans {
                let plan: Vec<_> = plan.iter().map(|place| place.index(requests.len())).collect();
                let together: Vec<_> = plan.iter().map(|&index| requests[index].clone()).collect();
                for (index, scores) in plan.into_iter().zip(score(&mut engine, &together)) {
                    prop_assert_eq!(&scores, &expected[&index]);
                }
            }
        }
    }
}
