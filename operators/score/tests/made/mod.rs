//! Models made by a formula: the same as `truth/truth.py` has, so that no weights need to be kept.

#![allow(dead_code, reason = "each user needs different parts of it")]

use std::path::Path;

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

/// Pseudo-random numbers: splitmix64 of FNV-1a(name) + i.
pub fn hashes(name: &str) -> impl Iterator<Item = u64> {
    let fnv = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    (0..).map(move |index| {
        let x = seed.wrapping_add(index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    })
}

/// `count` tokens of a text.
pub fn tokens(name: &str, count: usize, vocabulary: usize) -> Vec<u32> {
    hashes(name).take(count).map(|hash| (hash % vocabulary as u64) as u32).collect()
}

/// How a model is written.
#[derive(Clone, Copy)]
pub struct Form {
    pub dtype: Dtype,
    /// Files to spread the tensors over.
    pub files: usize,
}

impl Default for Form {
    fn default() -> Self {
        Self { dtype: Dtype::F32, files: 1 }
    }
}

/// Writes the model of a configuration into a folder.
pub fn write(folder: &Path, config: &Value, form: Form) {
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let tensors: Vec<_> = shapes(config)
        .into_iter()
        .map(|(name, shape)| (encode(&name, &shape, form.dtype), name, shape))
        .collect();
    let mut weight_map = serde_json::Map::new();
    for file in 0..form.files {
        let path = match form.files {
            1 => "model.safetensors".to_owned(),
            files => format!("model-{:05}-of-{files:05}.safetensors", file + 1),
        };
        let here = tensors.iter().skip(file).step_by(form.files);
        let views = here.map(|(bytes, name, shape)| {
            weight_map.insert(name.clone(), json!(path));
            (name, TensorView::new(form.dtype, shape.clone(), bytes).unwrap())
        });
        safetensors::serialize_to_file(views.collect::<Vec<_>>(), None, &folder.join(&path))
            .unwrap();
    }
    if form.files > 1 {
        let index = json!({ "metadata": {}, "weight_map": weight_map });
        std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
    }
}

fn encode(name: &str, shape: &[usize], dtype: Dtype) -> Vec<u8> {
    let units = hashes(name).map(|hash| (hash >> 57) as f32 / 64.0 - 1.0);
    let units = units.take(shape.iter().product());
    let scaled = units.map(|unit| match shape {
        _ if name.contains("norm") => 1.0 + unit / 2.0,
        [_, columns] => unit / 2_f32.powi((columns.ilog2() / 2) as i32 - 1),
        _ => unit / 4.0,
    });
    match dtype {
        Dtype::F32 => scaled.flat_map(f32::to_le_bytes).collect(),
        Dtype::BF16 => scaled.flat_map(|x| bf16::from_f32(x).to_le_bytes()).collect(),
        Dtype::F16 => scaled.flat_map(|x| f16::from_f32(x).to_le_bytes()).collect(),
        other => panic!("no {other:?}"),
    }
}

/// The tensors that `transformers` gives a model of this configuration.
pub fn shapes(config: &Value) -> Vec<(String, Vec<usize>)> {
    let size = |key: &str| config[key].as_u64().map(|size| size as usize);
    let hidden = size("hidden_size").unwrap();
    let wide = size("intermediate_size").unwrap();
    let vocabulary = size("vocab_size").unwrap();
    let heads = size("num_attention_heads").unwrap();
    let head = size("head_dim").unwrap_or(hidden / heads);
    let (q, kv) = (heads * head, size("num_key_value_heads").unwrap() * head);
    let qwen2 = config["model_type"] == "qwen2";
    let (biased, mlp_biased) = (config["attention_bias"] == true, config["mlp_bias"] == true);

    let mut shapes = vec![("model.embed_tokens.weight".into(), vec![vocabulary, hidden])];
    for layer in 0..size("num_hidden_layers").unwrap() {
        let mut add = |name: &str, shape: Vec<usize>, bias: bool| {
            if bias {
                shapes.push((format!("model.layers.{layer}.{name}.bias"), vec![shape[0]]));
            }
            shapes.push((format!("model.layers.{layer}.{name}.weight"), shape));
        };
        add("self_attn.q_proj", vec![q, hidden], biased || qwen2);
        add("self_attn.k_proj", vec![kv, hidden], biased || qwen2);
        add("self_attn.v_proj", vec![kv, hidden], biased || qwen2);
        add("self_attn.o_proj", vec![hidden, q], biased);
        add("mlp.gate_proj", vec![wide, hidden], mlp_biased);
        add("mlp.up_proj", vec![wide, hidden], mlp_biased);
        add("mlp.down_proj", vec![hidden, wide], mlp_biased);
        add("input_layernorm", vec![hidden], false);
        add("post_attention_layernorm", vec![hidden], false);
        if config["model_type"] == "qwen3" {
            add("self_attn.q_norm", vec![head], false);
            add("self_attn.k_norm", vec![head], false);
        }
    }
    shapes.push(("model.norm.weight".into(), vec![hidden]));
    if config["tie_word_embeddings"] != true {
        shapes.push(("lm_head.weight".into(), vec![vocabulary, hidden]));
    }
    shapes
}

/// Writes a small Llama of random weights with a tokenizer beside it.
pub fn with_tokenizer(folder: &Path, tokenizer: &Path) {
    let text = std::fs::read(tokenizer).unwrap();
    let parsed: Value = serde_json::from_slice(&text).unwrap();
    let added = parsed["added_tokens"].as_array().into_iter().flatten();
    let ids =
        parsed["model"]["vocab"].as_object().unwrap().values().chain(added.map(|it| &it["id"]));
    let vocabulary = ids.filter_map(Value::as_u64).max().unwrap() + 1;
    let config = json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 160,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 8192,
        "rope_theta": 10_000.0,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": true,
    });
    write(folder, &config, Form::default());
    std::fs::write(folder.join("tokenizer.json"), text).unwrap();
}
