//! `verify` can fail: each promise, broken on purpose, is reported under its name and no other.
//!
//! Catches checks that always pass. Rows of a real run are changed and written as an output of the same
//! plan; what follows from a change, such as the tokens of a changed text, is changed with it, so that
//! only one promise is broken where promises do not contain each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use backstory::plan::Resolved;
use backstory::tables::{
    Change, Identity, Operation, Output, Reader, SegmentWriter, TrajectoryRow,
};
use backstory_core::{Decision, Mode, Span, SpanKind, Trajectory, Variant};
use backstory_search::Rule;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::common::{Place, Rows, location};
use crate::golden::SMALL;

/// A run's rows and the plan that made them.
struct Original {
    place: Place,
    plan: Resolved,
    rules: BTreeMap<String, Rule>,
}

impl Original {
    /// Of a run that searches.
    fn searched() -> Self {
        let place = crate::searching::place();
        place.run(&["run", "plan.toml"]).exits(0);
        Self::of(place)
    }

    fn of(place: Place) -> Self {
        let plan = backstory::plan::load(&place.at("plan.toml"), &[], &|_| None).unwrap();
        let rules = plan.searches().into_iter().map(|(name, search)| (name, search.rule()));
        Self { rules: rules.collect(), plan: plan.build().unwrap(), place }
    }

    fn new() -> Self {
        let place = Place::with_files(&SMALL);
        place.write("repositories/shop/shop/latin.py", b"name = 'caf\xe9'\n");
        place.write("repositories/docs/README.md", "# Nothing but words\n");
        place.run_into("out", &[]).exits(1);
        Self::of(place)
    }

    /// Writes changed rows and names the promises that `verify` then finds broken.
    fn broken_by(&self, tamper: impl FnOnce(&Self, &mut Rows)) -> Vec<String> {
        let mut rows = self.place.rows("out");
        tamper(self, &mut rows);
        let _ = fs::remove_dir_all(self.place.at("tampered"));
        self.write(rows);
        self.broken("tampered")
    }

