use serde::Deserialize;
use serde_json::Value;

use crate::model::{LoadError, Rope};

/// The shape of a decoder, from its `config.json`. Names are those of `transformers`.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of an architecture of its own")]
pub struct Config {
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the gated MLP.
    pub intermediate_size: usize,
    /// Decoder layers.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key and value heads, each shared by as many query heads.
    pub num_key_value_heads: usize,
    /// Width of a head; even.
    pub head_dim: usize,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// The longest text in tokens, stretched positions included.
    pub max_positions: usize,
    /// Added to the mean square before its root is taken.
    pub rms_norm_eps: f64,
    /// Whether the LM head is the embedding.
    pub tie_word_embeddings: bool,
    /// Whether query, key and value projections have a bias.
    pub qkv_bias: bool,
    /// Whether the output projection of attention has a bias.
    pub o_bias: bool,
    /// Whether the projections of the MLP have a bias.
    pub mlp_bias: bool,
    /// Whether queries and keys are normed by head (Qwen3).
    pub qk_norm: bool,
    /// How positions are encoded.
    pub rope: Rope,
}

/// What of `config.json` matters here; everything else is free.
#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the file has them")]
pub(super) struct Raw {
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    vocab_size: usize,
    max_position_embeddings: usize,
    rms_norm_eps: Option<f64>,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    hidden_act: Option<String>,
    rope_theta: Option<f64>,
    partial_rotary_factor: Option<f64>,
    rope_scaling: Option<Value>,
    /// What `transformers` 5 writes instead of `rope_theta` and `rope_scaling`.
    rope_parameters: Option<Value>,
    #[serde(default)]
    use_sliding_window: bool,
    sliding_window: Option<usize>,
    max_window_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    quantization_config: Option<Value>,
}

impl Config {
    pub(super) fn new(raw: &Raw) -> Result<Self, LoadError> {
        raw.check()?;
        let family = raw.model_type.as_str();
        let head_dim = match (raw.head_dim, family) {
            (Some(head_dim), _) => head_dim,
            (None, "qwen3") => 128,
            (None, _) => raw.hidden_size / raw.num_attention_heads.max(1),
        };
        let parameters = raw.rope_parameters.as_ref().or(raw.rope_scaling.as_ref());
        let rope = Rope::new(parameters, raw.rope_theta, head_dim, raw.max_position_embeddings)?;
        let config = Self {
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            num_hidden_layers: raw.num_hidden_layers,
            num_attention_heads: raw.num_attention_heads,
            num_key_value_heads: raw.num_key_value_heads.unwrap_or(raw.num_attention_heads),
            head_dim,
            vocab_size: raw.vocab_size,
            max_positions: rope.max_positions,
            rms_norm_eps: raw.rms_norm_eps.unwrap_or(1e-6),
            tie_word_embeddings: raw.tie_word_embeddings,
            qkv_bias: raw.attention_bias || family == "qwen2",
            o_bias: raw.attention_bias && family != "qwen2",
            mlp_bias: raw.mlp_bias && family == "llama",
            qk_norm: family == "qwen3",
            rope,
        };
        config.sane()?;
        Ok(config)
    }

    fn sane(&self) -> Result<(), LoadError> {
        let heads = (self.num_attention_heads, self.num_key_value_heads);
        let sizes = [self.hidden_size, self.intermediate_size, self.vocab_size, heads.0, heads.1];
        let grouped = heads.1 > 0 && heads.0.is_multiple_of(heads.1);
        if grouped && self.head_dim >= 2 && self.head_dim.is_multiple_of(2) && !sizes.contains(&0) {
            return Ok(());
        }
        let what = format!(
            "a model of width {}, {} query heads, {} key heads of width {}",
            self.hidden_size, heads.0, heads.1, self.head_dim
        );
        Err(LoadError::Unsupported { what, hint: "sizes in config.json do not fit together" })
    }

    /// Width of all query heads.
    pub fn q_dim(&self) -> usize {
        self.num_attention_heads * self.head_dim
    }

    /// Width of all key heads, and of all value heads.
    pub fn kv_dim(&self) -> usize {
        self.num_key_value_heads * self.head_dim
    }

    /// Weights of the linear layers that every token passes: each costs one multiplication and one
    /// addition for each token.
    pub fn linear_weights(&self) -> usize {
        let attention = 2 * self.hidden_size * (self.q_dim() + self.kv_dim());
        let mlp = 3 * self.hidden_size * self.intermediate_size;
        self.num_hidden_layers * (attention + mlp)
    }
}

impl Raw {
    /// Refuses what would be computed otherwise than the model was trained.
    fn check(&self) -> Result<(), LoadError> {
        let unsupported = |what: String, hint| Err(LoadError::Unsupported { what, hint });
        if !["llama", "qwen2", "qwen3"].contains(&self.model_type.as_str()) {
            let what = format!("model_type \"{}\"", self.model_type);
            return unsupported(what, "take a llama, qwen2 or qwen3 model, or a server");
        }
        if self.quantization_config.is_some() {
            let hint = "take the model before quantisation, in bf16, f16 or f32";
            return unsupported("quantization_config".into(), hint);
        }
        if let Some(act) = self.hidden_act.as_ref().filter(|act| *act != "silu") {
            return unsupported(format!("hidden_act \"{act}\""), "it has to be \"silu\"");
        }
        if self.partial_rotary_factor.is_some_and(|factor| factor < 1.0) {
            return unsupported("partial_rotary_factor".into(), "heads have to rotate whole");
        }
        if self.slides() {
            let hint = "every layer has to attend to the whole text";
            return unsupported("sliding window attention".into(), hint);
        }
        Ok(())
    }

    /// Whether some layer attends to the end of the text only.
    fn slides(&self) -> bool {
        if let Some(types) = &self.layer_types {
            return types.iter().any(|kind| kind != "full_attention");
        }
        let layers = self.max_window_layers.unwrap_or(28) < self.num_hidden_layers;
        self.use_sliding_window && self.sliding_window.is_some() && layers
    }
}
