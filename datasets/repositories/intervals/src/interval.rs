use std::fmt;

/// The points from `start` up to, but not including, `end`. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval<T> {
    start: T,
    end: T,
}

/// An interval without a point in it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyInterval;

impl<T: Ord + Copy> Interval<T> {
    /// The interval `start..end`.
    pub fn new(start: T, end: T) -> Result<Self, EmptyInterval> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(EmptyInterval)
        }
    }

    /// The first point.
    pub fn start(&self) -> T {
        self.start
    }

    /// The first point after it.
    pub fn end(&self) -> T {
        self.end
    }

    /// Whether `point` lies in it.
    pub fn contains(&self, point: T) -> bool {
        self.start <= point && point < self.end
    }

    /// Whether the two share a point.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether the two share a point or lie side by side.
    pub fn touches(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// The points that both have.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end)).ok()
    }

    /// The smallest interval that holds both.
    pub fn hull(&self, other: &Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl<T: fmt::Display> fmt::Display for Interval<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

impl fmt::Display for EmptyInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an interval must end after it starts")
    }
}

impl std::error::Error for EmptyInterval {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_touch_but_do_not_overlap() {
        let left = Interval::new(1, 3).unwrap();
        let right = Interval::new(3, 5).unwrap();
        assert!(left.touches(&right) && !left.overlaps(&right));
        assert_eq!(left.intersection(&right), None);
        assert_eq!(left.hull(&right), Interval::new(1, 5).unwrap());
    }

    #[test]
    fn empty_intervals_are_refused() {
        assert_eq!(Interval::new(2, 2), Err(EmptyInterval));
    }
}
