//! Reading a `tokenizer.json` so that it encodes text and nothing but text.

use std::collections::BTreeMap;
use std::path::Path;

use backstory_core::{BuildError, Digest, Span, SpanKind};
use serde_json::{Value, json};

use crate::tokenizer::{TokenBytes, Tokenizer};

/// Texts that tokenizers are known to spoil: leading, doubled and trailing white space, line ends,
/// capitals, accents composed and decomposed, characters outside the vocabulary, looks of specials.
const PROBES: [&str; 7] = [
    "def main():\n\treturn  x  # Twice\n",
    " leading and trailing ",
    "one\r\ntwo\r\n\r\n\n",
    "",
    "na\u{ef}ve nai\u{308}ve \u{6f22}\u{5b57} \u{1f980}",
    "</s> <s> [UNK] <|endoftext|>",
    "}",
];

/// The tokenizer in the file at `path`, which the plan calls `name`, and the digest of the file.
pub(crate) fn load(path: &Path, name: &Path) -> Result<(Tokenizer, Digest), BuildError> {
    let wrong = |message: String, hint: &str| BuildError {
        key: "tokenizer",
        message,
        hint: Some(hint.into()),
    };
    let name = name.display();
    let file = std::fs::read(path).map_err(|error| {
        let hint = "name a Hugging Face tokenizer.json, relative to the folder of the plan file";
        wrong(format!("cannot read \"{name}\": {}", reason(&error)), hint)
    })?;
    let tokenizer = parse(&file).map_err(|message| {
        wrong(
            format!("\"{name}\" is not a tokenizer: {message}"),
            "name a tokenizer.json, not a vocabulary, a model or the settings beside it",
        )
    })?;
    probe(&tokenizer).map_err(|_| {
        wrong(
            "this tokenizer does not give back the text it encodes".into(),
            "use one that keeps case, white space and all characters, such as a byte-level BPE",
        )
    })?;
    Ok((tokenizer, Digest::of(&file)))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        std::io::ErrorKind::IsADirectory => "it is a folder".into(),
        _ => error.to_string(),
    }
}

fn parse(file: &[u8]) -> Result<Tokenizer, String> {
    let mut config: Value = serde_json::from_slice(file).map_err(|error| error.to_string())?;
    tokenizers::canonicalize_value(&mut config).map_err(|error| error.to_string())?;
    if !config["model"].is_object() {
        return Err("it has no model".into());
    }
    let byte_level = config["model"]["byte_level"] == true;
    keep_text(&mut config, byte_level);
    let special = protect(&mut config)?;
    let pipeline = tokenizers::from_json(&config.to_string()).map_err(|error| error.to_string())?;
    check_ids(&config, &pipeline)?;
    let bytes = byte_level.then(|| TokenBytes::new(token_bytes(&config, &special)));
    Ok(Tokenizer { pipeline, special, bytes })
}

/// Leaves out what changes the text for looks. A byte-level model encodes any text as it is, so it
/// needs no normal form; the others lose the space they put before the first word, which would
/// otherwise come back at the start of every span.
fn keep_text(config: &mut Value, byte_level: bool) {
    for key in ["truncation", "padding", "post_processor"] {
        config[key] = Value::Null;
    }
    // With dropout, the same text would give other ids each time.
    config["model"]["dropout"] = Value::Null;
    if byte_level {
        config["normalizer"] = Value::Null;
        return;
    }
    remove(&mut config["normalizer"], "normalizers", "Prepend");
    remove(&mut config["decoder"], "decoders", "Strip");
    replace(&mut config["normalizer"], "prepend", &json!("never"));
    replace(&mut config["decoder"], "prepend_scheme", &json!("never"));
}

/// Removes components of a type, whether it stands alone or in a sequence under `members`.
fn remove(component: &mut Value, members: &str, kind: &str) {
    if component["type"] == kind {
        *component = Value::Null;
    } else if let Some(list) = component.get_mut(members).and_then(Value::as_array_mut) {
        list.retain(|member| member["type"] != kind);
    }
}

