//! Matrix products behind checked views.
//!
//! An element of a product has the same bits however many other rows and columns there are, and with how
//! many threads: gemm's general kernel sums each element for itself, one product after the other. What
//! it has for small sizes sums in other orders, so those are padded until the general one takes them.

use std::ops::Range;

use gemm::Parallelism;

use crate::exec::cpu::Real;

/// Products summed one after the other before they are added to the rest. gemm itself takes 512 or more,
/// which is as fast, but on a decoder of width 512 puts log-probabilities at twice the distance from exact
/// ones that those of transformers have.
const INNER: usize = 256;

/// Elements of a product that gemm computes by another kernel, if both matrices are stored in the order in
/// which they are summed.
const SMALL: usize = 256;

/// How a product is shared out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads(Parallelism);

impl Threads {
    /// The calling thread alone.
    pub(super) const ONE: Self = Self(Parallelism::None);

    pub(super) fn new(threads: usize) -> Self {
        Self(if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None })
    }
}

/// A matrix in a slice: element `(i, j)` is at `i * row_stride + j * column_stride`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// Rows that begin `stride` elements apart.
    pub(super) fn new(data: &'a [T], rows: usize, columns: usize, stride: usize) -> Self {
        check(data, rows, columns, stride);
        Self { data, rows, columns, row_stride: stride, column_stride: 1 }
    }

    pub(super) fn columns(self, range: Range<usize>) -> Self {
        let data = &self.data[range.start * self.column_stride..];
        Self { data, columns: range.len(), ..self }
    }

    pub(super) fn rows(self, range: Range<usize>) -> Self {
        self.transposed().columns(range).transposed()
    }

    /// A copy with zeros after its rows and columns, row by row.
    fn grown(self, rows: usize, columns: usize) -> Vec<T>
    where
        T: Real,
    {
        let mut all = vec![T::ZERO; rows * columns];
        for (index, row) in all.chunks_exact_mut(columns).take(self.rows).enumerate() {
            let data = self.data[index * self.row_stride..].iter().step_by(self.column_stride);
            row.iter_mut().zip(data).take(self.columns).for_each(|(out, x)| *out = *x);
        }
        all
    }

    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// A matrix in a slice that is written to, row by row.
pub(super) struct MatrixMut<'a, T> {
    data: &'a mut [T],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a, T> MatrixMut<'a, T> {
    /// Rows that begin `stride` elements apart.
    pub(super) fn new(data: &'a mut [T], rows: usize, columns: usize, stride: usize) -> Self {
        check(data, rows, columns, stride);
        Self { data, rows, columns, stride }
    }
}

fn check<T>(data: &[T], rows: usize, columns: usize, stride: usize) {
    assert!(columns <= stride, "rows do not overlap");
    let needed = if rows == 0 { 0 } else { (rows - 1) * stride + columns };
    assert!(data.len() >= needed, "a {rows} x {columns} matrix in {} elements", data.len());
}

/// Whether gemm takes its general kernel. It has others for single rows, single columns and sums of two,
/// and for [`SMALL`] elements.
fn is_general(rows: usize, columns: usize, inner: usize) -> bool {
    rows >= 2 && columns >= 2 && inner >= 3 && rows * columns > SMALL
}

/// `out = a b`, or `out += a b`. Zeros at the end of rows of `a` change nothing.
#[expect(clippy::needless_pass_by_value, reason = "views are made where they are used")]
pub(super) fn matmul<T: Real>(
    mut out: MatrixMut<'_, T>,
    accumulate: bool,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    threads: Threads,
) {
    assert_eq!(
        (a.rows, a.columns, b.columns),
        (out.rows, b.rows, out.columns),
        "shapes of a product"
    );
    for start in (0..a.columns).step_by(INNER) {
        let inner = start..a.columns.min(start + INNER);
        let (a, b) = (a.columns(inner.clone()), b.rows(inner));
        let accumulate = accumulate || start > 0;
        if is_general(a.rows, b.columns, a.columns) {
            product(&mut out, accumulate, a, b, threads);
        } else {
            padded(&mut out, accumulate, a, b, threads);
        }
    }
}

/// The same for what is too small, by way of larger matrices.
fn padded<T: Real>(
    out: &mut MatrixMut<'_, T>,
    accumulate: bool,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    threads: Threads,
) {
    let (columns, inner) = (b.columns.max(2), a.columns.max(3));
    let rows = a.rows.max(2).max(SMALL / columns + 1);
    let a = a.grown(rows, inner);
    let a = Matrix::new(&a, rows, inner, inner);
    let grown;
    let b = if (inner, columns) == (b.rows, b.columns) {
        b
    } else {
        grown = b.grown(inner, columns);
        Matrix::new(&grown, inner, columns, columns)
    };
    let mut room = vec![T::ZERO; rows * columns];
    let places = out.data.chunks_mut(out.stride).zip(room.chunks_mut(columns)).take(out.rows);
    if accumulate {
        places
            .for_each(|(out_row, row)| row[..out.columns].copy_from_slice(&out_row[..out.columns]));
    }
    product(&mut MatrixMut::new(&mut room, rows, columns, columns), accumulate, a, b, threads);
    let places = out.data.chunks_mut(out.stride).zip(room.chunks(columns)).take(out.rows);
    places.for_each(|(out_row, row)| out_row[..out.columns].copy_from_slice(&row[..out.columns]));
}

fn product<T: Real>(
    out: &mut MatrixMut<'_, T>,
    accumulate: bool,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    threads: Threads,
) {
    #[expect(unsafe_code, reason = "gemm has no safe interface")]
    // SAFETY: the shapes agree, as `matmul` has checked and `padded` keeps, and each view has checked
    // that its elements lie in its slice, which holds for parts of it. `out` is borrowed mutably, so it
    // overlaps neither `a` nor `b`, and its rows do not overlap each other. All elements are initialised
    // numbers; `T` is f32 or f64, which gemm multiplies.
    unsafe {
        gemm::gemm(
            out.rows,
            out.columns,
            a.columns,
            out.data.as_mut_ptr(),
            1,
            out.stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            threads.0,
        );
    }
}
