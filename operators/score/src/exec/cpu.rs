//! A decoder on the processor: matrix products by `gemm`, in f32, or in f64 as the oracle of tests.
//!
//! A pass goes through a layer as matrices of a row for each token; nothing has a row for each pair of
//! tokens or for each word of the vocabulary beyond a small tile:
//!
//! - attention takes the keys of a run in blocks and keeps, for each query, the maximum and the sum of
//!   exponentials so far (online softmax: Milakov and Gimelshein 2018, arXiv 1805.02867; in tiles, as in
//!   `FlashAttention`: Dao et al. 2022, arXiv 2205.14135);
//! - the LM head takes the vocabulary in blocks, for rows that predict targets only, and keeps the same
//!   two numbers for each.
//!
//! What is computed for a token has the same bits in all passes that compute it: its sums are made in an
//! order that depends on its text alone. Products see to that however many rows they have, attention
//! wherever the planner cuts texts, and everything else goes row by row.

#![expect(
    clippy::inline_always,
    reason = "vector instructions of this very processor are used by what is inlined into a dispatch"
)]

mod attention;
mod decoder;
mod head;
mod matmul;
mod ops;
mod real;
#[cfg(test)]
mod tests;

pub use real::Real;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::exec::cpu::attention::Cache;
use crate::exec::cpu::decoder::{Decoder, Layer};
use crate::exec::cpu::matmul::{Matrix, MatrixMut, Threads, matmul};
use crate::{Checkpoint, Config, ExecuteError, Executor, Limits, LoadError, Pass};

/// How much of the machine a model may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuOptions {
    /// Threads to compute with. At least one.
    pub threads: usize,
    /// Tokens to compute at once. More of them keep the processor busier; each takes memory for about
    /// two rows as wide as the MLP, and four as wide as the model.
    pub pass_tokens: usize,
    /// Tokens whose keys and values are remembered. The longest request has to fit.
    pub slots: usize,
}

impl Default for CpuOptions {
    /// One thread, 2,048 tokens at once, 32,768 remembered.
    fn default() -> Self {
        Self { threads: 1, pass_tokens: 2048, slots: 32_768 }
    }
}

/// Runs passes on the processor. `T` is f32, or f64 for the tests' oracle.
#[derive(Debug)]
pub struct Cpu<T> {
    config: Config,
    limits: Limits,
    decoder: Decoder<T>,
    /// Keys and values by layer.
    caches: Vec<Cache<T>>,
    pool: ThreadPool,
    threads: Threads,
    buffers: Buffers<T>,
}

/// Room for the activations of a pass, kept from one to the next. A row for each token.
#[derive(Debug, Default)]
struct Buffers<T> {
    /// The residual stream, `[tokens, hidden_size]`.
    residual: Vec<T>,
    /// What enters a block, and what it gives, `[tokens, hidden_size]`.
    normed: Vec<T>,
    /// `[tokens, q_dim + 2 * kv_dim]`.
    qkv: Vec<T>,
    /// What attention gives, `[tokens, q_dim]`.
    attended: Vec<T>,
    /// Gate, then up, `[tokens, 2 * intermediate_size]`.
    gate_up: Vec<T>,
}

impl<T: Real> Cpu<T> {
    /// What it is called: see [`Executor::name`].
    pub fn name() -> String {
        format!("cpu-{}", T::NAME)
    }

    /// Reads the weights of a model.
    pub fn load(checkpoint: &Checkpoint, options: CpuOptions) -> Result<Self, LoadError> {
        let config = checkpoint.config.clone();
        let start = |error: &dyn ToString| LoadError::Start(error.to_string());
        let threads = options.threads.max(1);
        let pool = ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.thread_name(|index| format!("score-{index}")).build();
        let slots = options.slots.min(u32::MAX as usize);
        let limits = Limits {
            positions: config.max_positions,
            vocabulary: config.vocab_size,
            slots,
            pass_tokens: options.pass_tokens.max(1),
            // Both a token's queries times a key, and the value of that, take q_dim multiplications.
            attention_cost: (2 * config.num_hidden_layers * config.q_dim()) as f64
                / config.linear_weights().max(1) as f64,
        };
        Ok(Self {
            decoder: Decoder::load(checkpoint)?,
            caches: (0..config.num_hidden_layers).map(|_| Cache::new(slots, &config)).collect(),
            pool: pool.map_err(|error| start(&error))?,
            threads: Threads::new(threads),
            buffers: Buffers::default(),
            limits,
            config,
        })
    }
}