/// Sets `key` wherever it occurs.
fn replace(value: &mut Value, key: &str, new: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == key {
                    *field = new.clone();
                } else {
                    replace(field, key, new);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, key, new)),
        _ => {}
    }
}

/// Marks every added token as special, and gives them with their ids: special tokens are what the
/// library can be told not to look for in a text. Runs of white space are text that some
/// tokenizers keep in this table, and stay.
fn protect(config: &mut Value) -> Result<BTreeMap<String, u32>, String> {
    let mut special = BTreeMap::new();
    let none = &mut vec![];
    for token in config["added_tokens"].as_array_mut().unwrap_or(none) {
        let (content, id) = added(token)?;
        if content.trim().is_empty() {
            continue;
        }
        special.insert(content.to_owned(), id);
        token["special"] = json!(true);
        token["normalized"] = json!(false);
    }
    Ok(special)
}

fn added(token: &Value) -> Result<(&str, u32), String> {
    let content = token["content"].as_str();
    let id = token["id"].as_u64().and_then(|id| u32::try_from(id).ok());
    content.zip(id).ok_or_else(|| "an added token has no content or no id".into())
}

/// The library numbers added tokens by their place, whatever the file says.
fn check_ids(
    config: &Value,
    pipeline: &tokenizers::pipeline::PipelineTokenizer,
) -> Result<(), String> {
    for token in config["added_tokens"].as_array().into_iter().flatten() {
        let (content, id) = added(token)?;
        let given = pipeline.get_added_vocabulary().token_to_id(content);
        if given.is_some_and(|given| given != id) {
            return Err(format!("the ids before that of the added token \"{content}\" have a gap"));
        }
    }
    Ok(())
}

/// What each token of a byte-level model stands for.
fn token_bytes(config: &Value, special: &BTreeMap<String, u32>) -> BTreeMap<u32, Vec<u8>> {
    let alphabet = alphabet();
    let mut bytes = BTreeMap::new();
    for (token, id) in config["model"]["vocab"].as_object().into_iter().flatten() {
        let id = id.as_u64().unwrap_or_default() as u32;
        bytes.insert(id, spelled(token, &alphabet));
    }
    for token in config["added_tokens"].as_array().into_iter().flatten() {
        if let Ok((content, id)) = added(token) {
            let text = if special.contains_key(content) { &[] } else { content.as_bytes() };
            bytes.insert(id, text.to_vec());
        }
    }
    bytes
}

/// The bytes of a token spelled in the byte alphabet; a character outside it stands for itself.
fn spelled(token: &str, alphabet: &[Option<u8>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(token.len());
    for character in token.chars() {
        match alphabet.get(character as usize).copied().flatten() {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

/// Character to byte in the alphabet of GPT-2: printable Latin-1 stands for itself, the other bytes, in
/// order, for the characters from 256 on.
fn alphabet() -> Vec<Option<u8>> {
    let printable = |byte| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut alphabet = vec![None; 256];
    for byte in 0..=u8::MAX {
        if printable(byte) {
            alphabet[byte as usize] = Some(byte);
        } else {
            alphabet.push(Some(byte));
        }
    }
    alphabet
}

/// Encodes and decodes the probes as the spans of one text.
fn probe(tokenizer: &Tokenizer) -> Result<(), String> {
    let mut end = 0;
    let spans = PROBES.map(|probe| {
        let start = end;
        end += probe.len() as u32;
        Span { start, end, kind: SpanKind::Write, file: None, step: 0 }
    });
    let text = PROBES.concat();
    let (ids, _) = tokenizer.encode(&text, &spans)?;
    let decoded = tokenizer.decode(&ids)?;
    if decoded == text { Ok(()) } else { Err("the probes do not come back".into()) }
}
