use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Sub};

/// What a model is computed in: f32, or f64 for the tests' oracle.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Add<Output = Self>
    + AddAssign
    + Div<Output = Self>
    + Into<f64>
    + Mul<Output = Self>
    + MulAssign
    + Send
    + Sub<Output = Self>
    + Sum
    + Sync
    + 'static
{
    /// As it is called: "f32".
    const NAME: &str;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Below all that occur.
    const LOWEST: Self;

    /// The nearest one to a number.
    fn of(number: f64) -> Self;

    /// The greater of two, neither of which is NaN.
    #[must_use]
    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    /// e to this power, within two units in the last place.
    #[must_use]
    fn exp(self) -> Self;
}

impl Real for f64 {
    const NAME: &str = "f64";
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LOWEST: Self = Self::MIN;

    #[inline(always)]
    fn of(number: f64) -> Self {
        number
    }

    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
    }
}

impl Real for f32 {
    const NAME: &str = "f32";
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LOWEST: Self = Self::MIN;

    #[inline(always)]
    fn of(number: f64) -> Self {
        number as f32
    }

    /// Without branches and calls, so that a loop over it becomes vector instructions, which the
    /// library's is not: that alone would take a third of the time of attention.
    ///
    /// `exp(x) = 2^n exp(r)`, where `n` is the integer next to `x / ln 2`, so that `|r| <= ln 2 / 2`,
    /// and `exp(r)` is its Taylor polynomial of degree 7. `ln 2` is taken off in two parts, the first
    /// short enough for exact products (Cody and Waite 1980).
    #[inline(always)]
    fn exp(self) -> Self {
        const LN_2_HIGH: f32 = 0.693_359_4;
        const LN_2_LOW: f32 = -2.121_944_4e-4;
        // Adding it makes the fraction bits of a small number round off.
        const ROUND: f32 = 12_582_912.0;
        let x = self.clamp(-87.0, 88.0);
        let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
        let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
        let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
        let power = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * tail)));
        let scaled = f32::from_bits(power.to_bits().wrapping_add(((n as i32) << 23) as u32));
        if self < -87.0 { 0.0 } else { scaled }
    }
}
