//! Scorers that are made when they are first needed: loading takes time and memory, and a server need not be
//! there while a plan is checked.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use crate::{Identity, ScoreError, ScoreRequest, Scorer, TargetScore};

/// A scorer, or why there is none.
pub(crate) type Made = Result<Arc<dyn Scorer>, String>;

/// A scorer that is made once it has to be ready, or by the first request. If that fails, all requests fail for the same reason.
pub(crate) struct LazyScorer {
    identity: Identity,
    make: Arc<dyn Fn() -> Made + Send + Sync>,
    made: OnceCell<Made>,
}

impl LazyScorer {
    /// `identity` is what is known of it before it is made. `make` may block.
    pub(crate) fn new(identity: Identity, make: impl Fn() -> Made + Send + Sync + 'static) -> Self {
        Self { identity, make: Arc::new(make), made: OnceCell::new() }
    }

    async fn make(&self) -> Made {
        let make = Arc::clone(&self.make);
        let joined = tokio::task::spawn_blocking(move || make()).await;
        joined.map_err(|error| error.to_string()).flatten()
    }
}

#[async_trait]
impl Scorer for LazyScorer {
    fn identity(&self) -> Identity {
        match self.made.get() {
            Some(Ok(scorer)) => scorer.identity(),
            _ => self.identity.clone(),
        }
    }

    async fn ready(&self) -> Result<(), String> {
        self.made.get_or_init(|| self.make()).await.as_ref().map(drop).map_err(String::clone)
    }

    async fn score(&self, request: ScoreRequest) -> Vec<Result<TargetScore, ScoreError>> {
        match self.made.get_or_init(|| self.make()).await {
            Ok(scorer) => scorer.score(request).await,
            Err(why) => vec![Err(ScoreError::Unavailable(why.clone())); request.candidates.len()],
        }
    }
}
