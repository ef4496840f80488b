//! Records come back from JSON as they were, whatever happens to files that they do not name.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    Decision, Gains, Graph, Outcome, Quality, Repository, SourceFile, TrialScore, Variant,
};

/// Paths with texts.
type Files = BTreeMap<String, String>;

fn structure(files: &Files) -> Structure {
    let source = |(path, text): (&String, &String)| SourceFile {
        path: path.as_str().into(),
        language: "python",
        digest: Digest::of(text),
        text: text.as_str().into(),
    };
    let repository = Repository {
        name: "r".into(),
        commit: None,
        license: None,
        files: files.iter().map(source).collect(),
        context: BTreeMap::new(),
        left_out: BTreeMap::new(),
        failures: vec![],
    };
    // A record needs neither outlines nor a graph.
    let graph = Arc::new(Graph::default());
    Structure { repository: repository.into(), outlines: Arc::new([]), graph }
}

fn request(file: Option<u32>, cost: Option<f64>) -> Request {
    Request {
        key: Digest::of("request"),
        purpose: "need".into(),
        file,
        endpoint: Some("http://localhost:1".into()),
        model: "m".into(),
        prompt_tokens: 1,
        completion_tokens: 2,
        latency_ms: 3,
        tries: 1,
        finish_reason: None,
        cost,
        outcome: Outcome::Used,
        message: None,
    }
}

fn trial(file: u32, nats: f64) -> Trial {
    Trial {
        file,
        step: 0,
        variant: Variant::Rewrite,
        round: 1,
        candidate: 0,
        text: "I think.".into(),
        quality: None,
        key: Some(Digest::of("request")),
        score: Some(TrialScore {
            nats,
            clipped: nats,
            objective: -nats,
            target_tokens: 3,
            target_bytes: 9,
            thought_tokens: 2,
            excess: vec![nats; 8],
            leak_adjusted: Some(nats as f32),
        }),
        current: Some(nats),
        decision: Decision::Gate("words is 2, above 1".into()),
    }
}

/// What is on record: a draft of one file that reads others, with requests and trials.
fn recalled(count: u32) -> impl Strategy<Value = Recalled> {
    let reads = prop::collection::btree_set(0..count, 0..4);
    let unread = prop::collection::btree_set(0..count, 0..2);
    let number = || -1e9..1e9_f64;
    (0..count, reads, unread, number(), prop::option::of(number()), any::<bool>()).prop_map(
        |(file, reads, unread, nats, cost, kept)| {
            let read = |file| [Step::Read(file), Step::Observation(file)];
            let mut steps = vec![Step::Think("What \"is\" needed?\n".into())];
            steps.extend(reads.into_iter().flat_map(read));
            steps.extend([Step::Think("So.".into()), Step::Write(file)]);
            let quality = Quality { copy_8: nats as f32, ..Quality::default() };
            let gains = Gains { vs_none: Some(nats as f32), ..Gains::default() };
            let (qualities, gains) = (vec![quality; 2], vec![gains; 2]);
            let unread = unread.into_iter().collect();
            Recalled {
                draft: Draft { file, steps, qualities, gains, unread, kept },
                requests: vec![request(Some(file), cost), request(None, None)],
                trials: vec![trial(file, nats); 2],
                changed: false,
            }
        },
    )
}

fn record(structure: &Structure, made: &Recalled) -> DraftRecord {
    DraftRecord::of(structure, &made.draft, &made.requests, &made.trials)
}

/// A record as it is read again.
fn read(record: &DraftRecord) -> DraftRecord {
    serde_json::from_slice(&serde_json::to_vec(record).unwrap()).unwrap()
}

fn files() -> impl Strategy<Value = Files> {
    prop::collection::btree_map("[a-e]{1,3}", "[xy]{0,2}", 1..12)
}

/// Files, and what is on record of a draft of one of them.
fn kept() -> impl Strategy<Value = (Files, Recalled)> {
    files().prop_flat_map(|files| {
        let count = files.len() as u32;
        (Just(files), recalled(count))
    })
}

/// What becomes of a file.
#[derive(Clone, Debug)]
enum Fate {
    Same,
    Edited,
    Gone,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![8 => Just(Fate::Same), 4 => Just(Fate::Edited), 1 => Just(Fate::Gone)]
}

/// The paths of all that a draft wants to see.
fn asked(structure: &Structure, draft: &Draft) -> BTreeSet<String> {
    let seen = draft.steps.iter().filter_map(|step| match step {
        Step::Observation(file) => Some(*file),
        _ => None,
    });
    let all = seen.chain(draft.unread.clone());
    all.map(|file| structure.path(file).to_string()).collect()
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_was_written((files, made) in kept()) {
        let structure = structure(&files);
        let record = read(&record(&structure, &made));
        prop_assert_eq!(record.recall(&structure), Some(made));
    }

    /// Files come, go and change their texts: a record finds those that it names, or is none.
    #[test]
    fn a_record_finds_its_files(
        (files, made) in kept(),
        later in files(),
        fates in prop::collection::vec(fate(), 12),
    ) {
        let before = structure(&files);
        let asked = asked(&before, &made.draft);
        let mut named = asked.clone();
        named.insert(before.path(made.draft.file).to_string());
        let mut after = later.clone();
        for (path, fate) in named.iter().zip(fates) {
            let text = &files[path];
            match fate {
                Fate::Same => drop(after.insert(path.clone(), text.clone())),
                Fate::Edited => drop(after.insert(path.clone(), format!("{text}z"))),
                Fate::Gone => drop(after.remove(path)),
            }
        }
        let after_structure = structure(&after);
        let record = record(&before, &made);
        let found = read(&record).recall(&after_structure);
        prop_assert_eq!(found.is_some(), named.iter().all(|path| after.contains_key(path)));
        let Some(found) = found else { return Ok(()) };
        prop_assert_eq!(found.changed, asked.iter().any(|path| files[path] != after[path]));
        let again = self::record(&after_structure, &found);
        let paths = |record: &DraftRecord| -> Vec<_> {
            record.files.iter().map(|named| Arc::clone(&named.path)).collect()
        };
        prop_assert_eq!(paths(&again), paths(&record));
        prop_assert_eq!(DraftRecord { files: record.files.clone(), ..again }, record);
    }
}

#[test]
fn a_record_of_another_version_is_none() {
    let files = Files::from([("a".to_owned(), String::new())]);
    let structure = structure(&files);
    let draft = Draft { steps: vec![Step::Write(0)], ..Draft::default() };
    let record = DraftRecord::of(&structure, &draft, &[], &[]);
    let json = serde_json::to_string(&record).unwrap();
    let digest = Digest::of("");
    let expected = format!(
        "{{\"version\":1,\"files\":[{{\"path\":\"a\",\"digest\":\"{digest}\"}}],\
         \"draft\":{{\"file\":0,\"steps\":[{{\"write\":0}}],\"qualities\":[]}}}}"
    );
    assert_eq!(json, expected);
    let older = json.replace("\"version\":1", "\"version\":0");
    let older: DraftRecord = serde_json::from_str(&older).unwrap();
    assert_eq!(older.recall(&structure), None);
    let torn = json.replace("\"write\":0", "\"write\":7");
    let torn: DraftRecord = serde_json::from_str(&torn).unwrap();
    assert_eq!(torn.recall(&structure), None, "it names what is not in its list");
}
