#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;

use backstory_core::{AuthorError, Digest, FilePlan, Graph, Outline, Repository, SourceFile};
use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Thinks aloud what it was asked, of which it says that it costs something.
#[derive(Default)]
struct Echo {
    reads: Option<Vec<u32>>,
}

#[async_trait]
impl Author for Echo {
    fn identity(&self) -> String {
        "echo/1".into()
    }

    async fn plan(&self, _: &Structure) -> Authored<Plan> {
        unreachable!("a simulator asks for no plan")
    }

    async fn think(&self, scene: &Scene<'_>) -> Authored<Thought> {
        let Scene { structure, file, moment, .. } = *scene;
        let result = match &**structure.path(file) {
            "silent" => Err(AuthorError::Unusable("no answer in 60 s".into())),
            "later" => Err(AuthorError::Unavailable("nobody is there".into())),
            _ => Ok(Thought { text: format!("{file} {moment:?}"), reads: self.reads.clone() }),
        };
        Authored { result, requests: vec![] }
    }

    fn inputs(&self, scene: &Scene<'_>) -> Option<Digest> {
        Some(Digest::of(format!("{:?} {:?} {}", self.reads, scene.moment, scene.mode.name())))
    }
}

fn structure(files: &[(&str, usize)], order: Vec<u32>, dependencies: Vec<Vec<u32>>) -> Structure {
    let source = |&(path, bytes): &(&str, usize)| {
        let text = "x".repeat(bytes);
        let digest = Digest::of(&text);
        SourceFile { path: path.into(), language: "python", digest, text: text.into() }
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

fn simulator(author: impl Author + 'static, budget: u64) -> Simulator {
    Simulator {
        author: Arc::new(author),
        mode: Mode::default(),
        budget,
        gates: vec![],
        rethink: false,
    }
}

fn draft(simulator: &Simulator, structure: &Structure, file: u32) -> Authored<Draft, Halt> {
    let plan = Plan { requirements: String::new(), files: vec![] };
    block_on(simulator.simulate(structure, &plan, file))
}

fn simulate(structure: &Structure, budget: u64, file: u32) -> Result<Draft, Halt> {
    draft(&simulator(Echo::default(), budget), structure, file).result
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
            Step::Think("3 BeforeReading { offered: [2, 0], skipped: [1] }".into()),
            Step::Read(2),
            Step::Observation(2),
            Step::Read(0),
            Step::Observation(0),
            Step::Think(
                "3 BeforeWriting { reads: [2, 0], need: \"3 BeforeReading { offered: [2, 0], \
                 skipped: [1] }\" }"
                    .into()
            ),
            Step::Write(3),
        ]
    );
}

#[test]
fn in_a_cycle_only_what_is_written_is_read() {
    let structure = structure(&[("a", 1), ("b", 1)], vec![1, 0], vec![vec![1], vec![0]]);
    assert_eq!(reads::dependencies(&structure, 1, 9), Choice::default());
    assert_eq!(reads::dependencies(&structure, 0, 9), Choice { reads: vec![1], skipped: vec![] });
}

#[test]
fn an_author_without_an_answer_fails_the_file() {
    let structure = structure(&[("silent", 1)], vec![0], vec![vec![]]);
    let halt = simulate(&structure, 9, 0).unwrap_err();
    let expected =
        Failure::file("silent", Stage::Simulate, FailureKind::Author, "no answer in 60 s");
    assert_eq!(halt, Halt::Failed(expected));
}

#[test]
fn an_author_that_is_away_fails_nothing() {
    let structure = structure(&[("later", 1)], vec![0], vec![vec![]]);
    let halt = simulate(&structure, 9, 0).unwrap_err();
    assert_eq!(halt, Halt::Unavailable("nobody is there".into()));
}

/// What exists, is written by then and fits is read, once, in the order of asking.
#[test]
fn an_author_may_choose_what_it_reads() {
    let files = [("a", 40), ("b", 100), ("c", 60), ("d", 1), ("e", 1)];
    let needs = vec![vec![], vec![], vec![], vec![0, 1, 2], vec![]];
    let structure = structure(&files, vec![2, 1, 0, 3, 4], needs);
    let read = |asked: &[u32]| {
        let author = Echo { reads: Some(asked.to_vec()) };
        let draft = draft(&simulator(author, 100), &structure, 3).result.unwrap();
        let read = |step: &Step| match step {
            Step::Read(file) => Some(*file),
            _ => None,
        };
        draft.steps.iter().filter_map(read).collect::<Vec<_>>()
    };
    assert_eq!(read(&[]), [0_u32; 0]);
    assert_eq!(read(&[0, 2]), [0, 2]);
    assert_eq!(read(&[0, 3, 4, 0, 77, 1, 2]), [0, 2], "itself, later, twice, unknown, too long");
}

