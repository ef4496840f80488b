use crate::exec::cpu::Real;
use crate::{Checkpoint, LoadError};

/// A decoder's weights, ready to compute with. Matrices have a row for each output, `[out, in]`;
/// missing biases are empty.
#[derive(Debug)]
pub(super) struct Decoder<T> {
    /// `[vocab_size, hidden_size]`.
    embedding: Vec<T>,
    pub(super) layers: Vec<Layer<T>>,
    pub(super) norm: Vec<T>,
    /// `[vocab_size, hidden_size]`; empty if it is the embedding.
    head: Vec<T>,
}

/// One layer. What is applied to the same input is one matrix.
#[derive(Debug)]
pub(super) struct Layer<T> {
    pub(super) attention_norm: Vec<T>,
    /// Queries, then keys, then values, by head: `[q_dim + 2 * kv_dim, hidden_size]`.
    pub(super) qkv: Vec<T>,
    pub(super) qkv_bias: Vec<T>,
    /// `[head_dim]`, or empty.
    pub(super) q_norm: Vec<T>,
    /// `[head_dim]`, or empty.
    pub(super) k_norm: Vec<T>,
    /// `[hidden_size, q_dim]`.
    pub(super) o: Vec<T>,
    pub(super) o_bias: Vec<T>,
    pub(super) mlp_norm: Vec<T>,
    /// Gate, then up: `[2 * intermediate_size, hidden_size]`.
    pub(super) gate_up: Vec<T>,
    pub(super) gate_up_bias: Vec<T>,
    /// `[hidden_size, intermediate_size]`.
    pub(super) down: Vec<T>,
    pub(super) down_bias: Vec<T>,
}

impl<T: Real> Decoder<T> {
    pub(super) fn load(checkpoint: &Checkpoint) -> Result<Self, LoadError> {
        let config = &checkpoint.config;
        let (vocabulary, hidden) = (config.vocab_size, config.hidden_size);
        let head = [("lm_head.weight", vocabulary)];
        let head = if config.tie_word_embeddings { &[] } else { &head[..] };
        let layer = |index| Layer::load(checkpoint, index);
        Ok(Self {
            embedding: matrix(
                checkpoint,
                "model.",
                &[("embed_tokens.weight", vocabulary)],
                hidden,
            )?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_, _>>()?,
            norm: vector(checkpoint, "model.", &[("norm.weight", hidden)])?,
            head: matrix(checkpoint, "", head, hidden)?,
        })
    }

    /// The residual stream of tokens before the first layer.
    pub(super) fn embed(&self, ids: &[u32], residual: &mut [T]) {
        let width = self.norm.len();
        for (row, &id) in residual.chunks_exact_mut(width).zip(ids) {
            row.copy_from_slice(&self.embedding[id as usize * width..][..width]);
        }
    }

    /// `[vocab_size, hidden_size]`.
    pub(super) fn head(&self) -> &[T] {
        if self.head.is_empty() { &self.embedding } else { &self.head }
    }
}

impl<T: Real> Layer<T> {
    fn load(checkpoint: &Checkpoint, index: usize) -> Result<Self, LoadError> {
        let config = &checkpoint.config;
        let (hidden, wide, head) = (config.hidden_size, config.intermediate_size, config.head_dim);
        let (q, kv) = (config.q_dim(), config.kv_dim());
        let prefix = format!("model.layers.{index}.");
        let matrix = |parts: &[_], columns| matrix(checkpoint, &prefix, parts, columns);
        let vector = |there, parts: &[_]| {
            if there { vector(checkpoint, &prefix, parts) } else { Ok(vec![]) }
        };
        Ok(Self {
            attention_norm: vector(true, &[("input_layernorm.weight", hidden)])?,
            qkv: matrix(
                &[
                    ("self_attn.q_proj.weight", q),
                    ("self_attn.k_proj.weight", kv),
                    ("self_attn.v_proj.weight", kv),
                ],
                hidden,
            )?,
            qkv_bias: vector(
                config.qkv_bias,
                &[
                    ("self_attn.q_proj.bias", q),
                    ("self_attn.k_proj.bias", kv),
                    ("self_attn.v_proj.bias", kv),
                ],
            )?,
            q_norm: vector(config.qk_norm, &[("self_attn.q_norm.weight", head)])?,
            k_norm: vector(config.qk_norm, &[("self_attn.k_norm.weight", head)])?,
            o: matrix(&[("self_attn.o_proj.weight", hidden)], q)?,
            o_bias: vector(config.o_bias, &[("self_attn.o_proj.bias", hidden)])?,
            mlp_norm: vector(true, &[("post_attention_layernorm.weight", hidden)])?,
            gate_up: matrix(
                &[("mlp.gate_proj.weight", wide), ("mlp.up_proj.weight", wide)],
                hidden,
            )?,
            gate_up_bias: vector(
                config.mlp_bias,
                &[("mlp.gate_proj.bias", wide), ("mlp.up_proj.bias", wide)],
            )?,
            down: matrix(&[("mlp.down_proj.weight", hidden)], wide)?,
            down_bias: vector(config.mlp_bias, &[("mlp.down_proj.bias", hidden)])?,
        })
    }
}

/// Matrices of `columns` columns, one below the other, each a name and its rows.
fn matrix<T: Real>(
    checkpoint: &Checkpoint,
    prefix: &str,
    parts: &[(&str, usize)],
    columns: usize,
) -> Result<Vec<T>, LoadError> {
    let rows: usize = parts.iter().map(|(_, rows)| rows).sum();
    let mut all = Vec::with_capacity(rows * columns);
    for (name, rows) in parts {
        let name = format!("{prefix}{name}");
        checkpoint.read(&name, &[*rows, columns], |number| all.push(T::of(number.into())))?;
    }
    Ok(all)
}

/// Vectors, one after the other, each a name and its length.
fn vector<T: Real>(
    checkpoint: &Checkpoint,
    prefix: &str,
    parts: &[(&str, usize)],
) -> Result<Vec<T>, LoadError> {
    let mut all = vec![];
    for (name, length) in parts {
        let name = format!("{prefix}{name}");
        checkpoint.read(&name, &[*length], |number| all.push(T::of(number.into())))?;
    }
    Ok(all)
}
