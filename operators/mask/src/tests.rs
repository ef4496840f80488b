#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;

use backstory_core::{Mask as _, Span};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const DATASETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");

fn config(keys: Value) -> Mask {
    serde_json::from_value(keys).unwrap()
}

fn build_in(base: &Path, config: Value) -> Result<Masker, Vec<BuildError>> {
    let config: Mask = serde_json::from_value(config).unwrap();
    Masker::new(&config, &Environment { base, author: &|_| None, scorer: &|_| None })
}

fn ours(mut config: Value) -> Result<Masker, Vec<BuildError>> {
    config["tokenizer"] = json!("tokenizer.json");
    build_in(Path::new(DATASETS), config)
}

fn from_json(json: &Value) -> Result<Masker, Vec<BuildError>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.json"), json.to_string()).unwrap();
    build_in(folder.path(), json!({"tokenizer": "t.json"}))
}

/// A trajectory whose spans are the parts, each of another kind than the one before.
fn trajectory(parts: &[&str]) -> Trajectory {
    let mut end = 0;
    let spans = parts.iter().enumerate().map(|(i, part)| {
        let start = end;
        end += part.len() as u32;
        let kind = SpanKind::ALL[i % 10];
        Span { start, end, kind, file: Some(i as u32), step: i as u32 }
    });
    Trajectory { spans: spans.collect(), text: parts.concat(), messages: vec![] }
}

fn messages(result: Result<Masker, Vec<BuildError>>) -> String {
    let mut text = String::new();
    for error in result.err().unwrap() {
        let hint = error.hint.unwrap_or_default();
        writeln!(text, "{}: {} ({hint})", error.key, error.message).unwrap();
    }
    text
}

#[test]
fn text_that_looks_special_is_text() {
    let masker = ours(json!({"begin": "<|begin|>", "end": "<|end|>"})).unwrap();
    let text = "a <|end|> b<|begin|><|end|>\n";
    let sequence = masker.mask(&trajectory(&[text])).unwrap();
    let special = sequence.input_ids.iter().filter(|&&id| id < 2).count();
    assert_eq!(special, 2, "the two that were asked for");
    assert_eq!(masker.decode(&sequence.input_ids).unwrap(), text);
}

#[test]
fn special_tokens_have_spans_of_their_own() {
    let masker = ours(json!({"begin": "<|begin|>", "end": "<|end|>"})).unwrap();
    let sequence = masker.mask(&trajectory(&["one two\n", "three\n"])).unwrap();
    let kinds: Vec<_> = sequence.spans.iter().map(|span| span.kind).collect();
    assert_eq!(
        kinds,
        [SpanKind::Special, SpanKind::System, SpanKind::Requirements, SpanKind::Special]
    );
    assert_eq!(sequence.spans[3].end as usize, sequence.input_ids.len());
    assert_eq!(sequence.spans[3].step, 1);
    assert!(!sequence.loss_mask[0] && !sequence.loss_mask[sequence.input_ids.len() - 1]);
}

#[test]
fn a_token_belongs_to_the_span_of_its_first_byte() {
    let masker = ours(json!({})).unwrap();
    let whole = masker.mask(&trajectory(&["return"])).unwrap();
    assert_eq!(whole.input_ids.len(), 1, "one token, or the rest shows nothing");
    let cut = masker.mask(&trajectory(&["re", "tu", "", "rn\n"])).unwrap();
    assert_eq!(cut.input_ids[0], whole.input_ids[0]);
    let ranges: Vec<_> = cut.spans.iter().map(|span| (span.start, span.end)).collect();
    assert_eq!(ranges, [(0, 1), (1, 1), (1, 1), (1, 2)]);
}

#[test]
fn the_default_policy_trains_what_agents_produce() {
    let masker = ours(json!({})).unwrap();
    let trained: Vec<_> =
        SpanKind::ALL.into_iter().filter(|kind| masker.trains(*kind)).map(SpanKind::name).collect();
    assert_eq!(trained, ["requirements", "plan", "think", "read", "write", "markup"]);
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(
        messages(ours(json!({"begin": "<|begn|>", "end": "</s>"}))),
        "begin: the tokenizer has no special token \"<|begn|>\" (did you mean \"<|begin|>\"?)\n\
         end: the tokenizer has no special token \"</s>\" (it has <|begin|>, <|end|>)\n"
    );
    assert_eq!(
        messages(build_in(Path::new(DATASETS), json!({"tokenizer": "none.json", "train": []}))),
        "train: no kind of span is trained (name at least one, or leave the key out for the \
         default)\ntokenizer: cannot read \"none.json\": no such file (name a Hugging Face \
         tokenizer.json, relative to the folder of the plan file)\n"
    );
    assert_eq!(
        messages(from_json(&json!({"model_type": "llama"}))),
        "tokenizer: \"t.json\" is not a tokenizer: the config has no `model` (name a tokenizer.json, not a \
         vocabulary, a model or the settings beside it)\n"
    );
    assert_eq!(
        messages(from_json(&lower_case_words())),
        "tokenizer: this tokenizer does not give back the text it encodes (use one that keeps \
         case, white space and all characters, such as a byte-level BPE)\n"
    );
}

#[test]
fn unknown_keys_and_kinds_are_errors() {
    let wrong = json!({"tokenizer": "t.json", "trian": []});
    assert!(serde_json::from_value::<Mask>(wrong).is_err());
    let wrong = json!({"tokenizer": "t.json", "train": ["thought"]});
    assert!(serde_json::from_value::<Mask>(wrong).is_err());
    assert_eq!(config(json!({"tokenizer": "t.json"})).train, what_agents_produce());
}

fn added(id: u32, content: &str, special: bool) -> Value {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
           "normalized": !special, "special": special})
}

