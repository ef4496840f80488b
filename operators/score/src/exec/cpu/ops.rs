//! What is done to each row for itself.

use pulp::Arch;
use rayon::prelude::*;

use crate::Config;
use crate::exec::cpu::Real;
use crate::exec::cpu::decoder::Layer;

/// Rows to a task.
const ROWS: usize = 16;

/// `out = x / sqrt(mean(x²) + eps) * weight` for each row (Zhang and Sennrich 2019, arXiv 1910.07467).
pub(super) fn rms_norm<T: Real>(x: &[T], weight: &[T], eps: f64, out: &mut [T]) {
    let width = weight.len();
    let tasks = out.par_chunks_mut(ROWS * width).zip(x.par_chunks(ROWS * width));
    tasks.for_each(|(out, x)| {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                    out.copy_from_slice(x);
                    norm(out, weight, eps);
                }
            },
        );
    });
}

/// The same in place, for one row.
#[inline(always)]
fn norm<T: Real>(x: &mut [T], weight: &[T], eps: f64) {
    let mean: f64 = sum_of_squares(x) / x.len() as f64;
    let scale = T::of(1.0 / (mean + eps).sqrt());
    for (x, weight) in x.iter_mut().zip(weight) {
        *x = *x * scale * *weight;
    }
}

/// In lanes, so that it becomes vector instructions.
#[inline(always)]
fn sum_of_squares<T: Real>(x: &[T]) -> f64 {
    let mut lanes = [T::ZERO; 16];
    let (whole, rest) = x.as_chunks::<16>();
    for chunk in whole {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += *x * *x;
        }
    }
    let rest: T = rest.iter().map(|x| *x * *x).sum();
    lanes.iter().map(|&lane| lane.into()).sum::<f64>() + rest.into()
}

/// Adds a bias to each row, if there is one.
pub(super) fn add_bias<T: Real>(x: &mut [T], bias: &[T]) {
    if bias.is_empty() {
        return;
    }
    x.par_chunks_mut(bias.len()).with_min_len(ROWS).for_each(|row| {
        for (x, bias) in row.iter_mut().zip(bias) {
            *x += *bias;
        }
    });
}

/// Norms the queries and keys of each row by head, where the model does, and turns them by the row's
/// position (Su et al. 2021, arXiv 2104.09864): pairs are the two halves of a head.
pub(super) fn rotate<T: Real>(config: &Config, layer: &Layer<T>, positions: &[u32], qkv: &mut [T]) {
    let (head, q, kv) = (config.head_dim, config.q_dim(), config.kv_dim());
    let rows = qkv.par_chunks_mut(q + 2 * kv).with_min_len(ROWS).zip(positions);
    rows.for_each_init(Vec::new, |angles, (row, &position)| {
        angles.clear();
        let turn = |(cos, sin)| (T::of(cos), T::of(sin));
        angles.extend(config.rope.angles(position).map(turn));
        let (queries, keys) = row[..q + kv].split_at_mut(q);
        for (heads, weight) in [(queries, &layer.q_norm), (keys, &layer.k_norm)] {
            for head in heads.chunks_exact_mut(head) {
                if !weight.is_empty() {
                    norm(head, weight, config.rms_norm_eps);
                }
                turn_head(head, angles);
            }
        }
    });
}

fn turn_head<T: Real>(head: &mut [T], angles: &[(T, T)]) {
    let (first, second) = head.split_at_mut(angles.len());
    for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(angles) {
        (*a, *b) = (*a * *cos - *b * *sin, *b * *cos + *a * *sin);
    }
}

/// `gate = silu(gate) * up` for rows of `wide` gates followed by as many ups, where
/// `silu(x) = x / (1 + exp(-x))` (Shazeer 2020, arXiv 2002.05202).
pub(super) fn gate<T: Real>(gate_up: &mut [T], wide: usize) {
    gate_up.par_chunks_mut(2 * wide).for_each(|row| {
        let (gate, up) = row.split_at_mut(wide);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (gate, up) in gate.iter_mut().zip(&*up) {
                    *gate = *gate / (T::ONE + (T::ZERO - *gate).exp()) * *up;
                }
            },
        );
    });
}
