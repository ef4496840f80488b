use std::path::Path;
use std::sync::{Arc, LazyLock};

use backstory_core::{Case, Judge, Unscored};
use backstory_score::{CpuOptions, LocalModel, ScoreRequest, Scorer, TextScorer, Tokenizer};
use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::json;

use crate::made::{self, Form};
use crate::tiny;

fn tokenizer() -> Tokenizer {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/tokenizer.json");
    Tokenizer::open(&path).unwrap()
}

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(tokenizer);

#[test]
fn texts_are_scored_as_their_tokens_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = tiny();
    config["vocab_size"] = json!(20_000);
    made::write(folder.path(), &config, Form::default());
    let options = CpuOptions::default();
    let model = LocalModel::open(folder.path(), &TOKENIZER, Some(0)).unwrap();
    let scorer = Arc::new(model.load(options).unwrap());
    let judge = TextScorer::new(Arc::clone(&scorer) as _, tokenizer());
    let case = Case {
        repository: "shop".into(),
        context: vec!["# a.rs".into(), "\n".into()],
        candidates: vec![vec![], vec!["think: ".into(), "it is short\n".into()]],
        target: "fn main() {}\n".into(),
    };
    let found = block_on(judge.weigh(case.clone())).likelihoods;
    let encode = |text| TOKENIZER.encode(text).unwrap();
    let request = ScoreRequest {
        context: vec![encode("# a.rs"), encode("\n")],
        candidates: vec![encode(""), [encode("think: "), encode("it is short\n")].concat().into()],
        target: encode("fn main() {}\n"),
        ..ScoreRequest::default()
    };
    let alone = block_on(scorer.score(request));
    for (found, alone) in found.iter().zip(alone) {
        let (found, alone) = (found.as_ref().unwrap(), alone.unwrap());
        assert!((found.nats() - alone.nats()).abs() < 1e-4);
        assert_eq!(found.ends.len(), found.log_probs.len());
        assert_eq!(found.ends.last(), Some(&13));
    }
    let tokens = |at: usize| &found[at].as_ref().unwrap().tokens;
    assert_eq!((tokens(0).len(), tokens(1).len()), (0, 2));
    assert!(tokens(1).iter().all(|&tokens| tokens > 0));

    let long = Case { target: "x ".repeat(100).into(), ..case };
    let message =
        Unscored::Refused("106 tokens with context, thought and target; the model takes 64".into());
    assert_eq!(block_on(judge.weigh(long)).likelihoods[0], Err(message));
    assert!(judge.identity().starts_with("cpu-f32 "));
    assert!(judge.identity().ends_with(" start 0"));
}

proptest! {
    /// The last token ends where the text does, whatever the text.
    #[test]
    fn tokens_end_where_texts_end(text in "\\PC{0,40}|[a-z\\n\t {}é漢🦀]{0,40}") {
        let tokens = TOKENIZER.encode(&text).unwrap();
        let ends = TOKENIZER.ends(&tokens);
        prop_assert!(ends.is_sorted_by(|a, b| a < b));
        prop_assert_eq!(ends.last().copied().unwrap_or_default() as usize, text.len());
    }
}