fn lower_case_words() -> Value {
    json!({
        "version": "1.0", "added_tokens": [], "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "x": 1}, "unk_token": "[UNK]"},
    })
}

/// In the manner of Llama 2: spaces as a sign of their own, one before the first word, bytes for
/// characters that the vocabulary lacks.
fn spaces_as_signs() -> Value {
    let mut vocabulary = serde_json::Map::new();
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    let letters = ('a'..='z').map(String::from);
    let others = ["\u{2581}", "de", "def", "\u{2581}x"].map(String::from);
    let special = ["<unk>", "<s>", "</s>"].map(String::from);
    for (id, token) in special.into_iter().chain(bytes).chain(letters).chain(others).enumerate() {
        vocabulary.insert(token, json!(id));
    }
    json!({
        "version": "1.0",
        "added_tokens": [added(0, "<unk>", true), added(1, "<s>", true), added(2, "</s>", true)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "\u{2581}"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"}]},
        "pre_tokenizer": null, "post_processor": null,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>",
            "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true,
            "byte_fallback": true, "vocab": vocabulary,
            "merges": ["d e", "de f", "\u{2581} x"]},
    })
}

#[test]
fn a_tokenizer_that_is_not_byte_level_encodes_span_by_span() {
    let masker = from_json(&spaces_as_signs()).unwrap();
    let parts = ["def", " x", "", "\u{1f980} </s> ", "d", "ef\r\n"];
    let sequence = masker.mask(&trajectory(&parts)).unwrap();
    assert_eq!(masker.decode(&sequence.input_ids).unwrap(), parts.concat());
    assert_eq!(sequence.spans[0].end - sequence.spans[0].start, 1);
    assert_eq!(sequence.spans[1].end - sequence.spans[1].start, 1);
    for (span, part) in sequence.spans.iter().zip(parts) {
        let ids = &sequence.input_ids[span.start as usize..span.end as usize];
        assert_eq!(masker.decode(ids).unwrap(), part);
    }
}

#[test]
fn a_text_that_does_not_come_back_is_a_failure() {
    let masker = from_json(&spaces_as_signs()).unwrap();
    let failure = masker.mask(&trajectory(&["def x", "d\u{2581}f"])).unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::Mask, FailureKind::Tokenizer));
    assert_eq!(
        failure.message,
        "the tokenizer does not give back byte 6 of the text (byte 1 of a requirements span)"
    );
}

#[test]
fn a_byte_level_model_needs_no_normal_form() {
    let file = std::fs::read(Path::new(DATASETS).join("tokenizer.json")).unwrap();
    let mut json: Value = serde_json::from_slice(&file).unwrap();
    json["normalizer"] = json!({"type": "NFC"});
    let vocabulary = json["model"]["vocab"].as_object().unwrap().len() as u32;
    let tokens = json["added_tokens"].as_array_mut().unwrap();
    tokens.push(added(vocabulary, "<tool_call>", false));
    tokens.push(added(vocabulary + 1, "      ", false));
    let masker = from_json(&json).unwrap();
    let text = "nai\u{308}ve <tool_call>      x";
    let sequence = masker.mask(&trajectory(&[text])).unwrap();
    assert_eq!(masker.decode(&sequence.input_ids).unwrap(), text);
    assert!(!sequence.input_ids.contains(&vocabulary), "not special by name, but no text either");
    assert!(sequence.input_ids.contains(&(vocabulary + 1)), "white space is text");
}

/// Per byte the token that holds it, then per span the tokens whose first byte lies in it.
fn naive_ends(lengths: &[usize], spans: &[Span]) -> Vec<u32> {
    let mut first_bytes = vec![];
    let mut at = 0;
    for length in lengths {
        first_bytes.push(at);
        at += length;
    }
    let before = |end: u32| first_bytes.iter().filter(|&&first| first < end as usize).count();
    spans.iter().map(|span| before(span.end) as u32).collect()
}

fn parts() -> impl Strategy<Value = Vec<String>> {
    let part = prop_oneof![
        any::<String>(),
        "[a-z_ ]{0,12}",
        Just("<|begin|>".to_owned()),
        Just("    return self.".to_owned()),
        Just("\r\n\r\n".to_owned()),
    ];
    prop::collection::vec(part, 0..8)
}

/// Loading takes longer than a case.
static SHARED: LazyLock<Masker> =
    LazyLock::new(|| ours(json!({"begin": "<|begin|>", "train": ["write", "plan"]})).unwrap());

proptest! {
    #[test]
    fn spans_are_those_of_the_naive_reference(parts in parts()) {
        let masker = &*SHARED;
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let trajectory = trajectory(&parts);
        let sequence = masker.mask(&trajectory).unwrap();
        prop_assert_eq!(masker.decode(&sequence.input_ids).unwrap(), &*trajectory.text);

        let bytes = masker.tokenizer.bytes.as_ref().unwrap();
        let ids = &sequence.input_ids[1..];
        let lengths: Vec<_> = ids.iter().map(|&id| bytes.get(id).len()).collect();
        let ends: Vec<_> = sequence.spans[1..].iter().map(|span| span.end - 1).collect();
        prop_assert_eq!(ends, naive_ends(&lengths, &trajectory.spans));

        let mut next = 0;
        for span in &sequence.spans {
            prop_assert_eq!(span.start, next);
            next = span.end;
            for token in span.start..span.end {
                prop_assert_eq!(sequence.loss_mask[token as usize], masker.trains(span.kind));
            }
        }
        prop_assert_eq!(next as usize, sequence.input_ids.len());
        prop_assert_eq!(sequence.loss_mask.len(), sequence.input_ids.len());
    }
}
