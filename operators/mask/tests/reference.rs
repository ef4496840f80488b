//! The ids are those of the implementation that the field has used for years, on the texts of this
//! project. What is compared is ordinary text: where it looks special the two differ on purpose.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backstory_core::{Environment, Operator, Span, SpanKind, Trajectory, Work};
use backstory_mask::Mask;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn masker() -> Arc<dyn backstory_core::Mask> {
    let config = serde_json::json!({"tokenizer": "datasets/tokenizer.json"});
    let config: Mask = serde_json::from_value(config).expect("a valid configuration");
    let environment = Environment { base: &root(), author: &|_| None, scorer: &|_| None };
    match config.build(&environment).expect("our own tokenizer") {
        Work::Mask(masker) => masker,
        _ => panic!("not a mask"),
    }
}

fn texts() -> Vec<String> {
    let walk = ignore::WalkBuilder::new(root()).build().flatten();
    let files = walk.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    let small = files.filter(|entry| entry.metadata().is_ok_and(|file| file.len() < 100_000));
    let texts = small.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    texts.filter(|text| !text.is_empty() && !text.contains("<|")).collect()
}

#[test]
fn ids_equal_those_of_the_old_implementation() {
    let reference =
        tokenizers_reference::Tokenizer::from_file(root().join("datasets/tokenizer.json"))
            .expect("our own tokenizer");
    let masker = masker();
    let texts = texts();
    assert!(texts.len() > 30, "only {} texts", texts.len());
    for text in texts {
        let span =
            Span { start: 0, end: text.len() as u32, kind: SpanKind::Write, file: None, step: 0 };
        let trajectory = Trajectory { text, spans: vec![span], messages: vec![] };
        let sequence = masker.mask(&trajectory).expect("any text can be encoded");
        let expected = reference.encode_fast(&*trajectory.text, false).expect("any text too");
        assert!(sequence.input_ids == expected.get_ids(), "{:.200}", trajectory.text);
    }
}
