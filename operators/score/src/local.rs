use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use async_trait::async_trait;
use backstory_core::Digest;
use futures::channel::oneshot;

use crate::engine::Scores;
use crate::{
    Checkpoint, Cpu, CpuOptions, Engine, Identity, LoadError, ScoreError, ScoreRequest, Scorer,
    TargetScore, Tokenizer,
};

/// A model on this machine. Its engine lives on a thread of its own, which ends when the scorer is
/// dropped and nothing is left to do.
///
/// Requests that wait while others are computed are planned together. A request whose future has been
/// dropped before that is not computed.
#[derive(Debug)]
pub struct LocalScorer {
    identity: Identity,
    queue: Sender<Job>,
}

#[derive(Debug)]
struct Job {
    request: ScoreRequest,
    answer: oneshot::Sender<Scores>,
}

/// A model on this machine that is known, but not loaded.
#[derive(Debug)]
pub struct LocalModel {
    checkpoint: Checkpoint,
    identity: Identity,
}

impl LocalModel {
    /// Looks at the model in `folder` and takes the digest of its files. `start_token` comes before every
    /// context.
    pub fn open(
        folder: &Path,
        tokenizer: &Tokenizer,
        start_token: Option<u32>,
    ) -> Result<Self, LoadError> {
        let checkpoint = Checkpoint::open(folder)?;
        let (has, knows) = (tokenizer.vocabulary(), checkpoint.config.vocab_size);
        if has > knows {
            return Err(LoadError::Vocabulary { has, knows });
        }
        let identity = Self::identity_of(checkpoint.digest()?, tokenizer, start_token);
        Ok(Self { checkpoint, identity })
    }

    /// What determines the scores of the model with this digest.
    pub(crate) fn identity_of(
        model: Digest,
        tokenizer: &Tokenizer,
        start_token: Option<u32>,
    ) -> Identity {
        let executor = Cpu::<f32>::name();
        Identity { model, tokenizer: Some(tokenizer.digest()), start_token, executor }
    }

    /// What determines its scores.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Loads the model in f32, to be computed on the processor.
    pub fn load(&self, options: CpuOptions) -> Result<LocalScorer, LoadError> {
        let executor = Cpu::<f32>::load(&self.checkpoint, options)?;
        let engine = Engine::new(Box::new(executor), self.identity.start_token);
        LocalScorer::start(engine, self.identity.clone())
    }
}

impl LocalScorer {
    /// Starts the thread. `identity` has to name the start token that the engine puts before contexts.
    pub fn start(engine: Engine, identity: Identity) -> Result<Self, LoadError> {
        let (queue, jobs) = mpsc::channel();
        let thread = thread::Builder::new().name("score".into());
        let serve = move || serve(engine, &jobs);
        thread.spawn(serve).map_err(|error| LoadError::Start(error.to_string()))?;
        Ok(Self { identity, queue })
    }
}

#[async_trait]
impl Scorer for LocalScorer {
    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    async fn score(&self, request: ScoreRequest) -> Vec<Result<TargetScore, ScoreError>> {
        let candidates = request.candidates.len();
        let (answer, answered) = oneshot::channel();
        // Both fail only if the engine's thread is gone.
        let sent = self.queue.send(Job { request, answer });
        match (sent, answered.await) {
            (Ok(()), Ok(scores)) => scores,
            _ => vec![Err(ScoreError::Unavailable("the engine has stopped".into())); candidates],
        }
    }
}

/// Answers until all who could ask are gone.
fn serve(mut engine: Engine, jobs: &Receiver<Job>) {
    let enough = engine.executor().limits().pass_tokens;
    while let Ok(first) = jobs.recv() {
        // As many as fill a pass if they share nothing: more would only wait longer.
        let mut tokens = first.request.tokens();
        let mut batch = vec![first];
        while tokens < enough
            && let Ok(next) = jobs.try_recv()
        {
            tokens += next.request.tokens();
            batch.push(next);
        }
        batch.retain(|job| !job.answer.is_canceled());
        let (requests, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|job| (job.request, job.answer)).unzip();
        for (answer, scores) in answers.into_iter().zip(engine.score(&requests)) {
            // Nobody may be waiting any more.
            let _ = answer.send(scores);
        }
    }
}
