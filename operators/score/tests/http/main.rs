//! Scoring on servers, against a real server of ours with a toy model.
//!
//! - `agree` compares scores with what the toy model says, and counts what is computed once;
//! - `refused` fixes what is said of servers that answer wrongly;
//! - `failing` breaks servers at work;
//! - `pools` asks several.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agree;
mod failing;
mod pools;
mod refused;
mod server;

use backstory_score::{
    ConnectError, HttpConfig, HttpScorer, ScoreError, ScoreRequest, Scorer, Tokens,
};
use serde_json::{Value, json};

use server::{ALL, Behaviour, Fault, Server, Speaks, log_prob};

fn config(urls: &[String], fields: &Value) -> HttpConfig {
    let mut all = json!({ "urls": urls, "connect_seconds": 2 });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

async fn connect(server: &Server, fields: &Value) -> Result<HttpScorer, ConnectError> {
    HttpScorer::connect(&config(&[server.url()], fields)).await
}

fn request(context: &[&[u32]], candidates: &[&[u32]], target: &[u32]) -> ScoreRequest {
    ScoreRequest {
        context: context.iter().map(|&segment| Tokens::from(segment)).collect(),
        candidates: candidates.iter().map(|&thought| Tokens::from(thought)).collect(),
        target: target.into(),
        target_bytes: Some(9),
        ..ScoreRequest::default()
    }
}

/// What the toy model makes of one candidate.
fn truth(start: Option<u32>, request: &ScoreRequest, candidate: &[u32]) -> Vec<f64> {
    let mut text: Vec<u32> = start.into_iter().collect();
    request.context.iter().for_each(|segment| text.extend_from_slice(segment));
    text.extend_from_slice(candidate);
    let score = |&token: &u32| {
        let log_prob = log_prob(&text, token);
        text.push(token);
        log_prob
    };
    request.target.iter().map(score).collect()
}

/// The scores of a request of two candidates, or why there are none.
async fn ask(scorer: &HttpScorer) -> Vec<Result<Vec<f64>, ScoreError>> {
    let request = request(&[&[5, 6, 7]], &[&[8, 9], &[]], &[10, 11, 12, 13]);
    let all = scorer.score(request).await.into_iter();
    all.map(|score| score.map(|score| score.log_probs)).collect()
}

fn expected() -> Vec<Result<Vec<f64>, ScoreError>> {
    let request = request(&[&[5, 6, 7]], &[], &[10, 11, 12, 13]);
    vec![Ok(truth(None, &request, &[8, 9])), Ok(truth(None, &request, &[]))]
}
