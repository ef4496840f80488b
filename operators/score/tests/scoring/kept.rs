//! Scores that are kept: found again, to the bit, by whoever asks the same, and never made up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use backstory_core::Digest;
use backstory_keep::Place;
use backstory_score::{Identity, KeptScorer, ScoreError, ScoreRequest, Scorer, TargetScore, owner};

use crate::request;

#[tokio::test]
async fn scores_tell_for_whom_they_were_asked_first() {
    let folder = tempfile::tempdir().unwrap();
    let formula = Arc::new(Formula::default());
    let scorer = kept(Some(&formula), folder.path());
    let asked = request(&[7], &[&[5]], &[10]);
    for repository in ["shop", "copy of shop"] {
        scorer.score(ScoreRequest { repository: repository.into(), ..asked.clone() }).await;
    }
    let file = objects(folder.path()).remove(0);
    let whole = std::fs::read(&file).unwrap();
    assert_eq!(owner(&whole).as_deref(), Some("shop"));
    let mut nobody: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    nobody.as_object_mut().unwrap().remove("repository").unwrap();
    let nobody = serde_json::to_vec(&nobody).unwrap();
    assert_eq!((owner(&nobody), owner(b"torn")), (None, None));
    std::fs::write(&file, nobody).unwrap();
    assert!(kept(None, folder.path()).score(asked).await[0].is_ok(), "it is found all the same");
}

/// Scores by a formula, and counts how often it is asked. Token 1 is too much for it, token 2 finds it away.
#[derive(Default)]
struct Formula(AtomicU64);

fn identity(model: &str) -> Identity {
    Identity {
        model: Digest::of(model),
        tokenizer: None,
        start_token: None,
        executor: "formula".into(),
    }
}

#[async_trait]
impl Scorer for Formula {
    fn identity(&self) -> Identity {
        identity("formula")
    }

    async fn score(&self, request: ScoreRequest) -> Vec<Result<TargetScore, ScoreError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let score = |thought: &backstory_score::Tokens| match thought.first() {
            Some(1) => Err(ScoreError::TooLong { tokens: 9, limit: 8 }),
            Some(2) => Err(ScoreError::Unavailable("it is away".into())),
            _ => {
                let log_prob = |id: &u32| -f64::from(*id + thought.len() as u32) / 3.0;
                let log_probs = request.target.iter().map(log_prob).collect();
                Ok(TargetScore { log_probs, target_bytes: request.target_bytes })
            }
        };
        request.candidates.iter().map(score).collect()
    }
}

fn kept(formula: Option<&Arc<Formula>>, folder: &Path) -> KeptScorer {
    let place = match formula {
        Some(_) => Place::Folder { path: folder.into(), own: true },
        None => Place::recorded(folder),
    };
    let scorer = formula.map(|formula| Arc::clone(formula) as Arc<dyn Scorer>);
    KeptScorer::new(identity("formula"), scorer, place)
}

fn objects(folder: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(folder).into_iter().flatten();
    folders
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect()
}

#[tokio::test]
async fn what_was_scored_is_found_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let formula = Arc::new(Formula::default());
    let asked = request(&[7, 8], &[&[], &[5], &[1]], &[10, 11, 12]);
    let first = kept(Some(&formula), folder.path()).score(asked.clone()).await;
    let rounded = f64::from(-10.0_f32 / 3.0);
    assert_eq!(first[0].as_ref().unwrap().log_probs[0].to_bits(), rounded.to_bits());
    let scorer = kept(Some(&formula), folder.path());
    let (again, record) = scorer.score_on_record(asked.clone()).await;
    assert_eq!(again[..2], first[..2]);
    let refused = ScoreError::TooLong { tokens: 9, limit: 8 };
    assert_eq!(first[2], Err(refused.clone()));
    assert_eq!(again[2], Err(ScoreError::Refused(refused.to_string())), "the reason is kept");
    let status = scorer.status().unwrap();
    assert_eq!((status.scored, status.recalled, status.in_flight), (0, 1, 0));
    assert_eq!(formula.0.load(Ordering::Relaxed), 1);
    let name = format!("{}.json", record.unwrap().key);
    assert!(objects(folder.path())[0].ends_with(name));

    let without = kept(None, folder.path());
    assert_eq!(without.score(asked.clone()).await, again);
    let other = ScoreRequest { target: [10, 11].into(), ..asked };
    let missing = without.score(other).await.remove(0).unwrap_err();
    assert!(matches!(&missing, ScoreError::Unrecorded(why) if why.contains("is not among those")));
}

#[tokio::test]
async fn whatever_determines_scores_tells_them_apart() {
    let folder = tempfile::tempdir().unwrap();
    let formula = Arc::new(Formula::default());
    let scorer = kept(Some(&formula), folder.path());
    let asked = request(&[7, 8], &[&[5], &[]], &[10]);
    let others = [
        request(&[7], &[&[8, 5], &[]], &[10]),
        request(&[7, 8], &[&[], &[5]], &[10]),
        request(&[7, 8], &[&[5]], &[10]),
        request(&[7, 8], &[&[5], &[10]], &[]),
    ];
    scorer.score(asked.clone()).await;
    for (number, other) in (2..).zip(others) {
        scorer.score(other).await;
        assert_eq!(objects(folder.path()).len(), number);
    }
    let cut = ScoreRequest { context: vec![[7].into(), [8].into()], ..asked.clone() };
    scorer.score(cut).await;
    assert_eq!(scorer.status().unwrap().recalled, 1, "where a context is cut does not matter");
    let about = ScoreRequest { repository: "shop".into(), ..asked.clone() };
    scorer.score(about).await;
    assert_eq!(scorer.status().unwrap().recalled, 2, "nor for whom it is");
    let place = Place::Folder { path: folder.path().into(), own: true };
    let other = KeptScorer::new(identity("another"), Some(formula), place);
    other.score(asked).await;
    assert_eq!(other.status().unwrap().recalled, 0, "another model");
}

#[tokio::test]
async fn what_is_torn_or_was_never_there_is_scored() {
    let folder = tempfile::tempdir().unwrap();
    let formula = Arc::new(Formula::default());
    let scorer = kept(Some(&formula), folder.path());
    let away = request(&[7], &[&[5], &[2]], &[10]);
    let found = scorer.score(away).await;
    assert!(matches!(found[1], Err(ScoreError::Unavailable(_))));
    assert!(objects(folder.path()).is_empty(), "a later run asks again");
    assert_eq!(scorer.status().unwrap().scored, 0);

    let asked = request(&[7], &[&[5]], &[10, 11]);
    let first = scorer.score(asked.clone()).await;
    let file = objects(folder.path()).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let mut shorter: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    shorter["scores"][0]["log_probs"] = "AACAvw==".into();
    let mut foreign = shorter.clone();
    foreign["key"] = Digest::of("another").to_string().into();
    let damaged = [
        vec![],
        whole[..whole.len() / 2].to_vec(),
        foreign.to_string().into(),
        shorter.to_string().into(),
    ];
    for (times, damaged) in (3..).zip(damaged) {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(scorer.score(asked.clone()).await, first);
        assert_eq!(formula.0.load(Ordering::Relaxed), times);
    }
    std::fs::remove_dir_all(folder.path()).unwrap();
    std::fs::write(folder.path(), "a file where a folder is to be").unwrap();
    let told = scorer.score(asked).await.remove(0).unwrap_err();
    assert!(matches!(&told, ScoreError::Unavailable(why) if why.contains("make room there")));
}