    /// The promises that are broken in an output.
    fn broken(&self, out: &str) -> Vec<String> {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let verdict = runtime.block_on(async {
            let reader = Reader::open(&location(&self.place.at(out)), None).await.unwrap();
            backstory::verify::verify(&self.plan, &self.rules, &reader, &|_| {}).await.unwrap()
        });
        let names = verdict.breaches.iter().map(|breach| breach.promise.to_owned());
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn write(&self, rows: Rows) {
        let Rows { trajectories, sequences, errors, trials } = rows;
        let identity = Identity {
            plan_hash: self.plan.hash,
            plan: self.plan.echo.clone(),
            properties: vec![],
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = location(&self.place.at("tampered"));
        let mut output = runtime.block_on(Output::open(&folder, &identity)).unwrap();
        let mut segment = SegmentWriter::new(output.store(), runtime.handle().clone());
        for row in trajectories {
            segment.trajectory(row).unwrap();
        }
        for row in sequences {
            segment.sequence(row).unwrap();
        }
        segment.errors(&errors).unwrap();
        segment.trials(&trials).unwrap();
        let change = Change { add: segment.close().unwrap(), ..Change::default() };
        runtime.block_on(output.commit(Operation::Run, change)).unwrap();
    }

    /// Makes the sequence of a row again, from its changed text and spans.
    fn mask_again(&self, rows: &mut Rows, at: usize) {
        let row = &rows.trajectories[at];
        let trajectory =
            Trajectory { text: row.text.clone(), spans: row.spans.clone(), messages: vec![] };
        let arm = self.plan.arms.iter().find(|arm| arm.name == row.arm).unwrap();
        let sequence = arm.mask.mask(&trajectory).unwrap();
        rows.sequences[at].input_ids = sequence.input_ids;
        rows.sequences[at].loss_mask = sequence.loss_mask;
        rows.sequences[at].spans = sequence.spans;
    }
}

/// Places of the rows of each arm: trajectories and sequences are sorted alike.
const RAW: usize = 0;
const AGENT: usize = 1;

/// Puts other texts into the spans of a row and moves their ends accordingly.
fn rewrite(row: &mut TrajectoryRow, text_of: impl Fn(usize, &Span, &str) -> String) {
    let before = std::mem::take(&mut row.text);
    for (place, span) in row.spans.iter_mut().enumerate() {
        let text = text_of(place, span, &before[span.start as usize..span.end as usize]);
        span.start = row.text.len() as u32;
        row.text += &text;
        span.end = row.text.len() as u32;
    }
}

/// The places of all spans of a kind.
fn places(row: &TrajectoryRow, kind: SpanKind) -> Vec<usize> {
    let spans = row.spans.iter().enumerate();
    spans.filter(|(_, span)| span.kind == kind).map(|(place, _)| place).collect()
}

fn text_at(row: &TrajectoryRow, place: usize) -> String {
    let span = &row.spans[place];
    row.text[span.start as usize..span.end as usize].to_owned()
}

#[test]
fn rows_as_they_were_keep_every_promise() {
    assert_eq!(Original::new().broken_by(|_, _| {}), [""; 0]);
}

#[test]
fn one_row() {
    let original = Original::new();
    let broken = |tamper: fn(&mut Rows)| original.broken_by(|_, rows| tamper(rows));
    assert_eq!(broken(|rows| drop(rows.sequences.remove(RAW))), ["one-row"]);
    assert_eq!(broken(|rows| drop(rows.trajectories.remove(RAW))), ["one-row"]);
    let both = |rows: &mut Rows| drop((rows.trajectories.pop(), rows.sequences.pop()));
    assert_eq!(broken(both), ["one-row"]);
    assert_eq!(broken(|rows| rows.sequences.push(rows.sequences[RAW].clone())), ["one-row"]);
    assert_eq!(broken(|rows| rows.trajectories.push(rows.trajectories[RAW].clone())), ["one-row"]);
}

#[test]
fn identity() {
    let original = Original::new();
    let broken = original.broken_by(|_, rows| {
        rows.trajectories[RAW].trajectory_id = "another".to_owned();
        rows.sequences[RAW].trajectory_id = "another".to_owned();
    });
    assert_eq!(broken, ["identity"]);
    let broken = original.broken_by(|_, rows| rows.trajectories[AGENT].plan_hash.push('0'));
    assert_eq!(broken, ["identity"]);
}

#[test]
fn covered() {
    let original = Original::new();
    // Token spans are part of what the tokenizer makes.
    let broken = original.broken_by(|_, rows| rows.sequences[RAW].spans.truncate(1));
    assert_eq!(broken, ["covered", "tokenised"]);
    let broken = original.broken_by(|_, rows| rows.sequences[RAW].spans[1].start += 1);
    assert_eq!(broken, ["covered", "tokenised"]);
    let broken = original.broken_by(|_, rows| {
        let last = rows.trajectories[AGENT].spans.last_mut().unwrap();
        last.end -= 1;
    });
    assert!(broken.contains(&"covered".to_owned()), "{broken:?}");
}

#[test]
fn grounded() {
    let original = Original::new();
    for kind in [SpanKind::Write, SpanKind::Observation] {
        let broken = original.broken_by(|original, rows| {
            let row = &mut rows.trajectories[AGENT];
            let place = places(row, kind)[0];
            let before = text_at(row, place);
            let after = before.replacen('1', "2", 1);
            assert_ne!(before, after);
            rewrite(row, |at, _, text| if at == place { after.clone() } else { text.to_owned() });
            // The chat form shows the same observation.
            let observed = row.messages.iter_mut().filter_map(|message| message.content.as_mut());
            let shown =
                |content: &&mut String| kind == SpanKind::Observation && **content == before;
            for content in observed.filter(shown) {
                content.clone_from(&after);
            }
            original.mask_again(rows, AGENT);
        });
        assert_eq!(broken, ["grounded"], "{kind}");
    }
    let broken = original.broken_by(|original, rows| {
        let row = &mut rows.trajectories[AGENT];
        let place = places(row, SpanKind::Read)[0];
        rewrite(row, |at, _, text| if at == place { "a.py".into() } else { text.to_owned() });
        original.mask_again(rows, AGENT);
    });
    assert_eq!(broken, ["grounded"]);
    let broken = original.broken_by(|_, rows| rows.trajectories[RAW].files[0].bytes += 1);
    assert_eq!(broken, ["grounded"]);
}

#[test]
fn complete() {
    let original = Original::new();
    let broken = original.broken_by(|original, rows| {
        let row = &mut rows.trajectories[RAW];
        let last = *places(row, SpanKind::Write).last().unwrap();
        row.spans[last].kind = SpanKind::Frame;
        row.spans[last].file = None;
        original.mask_again(rows, RAW);
    });
    assert_eq!(broken, ["complete"]);
    let broken = original.broken_by(|_, rows| drop(rows.trajectories[RAW].files.remove(0)));
    // One file less is written than was met.
    assert_eq!(broken, ["accounted", "complete"]);
}

#[test]
fn ordered() {
    let original = Original::new();
    let broken = original.broken_by(|original, rows| {
        let row = &mut rows.trajectories[RAW];
        let [first, second, ..] = places(row, SpanKind::Write)[..] else { panic!("two files") };
        let texts = [text_at(row, first), text_at(row, second)];
        let files = [row.spans[first].file, row.spans[second].file];
        (row.spans[first].file, row.spans[second].file) = (files[1], files[0]);
        rewrite(row, |at, _, text| match at {
            at if at == first => texts[1].clone(),
            at if at == second => texts[0].clone(),
            _ => text.to_owned(),
        });
        original.mask_again(rows, RAW);
    });
    assert_eq!(broken, ["ordered"]);
}

#[test]
fn ordered_reads() {
    let original = Original::new();
    // What is read first becomes the file that is written last.
    let broken = original.broken_by(|original, rows| {
        let row = &mut rows.trajectories[AGENT];
        let last = *places(row, SpanKind::Write).last().unwrap();
        let (file, code) = (row.spans[last].file, text_at(row, last));
        let path = row.files[file.unwrap() as usize].path.clone();
        let read = places(row, SpanKind::Read)[0];
        let observed = places(row, SpanKind::Observation)[0];
        row.spans[read].file = file;
        row.spans[observed].file = file;
        rewrite(row, |at, _, text| match at {
            at if at == read => path.clone(),
            at if at == observed => code.clone(),
            _ => text.to_owned(),
        });
        let mut messages = row.messages.iter_mut();
        let message = messages.find(|message| message.name == Some("read_file")).unwrap();
        message.content = Some(code);
        original.mask_again(rows, AGENT);
    });
    assert_eq!(broken, ["ordered"]);
}

#[test]
fn decoded_masked_and_tokenised() {
    let original = Original::new();
    // All of these are part of what the tokenizer makes.
    let broken = original.broken_by(|_, rows| {
        let ids = &mut rows.sequences[RAW].input_ids;
        let middle = ids.len() / 2;
        let other = ids.iter().find(|id| **id != ids[middle]).copied().unwrap();
        ids[middle] = other;
    });
    assert_eq!(broken, ["decoded", "tokenised"]);
    let broken = original.broken_by(|_, rows| {
        let mask = &mut rows.sequences[AGENT].loss_mask;
        let middle = mask.len() / 2;
        mask[middle] = !mask[middle];
    });
    assert_eq!(broken, ["masked", "tokenised"]);
    let broken = original.broken_by(|_, rows| rows.sequences[RAW].spans[0].step += 1);
    assert_eq!(broken, ["tokenised"]);
}

#[test]
fn messages() {
    let original = Original::new();
    let in_the_last = |part: fn(&mut backstory_core::Message) -> bool| {
        original.broken_by(|_, rows| {
            let mut messages = rows.trajectories[AGENT].messages.iter_mut();
            assert!(messages.any(part), "no message was changed");
        })
    };
    let thought = in_the_last(|message| {
        let Some(thought) = &mut message.reasoning_content else { return false };
        thought.push('!');
        !message.tool_calls.is_empty()
    });
    assert_eq!(thought, ["messages"]);
    let observed = in_the_last(|message| {
        let observed = message.content.as_mut().filter(|_| message.name == Some("read_file"));
        observed.is_some_and(|content| {
            content.push('!');
            true
        })
    });
    assert_eq!(observed, ["messages"]);
    let written = in_the_last(|message| {
        let mut calls = message.tool_calls.iter_mut();
        let call = calls.find(|call| call.name == "write_file");
        call.is_some_and(|call| {
            call.arguments = "{\"path\": \"shop/order.py\", \"content\": \"\"}".to_owned();
            true
        })
    });
    assert_eq!(written, ["messages"]);
    let broken = original.broken_by(|_, rows| rows.trajectories[AGENT].messages.clear());
    assert_eq!(broken, ["messages"]);
}

#[test]
fn accounted() {
    let original = Original::new();
    let broken = original.broken_by(|_, rows| rows.trajectories[RAW].n_files_seen += 1);
    assert_eq!(broken, ["accounted"]);
    let broken = original.broken_by(|_, rows| rows.errors.retain(|row| row.path.is_none()));
    assert_eq!(broken, ["accounted"]);
}

#[test]
fn described() {
    let original = Original::new();
    let broken = |tamper: fn(&mut TrajectoryRow)| {
        original.broken_by(|_, rows| tamper(&mut rows.trajectories[AGENT]))
    };
    assert_eq!(broken(|row| row.license = Some("WTFPL".to_owned())), ["described"]);
    assert_eq!(broken(|row| row.language = None), ["described"]);
    assert_eq!(broken(|row| row.order_ok = false), ["described"]);
    assert_eq!(broken(|row| row.bytes_equal = false), ["described"]);
}

#[test]
fn measured() {
    let original = Original::new();
    let broken = |tamper: fn(&mut TrajectoryRow)| {
        original.broken_by(|_, rows| tamper(&mut rows.trajectories[AGENT]))
    };
    assert_eq!(broken(|row| row.thoughts[0].quality.words += 1), ["measured"]);
    assert_eq!(broken(|row| row.thoughts[1].quality.copy_8 = 0.75), ["measured"]);
    assert_eq!(broken(|row| drop(row.thoughts.pop())), ["measured"]);
    assert_eq!(broken(|row| row.marks.push("a gate spoke".to_owned())), ["measured"]);
    assert_eq!(broken(|row| row.mode = Some(Mode::Blinded)), ["measured"]);
    let invent = |row: &mut TrajectoryRow| {
        let quality = &mut row.thoughts[0].quality;
        (quality.ungrounded, quality.n_ungrounded) = (vec!["never_seen".to_owned()], 1);
    };
    assert_eq!(broken(invent), ["measured"]);
    let broken = original.broken_by(|_, rows| rows.trajectories[RAW].mode = Some(Mode::Hindsight));
    assert_eq!(broken, ["measured"]);
}

#[test]
fn consistent() {
    let original = Original::new();
    let place = &original.place;
    let file = fs::read_dir(place.at("out/sequences")).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        path.extension().is_some_and(|extension| extension == "parquet").then_some(path)
    });
    let file = file.unwrap();
    let before = fs::metadata(&file).unwrap().len();
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&file).unwrap());
    let batches = reader.unwrap().build().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(&file).unwrap(), batches[0].schema(), None);
    let writer = writer.as_mut().unwrap();
    for batch in batches {
        let at = batch.schema().index_of("n_loss_tokens").unwrap();
        let mut columns = batch.columns().to_vec();
        columns[at] = Arc::new(Int64Array::from(vec![1; batch.num_rows()]));
        writer.write(&RecordBatch::try_new(batch.schema(), columns).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    // The log has the sizes of files.
    let size = |path: &Path| fs::metadata(path).unwrap().len().to_string();
    let logs = fs::read_dir(place.at("out/sequences/_delta_log")).unwrap();
    for log in logs.map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&log).unwrap();
        fs::write(
            &log,
            text.replace(&format!("\"size\":{before},"), &format!("\"size\":{},", size(&file))),
        )
        .unwrap();
    }
    assert_eq!(original.broken("out"), ["consistent"]);
}

