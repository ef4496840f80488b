//! Matrix products behind checked views.
//!
//! An element of a product has the same bits however many other rows and columns there are, and with any
//! number of threads: gemm's general kernel sums each element for itself, from the first product to the
//! last, in one piece as long as [`INNER`] is at most 512. Its other kernels, for small sizes, sum in other
//! orders, so those sizes are padded until the general one takes them.

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

/// Products that have fewer rows than this are computed as their transposes if the right matrix is stored
/// in the order in which it is summed: gemm would bring it into another one first, which for few rows takes
/// longer than to multiply.
const FEW: usize = 64;

/// Columns of a transpose are padded to multiples of this, so that whole vectors are written.
const LANES: usize = 16;

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

/// `out = a b`, or `out += a b`. Zeros at the end of rows of `a` change nothing.
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
    let (rows, columns, inner) = (a.rows, b.columns, a.columns);
    let in_order = b.row_stride == 1;
    let is_general =
        rows.min(columns) >= 2 && (rows * columns > SMALL || !in_order) && !has_short_end(inner);
    // What is summed has to be long for a copy of the output to pay.
    let pays = in_order && rows < FEW && rows * 4 <= inner;
    if is_general && !pays {
        product(&mut out, accumulate, a, b, threads);
    } else {
        by_transpose(&mut out, accumulate, a, b, threads);
    }
}

/// Whether the last sum of [`INNER`] or fewer products would be one that gemm has another kernel for.
fn has_short_end(inner: usize) -> bool {
    (1..3).contains(&(inner % INNER))
}

/// The same by way of `outᵀ = bᵀ aᵀ`, large enough for gemm's general kernel.
fn by_transpose<T: Real>(
    out: &mut MatrixMut<'_, T>,
    accumulate: bool,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    threads: Threads,
) {
    let inner = if has_short_end(a.columns) { a.columns + 2 } else { a.columns };
    let (rows, columns) = (a.rows.next_multiple_of(LANES), b.columns.max(SMALL / LANES + 1));
    let a = a.grown(rows, inner);
    let a = Matrix::new(&a, rows, inner, inner);
    let grown;
    let b = if (inner, columns) == (b.rows, b.columns) {
        b
    } else {
        grown = b.grown(inner, columns);
        Matrix::new(&grown, inner, columns, columns)
    };
    let mut turned = vec![T::ZERO; rows * columns];
    if accumulate {
        for (index, row) in out.data.chunks(out.stride).take(out.rows).enumerate() {
            let there = turned[index..].iter_mut().step_by(rows);
            row[..out.columns].iter().zip(there).for_each(|(x, there)| *there = *x);
        }
    }
    let view = &mut MatrixMut::new(&mut turned, columns, rows, rows);
    product(view, accumulate, b.transposed(), a.transposed(), threads);
    for (index, row) in out.data.chunks_mut(out.stride).take(out.rows).enumerate() {
        let there = turned[index..].iter().step_by(rows);
        row[..out.columns].iter_mut().zip(there).for_each(|(x, there)| *x = *there);
    }
}

/// `out = a b`, or `out += a b`, for sizes that gemm's general kernel takes.
fn product<T: Real>(
    out: &mut MatrixMut<'_, T>,
    accumulate: bool,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    threads: Threads,
) {
    for start in (0..a.columns).step_by(INNER) {
        let inner = start..a.columns.min(start + INNER);
        let (a, b) = (a.columns(inner.clone()), b.rows(inner));
        let accumulate = accumulate || start > 0;
        #[expect(unsafe_code, reason = "gemm has no safe interface")]
        // SAFETY: the shapes agree, as `matmul` has checked and `by_transpose` keeps, and each view has
        // checked that its elements lie in its slice, which holds for parts of it. `out` is borrowed
        // mutably, so it overlaps neither `a` nor `b`, and its rows do not overlap each other. All
        // elements are initialised numbers; `T` is f32 or f64, which gemm multiplies.
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
}
