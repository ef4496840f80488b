use crate::interval::Interval;

/// A set of points, kept as the fewest intervals that cover them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntervalSet<T> {
    /// Sorted; no two touch.
    parts: Vec<Interval<T>>,
}

impl<T> Default for IntervalSet<T> {
    fn default() -> Self {
        Self { parts: Vec::new() }
    }
}

impl<T: Ord + Copy> IntervalSet<T> {
    /// A set without a point.
    pub fn new() -> Self {
        Self::default()
    }

    /// The intervals, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Interval<T>> {
        self.parts.iter()
    }

    /// Whether `point` is covered.
    pub fn contains(&self, point: T) -> bool {
        let after = self.parts.partition_point(|part| part.end() <= point);
        self.parts.get(after).is_some_and(|part| part.contains(point))
    }

    /// Adds all points of `interval`.
    pub fn insert(&mut self, interval: Interval<T>) {
        let first = self.parts.partition_point(|part| part.end() < interval.start());
        let last = self.parts.partition_point(|part| part.start() <= interval.end());
        let merged = self.parts[first..last].iter().fold(interval, |hull, part| hull.hull(part));
        self.parts.splice(first..last, [merged]);
    }

    /// Takes away all points of `interval`.
    pub fn remove(&mut self, interval: Interval<T>) {
        let first = self.parts.partition_point(|part| part.end() <= interval.start());
        let last = self.parts.partition_point(|part| part.start() < interval.end());
        let rest: Vec<_> = self.parts[first..last]
            .iter()
            .flat_map(|part| {
                let before = Interval::new(part.start(), part.end().min(interval.start()));
                let after = Interval::new(part.start().max(interval.end()), part.end());
                [before.ok(), after.ok()]
            })
            .flatten()
            .collect();
        self.parts.splice(first..last, rest);
    }

    /// The points of `within` that are not in the set.
    pub fn gaps(&self, within: Interval<T>) -> Self {
        let mut gaps = Self { parts: vec![within] };
        for part in &self.parts {
            gaps.remove(*part);
        }
        gaps
    }
}

impl<T: Ord + Copy> FromIterator<Interval<T>> for IntervalSet<T> {
    fn from_iter<I: IntoIterator<Item = Interval<T>>>(intervals: I) -> Self {
        let mut set = Self::new();
        for interval in intervals {
            set.insert(interval);
        }
        set
    }
}