#[test]
fn unchanged() {
    let original = Original::new();
    original.place.write("repositories/shop/shop/order.py", "TOTAL = 1\n");
    assert_eq!(original.broken("out"), ["unchanged"]);
    fs::remove_dir_all(original.place.at("repositories/shop")).unwrap();
    assert_eq!(original.broken("out"), ["unchanged"]);
}

#[test]
fn the_command_says_what_is_broken() {
    let original = Original::new();
    original.broken_by(|_, rows| rows.trajectories[RAW].n_files_seen += 1);
    let place = &original.place;
    insta::assert_snapshot!("verify_broken", place.run(&["verify", "tampered"]).exits(1).report());
    let json = place.run(&["verify", "tampered", "--json"]).exits(1).json();
    assert_eq!(json["breaches"][0]["promise"], "accounted");
}

/// Places of the rows of the two arms of the shop, as sorted.
const FIRST: usize = 0;
const SEARCHED: usize = 1;

#[test]
fn explained() {
    let original = Original::searched();
    assert_eq!(original.broken_by(|_, _| {}), [""; 0]);
    let broken = |tamper: fn(&mut Rows)| original.broken_by(|_, rows| tamper(rows));
    let kept = |rows: &Rows| {
        let kept = rows.trials.iter().position(|row| row.trial.decision == Decision::Kept);
        kept.expect("a search that keeps nothing proves nothing")
    };
    // A decision that does not follow from the scores.
    let undecided: &[fn(&mut Rows, usize)] = &[
        |rows, kept| rows.trials[kept].trial.decision = Decision::NotBetter,
        |rows, kept| {
            let at = rows.trials[kept].trial.clone();
            let first = rows.trials.iter_mut().find(|row| {
                (row.trial.file, row.trial.step, row.trial.variant)
                    == (at.file, at.step, Variant::First)
            });
            first.unwrap().trial.score.as_mut().unwrap().nats = 0.0;
        },
        |rows, kept| rows.trials[kept].gain_vs_none = Some(1.0),
        |rows, kept| drop(rows.trials.remove(kept)),
    ];
    for tamper in undecided {
        let broken = original.broken_by(|_, rows| tamper(rows, kept(rows)));
        assert_eq!(broken, ["explained"]);
    }
    // A thought or a gain that is not the one on record.
    assert_eq!(
        broken(|rows| rows.trajectories[SEARCHED].thoughts[0].gains.vs_first = Some(9.0)),
        ["explained"]
    );
    assert_eq!(
        broken(|rows| rows.trajectories[FIRST].thoughts[0].gains.vs_none = Some(0.5)),
        ["explained"]
    );
    assert_eq!(broken(|rows| rows.trials.clear()), ["explained"]);
    let renamed = |rows: &mut Rows| {
        for row in &mut rows.trials {
            row.simulation = "research".to_owned();
        }
    };
    assert_eq!(broken(renamed), ["explained"]);
}
