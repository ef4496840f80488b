//! A trajectory against its repository and its sequence.

use std::collections::{BTreeMap, BTreeSet};

use backstory_core::{
    Digest, Failure, Graph, Message, Span, SpanKind, Stage, Structure, ToolCall, Trajectory,
};

use super::searches::Searches;
use super::sequences::{arm_of, tokens_digest};
use super::thoughts::check_thoughts;
use super::{Breach, Seen, Sequences, Verdict, breach};
use crate::engine::{Resident, trajectory_id};
use crate::plan::Resolved;
use crate::tables::{ErrorRow, TrajectoryRow};

/// A repository, read again.
struct Truth {
    content: Digest,
    structure: Structure,
}

/// Checks trajectories one by one, keeping the last repository: its arms follow each other.
pub struct Checker<'a> {
    plan: &'a Resolved,
    sequences: &'a Sequences,
    searches: &'a Searches,
    /// Files with rows in `errors`, by repository.
    failed: BTreeMap<&'a str, BTreeSet<&'a str>>,
    seen: Seen,
    last: Option<(String, Result<Truth, Failure>)>,
}

impl<'a> Checker<'a> {
    pub fn new(
        plan: &'a Resolved,
        sequences: &'a Sequences,
        searches: &'a Searches,
        errors: &'a [ErrorRow],
    ) -> Self {
        let mut failed = BTreeMap::<&str, BTreeSet<&str>>::new();
        // A file that could not be outlined has a row and is written all the same.
        let failed_file = |row: &&ErrorRow| row.arm.is_none() && row.stage != Stage::Parse.name();
        for row in errors.iter().filter(failed_file) {
            if let Some(path) = &row.path {
                failed.entry(&row.repo).or_default().insert(path);
            }
        }
        Self { plan, sequences, searches, failed, seen: Seen::new(), last: None }
    }

    pub fn into_seen(self) -> Seen {
        self.seen
    }

    /// Checks one trajectory.
    pub fn check(&mut self, row: &TrajectoryRow, verdict: &mut Verdict) {
        let mut found = vec![];
        let key = (row.repo.clone(), row.arm.clone());
        if self.seen.insert(key, row.trajectory_id.clone()).is_some() {
            found.push(("one-row", "two trajectories of one repository and arm".to_owned()));
        }
        if self.last.as_ref().is_none_or(|(name, _)| *name != row.repo) {
            self.last = Some((row.repo.clone(), read(self.plan, &row.repo)));
        }
        check_identity(self.plan, row, &mut found);
        check_coverage(row, &mut found);
        self.check_accounts(row, &mut found);
        self.check_tokens(row, &mut found);
        match self.last.as_ref().map(|(_, truth)| truth) {
            Some(Ok(truth)) if truth.content.to_string() == row.content_id => {
                check_against(truth, row, verdict, &mut found);
                check_thoughts(self.plan, self.searches, &truth.structure, row, &mut found);
            }
            Some(Ok(_)) => found.push(("unchanged", "the repository has changed".to_owned())),
            Some(Err(failure)) => found.push(("unchanged", failure.message.clone())),
            None => {}
        }
        report(row, found, &mut verdict.breaches);
    }

    fn check_accounts(&self, row: &TrajectoryRow, found: &mut Found) {
        let left_out = row.left_out.iter().map(|(_, count)| count).sum::<u64>();
        let written = row.files.len() as u64;
        if row.n_files_seen != written + left_out + row.n_files_failed {
            let detail = format!(
                "{} files met, but {written} written, {left_out} left out and {} failed",
                row.n_files_seen, row.n_files_failed
            );
            found.push(("accounted", detail));
        }
        let rows = self.failed.get(row.repo.as_str()).map_or(0, BTreeSet::len) as u64;
        if rows != row.n_files_failed {
            let detail = format!("{} files failed, but errors has {rows}", row.n_files_failed);
            found.push(("accounted", detail));
        }
    }

