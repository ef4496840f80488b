//! A model that remembers texts, and the planner's promises checked on it.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use crate::plan::{Pass, Planner};
use crate::{Limits, ScoreError, ScoreRequest, TargetScore, Tokens};

/// Keeps in each slot the whole text up to and with the token whose state it would hold, so that any
/// confusion of slots, positions or order shows.
struct Memory {
    slots: HashMap<u32, Vec<u32>>,
    /// Every text computed, once for each time.
    computed: Vec<Vec<u32>>,
}

impl Memory {
    fn new() -> Self {
        Self { slots: HashMap::new(), computed: vec![] }
    }

    fn run(&mut self, pass: &Pass, limits: &Limits) -> Vec<f64> {
        let rows = pass.ids.len();
        assert!((1..=limits.pass_tokens).contains(&rows), "{rows} tokens in a pass");
        assert_eq!((pass.positions.len(), pass.slots.len()), (rows, rows));
        assert_eq!(pass.slots.iter().collect::<BTreeSet<_>>().len(), rows, "a slot twice");
        assert!(pass.slots.iter().all(|&slot| (slot as usize) < limits.slots));
        let covered: Vec<usize> = pass.runs.iter().flat_map(|run| run.rows.clone()).collect();
        assert_eq!(covered, (0..rows).collect::<Vec<_>>(), "runs cover the pass in order");

        // Writes come before reads: a token's text is its predecessor's, perhaps of this very pass.
        let texts: Vec<Vec<u32>> = self.texts(pass);
        for (slot, text) in pass.slots.iter().zip(&texts) {
            self.slots.insert(*slot, text.clone());
        }
        for run in &pass.runs {
            let slots = pass.segments[run.segments.clone()].iter().flat_map(|s| s.slots());
            let last = &texts[run.rows.end - 1];
            let seen: Vec<_> = slots.map(|slot| self.slots.get(&slot).cloned()).collect();
            let expected: Vec<_> = (1..=last.len()).map(|len| Some(last[..len].to_vec())).collect();
            assert_eq!(seen, expected, "attends to its own text, in order");
        }
        let targets = pass.targets.iter().map(|target| log_prob(&texts[target.row], target.id));
        let log_probs = targets.collect();
        self.computed.extend(texts);
        log_probs
    }

    /// The text of each packed token: what is in the slot of its predecessor, and itself.
    fn texts(&self, pass: &Pass) -> Vec<Vec<u32>> {
        let mut here: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut texts = vec![];
        for run in &pass.runs {
            let slots = pass.segments[run.segments.clone()].iter().flat_map(|s| s.slots());
            let slots: Vec<u32> = slots.collect();
            for row in run.rows.clone() {
                let position = pass.positions[row] as usize;
                assert_eq!(slots[position], pass.slots[row], "a token attends to itself last");
                let mut text = match position.checked_sub(1).map(|before| slots[before]) {
                    Some(before) => here.get(&before).or_else(|| self.slots.get(&before)).cloned(),
                    None => Some(vec![]),
                }
                .expect("the token before has been computed");
                text.push(pass.ids[row]);
                assert_eq!(text.len(), position + 1);
                here.insert(pass.slots[row], text.clone());
                texts.push(text);
            }
        }
        texts
    }
}

/// A number that depends on everything it should.
fn log_prob(text: &[u32], id: u32) -> f64 {
    let digest = backstory_core::Digest::of(format!("{text:?} {id}"));
    -((digest.prefix() >> 40) as f64)
}

type Scores = Vec<Vec<Result<Vec<f64>, ScoreError>>>;

fn scored(
    planner: &mut Planner,
    memory: &mut Memory,
    limits: &Limits,
    requests: &[ScoreRequest],
) -> Scores {
    let plan = planner.plan(requests);
    let log_probs: Vec<f64> =
        plan.passes.iter().flat_map(|pass| memory.run(pass, limits)).collect();
    let used: BTreeSet<usize> =
        plan.answers.iter().flatten().flatten().flatten().copied().collect();
    assert_eq!(used.len(), log_probs.len(), "nothing is asked for twice or for nothing");
    let look_up = |answer: Vec<usize>| answer.into_iter().map(|index| log_probs[index]).collect();
    let each = plan.answers.into_iter();
    each.map(|one| one.into_iter().map(|answer| answer.map(look_up)).collect()).collect()
}

