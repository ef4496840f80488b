use std::fs;

use backstory_score::{Checkpoint, Cpu, CpuOptions};
use serde_json::{Value, json};

use crate::made::{self, Form};
use crate::tiny;

/// What is said of a model after something was done to it.
fn message(config: &Value, spoil: impl Fn(&std::path::Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    made::write(folder.path(), config, Form::default());
    spoil(folder.path());
    let loaded = Checkpoint::open(folder.path())
        .and_then(|checkpoint| Cpu::<f32>::load(&checkpoint, CpuOptions::default()));
    let message = loaded.map(|_| ()).expect_err("spoiled").to_string();
    message.replace(folder.path().to_str().unwrap(), "FOLDER")
}

fn with(change: &Value) -> Value {
    let mut config = tiny();
    config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    config
}

fn nothing(_: &std::path::Path) {}

#[test]
fn what_is_not_supported_is_named() {
    let said = |change: Value| message(&with(&change), nothing);
    assert_eq!(
        said(json!({ "model_type": "gpt2" })),
        "model_type \"gpt2\" is not supported: take a llama, qwen2 or qwen3 model, or a server"
    );
    assert_eq!(
        said(json!({ "quantization_config": { "quant_method": "awq" } })),
        "quantization_config is not supported: take the model before quantisation, in bf16, f16 or f32"
    );
    assert_eq!(
        said(json!({ "hidden_act": "gelu" })),
        "hidden_act \"gelu\" is not supported: it has to be \"silu\""
    );
    assert_eq!(
        said(json!({ "rope_scaling": { "type": "longrope" } })),
        "rope_type \"longrope\" is not supported: rope may be default, linear, llama3 or yarn, each with \
         its parameters"
    );
    assert_eq!(
        said(json!({ "rope_scaling": { "rope_type": "linear" } })),
        "a rope scaling without \"factor\" is not supported: rope may be default, linear, llama3 or \
         yarn, each with its parameters"
    );
    assert_eq!(
        said(json!({ "use_sliding_window": true, "sliding_window": 16, "max_window_layers": 0 })),
        "sliding window attention is not supported: every layer has to attend to the whole text"
    );
    assert_eq!(
        said(json!({ "num_key_value_heads": 3 })),
        "a model of width 16, 2 query heads, 3 key heads of width 8 is not supported: sizes in \
         config.json do not fit together"
    );
}

#[test]
fn what_is_missing_is_named() {
    let said = message(&tiny(), |folder| fs::remove_file(folder.join("config.json")).unwrap());
    assert!(said.starts_with("cannot read \"FOLDER/config.json\": "), "{said}");
    let said =
        message(&tiny(), |folder| fs::remove_file(folder.join("model.safetensors")).unwrap());
    assert!(said.starts_with("cannot read \"FOLDER/model.safetensors\": "), "{said}");
    let said = message(&tiny(), |folder| {
        let config = with(&json!({ "tie_word_embeddings": false }));
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
    });
    assert_eq!(said, "no tensor \"lm_head.weight\" in \"FOLDER\": is the download complete?");
}

#[test]
fn what_does_not_fit_is_named() {
    let said = message(&tiny(), |folder| {
        let config = with(&json!({ "intermediate_size": 32 }));
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
    });
    assert_eq!(
        said,
        "tensor \"model.layers.0.mlp.gate_proj.weight\" is [24, 16], config.json says [32, 16]: are they \
         of one model?"
    );
    let said = message(&tiny(), |folder| fs::write(folder.join("config.json"), "{}").unwrap());
    assert!(said.starts_with("\"FOLDER/config.json\" is malformed: missing field"), "{said}");
    let said = message(&tiny(), |folder| {
        fs::write(folder.join("model.safetensors"), "not what it seems").unwrap();
    });
    assert!(said.starts_with("\"FOLDER/model.safetensors\" is malformed: "), "{said}");
    let said = message(&tiny(), |folder| {
        let path = folder.join("model.safetensors");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    });
    assert!(said.starts_with("\"FOLDER/model.safetensors\" is malformed: it has "), "{said}");
}

#[test]
fn a_digest_is_of_all_that_counts() {
    let digest = |spoil: &dyn Fn(&std::path::Path)| {
        let folder = tempfile::tempdir().unwrap();
        made::write(folder.path(), &tiny(), Form::default());
        spoil(folder.path());
        Checkpoint::open(folder.path()).unwrap().digest().unwrap()
    };
    let plain = digest(&nothing);
    assert_eq!(digest(&nothing), plain);
    let config = with(&json!({ "rms_norm_eps": 1e-5 })).to_string();
    assert_ne!(digest(&|folder| fs::write(folder.join("config.json"), &config).unwrap()), plain);
    assert_ne!(
        digest(&|folder| {
            let path = folder.join("model.safetensors");
            let mut bytes = fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&path, bytes).unwrap();
        }),
        plain
    );
}