    fn check_tokens(&self, row: &TrajectoryRow, found: &mut Found) {
        let Some(sequence) = self.sequences.get(&row.trajectory_id) else {
            found.push(("one-row", "trajectory without sequence".to_owned()));
            return;
        };
        if sequence.text.is_some_and(|text| text != Digest::of(&row.text)) {
            found.push(("decoded", "the tokens give another text".to_owned()));
        }
        let Some(arm) = arm_of(self.plan, &row.arm) else { return };
        let trajectory =
            Trajectory { text: row.text.clone(), spans: row.spans.clone(), messages: vec![] };
        match arm.mask.mask(&trajectory) {
            Ok(again) => {
                let digest = tokens_digest(&again.input_ids, &again.loss_mask, &again.spans);
                if digest != sequence.tokens {
                    found.push(("tokenised", "the tokenizer gives another sequence".to_owned()));
                }
            }
            Err(failure) => found.push(("tokenised", failure.message)),
        }
    }
}

/// Breaches of one row: promise and detail.
pub(super) type Found = Vec<(&'static str, String)>;

fn report(row: &TrajectoryRow, found: Found, breaches: &mut Vec<Breach>) {
    for (promise, detail) in found {
        breach(breaches, &row.repo, Some(&row.arm), promise, detail);
    }
}

fn read(plan: &Resolved, name: &str) -> Result<Truth, Failure> {
    let repository = plan.source.read(name)?;
    let content = repository.content();
    let resident = Resident::new(repository, &*plan.outline, 0);
    let (structure, _) = resident.structure(&*plan.order);
    Ok(Truth { content, structure: structure.clone() })
}

fn check_identity(plan: &Resolved, row: &TrajectoryRow, found: &mut Found) {
    if row.plan_hash != plan.hash.to_string() {
        found.push(("identity", "the row was made by another plan".to_owned()));
    }
    let id = trajectory_id(&row.repo, &row.content_id, &row.plan_hash, &row.arm);
    if row.trajectory_id != id {
        found.push(("identity", format!("trajectory_id should be {id}")));
    }
}

fn check_coverage(row: &TrajectoryRow, found: &mut Found) {
    let mut next = 0;
    for span in &row.spans {
        if span.start != next || row.text.get(span.start as usize..span.end as usize).is_none() {
            found.push(("covered", format!("a span begins at {} instead of {next}", span.start)));
            return;
        }
        next = span.end;
    }
    if next as usize != row.text.len() {
        found.push(("covered", format!("spans end at {next}, the text at {}", row.text.len())));
    }
}

fn check_against(truth: &Truth, row: &TrajectoryRow, verdict: &mut Verdict, found: &mut Found) {
    let structure = &truth.structure;
    let paths = structure.repository.files.iter().map(|file| &*file.path);
    if !paths.eq(row.files.iter().map(|file| file.path.as_str())) {
        found.push(("complete", "the files are not those of the repository".to_owned()));
        return;
    }
    for (file, stored) in structure.repository.files.iter().zip(&row.files) {
        if file.digest.to_string() != stored.content_id || file.text.len() as u64 != stored.bytes {
            found.push(("grounded", format!("\"{}\" has another content id", stored.path)));
        }
    }
    check_description(structure, row, found);
    check_contents(structure, row, verdict, found);
    check_order(&structure.graph, row, found);
    if let Err(detail) = check_messages(structure, row) {
        found.push(("messages", detail));
    }
}

fn check_description(structure: &Structure, row: &TrajectoryRow, found: &mut Found) {
    let repository = &structure.repository;
    let mut is = |same: bool, what: &str| {
        if !same {
            found.push(("described", format!("{what} not the repository's")));
        }
    };
    is(repository.commit == row.commit_id, "the commit is");
    is(repository.license == row.license, "the license is");
    is(repository.main_language() == row.language.as_deref(), "the language is");
    let left_out = repository.left_out.iter().map(|(reason, count)| (reason.name(), *count));
    let stored = row.left_out.iter().map(|(reason, count)| (reason.as_str(), *count));
    is(left_out.eq(stored), "the counts of files left out are");
    is(repository.files_failed() == row.n_files_failed, "the count of failed files is");
    is(row.order_ok, "the order, says the row itself, is");
    is(row.bytes_equal, "the bytes, says the row itself, are");
}

pub(super) fn text_of<'a>(row: &'a TrajectoryRow, span: &Span) -> &'a str {
    row.text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

fn spans(row: &TrajectoryRow, kind: SpanKind) -> impl Iterator<Item = &Span> {
    row.spans.iter().filter(move |span| span.kind == kind)
}