impl<T: Real> Executor for Cpu<T> {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn name(&self) -> String {
        Self::name()
    }

    fn run(&mut self, pass: &Pass) -> Result<Vec<f64>, ExecuteError> {
        if pass.ids.is_empty() {
            return Ok(vec![]);
        }
        let Self { config, decoder, caches, pool, threads, buffers, .. } = self;
        Ok(pool.install(|| {
            let forward = Forward { config, pass, threads: *threads };
            buffers.resize(config, pass.ids.len());
            decoder.embed(&pass.ids, &mut buffers.residual);
            for (layer, cache) in decoder.layers.iter().zip(caches) {
                forward.attention(layer, cache, buffers);
                forward.mlp(layer, buffers);
            }
            head::log_probs(decoder, config, *threads, &buffers.residual, &pass.targets)
        }))
    }
}

impl<T: Real> Buffers<T> {
    fn resize(&mut self, config: &Config, rows: usize) {
        self.residual.resize(rows * config.hidden_size, T::ZERO);
        self.normed.resize(rows * config.hidden_size, T::ZERO);
        self.qkv.resize(rows * (config.q_dim() + 2 * config.kv_dim()), T::ZERO);
        self.attended.resize(rows * config.q_dim(), T::ZERO);
        self.gate_up.resize(rows * 2 * config.intermediate_size, T::ZERO);
    }
}

/// What all layers of a pass have in common.
struct Forward<'a> {
    config: &'a Config,
    pass: &'a Pass,
    threads: Threads,
}

impl Forward<'_> {
    /// Adds to the residual stream what its tokens find in the texts before them.
    fn attention<T: Real>(&self, layer: &Layer<T>, cache: &mut Cache<T>, buffers: &mut Buffers<T>) {
        let Buffers { residual, normed, qkv, attended, .. } = buffers;
        let (config, pass) = (self.config, self.pass);
        ops::rms_norm(residual, &layer.attention_norm, config.rms_norm_eps, normed);
        self.linear(normed, &layer.qkv, qkv);
        ops::add_bias(qkv, &layer.qkv_bias);
        ops::rotate(config, layer, &pass.positions, qkv);
        cache.write(config, &pass.slots, qkv);
        attention::attend(config, pass, qkv, cache, attended);
        self.linear(attended, &layer.o, normed);
        ops::add(residual, normed, &layer.o_bias);
    }

    /// Adds `down(silu(gate(x)) * up(x))` to the residual stream.
    fn mlp<T: Real>(&self, layer: &Layer<T>, buffers: &mut Buffers<T>) {
        let Buffers { residual, normed, gate_up, .. } = buffers;
        let (hidden, wide) = (self.config.hidden_size, self.config.intermediate_size);
        ops::rms_norm(residual, &layer.mlp_norm, self.config.rms_norm_eps, normed);
        self.linear(normed, &layer.gate_up, gate_up);
        ops::add_bias(gate_up, &layer.gate_up_bias);
        ops::gate(gate_up, wide);
        let rows = self.pass.ids.len();
        matmul(
            MatrixMut::new(normed, rows, hidden, hidden),
            false,
            Matrix::new(gate_up, rows, wide, 2 * wide),
            Matrix::new(&layer.down, hidden, wide, wide).transposed(),
            self.threads,
        );
        ops::add(residual, normed, &layer.down_bias);
    }

    /// `out = x wᵀ`, where `w` has a row for each column of `out`.
    fn linear<T: Real>(&self, x: &[T], w: &[T], out: &mut [T]) {
        let rows = self.pass.ids.len();
        let (inner, outer) = (x.len() / rows, out.len() / rows);
        matmul(
            MatrixMut::new(out, rows, outer, outer),
            false,
            Matrix::new(x, rows, inner, inner),
            Matrix::new(w, outer, inner, inner).transposed(),
            self.threads,
        );
    }
}
