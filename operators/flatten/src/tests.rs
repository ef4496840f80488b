#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use backstory_core::{
    Draft, FilePlan, Graph, Message, Outline, Plan, Repository, SourceFile, SpanKind, Step,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn build(config: Value) -> Result<Arc<dyn backstory_core::Flatten>, Vec<BuildError>> {
    build_in(Path::new("."), config)
}

fn build_in(
    base: &Path,
    config: Value,
) -> Result<Arc<dyn backstory_core::Flatten>, Vec<BuildError>> {
    let config: Flatten = serde_json::from_value(config).unwrap();
    match config.build(&Environment { base, author: &|_| None, scorer: &|_| None })? {
        Work::Flatten(work) => Ok(work),
        _ => panic!("not a flatten"),
    }
}

fn with_template(template: &str) -> Result<Arc<dyn backstory_core::Flatten>, Vec<BuildError>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.jinja"), template).unwrap();
    build_in(folder.path(), json!({"arm": "a", "template": "t.jinja"}))
}

/// Files named by path; each depends on the one before it.
fn structure(files: &[(&str, &str)]) -> Structure {
    let source = |(path, text): &(&str, &str)| SourceFile {
        path: (*path).into(),
        language: "python",
        digest: Digest::of(text),
        text: (*text).into(),
    };
    let count = files.len() as u32;
    Structure {
        repository: Arc::new(Repository {
            name: "shop".into(),
            commit: None,
            license: Some("MIT".into()),
            files: files.iter().map(source).collect(),
            context: BTreeMap::new(),
            left_out: BTreeMap::new(),
            failures: vec![],
        }),
        outlines: files.iter().map(|_| Arc::new(Outline::default())).collect(),
        graph: Arc::new(Graph {
            order: (0..count).collect(),
            dependencies: (0..count)
                .map(|file| file.checked_sub(1).into_iter().collect())
                .collect(),
            components: (0..count).collect(),
            ..Graph::default()
        }),
    }
}

/// A story in which every file reads the one before it.
fn story(structure: &Structure, thought: &str) -> Story {
    let entry = |&file: &u32| FilePlan {
        file,
        purpose: format!("Part {file} of the shop."),
        interface: vec![format!("def part_{file}()")],
        relies_on: structure.graph.dependencies[file as usize].clone(),
    };
    let draft = |&file: &u32| {
        let reads = structure.graph.dependencies[file as usize].iter();
        let mut steps = vec![Step::Think(thought.into())];
        steps.extend(reads.flat_map(|&read| [Step::Read(read), Step::Observation(read)]));
        steps.extend([Step::Think(format!("Now {file}.")), Step::Write(file)]);
        Arc::new(Draft { file, steps, ..Draft::default() })
    };
    Story {
        plan: Arc::new(Plan {
            requirements: "A shop.".into(),
            files: structure.graph.order.iter().map(entry).collect(),
        }),
        drafts: structure.graph.order.iter().map(draft).collect(),
        author: "outline/1".into(),
        mode: backstory_core::Mode::Hindsight,
    }
}

const FILES: [(&str, &str); 2] = [
    ("shop/item.py", "class Item:\n    pass\n"),
    ("shop/cart.py", "from .item import Item\r\n\r\nx = 1"),
];

fn drawn(trajectory: &Trajectory) -> String {
    let mut text = String::new();
    for span in &trajectory.spans {
        let part = &trajectory.text[span.start as usize..span.end as usize];
        let file = span.file.map_or("-".into(), |file| file.to_string());
        writeln!(text, "{:>2} {file} {:<12} {part:?}", span.step, span.kind.name()).unwrap();
    }
    text
}

fn chat(trajectory: &Trajectory) -> String {
    let mut text = String::new();
    for message in &trajectory.messages {
        let Message { role, content, reasoning_content, tool_calls, tool_call_id, name } = message;
        writeln!(text, "{role} {name:?} {tool_call_id:?} {content:?}").unwrap();
        writeln!(text, "  thought {reasoning_content:?}").unwrap();
        for call in tool_calls {
            writeln!(text, "  call {} {} {}", call.id, call.name, call.arguments).unwrap();
        }
    }
    text
}

#[test]
fn the_text_of_a_story() {
    let structure = structure(&FILES);
    let story = story(&structure, "What is an item?");
    let trajectory = build(json!({"arm": "a"})).unwrap().flatten(&structure, Some(&story)).unwrap();
    insta::assert_snapshot!("story_text", trajectory.text);
    insta::assert_snapshot!("story_spans", drawn(&trajectory));
    insta::assert_snapshot!("story_messages", chat(&trajectory));
}

