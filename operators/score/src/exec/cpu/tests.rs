use proptest::prelude::*;

use crate::exec::cpu::Real;
use crate::exec::cpu::matmul::{Matrix, MatrixMut, Threads, matmul};

/// Within two units in the last place of the exact power, over all numbers that occur and beyond.
#[test]
fn exp_is_exact_enough() {
    for step in -9_000..=800 {
        let x = step as f32 * 0.01 + 0.003;
        let exact = f64::from(x).exp();
        let apart = (f64::from(Real::exp(x)) - exact).abs();
        let unit = if x < -87.0 { 1e-37 } else { exact * f64::from(f32::EPSILON) };
        assert!(apart <= 2.0 * unit, "exp({x}) is off by {} units", apart / unit);
    }
    assert_eq!(Real::exp(f32::NEG_INFINITY).to_bits(), 0);
    assert_eq!(Real::exp(0.0_f32).to_bits(), 1.0_f32.to_bits());
    assert!(Real::exp(f32::NAN).is_nan());
}

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let number = |index: usize| {
        let hash = (index + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    (0..count).map(number).collect()
}

/// The bits of a product, row by row.
fn bits(
    (rows, columns): (usize, usize),
    accumulate: bool,
    a: Matrix<'_, f32>,
    b: Matrix<'_, f32>,
    threads: usize,
) -> Vec<Vec<u32>> {
    let stride = columns + 3;
    let mut out = vec![0.37; rows * stride];
    let view = MatrixMut::new(&mut out, rows, columns, stride);
    matmul(view, accumulate, a, b, Threads::new(threads));
    let row = |row: &[f32]| row[..columns].iter().map(|x| x.to_bits()).collect();
    out.chunks_exact(stride).map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// An element of a product depends on its row and its column, not on how many others there are, nor
    /// on zeros after what is summed.
    #[test]
    fn elements_of_products_are_computed_each_for_itself(
        rows in prop_oneof![1..4_usize, 1..50_usize],
        columns in prop_oneof![1..4_usize, 1..150_usize],
        inner in prop_oneof![1..4_usize, 1..700_usize],
        more in (0..60_usize, 0..90_usize, 0..4_usize),
        zeros in 0..300_usize,
        transposed in any::<bool>(),
        accumulate in any::<bool>(),
    ) {
        let (all_rows, all_columns, all) = (rows + more.0, columns + more.1, inner + zeros);
        let mut a = numbers(all_rows * all, 7);
        a.chunks_exact_mut(all).for_each(|row| row[inner..].fill(0.0));
        let b = numbers(all_columns * all, 1 << 30);
        let a = Matrix::new(&a, all_rows, all, all);
        let b = if transposed {
            Matrix::new(&b, all_columns, all, all).transposed()
        } else {
            Matrix::new(&b, all, all_columns, all_columns)
        };
        let whole = bits((all_rows, all_columns), accumulate, a, b, 1);
        let first = (more.0 * more.2 / 3, more.1 * more.2 / 3);
        let a = a.rows(first.0..first.0 + rows).columns(0..inner);
        let b = b.columns(first.1..first.1 + columns).rows(0..inner);
        let part = bits((rows, columns), accumulate, a, b, 1);
        let expected: Vec<_> = whole[first.0..first.0 + rows]
            .iter()
            .map(|row| row[first.1..first.1 + columns].to_vec())
            .collect();
        prop_assert_eq!(part, expected);
    }
}

/// The same for the products of a model of 100M parameters, with up to 600 rows and two threads.
#[test]
fn elements_of_large_products_are_computed_each_for_itself() {
    let (most, columns, inner) = (600, 768, 2048);
    let (a, b) = (numbers(most * inner, 7), numbers(columns * inner, 1 << 30));
    let a = Matrix::new(&a, most, inner, inner);
    let b = Matrix::new(&b, columns, inner, inner).transposed();
    let whole = bits((most, columns), false, a, b, 1);
    for rows in (1..20).chain([31, 63, 64, 65, 96, 97, 128, 193, 255, 256, 384, 511, 600]) {
        for threads in [1, 2] {
            let first = most - rows;
            let part = bits((rows, columns), false, a.rows(first..most), b, threads);
            assert!(part == whole[first..], "{rows} rows, {threads} threads");
        }
    }
}
