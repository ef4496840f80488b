//! A search with a real model, of the least size and with weights made by a formula: it knows nothing, but its
//! numbers are those of a model.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../score/tests/made/mod.rs"]
mod made;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use backstory_core::{
    Author, Authored, Decision, Digest, Draft, Graph, Mode, Outline, Plan, Repository, Rewriting,
    Scene, SearchFile, Searched, Searching, SourceFile, Step, Structure, Thought, Trial, Variant,
};
use backstory_score::{CpuOptions, LocalModel, TextScorer, Tokenizer};
use backstory_search::{Search, Searcher, replay};
use futures::executor::block_on;
use serde_json::json;

/// Says one line of the file after the other.
struct Lines;

#[async_trait]
impl Author for Lines {
    fn identity(&self) -> String {
        "lines/1".into()
    }

    async fn plan(&self, _: &Structure) -> Authored<Plan> {
        unreachable!("a search asks for no plan")
    }

    async fn think(&self, _: &Scene<'_>) -> Authored<Thought> {
        unreachable!("a search asks for no new thoughts")
    }

    async fn rewrite(&self, rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
        let Scene { structure, file, .. } = rewriting.scene;
        let from = (rewriting.round * rewriting.candidates) as usize;
        let lines = structure.text(file).lines().filter(|line| !line.trim().is_empty()).skip(from);
        let lines = lines.take(rewriting.candidates as usize);
        Authored::free(lines.map(|line| format!("I write {}.", line.trim())).collect())
    }
}

fn structure() -> Structure {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/repositories/trickle/src");
    let source = |name: &str| {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        let digest = Digest::of(&text);
        SourceFile { path: name.into(), language: "typescript", digest, text: text.into() }
    };
    Structure {
        repository: Arc::new(Repository {
            name: "trickle".into(),
            commit: None,
            license: None,
            files: ["backoff.ts", "clock.ts"].map(source).into(),
            context: BTreeMap::new(),
            left_out: BTreeMap::new(),
            failures: vec![],
        }),
        outlines: [Outline::default(), Outline::default()].map(Arc::new).into(),
        graph: Arc::new(Graph {
            order: vec![1, 0],
            components: vec![0, 1],
            dependencies: vec![vec![1], vec![]],
            ..Graph::default()
        }),
    }
}

fn searcher(positions: u32, rounds: u32) -> Searcher {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "model_type": "llama", "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 8192,
        "max_position_embeddings": positions, "tie_word_embeddings": true,
    });
    made::write(folder.path(), &config, made::Form::default());
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/tokenizer.json");
    let tokenizer = Tokenizer::open(&tokenizer).unwrap();
    let options = CpuOptions { threads: 2, ..CpuOptions::default() };
    let scorer = LocalModel::open(folder.path(), &tokenizer, tokenizer.start_token())
        .unwrap()
        .load(options)
        .unwrap();
    let config = json!({ "model": "m", "scorer": "s", "rounds": rounds, "clip": 20.0 });
    let search: Search = serde_json::from_value(config).unwrap();
    search.searcher(Arc::new(Lines), Arc::new(TextScorer::new(Arc::new(scorer), tokenizer)))
}

fn search(searcher: &Searcher, draft: &Draft) -> (Draft, Vec<Trial>) {
    let plan = Plan { requirements: "Wait before trying again.".into(), files: vec![] };
    let searching = Searching {
        structure: &structure(),
        plan: &plan,
        draft,
        mode: Mode::default(),
        control: None,
    };
    let Searched { draft, trials } = block_on(searcher.search(&searching));
    (draft.result.unwrap(), trials)
}

fn simulated() -> Draft {
    Draft {
        file: 0,
        steps: vec![
            Step::Think("I need a clock.".into()),
            Step::Read(1),
            Step::Observation(1),
            Step::Think("Now I write it.".into()),
            Step::Write(0),
        ],
        ..Draft::default()
    }
}

#[test]
fn a_model_decides() {
    let searched = search(&searcher(8192, 3), &simulated());
    assert_eq!(search(&searcher(8192, 3), &simulated()), searched, "two runs keep the same");
    let (draft, trials) = &searched;
    assert_eq!(trials.iter().filter(|trial| trial.variant == Variant::Rewrite).count(), 12);
    let kept: Vec<_> = trials.iter().filter(|trial| trial.decision == Decision::Kept).collect();
    assert!(!kept.is_empty(), "of twelve, one is better");
    let nats = |index: usize| trials[index].score.as_ref().unwrap().nats;
    let falls = kept.iter().map(|trial| trial.score.as_ref().unwrap().nats);
    assert!(std::iter::once(nats(0)).chain(falls).is_sorted_by(|a, b| a > b));
    assert!(draft.gains.iter().all(|gains| gains.vs_first >= Some(0.0) && gains.vs_none.is_some()));

    // What the search says of the draft that it ends with is what the model says of it.
    let again = search(&searcher(8192, 0), draft).1[0].score.clone().unwrap().nats;
    let last = kept.last().unwrap().score.as_ref().unwrap();
    assert!((again - last.nats).abs() < 1e-3 * f64::from(last.target_tokens).max(1.0));

    let rule = backstory_search::Rule { clip: Some(20.0), ..Default::default() };
    let replayed = replay(trials, &rule, &rule).unwrap();
    assert!(replayed.iter().all(|step| step.as_run));
}

#[test]
fn a_file_that_is_too_long_for_the_model_keeps_its_thoughts() {
    let (draft, trials) = search(&searcher(64, 3), &simulated());
    assert_eq!(draft.steps, simulated().steps);
    let [first, second] = &trials[..] else { panic!("{trials:?}") };
    for trial in [first, second] {
        let Decision::Excluded(why) = &trial.decision else { panic!("{trial:?}") };
        assert!(why.ends_with("the model takes 64"), "{why}");
    }
}
