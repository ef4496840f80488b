//! Causal attention over segments of the cache.
//!
//! Keys are taken in blocks that begin at multiples of [`KEYS`] from the start of the text, whatever slots
//! hold them and whatever queries a tile has, so that what a row attends to has the same bits in all
//! passes.

use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

use crate::exec::cpu::Real;
use crate::exec::cpu::matmul::{Matrix, MatrixMut, Threads, matmul};
use crate::{Config, Pass, Run, Segment};

/// Queries of a tile, all heads of a group counted: enough to pay for reading a block of keys.
const QUERIES: usize = 128;
/// Keys of a block. Its scores for a tile, 128 KiB in f32, stay in the second-level cache.
const KEYS: usize = 256;

/// Keys and values of one layer, by slot: `[slots, kv_dim]` each.
#[derive(Debug)]
pub(super) struct Cache<T> {
    keys: Vec<T>,
    values: Vec<T>,
}

impl<T: Real> Cache<T> {
    pub(super) fn new(slots: usize, config: &Config) -> Self {
        let size = slots * config.kv_dim();
        Self { keys: vec![T::ZERO; size], values: vec![T::ZERO; size] }
    }

    /// Puts the keys and values of each row of `qkv` into its slot.
    pub(super) fn write(&mut self, config: &Config, slots: &[u32], qkv: &[T]) {
        let (q, kv) = (config.q_dim(), config.kv_dim());
        for (row, &slot) in qkv.chunks_exact(q + 2 * kv).zip(slots) {
            let place = slot as usize * kv..(slot as usize + 1) * kv;
            self.keys[place.clone()].copy_from_slice(&row[q..q + kv]);
            self.values[place].copy_from_slice(&row[q + kv..]);
        }
    }
}

/// The keys and values of one head at some positions: rows that begin `stride` elements apart.
struct Block<'a, T> {
    keys: &'a [T],
    values: &'a [T],
    stride: usize,
}

/// Where the slots of `positions` are in segments that hold a text from its start.
fn slots(segments: &[Segment], positions: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut end = 0;
    segments.iter().filter_map(move |segment| {
        let start = end;
        end += segment.len as usize;
        let here = positions.start.max(start)..positions.end.min(end);
        let slot = |position| segment.start as usize + position - start;
        (!here.is_empty()).then(|| slot(here.start)..slot(here.end))
    })
}

/// What each row attends to, `[tokens, q_dim]`: `softmax(q kᵀ / sqrt(head_dim)) v` for each query head.
pub(super) fn attend<T: Real>(
    config: &Config,
    pass: &Pass,
    qkv: &[T],
    cache: &Cache<T>,
    out: &mut [T],
) {
    let group = config.num_attention_heads / config.num_key_value_heads;
    let rows = QUERIES.div_ceil(group);
    let mut rest = out;
    let mut tiles = vec![];
    for run in &pass.runs {
        for start in run.rows.clone().step_by(rows) {
            let rows = start..run.rows.end.min(start + rows);
            let (out, after) = std::mem::take(&mut rest).split_at_mut(rows.len() * config.q_dim());
            rest = after;
            tiles.push(Tile { config, pass, run, rows, qkv, cache, out });
        }
    }
    tiles.into_par_iter().for_each_init(Scratch::default, |scratch, mut tile| {
        for kv_head in 0..config.num_key_value_heads {
            tile.attend(kv_head, scratch);
        }
    });
}

/// Some rows of one run, with all their heads.
struct Tile<'a, T> {
    config: &'a Config,
    pass: &'a Pass,
    run: &'a Run,
    /// Of the pass.
    rows: Range<usize>,
    qkv: &'a [T],
    cache: &'a Cache<T>,
    /// `[rows, q_dim]`.
    out: &'a mut [T],
}

/// What a thread needs for a tile and a group of heads, whose queries are rows: for each head of the
/// group, each row of the tile.
#[derive(Default)]
struct Scratch<T> {
    /// `[queries, head_dim]`, divided by `sqrt(head_dim)`.
    queries: Vec<T>,
    /// `[queries, KEYS]`: scores of a block, then the exponentials of their distance to the greatest.
    scores: Vec<T>,
    /// `[queries, head_dim]`: the sum of values so far, each times its exponential.
    sums: Vec<T>,
    /// Greatest score and sum of exponentials so far, for each query.
    state: Vec<(T, T)>,
    /// `[2, KEYS, head_dim]`: keys and values whose slots do not follow each other.
    gathered: Vec<T>,
}

