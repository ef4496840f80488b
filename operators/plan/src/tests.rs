#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;

use backstory_core::{
    Digest, Failure, FailureKind, Graph, Outline, Repository, Scene, SourceFile, Thought,
};
use futures::executor::block_on;
use serde_json::json;

use super::*;

/// Answers whatever it was made with.
struct Fixed(Result<backstory_core::Plan, AuthorError>);

#[async_trait]
impl Author for Fixed {
    fn identity(&self) -> String {
        "fixed/1".into()
    }

    async fn plan(&self, _: &Structure) -> Authored<backstory_core::Plan> {
        Authored { result: self.0.clone(), requests: vec![] }
    }

    async fn think(&self, _: &Scene<'_>) -> Authored<Thought> {
        unreachable!("a planner asks for no thought")
    }
}

/// Three files, to be written in the order c, a, b.
fn structure() -> Structure {
    let file = |path: &str| SourceFile {
        path: path.into(),
        language: "python",
        digest: Digest::of(path),
        text: path.into(),
    };
    Structure {
        repository: Arc::new(Repository {
            name: "r".into(),
            commit: None,
            license: None,
            files: ["a", "b", "c"].map(file).to_vec(),
            context: BTreeMap::new(),
            left_out: BTreeMap::new(),
            failures: vec![],
        }),
        outlines: (0..3).map(|_| Arc::new(Outline::default())).collect(),
        graph: Arc::new(Graph {
            order: vec![2, 0, 1],
            dependencies: vec![vec![2], vec![0, 2], vec![]],
            components: vec![0, 1, 2],
            ..Graph::default()
        }),
    }
}

fn plan_of(entries: &[(u32, &[u32])]) -> backstory_core::Plan {
    let entry = |&(file, relies_on): &(u32, &[u32])| FilePlan {
        file,
        purpose: String::new(),
        interface: vec![],
        relies_on: relies_on.to_vec(),
    };
    backstory_core::Plan { requirements: String::new(), files: entries.iter().map(entry).collect() }
}

fn planned(
    answer: Result<backstory_core::Plan, AuthorError>,
) -> Result<backstory_core::Plan, Halt> {
    block_on(Planner { author: Arc::new(Fixed(answer)) }.plan(&structure())).result
}

fn failure(answer: Result<backstory_core::Plan, AuthorError>) -> Failure {
    match planned(answer) {
        Err(Halt::Failed(failure)) => failure,
        other => panic!("no failure: {other:?}"),
    }
}

fn refused(entries: &[(u32, &[u32])]) -> String {
    let failure = failure(Ok(plan_of(entries)));
    assert_eq!((failure.stage, failure.kind), (Stage::Plan, FailureKind::Author));
    failure.message
}

#[test]
fn a_plan_in_order_is_kept() {
    let plan = plan_of(&[(2, &[]), (0, &[2]), (1, &[2, 0])]);
    assert_eq!(planned(Ok(plan.clone())), Ok(plan));
}

#[test]
fn a_plan_that_cannot_be_carried_out_is_refused() {
    assert_eq!(refused(&[(2, &[]), (0, &[])]), "the plan has 2 entries for 3 files");
    assert_eq!(
        refused(&[(2, &[]), (1, &[]), (0, &[])]),
        "the plan does not have \"a\" in its place"
    );
    assert_eq!(
        refused(&[(2, &[]), (0, &[]), (0, &[])]),
        "the plan does not have \"b\" in its place"
    );
    assert_eq!(
        refused(&[(2, &[]), (0, &[1]), (1, &[])]),
        "\"a\" relies on \"b\", which is not written before"
    );
    assert_eq!(
        refused(&[(2, &[2]), (0, &[]), (1, &[])]),
        "\"c\" relies on \"c\", which is not written before"
    );
    assert_eq!(
        refused(&[(2, &[]), (0, &[7]), (1, &[])]),
        "\"a\" relies on a file that does not exist"
    );
    assert_eq!(refused(&[(2, &[]), (0, &[]), (1, &[0, 2])]), "\"b\" relies on \"c\" out of order");
    assert_eq!(refused(&[(2, &[]), (0, &[]), (1, &[2, 2])]), "\"b\" relies on \"c\" out of order");
}

#[test]
fn an_author_without_an_answer_is_a_failure() {
    let error = AuthorError::Unusable("no answer in 60 s".into());
    assert_eq!(failure(Err(error)).message, "no answer in 60 s");
    let away = AuthorError::Unavailable("nobody is there".into());
    assert_eq!(planned(Err(away)), Err(Halt::Unavailable("nobody is there".into())));
}

#[test]
fn the_model_has_to_be_known() {
    let build = |known: &str| {
        let config: Plan = serde_json::from_value(json!({"model": "author"})).unwrap();
        let author = |name: &str| {
            let author: Arc<dyn Author> = Arc::new(Fixed(Ok(plan_of(&[]))));
            (name == known).then_some(author)
        };
        config.build(&Environment { base: Path::new("."), author: &author, scorer: &|_| None })
    };
    assert!(matches!(build("author"), Ok(Work::Plan(work)) if work.author() == "fixed/1"));
    let errors = build("writer").err().unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].key, &*errors[0].message), ("model", "no model is named \"author\""));
    assert_eq!(errors[0].hint.as_deref(), Some("add it: [models.author]"));
}
