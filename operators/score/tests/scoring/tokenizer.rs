use std::path::{Path, PathBuf};

use backstory_score::{CpuOptions, LocalModel, Scorer, Tokenizer};
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::made::{self, Form};
use crate::tiny;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/tokenizer.json")
}

/// The sample tokenizer after a change.
fn changed(change: impl Fn(&mut Value)) -> Result<Tokenizer, String> {
    let mut config: Value = serde_json::from_slice(&std::fs::read(path()).unwrap()).unwrap();
    change(&mut config);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, config.to_string()).unwrap();
    let folder = folder.path().to_str().unwrap();
    Tokenizer::open(&path).map_err(|error| error.to_string().replace(folder, "FOLDER"))
}

#[test]
fn text_that_looks_special_is_text() {
    let tokenizer = Tokenizer::open(&path()).unwrap();
    let request = tokenizer.request(&["a", "b"], &["", "<|end|>"], "<|begin|> é").unwrap();
    assert_eq!(request.candidates[0].len(), 0);
    assert!(request.candidates[1].len() > 1);
    assert!(request.target.iter().all(|&id| id > 1), "ids 0 and 1 are special");
    assert_eq!(request.target_bytes, Some(12));
}

#[test]
fn the_template_names_the_start_token() {
    assert_eq!(Tokenizer::open(&path()).unwrap().start_token(), None);
    let template = json!({
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|begin|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [],
        "special_tokens": {"<|begin|>": {"id": "<|begin|>", "ids": [0], "tokens": ["<|begin|>"]}},
    });
    let byte_level = json!({
        "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true
    });
    let sequence = json!({"type": "Sequence", "processors": [byte_level, template.clone()]});
    for post_processor in [template, sequence] {
        let tokenizer =
            changed(|config| config["post_processor"] = post_processor.clone()).unwrap();
        assert_eq!(tokenizer.start_token(), Some(0));
        assert_eq!(tokenizer.encode("a").unwrap().len(), 1, "it is not part of texts");
    }
}

#[test]
fn what_is_no_tokenizer_is_named() {
    let message = changed(|config| *config = json!({})).err().unwrap();
    assert!(message.starts_with("\"FOLDER/tokenizer.json\" is malformed: "), "{message}");
    let words = json!({"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"});
    let message = changed(|config| {
        config["model"] = words.clone();
        config["pre_tokenizer"] = Value::Null;
        config["decoder"] = Value::Null;
    })
    .err()
    .unwrap();
    assert_eq!(
        message,
        "a tokenizer that does not work on bytes is not supported: take a model with a byte-level BPE, such \
         as Llama 3 or Qwen"
    );
}

#[test]
fn a_score_says_what_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = Tokenizer::open(&path()).unwrap();
    let mut config = tiny();
    config["vocab_size"] = json!(20_000);
    made::write(folder.path(), &config, Form::default());
    let load = |start_token| {
        let options = CpuOptions::default();
        LocalModel::open(folder.path(), &tokenizer, start_token).unwrap().load(options).unwrap()
    };
    let request = || tokenizer.request(&[], &[""], "fn main() {}\n").unwrap();
    let (with, without) = (load(Some(0)), load(tokenizer.start_token()));
    let scores = block_on(with.score(request()));
    assert!(scores[0].as_ref().unwrap().bits_per_byte().unwrap() > 0.0);
    let message = block_on(without.score(request())).remove(0).unwrap_err().to_string();
    assert_eq!(message, "nothing comes before the target: give a context or a start token");

    let (with, without) = (with.identity(), without.identity());
    assert_eq!((with.start_token, without.start_token), (Some(0), None));
    assert_eq!(with.tokenizer, Some(tokenizer.digest()));
    assert_eq!((with.model, &with.executor[..]), (without.model, "cpu-f32"));
}
