//! Estimates of totals from samples, each with the half-width of its 90 % interval.

use serde::Serialize;

/// A number that is not known for sure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Range {
    /// The most likely value.
    pub value: f64,
    /// In nine cases of ten the truth lies no farther away.
    pub error: f64,
}

impl Range {
    /// The total over a population of which `values` are a random sample without repetition; certain if they
    /// are all of it. Cochran, Sampling Techniques, 3rd edition, equations 2.5 and 2.20.
    pub fn total(values: &[f64], population: usize) -> Self {
        let (n, all) = (values.len() as f64, population as f64);
        if values.is_empty() {
            return Self::default();
        }
        let value = all * values.iter().sum::<f64>() / n;
        let spread = unseen(values.len(), population) * variance(values) / n;
        let error = all * spread.sqrt() * student(values.len());
        Self { value, error }
    }

    /// How much of `y` there is per `x` in a population, from pairs of a random sample of it. Cochran,
    /// equations 6.1 and 6.12.
    pub fn ratio(pairs: &[(f64, f64)], population: usize) -> Self {
        let (x, y) = pairs.iter().fold((0.0, 0.0), |(x, y), pair| (x + pair.0, y + pair.1));
        if x <= 0.0 {
            return Self::default();
        }
        let (value, n) = (y / x, pairs.len() as f64);
        let residuals = pairs.iter().map(|(x, y)| y - value * x).collect::<Vec<_>>();
        let spread = unseen(pairs.len(), population) * variance(&residuals) / n;
        let error = spread.sqrt() / (x / n) * student(pairs.len());
        Self { value, error }
    }

    /// The product with an independent one: relative errors add as squares do.
    pub fn times(self, other: Self) -> Self {
        let error = (self.error * other.value).hypot(other.error * self.value);
        Self { value: self.value * other.value, error }
    }

    /// A multiple.
    pub fn scaled(self, factor: f64) -> Self {
        Self { value: self.value * factor, error: self.error * factor }
    }
}

/// The share of a population that a sample leaves open.
fn unseen(sample: usize, population: usize) -> f64 {
    (1.0 - sample as f64 / population as f64).max(0.0)
}

/// The variance of a sample, as an estimate of that of its population: any number for a sample of one.
fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if values.len() < 2 {
        return f64::MAX;
    }
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

/// The 95th percentile of Student's distribution for a sample of `n`: Abramowitz and Stegun, 26.7.5, off by
/// less than 6 % from three on.
fn student(n: usize) -> f64 {
    const Z: f64 = 1.644_853_6;
    let freedom = n.saturating_sub(1).max(1) as f64;
    let first = (Z.powi(3) + Z) / 4.0;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    Z + first / freedom + second / freedom.powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_whole_is_certain() {
        let total = Range::total(&[1.0, 2.0, 6.0], 3);
        assert_eq!(total, Range { value: 9.0, error: 0.0 });
        let pairs = [(1.0, 2.0), (5.0, 10.5), (2.0, 3.5)];
        assert_eq!(Range::ratio(&pairs, 3), Range { value: 2.0, error: 0.0 });
        assert!(Range::ratio(&pairs, 4).error > 0.0);
        assert_eq!(Range::ratio(&[(1.0, 2.0), (2.0, 4.0)], 100), Range { value: 2.0, error: 0.0 });
    }

    #[test]
    fn one_of_many_says_nothing_of_the_rest() {
        assert!(Range::total(&[4.0], 10).error > 1e100);
        assert_eq!(Range::total(&[4.0], 1), Range { value: 4.0, error: 0.0 });
    }

    #[test]
    fn percentiles_are_those_of_the_tables() {
        for (n, table) in [(3, 2.920), (4, 2.353), (6, 2.015), (11, 1.812), (31, 1.697)] {
            assert!((student(n) / table - 1.0).abs() < 0.06, "{n}");
        }
    }

    /// Nine of ten intervals hold the truth: samples of ten out of a skewed population of a thousand.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let population = (0..1000_u64).map(|i| (i * i % 97) as f64 + 10.0).collect::<Vec<_>>();
        let truth = population.iter().sum::<f64>();
        let mut state = 7_u64;
        let mut roll = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % 1000
        };
        let mut held = 0;
        for _ in 0..1000 {
            let mut chosen = std::collections::BTreeSet::new();
            while chosen.len() < 10 {
                chosen.insert(roll());
            }
            let values = chosen.iter().map(|&at| population[at]).collect::<Vec<_>>();
            let range = Range::total(&values, 1000);
            held += u32::from((range.value - truth).abs() <= range.error);
        }
        assert!((850..=950).contains(&held), "{held} of 1000");
    }
}
