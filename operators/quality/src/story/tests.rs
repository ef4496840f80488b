use std::collections::BTreeMap;

use backstory_core::{Digest, FilePlan, Graph, Outline, Repository, SourceFile};

use super::*;

fn structure(texts: &[&str]) -> Structure {
    let file = |(index, text): (usize, &&str)| SourceFile {
        path: format!("{index}.py").into(),
        language: "python",
        digest: Digest::of(text),
        text: (*text).into(),
    };
    Structure {
        repository: Arc::new(Repository {
            name: "shop".into(),
            commit: None,
            license: None,
            files: texts.iter().enumerate().map(file).collect(),
            context: BTreeMap::new(),
            left_out: BTreeMap::new(),
            failures: vec![],
        }),
        outlines: texts.iter().map(|_| Arc::new(Outline::default())).collect(),
        graph: Arc::new(Graph::default()),
    }
}

fn plan(order: &[u32]) -> Plan {
    let entry = |&file: &u32| FilePlan {
        file,
        purpose: String::new(),
        interface: vec![],
        relies_on: vec![],
    };
    Plan { requirements: String::new(), files: order.iter().map(entry).collect() }
}

fn draft(file: u32, steps: &[Step]) -> Arc<Draft> {
    Arc::new(Draft { file, steps: steps.to_vec(), ..Draft::default() })
}

fn thought() -> Step {
    Step::Think("So be it.".into())
}

use Step::{Observation, Read, Write};

/// Whether a story of two files is in order, the second of which is made by `steps`.
fn second(steps: &[Step]) -> bool {
    let drafts = [draft(1, &[thought(), Write(1)]), draft(0, steps)];
    order_ok(&structure(&["a", "b"]), &plan(&[1, 0]), &drafts)
}

#[test]
fn a_draft_reads_what_is_written_and_ends_with_its_file() {
    assert!(second(&[thought(), Read(1), Observation(1), thought(), Write(0)]));
    assert!(second(&[Read(1), Observation(1), Read(1), Observation(1), Write(0)]));
    assert!(second(&[Write(0)]));

    assert!(!second(&[]));
    assert!(!second(&[thought()]));
    assert!(!second(&[Write(0), thought()]));
    assert!(!second(&[Write(1)]));
    assert!(!second(&[Write(0), Write(0)]));
    assert!(!second(&[Write(1), Write(0)]));
    assert!(!second(&[Read(0), Observation(0), Write(0)]));
    assert!(!second(&[Read(7), Observation(7), Write(0)]));
    assert!(!second(&[Read(1), Observation(0), Write(0)]));
    assert!(!second(&[Read(1), thought(), Write(0)]));
    assert!(!second(&[Read(1), Write(0)]));
    assert!(!second(&[Observation(1), Write(0)]));
}

#[test]
fn drafts_are_those_of_the_plan_and_the_plan_is_that_of_the_repository() {
    let structure = structure(&["a", "b"]);
    let (a, b, c) = (draft(0, &[Write(0)]), draft(1, &[Write(1)]), draft(2, &[Write(2)]));
    let ok = |order: &[u32], drafts: &[&Arc<Draft>]| {
        let drafts: Vec<_> = drafts.iter().map(|draft| Arc::clone(draft)).collect();
        order_ok(&structure, &plan(order), &drafts)
    };
    assert!(ok(&[1, 0], &[&b, &a]));
    assert!(!ok(&[1, 0], &[&a, &b]));
    assert!(!ok(&[1, 0], &[&b]));
    assert!(!ok(&[1], &[&b]));
    assert!(!ok(&[0, 1, 0], &[&a, &b, &a]));
    assert!(!ok(&[0, 1, 2], &[&a, &b, &c]));
    assert!(order_ok(&self::structure(&[]), &plan(&[]), &[]));
}

#[test]
fn contents_are_compared_byte_by_byte() {
    let structure = structure(&["ä\r\n", ""]);
    let text = "<ä\r\n>ä\n";
    let span = |start, end, kind, file| Span { start, end, kind, file, step: 0 };
    let ok = |span: Span| bytes_equal(&structure, text, &[span]);
    for kind in [SpanKind::Write, SpanKind::Observation] {
        assert!(ok(span(1, 5, kind, Some(0))));
        assert!(ok(span(3, 3, kind, Some(1))));
        assert!(!ok(span(1, 5, kind, Some(1))));
        assert!(!ok(span(6, 9, kind, Some(0))));
        assert!(!ok(span(2, 5, kind, Some(0))));
        assert!(!ok(span(1, 5, kind, None)));
        assert!(!ok(span(1, 5, kind, Some(2))));
        assert!(!ok(span(8, 12, kind, Some(0))));
        assert!(!ok(span(5, 1, kind, Some(0))));
    }
    assert!(ok(span(6, 9, SpanKind::Think, Some(0))));
    assert!(bytes_equal(&structure, text, &[]));
    let both = [span(1, 5, SpanKind::Write, Some(0)), span(6, 9, SpanKind::Write, Some(0))];
    assert!(!bytes_equal(&structure, text, &both));
}