#[test]
fn the_text_of_bare_files() {
    let structure = structure(&FILES);
    let trajectory = build(json!({"arm": "a"})).unwrap().flatten(&structure, None).unwrap();
    insta::assert_snapshot!("bare_spans", drawn(&trajectory));
    assert!(trajectory.messages.is_empty());
}

#[test]
fn what_is_wrong_is_said() {
    let mut text = String::new();
    let wrong = [
        build(json!({"arm": "", "template": "none.jinja"})),
        build(json!({"arm": "repo 2"})),
        with_template("{% if kind %}\n{{ content }}"),
        with_template("{{ content }}\n{{ pth }}"),
        with_template("{{ content | shout }}"),
        with_template("{% if kind != 'think' %}{{ content }}{% endif %}"),
        with_template("{{ content }}{{ content }}"),
        with_template("{{ content | upper }}"),
    ];
    for error in wrong.into_iter().flat_map(|built| built.err().unwrap()) {
        writeln!(text, "{}: {} ({})", error.key, error.message, error.hint.unwrap()).unwrap();
    }
    insta::assert_snapshot!("errors", text);
}

#[test]
fn a_template_can_fail_where_it_was_not_tried() {
    let structure = structure(&[("other.py", "")]);
    let flatten = with_template("{% if path != 'other.py' %}{{ content }}{% endif %}").unwrap();
    let failure = flatten.flatten(&structure, None).unwrap_err();
    assert_eq!((failure.stage, failure.kind.name()), (backstory_core::Stage::Flatten, "template"));
    assert_eq!(failure.message, "the template drops the content of write events");
}

#[test]
fn the_digest_is_that_of_the_template() {
    let built_in = build(json!({"arm": "a"})).unwrap().template();
    assert_eq!(built_in, build(json!({"arm": "b"})).unwrap().template());
    assert_ne!(built_in, with_template("{{ content }}").unwrap().template());
}

fn confusing() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        Just("{{ content }}".to_owned()),
        Just("</write>".to_owned()),
        Just("\0content\0".to_owned()),
        Just("{% endif %}".to_owned()),
        Just("\r\n".to_owned()),
        Just("</think>\n<read>a.py</read>".to_owned()),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

fn check(trajectory: &Trajectory, structure: &Structure) {
    let mut next = 0;
    for span in &trajectory.spans {
        assert_eq!(span.start, next);
        next = span.end;
        let content = &trajectory.text[span.start as usize..span.end as usize];
        match span.kind {
            SpanKind::Observation | SpanKind::Write => {
                assert_eq!(content, &**structure.text(span.file.unwrap()));
            }
            SpanKind::Read => assert_eq!(content, &**structure.path(span.file.unwrap())),
            _ => assert!(!content.is_empty()),
        }
    }
    assert_eq!(next as usize, trajectory.text.len());
}

fn written(trajectory: &Trajectory) -> Vec<(String, String)> {
    let calls = trajectory.messages.iter().flat_map(|message| &message.tool_calls);
    let writes = calls.filter(|call| call.name == "write_file");
    let parse = |call: &backstory_core::ToolCall| {
        let value: Value = serde_json::from_str(&call.arguments).unwrap();
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        (text("path"), text("content"))
    };
    writes.map(parse).collect()
}

proptest! {
    #[test]
    fn every_promise_holds_whatever_files_say(
        texts in prop::collection::vec(confusing(), 1..5),
        thought in confusing(),
    ) {
        let paths: Vec<_> = (0..texts.len()).map(|i| format!("<b>{{{{ {i} }}}}.py")).collect();
        let files: Vec<_> = paths.iter().zip(&texts).map(|(p, t)| (&**p, &**t)).collect();
        let structure = structure(&files);
        let story = story(&structure, &thought);
        let flatten = build(json!({"arm": "a"})).unwrap();

        let told = flatten.flatten(&structure, Some(&story)).unwrap();
        check(&told, &structure);
        let expected: Vec<_> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        prop_assert_eq!(written(&told), expected);

        let bare = flatten.flatten(&structure, None).unwrap();
        check(&bare, &structure);
        let writes = bare.spans.iter().filter(|span| span.kind == SpanKind::Write).count();
        prop_assert_eq!(writes, files.len());
    }
}
