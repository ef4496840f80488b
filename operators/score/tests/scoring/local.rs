use std::sync::Arc;

use backstory_core::Digest;
use backstory_score::{
    Cpu, CpuOptions, Engine, ExecuteError, Executor, Identity, Limits, LocalScorer, Pass,
    ScoreError, Scorer,
};
use futures::executor::block_on;
use futures::future::join_all;

use crate::made::{Form, tokens};
use crate::{engine, request, tiny};

fn start(engine: Engine) -> LocalScorer {
    let identity = Identity {
        model: Digest::of("tiny"),
        tokenizer: None,
        start_token: None,
        executor: engine.executor().name(),
    };
    LocalScorer::start(engine, identity).unwrap()
}

#[test]
fn many_can_ask_at_once() {
    let scorer = Arc::new(start(engine::<f32>(&tiny(), Form::default(), CpuOptions::default())));
    assert_eq!(scorer.identity().executor, "cpu-f32");
    let thought = tokens("thought", 5, 40);
    let ask = |count: usize| {
        let asked = request(&tokens("context", count, 40), &[&thought, &[]], &[1, 2, 3]);
        let scorer = Arc::clone(&scorer);
        async move { scorer.score(asked).await }
    };
    let together = block_on(join_all((1..20).map(ask)));
    for (count, scores) in (1..20).zip(together) {
        let alone = block_on(ask(count));
        for (score, alone) in scores.into_iter().zip(alone) {
            assert!((score.unwrap().nats() - alone.unwrap().nats()).abs() < 1e-4);
        }
    }
}

/// An executor that fails at times, and one that computes nonsense.
struct Faulty {
    inner: Cpu<f32>,
    runs: usize,
}

impl Executor for Faulty {
    fn limits(&self) -> &Limits {
        self.inner.limits()
    }

    fn name(&self) -> String {
        "faulty".into()
    }

    fn run(&mut self, pass: &Pass) -> Result<Vec<f64>, ExecuteError> {
        self.runs += 1;
        let mut log_probs = self.inner.run(pass)?;
        match self.runs {
            1 => return Err(ExecuteError("out of memory".into())),
            2 => log_probs[0] = f64::NAN,
            _ => {}
        }
        Ok(log_probs)
    }
}

#[test]
fn failure_is_no_score() {
    let folder = tempfile::tempdir().unwrap();
    crate::made::write(folder.path(), &tiny(), Form::default());
    let checkpoint = backstory_score::Checkpoint::open(folder.path()).unwrap();
    let inner = Cpu::load(&checkpoint, CpuOptions::default()).unwrap();
    let scorer = start(Engine::new(Box::new(Faulty { inner, runs: 0 }), None));
    let ask = || block_on(scorer.score(request(&[1, 2], &[&[3]], &[4, 5])));
    assert_eq!(ask(), [Err(ScoreError::Unavailable("out of memory".into()))]);
    assert_eq!(ask(), [Err(ScoreError::NotFinite)]);
    assert!(ask()[0].is_ok(), "as if nothing had happened");
}