/// Written code and observations are the files.
fn check_contents(
    structure: &Structure,
    row: &TrajectoryRow,
    verdict: &mut Verdict,
    found: &mut Found,
) {
    for (kind, count) in
        [(SpanKind::Write, &mut verdict.files), (SpanKind::Observation, &mut verdict.observations)]
    {
        for span in spans(row, kind) {
            *count += 1;
            let file = span.file.and_then(|file| structure.repository.files.get(file as usize));
            if file.is_none_or(|file| *file.text != *text_of(row, span)) {
                let path = file.map_or("no file", |file| &*file.path);
                found.push(("grounded", format!("the {kind} of \"{path}\" is not the file")));
            }
        }
    }
    for span in spans(row, SpanKind::Read) {
        let file = span.file.and_then(|file| structure.repository.files.get(file as usize));
        if file.is_none_or(|file| *file.path != *text_of(row, span)) {
            found.push(("grounded", format!("\"{}\" is not what is read", text_of(row, span))));
        }
    }
}

/// Every file is written once, in the order of the graph, and read only after it is written.
fn check_order(graph: &Graph, row: &TrajectoryRow, found: &mut Found) {
    let written = spans(row, SpanKind::Write).filter_map(|span| span.file).collect::<Vec<_>>();
    if written != graph.order {
        let distinct = written.iter().collect::<BTreeSet<_>>().len();
        let complete = distinct == graph.order.len() && distinct == written.len();
        let promise = if complete { "ordered" } else { "complete" };
        found.push((promise, "the files written are not those of the order".to_owned()));
    }
    let mut before = BTreeSet::new();
    for span in &row.spans {
        match (span.kind, span.file) {
            (SpanKind::Write, Some(file)) => {
                before.insert(file);
            }
            (SpanKind::Read | SpanKind::Observation, Some(file)) if !before.contains(&file) => {
                let path = row.files.get(file as usize).map_or("", |file| file.path.as_str());
                found.push(("ordered", format!("\"{path}\" is read before it is written")));
            }
            _ => {}
        }
    }
}

/// The chat form holds what the spans hold, in the same order.
fn check_messages(structure: &Structure, row: &TrajectoryRow) -> Result<(), String> {
    if row.messages.is_empty() {
        return if row.author.is_none() { Ok(()) } else { Err("there are none".to_owned()) };
    }
    let thoughts = row.messages.iter().filter(|message| !message.tool_calls.is_empty());
    let thoughts = thoughts.map(|message| message.reasoning_content.clone().unwrap_or_default());
    if !thoughts.eq(thoughts_before_calls(row)) {
        return Err("the thoughts are not those of the spans".to_owned());
    }
    let observed = row.messages.iter().filter(|message| message.name == Some("read_file"));
    let observed = observed.map(|message| message.content.as_deref().unwrap_or_default());
    if !observed.eq(spans(row, SpanKind::Observation).map(|span| text_of(row, span))) {
        return Err("the observations are not those of the spans".to_owned());
    }
    let calls = row.messages.iter().flat_map(|message: &Message| &message.tool_calls);
    let writes = calls.filter(|call| call.name == "write_file").collect::<Vec<_>>();
    if writes.len() != structure.graph.order.len() {
        return Err(format!("{} files are written", writes.len()));
    }
    let wrong = structure.graph.order.iter().zip(writes).find(|(file, call)| {
        let (path, text) = (structure.path(**file), structure.text(**file));
        !writes_file(call, path, text)
    });
    wrong.map_or(Ok(()), |(file, _)| Err(format!("\"{}\" differs", structure.path(*file))))
}

/// The thoughts before each call, as the chat form joins them.
fn thoughts_before_calls(row: &TrajectoryRow) -> Vec<String> {
    let (mut calls, mut thoughts) = (vec![], vec![]);
    for span in &row.spans {
        match span.kind {
            SpanKind::Think => thoughts.push(text_of(row, span)),
            SpanKind::Read | SpanKind::Write => {
                calls.push(std::mem::take(&mut thoughts).join("\n\n"));
            }
            _ => {}
        }
    }
    calls
}

fn writes_file(call: &ToolCall, path: &str, text: &str) -> bool {
    let arguments = serde_json::from_str::<serde_json::Value>(&call.arguments).unwrap_or_default();
    arguments["path"] == path && arguments["content"] == text
}