/// Each candidate alone, token by token.
fn naive(start: Option<u32>, requests: &[ScoreRequest]) -> Vec<Vec<Vec<f64>>> {
    let one = |request: &ScoreRequest, thought: &Tokens| {
        let (text, first) = text(start, request, thought);
        (first..text.len()).map(|at| log_prob(&text[..at], text[at])).collect()
    };
    let all = |request: &ScoreRequest| {
        request.candidates.iter().map(|thought| one(request, thought)).collect()
    };
    requests.iter().map(all).collect()
}

fn context(start: Option<u32>, request: &ScoreRequest) -> Vec<u32> {
    start.into_iter().chain(request.context.iter().flat_map(|s| s.iter().copied())).collect()
}

/// A candidate's whole text, and where its target begins.
fn text(start: Option<u32>, request: &ScoreRequest, thought: &[u32]) -> (Vec<u32>, usize) {
    let mut text = context(start, request);
    text.extend(thought);
    let first = text.len();
    text.extend(request.target.iter());
    (text, first)
}

/// Every text that has to be computed, once.
fn needed(start: Option<u32>, requests: &[ScoreRequest]) -> BTreeSet<Vec<u32>> {
    let mut all = BTreeSet::new();
    for request in requests {
        for thought in &request.candidates {
            let (text, _) = text(start, request, thought);
            all.extend((1..text.len()).map(|len| text[..len].to_vec()));
        }
    }
    all
}

fn tokens(len: std::ops::Range<usize>) -> impl Strategy<Value = Tokens> {
    // Few different tokens, so that texts share their starts by accident, too.
    prop::collection::vec(0..3_u32, len).prop_map(Tokens::from)
}

/// Requests whose contexts are paths of one tree.
fn requests() -> impl Strategy<Value = Vec<ScoreRequest>> {
    let context = prop::collection::vec(tokens(0..6), 0..4);
    let candidates = prop::collection::vec(tokens(0..5), 1..4);
    let request = (context, candidates, tokens(1..6)).prop_map(|(context, candidates, target)| {
        ScoreRequest { context, candidates, target, ..ScoreRequest::default() }
    });
    prop::collection::vec(request, 1..4)
}