/// Answers with the attempt that is asked for, and says what was asked.
struct Attempts;

#[async_trait]
impl Author for Attempts {
    fn identity(&self) -> String {
        "attempts/1".into()
    }

    async fn plan(&self, _: &Structure) -> Authored<Plan> {
        unreachable!("a simulator asks for no plan")
    }

    async fn think(&self, scene: &Scene<'_>) -> Authored<Thought> {
        let text = vec!["word"; 3 - scene.attempt as usize].join(" ");
        let request = Request {
            key: Digest::of(&text),
            purpose: "need".into(),
            file: Some(scene.file),
            endpoint: None,
            model: "m".into(),
            prompt_tokens: 1,
            completion_tokens: 1,
            latency_ms: 1,
            tries: 1,
            finish_reason: None,
            cost: None,
            outcome: Outcome::Used,
            message: None,
        };
        Authored { result: Ok(Thought { text, reads: None }), requests: vec![request] }
    }
}

/// `c` needs `a` and `b`, and is written after them; `d` has nothing to do with it.
fn quartet(sizes: [usize; 4]) -> Structure {
    let files: Vec<_> = ["a", "b", "c", "d"].into_iter().zip(sizes).collect();
    structure(&files, vec![0, 1, 2, 3], vec![vec![], vec![], vec![0, 1], vec![]])
}

fn planned(structure: &Structure, requirements: &str, purpose: &str) -> Plan {
    let entry = |&file: &u32| FilePlan {
        file,
        purpose: purpose.into(),
        interface: vec![],
        relies_on: vec![],
    };
    let files = structure.graph.order.iter().map(entry).collect();
    Plan { requirements: requirements.into(), files }
}

#[test]
fn inputs_are_all_but_what_other_files_hold() {
    let usual = simulator(Echo::default(), 100);
    let inputs = |simulator: &Simulator, structure: &Structure| {
        simulator.inputs(structure, &planned(structure, "Sell.", "It sells."), 2).unwrap()
    };
    let before = inputs(&usual, &quartet([10, 20, 30, 40]));

    let mut committed = quartet([10, 20, 30, 40]);
    Arc::get_mut(&mut committed.repository).unwrap().commit = Some("1f".into());
    for same in [quartet([11, 20, 30, 40]), quartet([10, 22, 30, 44]), committed] {
        assert_eq!(inputs(&usual, &same), before);
    }
    let marked = Arc::new(Simulator { rethink: true, ..simulator(Echo::default(), 100) });
    assert!(marked.rethinks() && !usual.rethinks());
    assert_eq!(inputs(&marked, &quartet([10, 20, 30, 40])), before, "it is about updates alone");

    let mut renamed = quartet([10, 20, 30, 40]);
    Arc::get_mut(&mut renamed.repository).unwrap().name = "s".into();
    let mut needless = quartet([10, 20, 30, 40]);
    Arc::get_mut(&mut needless.graph).unwrap().dependencies[2] = vec![0];
    for other in [quartet([10, 20, 31, 40]), quartet([101, 20, 30, 40]), renamed, needless] {
        assert_ne!(inputs(&usual, &other), before);
    }
    let structure = quartet([10, 20, 30, 40]);
    let gate = json!([{"measure": "words", "above": 900, "then": "mark"}]);
    for other in [
        simulator(Echo { reads: Some(vec![0]) }, 100),
        simulator(Echo::default(), 101),
        Simulator { mode: Mode::Blinded, ..simulator(Echo::default(), 100) },
        Simulator {
            gates: serde_json::from_value(gate).unwrap(),
            ..simulator(Echo::default(), 100)
        },
    ] {
        assert_ne!(inputs(&other, &structure), before);
    }
    for plan in [planned(&structure, "Buy.", "It sells."), planned(&structure, "Sell.", "It buys.")]
    {
        assert_ne!(usual.inputs(&structure, &plan, 2), Some(before));
    }
    let free = simulator(Attempts, 100);
    let plan = planned(&structure, "Sell.", "It sells.");
    assert_eq!(free.inputs(&structure, &plan, 2), None, "what costs nothing is done again");
}