impl<T: Real> Tile<'_, T> {
    /// Computes the heads that share one key head.
    fn attend(&mut self, kv_head: usize, scratch: &mut Scratch<T>) {
        self.gather(kv_head, scratch);
        let end = self.pass.positions[self.rows.end - 1] as usize + 1;
        for start in (0..end).step_by(KEYS) {
            self.block(kv_head, start..end.min(start + KEYS), scratch);
        }
        self.scatter(kv_head, scratch);
    }

    /// The heads of the group of a key head: their queries' places in a row.
    fn heads(&self, kv_head: usize) -> impl Iterator<Item = Range<usize>> + use<T> {
        let (head_dim, heads) = (self.config.head_dim, self.config.num_attention_heads);
        let group = heads / self.config.num_key_value_heads;
        let heads = kv_head * group..(kv_head + 1) * group;
        heads.map(move |head| head * head_dim..(head + 1) * head_dim)
    }

    fn gather(&self, kv_head: usize, scratch: &mut Scratch<T>) {
        let width = self.config.q_dim() + 2 * self.config.kv_dim();
        let scale = T::of(1.0 / (self.config.head_dim as f64).sqrt());
        let Scratch { queries, scores, sums, state, .. } = scratch;
        queries.clear();
        for head in self.heads(kv_head) {
            for row in self.rows.clone() {
                queries.extend(self.qkv[row * width..][head.clone()].iter().map(|&q| q * scale));
            }
        }
        let count = queries.len() / self.config.head_dim;
        scores.resize(count * KEYS, T::ZERO);
        sums.clear();
        sums.resize(queries.len(), T::ZERO);
        state.clear();
        state.resize(count, (T::LOWEST, T::ZERO));
    }

    /// The keys and values of a head at some positions, in place if their slots follow each other.
    fn keys_and_values<'a>(
        &'a self,
        kv_head: usize,
        positions: Range<usize>,
        gathered: &'a mut Vec<T>,
    ) -> Block<'a, T> {
        let (head_dim, kv_dim) = (self.config.head_dim, self.config.kv_dim());
        let Cache { keys, values } = self.cache;
        let segments = &self.pass.segments[self.run.segments.clone()];
        let at = |slot: usize| slot * kv_dim + kv_head * head_dim;
        let mut pieces = slots(segments, positions.clone());
        if let (Some(piece), None) = (pieces.next(), pieces.next()) {
            let at = at(piece.start);
            return Block { keys: &keys[at..], values: &values[at..], stride: kv_dim };
        }
        gathered.clear();
        for all in [keys, values] {
            for slot in slots(segments, positions.clone()).flatten() {
                gathered.extend_from_slice(&all[at(slot)..][..head_dim]);
            }
        }
        let (keys, values) = gathered.split_at(positions.len() * head_dim);
        Block { keys, values, stride: head_dim }
    }

    /// Takes the keys and values of a block of positions into account.
    fn block(&self, kv_head: usize, positions: Range<usize>, scratch: &mut Scratch<T>) {
        let head_dim = self.config.head_dim;
        let Scratch { queries, scores, sums, state, gathered } = scratch;
        let (count, keys) = (state.len(), positions.len());
        let block = self.keys_and_values(kv_head, positions.clone(), gathered);
        matmul(
            MatrixMut::new(scores, count, keys, KEYS),
            false,
            Matrix::new(queries, count, head_dim, head_dim),
            Matrix::new(block.keys, keys, head_dim, block.stride).transposed(),
            Threads::ONE,
        );
        let first = self.pass.positions[self.rows.start] as usize;
        let rows = self.rows.len();
        Arch::new().dispatch(
            #[inline(always)]
            || {
                let scores = scores.chunks_exact_mut(KEYS);
                let queries = scores.zip(sums.chunks_exact_mut(head_dim)).zip(state).enumerate();
                for (query, ((scores, sums), state)) in queries {
                    let seen = (first + query % rows + 1).saturating_sub(positions.start).min(keys);
                    scores[seen..keys].fill(T::ZERO);
                    absorb(&mut scores[..seen], sums, state);
                }
            },
        );
        matmul(
            MatrixMut::new(sums, count, head_dim, head_dim),
            true,
            Matrix::new(scores, count, keys, KEYS),
            Matrix::new(block.values, keys, head_dim, block.stride),
            Threads::ONE,
        );
    }

    fn scatter(&mut self, kv_head: usize, scratch: &Scratch<T>) {
        let (head_dim, width) = (self.config.head_dim, self.config.q_dim());
        let mut sums = scratch.sums.chunks_exact(head_dim).zip(&scratch.state);
        for head in self.heads(kv_head) {
            for (row, (sums, (_, total))) in self.out.chunks_exact_mut(width).zip(sums.by_ref()) {
                for (out, sum) in row[head.clone()].iter_mut().zip(sums) {
                    *out = *sum / *total;
                }
            }
        }
    }
}

/// A step of online softmax for one query: makes scores exponentials of their distance to the greatest
/// score so far, and brings the sums so far to that.
#[inline(always)]
fn absorb<T: Real>(scores: &mut [T], sums: &mut [T], state: &mut (T, T)) {
    if scores.is_empty() {
        return;
    }
    let (before, total) = *state;
    let greatest = greatest(scores).greater(before);
    let new = exponentials(scores, greatest);
    if greatest > before {
        // Nothing is lost at the first block, where the sums are zero.
        let scale = (before - greatest).exp();
        for sum in sums {
            *sum *= scale;
        }
        *state = (greatest, total * scale + new);
    } else {
        *state = (greatest, total + new);
    }
}

/// The greatest number of a row.
#[inline(always)]
pub(super) fn greatest<T: Real>(row: &[T]) -> T {
    let mut lanes = [T::LOWEST; 16];
    let (whole, rest) = row.as_chunks::<16>();
    for chunk in whole {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = lane.greater(*x);
        }
    }
    lanes.iter().chain(rest).fold(T::LOWEST, |greatest, x| greatest.greater(*x))
}

/// Replaces each number by the exponential of its distance to `greatest`; returns their sum.
#[inline(always)]
pub(super) fn exponentials<T: Real>(row: &mut [T], greatest: T) -> T {
    let mut lanes = [T::ZERO; 16];
    let (whole, rest) = row.as_chunks_mut::<16>();
    for chunk in whole {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *x = (*x - greatest).exp();
            *lane += *x;
        }
    }
    let mut sum: T = lanes.into_iter().sum();
    for x in rest {
        *x = (*x - greatest).exp();
        sum += *x;
    }
    sum
}