fn limits(slots: usize, pass_tokens: usize) -> Limits {
    Limits { positions: 100, vocabulary: 10, slots, pass_tokens, attention_cost: 0.01 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However small the passes and the memory, every token of every target is scored once, as if its
    /// candidate were alone, plan after plan; a second planner plans the same.
    #[test]
    fn as_if_alone(
        plans in prop::collection::vec(requests(), 1..5),
        // The longest text computes 24 tokens.
        slots in 24_usize..80,
        pass_tokens in 1_usize..40,
        start in prop::option::of(Just(7_u32)),
    ) {
        let limits = limits(slots, pass_tokens);
        let mut memory = Memory::new();
        let mut planner = Planner::new(limits.clone(), start);
        let mut other = Planner::new(limits.clone(), start);
        for requests in &plans {
            prop_assert_eq!(planner.plan(requests), other.plan(requests));
        }
        planner.clear();
        for requests in plans {
            let alone = naive(start, &requests);
            let got = scored(&mut planner, &mut memory, &limits, &requests);
            for (got, alone) in got.into_iter().flatten().zip(alone.into_iter().flatten()) {
                match got {
                    Ok(got) => prop_assert_eq!(got, alone),
                    Err(error) => prop_assert_eq!(error, ScoreError::NothingBefore),
                }
            }
        }
    }

    /// With memory for everything, nothing that is shared is computed twice, and later plans compute
    /// nothing of earlier contexts, but for the token before a target that follows such a context.
    #[test]
    fn shared_once(plans in prop::collection::vec(requests(), 1..5), pass_tokens in 1_usize..40) {
        let start = Some(7);
        let limits = limits(10_000, pass_tokens);
        let mut memory = Memory::new();
        let mut planner = Planner::new(limits.clone(), start);
        let mut kept: BTreeSet<Vec<u32>> = BTreeSet::new();
        for requests in plans {
            memory.computed.clear();
            scored(&mut planner, &mut memory, &limits, &requests);
            let mut expected = needed(start, &requests);
            expected.retain(|text| !kept.contains(text));
            for request in &requests {
                for thought in &request.candidates {
                    let (text, first) = text(start, request, thought);
                    expected.extend((first..text.len()).map(|at| text[..at].to_vec()));
                }
                let context = context(start, request);
                kept.extend((1..=context.len()).map(|len| context[..len].to_vec()));
            }
            let mut computed = std::mem::take(&mut memory.computed);
            computed.sort();
            prop_assert_eq!(computed, expected.into_iter().collect::<Vec<_>>());
        }
    }
}

fn request(context: &[u32], candidates: &[&[u32]], target: &[u32]) -> ScoreRequest {
    ScoreRequest {
        context: vec![context.into()],
        candidates: candidates.iter().map(|&thought| thought.into()).collect(),
        target: target.into(),
        ..ScoreRequest::default()
    }
}

fn refusal(limits: Limits, request: ScoreRequest) -> String {
    let plan = Planner::new(limits, None).plan(&[request]);
    assert!(plan.passes.is_empty(), "what is refused costs nothing");
    plan.answers[0][0].clone().expect_err("refused").to_string()
}

#[test]
fn refusals_say_why() {
    let room = || limits(1000, 10);
    let long = vec![1; 98];
    let message = refusal(room(), request(&long, &[&[2]], &[3, 4]));
    assert_eq!(message, "101 tokens with context, thought and target; the model takes 100");
    let message = refusal(limits(50, 10), request(&long, &[&[]], &[3]));
    assert_eq!(message, "98 tokens to remember at once; there is memory for 50");
    assert_eq!(refusal(room(), request(&[1], &[&[]], &[])), "the target is empty");
    let message = refusal(room(), request(&[], &[&[]], &[1]));
    assert_eq!(message, "nothing comes before the target: give a context or a start token");
    let message = refusal(room(), request(&[1], &[&[12]], &[3]));
    assert_eq!(message, "token 12 is not in the model's vocabulary of 10");
}

#[test]
fn one_long_candidate_does_not_spoil_the_others() {
    let long = vec![1; 100];
    let plan = Planner::new(limits(1000, 10), None).plan(&[request(&[1], &[&long, &[2]], &[3])]);
    assert!(plan.answers[0][0].is_err());
    assert!(plan.answers[0][1].is_ok());
}

/// Of two contexts of like length the one used longer ago goes; a short one that is cheap per token
/// goes before a long one that is not.
#[test]
fn evicts_the_old_and_the_cheap() {
    let limits = Limits { attention_cost: 1.0, ..limits(60, 100) };
    let mut planner = Planner::new(limits, None);
    let ask = |planner: &mut Planner, first: u32, len: usize| -> usize {
        let context = [vec![first], vec![9; len - 1]].concat();
        let plan = planner.plan(&[request(&context, &[&[8]], &[8])]);
        plan.passes.iter().map(|pass| pass.ids.len()).sum()
    };
    assert_eq!(ask(&mut planner, 1, 25), 26);
    assert_eq!(ask(&mut planner, 2, 25), 26);
    assert_eq!(ask(&mut planner, 1, 25), 1, "remembered");
    assert_eq!(ask(&mut planner, 3, 12), 13, "takes the room of the second");
    assert_eq!(ask(&mut planner, 1, 25), 1, "still there");
    assert_eq!(ask(&mut planner, 4, 25), 26, "takes the room of the short one");
    assert_eq!(ask(&mut planner, 1, 25), 1, "still there");
}

#[test]
fn scores_are_sums_in_nats() {
    let score = TargetScore { log_probs: vec![-1.0, -2.0], target_bytes: Some(3) };
    assert_eq!(score.nats().to_string(), "3");
    assert!((score.perplexity() - 1.5_f64.exp()).abs() < 1e-12);
    let bits = score.bits_per_byte().unwrap_or_default();
    assert!((bits - 1.0 / std::f64::consts::LN_2).abs() < 1e-12);
    assert_eq!(TargetScore { target_bytes: None, ..score }.bits_per_byte(), None);
}