fn gating(gates: serde_json::Value) -> (Simulator, Structure) {
    let mut simulator = simulator(Attempts, 9);
    simulator.gates = serde_json::from_value(gates).unwrap();
    (simulator, structure(&[("a", 1)], vec![0], vec![vec![]]))
}

fn gated(gates: serde_json::Value) -> Authored<Draft, Halt> {
    let (simulator, structure) = gating(gates);
    draft(&simulator, &structure, 0)
}

#[test]
fn a_gate_asks_again_and_then_decides() {
    let (simulator, structure) = gating(json!([
        {"measure": "words", "above": 2, "then": "reject", "attempts": 1},
        {"measure": "words", "above": 1, "then": "mark"},
    ]));
    let authored = draft(&simulator, &structure, 0);
    let outcomes: Vec<_> = authored.requests.iter().map(|request| request.outcome.name()).collect();
    assert_eq!(outcomes, ["refused", "used", "refused", "used"]);
    assert_eq!(authored.requests[0].message.as_deref(), Some("words is 3, above 2"));
    let draft = authored.result.unwrap();
    assert_eq!(draft.thoughts().collect::<Vec<_>>(), ["word word", "word word"]);
    assert_eq!(
        simulator.marks(&structure, 0, &draft.qualities),
        ["a, thought 1: words is 2, above 1", "a, thought 2: words is 2, above 1"]
    );
    assert_eq!(draft.qualities.iter().map(|quality| quality.words).collect::<Vec<_>>(), [2, 2]);

    let authored = gated(json!([
        {"measure": "words", "above": 1, "then": "reject", "attempts": 1},
    ]));
    let outcomes: Vec<_> = authored.requests.iter().map(|request| request.outcome.name()).collect();
    assert_eq!(outcomes, ["refused", "refused"]);
    let message = "a thought was refused: words is 2, above 1";
    let expected = Failure::file("a", Stage::Simulate, FailureKind::Gate, message);
    assert_eq!(authored.result.unwrap_err(), Halt::Failed(expected));
}

#[test]
fn the_keys_are_checked() {
    let config: Simulate = serde_json::from_value(json!({"model": "author"})).unwrap();
    assert_eq!(config.read_budget, 8_000);
    let build = |config: Simulate, author| {
        config.build(&Environment { base: Path::new("."), author, scorer: &|_| None })
    };
    assert!(!config.rethink, "thoughts are kept");
    let errors = build(config.clone(), &|_| None).err().unwrap();
    assert_eq!((errors.len(), errors[0].key), (1, "model"));
    assert!(matches!(build(config, &|_| Some(Arc::new(Echo::default()))), Ok(Work::Simulate(_))));
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
            let draft = simulate(&structure, budget, file).unwrap();
            prop_assert_eq!(draft.qualities.len(), 2);
            let steps = draft.steps;
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

    /// What inputs promise: where they are equal, only files that are read, or asked for in vain, can give
    /// another draft.
    #[test]
    fn equal_inputs_and_equal_reads_give_equal_drafts(
        sizes in prop::array::uniform4(0..60_usize),
        others in prop::array::uniform4(prop::option::weighted(0.3, 0..60_usize)),
        reads in prop::option::of(prop::collection::vec(0..5_u32, 0..5)),
        budget in 0..120_u64,
    ) {
        let edited = std::array::from_fn(|file| others[file].unwrap_or(sizes[file]));
        // What may be read is more than what is needed.
        let [before, after] = [sizes, edited].map(|sizes| {
            let mut structure = quartet(sizes);
            Arc::get_mut(&mut structure.graph).unwrap().dependencies[2] = vec![0];
            structure
        });
        let simulator = simulator(Echo { reads }, budget);
        let inputs = |structure: &Structure| {
            simulator.inputs(structure, &Plan { requirements: String::new(), files: vec![] }, 2)
        };
        let first = draft(&simulator, &before, 2).result.unwrap();
        let read = first.steps.iter().filter_map(|step| match step {
            Step::Read(file) => Some(*file),
            _ => None,
        });
        let same = |file: u32| before.text(file) == after.text(file);
        let all_same = read.chain(first.unread.iter().copied()).all(same);
        if inputs(&before) == inputs(&after) && all_same {
            prop_assert_eq!(draft(&simulator, &after, 2).result.unwrap(), first);
        }
    }
}
