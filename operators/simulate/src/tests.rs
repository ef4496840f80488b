#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;

use backstory_core::{AuthorError, Digest, Graph, Outline, Repository, SourceFile};
use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Thinks aloud what it was asked.
struct Echo;

#[async_trait]
impl Author for Echo {
    fn identity(&self) -> String {
        "echo/1".into()
    }

    async fn plan(&self, _: &Structure) -> Result<Plan, AuthorError> {
        Err(AuthorError("a simulator asks for no plan".into()))
    }

    async fn think(
        &self,
        structure: &Structure,
        _: &Plan,
        file: u32,
        moment: Moment<'_>,
    ) -> Result<String, AuthorError> {
        match &**structure.path(file) {
            "silent" => Err(AuthorError("no answer in 60 s".into())),
            _ => Ok(format!("{file} {moment:?}")),
        }
    }
}

fn structure(files: &[(&str, usize)], order: Vec<u32>, dependencies: Vec<Vec<u32>>) -> Structure {
    let source = |&(path, bytes): &(&str, usize)| SourceFile {
        path: path.into(),
        language: "python",
        digest: Digest::of(path),
        text: "x".repeat(bytes).into(),
    };
    Structure {
        repository: Arc::new(Repository {
            name: "r".into(),
            commit: None,
            license: None,
            files: files.iter().map(source).collect(),
            context: BTreeMap::new(),
            left_out: BTreeMap::new(),
            failures: vec![],
        }),
        outlines: files.iter().map(|_| Arc::new(Outline::default())).collect(),
        graph: Arc::new(Graph {
            components: order.clone(),
            order,
            dependencies,
            ..Graph::default()
        }),
    }
}

fn simulate(structure: &Structure, budget: u64, file: u32) -> Result<Draft, Failure> {
    let simulator = Simulator { author: Arc::new(Echo), budget };
    block_on(simulator.simulate(
        structure,
        &Plan { requirements: String::new(), files: vec![] },
        file,
    ))
}

#[test]
fn what_does_not_fit_is_skipped_and_later_files_may_fit() {
    let files = [("a", 40), ("b", 100), ("c", 60), ("d", 1)];
    let structure =
        structure(&files, vec![2, 1, 0, 3], vec![vec![], vec![], vec![], vec![0, 1, 2]]);
    let draft = simulate(&structure, 100, 3).unwrap();
    assert_eq!(
        draft.steps,
        [
            Step::Think("3 BeforeReading { reads: [2, 0], skipped: [1] }".into()),
            Step::Read(2),
            Step::Observation(2),
            Step::Read(0),
            Step::Observation(0),
            Step::Think("3 BeforeWriting { reads: [2, 0] }".into()),
            Step::Write(3),
        ]
    );
}

#[test]
fn in_a_cycle_only_what_is_written_is_read() {
    let structure = structure(&[("a", 1), ("b", 1)], vec![1, 0], vec![vec![1], vec![0]]);
    assert_eq!(choose(&structure, 1, 9), Choice::default());
    assert_eq!(choose(&structure, 0, 9), Choice { reads: vec![1], skipped: vec![] });
}

#[test]
fn an_author_without_an_answer_fails_the_file() {
    let structure = structure(&[("silent", 1)], vec![0], vec![vec![]]);
    let failure = simulate(&structure, 9, 0).unwrap_err();
    let expected =
        Failure::file("silent", Stage::Simulate, FailureKind::Author, "no answer in 60 s");
    assert_eq!(failure, expected);
}

#[test]
fn the_keys_are_checked() {
    let config: Simulate = serde_json::from_value(json!({"model": "author"})).unwrap();
    assert_eq!(config.read_budget, 8_000);
    let build =
        |config: Simulate, author| config.build(&Environment { base: Path::new("."), author });
    let errors = build(config.clone(), &|_| None).err().unwrap();
    assert_eq!((errors.len(), errors[0].key), (1, "model"));
    assert!(matches!(build(config, &|_| Some(Arc::new(Echo))), Ok(Work::Simulate(_))));
    assert!(serde_json::from_value::<Simulate>(json!({"model": "m", "budget": 1})).is_err());
}

/// Files of random sizes in a random order, with random dependencies, cycles included.
fn repositories() -> impl Strategy<Value = Structure> {
    (1..12_usize)
        .prop_flat_map(|count| {
            let sizes = prop::collection::vec(0..200_usize, count);
            let order = Just((0..count as u32).collect::<Vec<_>>()).prop_shuffle();
            let needs = prop::collection::btree_set(0..count as u32, 0..count);
            (sizes, order, prop::collection::vec(needs, count))
        })
        .prop_map(|(sizes, order, needs)| {
            let files: Vec<_> = sizes.into_iter().map(|size| ("f", size)).collect();
            let others = |(file, needs): (usize, std::collections::BTreeSet<u32>)| {
                needs.into_iter().filter(|&need| need as usize != file).collect()
            };
            structure(&files, order, needs.into_iter().enumerate().map(others).collect())
        })
}

proptest! {
    #[test]
    fn every_draft_keeps_the_rules(structure in repositories(), budget in 0..400_u64) {
        let positions = structure.graph.positions();
        for file in 0..positions.len() as u32 {
            let steps = simulate(&structure, budget, file).unwrap().steps;
            let (last, rest) = steps.split_last().unwrap();
            prop_assert_eq!(last, &Step::Write(file));
            let thoughts = rest.iter().filter(|step| matches!(step, Step::Think(_))).count();
            prop_assert_eq!(thoughts, 2);
            prop_assert!(matches!(rest.first(), Some(Step::Think(_))));
            prop_assert!(matches!(rest.last(), Some(Step::Think(_))));

            let calls = &rest[1..rest.len() - 1];
            let mut read = vec![];
            for call in calls.chunks(2) {
                let [Step::Read(asked), Step::Observation(seen)] = call else {
                    panic!("not a read with its observation: {call:?}");
                };
                prop_assert_eq!(asked, seen);
                read.push(*asked);
            }
            let place = |file: u32| positions[file as usize];
            prop_assert!(read.iter().all(|&other| place(other) < place(file)));
            prop_assert!(read.is_sorted_by_key(|&other| place(other)));
            let bytes = read.iter().map(|&other| structure.text(other).len() as u64).sum::<u64>();
            prop_assert!(bytes <= budget);

            // What was left out would not have fitted at its turn.
            for &other in &structure.graph.dependencies[file as usize] {
                if place(other) < place(file) && !read.contains(&other) {
                    let before = read.iter().filter(|&&earlier| place(earlier) < place(other));
                    let spent = before.map(|&read| structure.text(read).len() as u64).sum::<u64>();
                    prop_assert!(spent + structure.text(other).len() as u64 > budget);
                }
            }
        }
    }
}
