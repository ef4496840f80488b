//! Log-probabilities of targets, without a row as wide as the vocabulary.

use pulp::Arch;
use rayon::prelude::*;

use crate::exec::cpu::attention::{exponentials, greatest};
use crate::exec::cpu::decoder::Decoder;
use crate::exec::cpu::matmul::{Matrix, MatrixMut, Threads, matmul};
use crate::exec::cpu::{Real, ops};
use crate::{Config, Target};

/// Targets at once.
const ROWS: usize = 512;
/// Words of the vocabulary at once: with as many targets, 2 MiB of logits in f32.
const WORDS: usize = 1024;

/// What is known of one target's distribution after some blocks of the vocabulary.
#[derive(Clone, Copy)]
struct State {
    /// The greatest logit.
    greatest: f64,
    /// The sum of exponentials of logits, less the greatest.
    total: f64,
    /// The target's logit.
    logit: f64,
}

/// The log-probability of each target, given the residual stream after the last layer.
pub(super) fn log_probs<T: Real>(
    decoder: &Decoder<T>,
    config: &Config,
    threads: Threads,
    residual: &[T],
    targets: &[Target],
) -> Vec<f64> {
    let width = config.hidden_size;
    let mut log_probs = Vec::with_capacity(targets.len());
    let mut logits = vec![T::ZERO; ROWS.min(targets.len()) * WORDS];
    for targets in targets.chunks(ROWS) {
        let rows = targets.iter().flat_map(|target| &residual[target.row * width..][..width]);
        let rows: Vec<T> = rows.copied().collect();
        let mut normed = vec![T::ZERO; rows.len()];
        ops::rms_norm(&rows, &decoder.norm, config.rms_norm_eps, &mut normed);

        let mut states = vec![State { greatest: f64::MIN, total: 0.0, logit: 0.0 }; targets.len()];
        for (index, words) in decoder.head().chunks(WORDS * width).enumerate() {
            let count = words.len() / width;
            matmul(
                MatrixMut::new(&mut logits, targets.len(), count, WORDS),
                false,
                Matrix::new(&normed, targets.len(), width, width),
                Matrix::new(words, count, width, width).transposed(),
                threads,
            );
            let rows = logits.par_chunks_mut(WORDS).zip(&mut states).zip(targets);
            rows.with_min_len(16).for_each(|((logits, state), target)| {
                state.absorb(&mut logits[..count], target.id as usize, index * WORDS);
            });
        }
        log_probs
            .extend(states.iter().map(|state| state.logit - state.greatest - state.total.ln()));
    }
    log_probs
}

impl State {
    /// Takes the logits of the words from `first` on into account.
    fn absorb<T: Real>(&mut self, logits: &mut [T], target: usize, first: usize) {
        if let Some(logit) = target.checked_sub(first).and_then(|place| logits.get(place)) {
            self.logit = (*logit).into();
        }
        let (greatest, new) = Arch::new().dispatch(
            #[inline(always)]
            || {
                let greatest = greatest(logits);
                (greatest, exponentials(logits, greatest))
            },
        );
        let (greatest, new): (f64, f64) = (greatest.into(), new.into());
        let top = self.greatest.max(greatest);
        self.total = self.total * (self.greatest - top).exp() + new * (greatest - top).exp();
        self.greatest = top;
    }
}
