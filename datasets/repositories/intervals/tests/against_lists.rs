//! Compares both collections with plain lists that are searched from end to end.

use intervals::{Interval, IntervalSet, IntervalTree};

/// Two hundred intervals below 512, mixed by multiplication.
fn intervals() -> impl Iterator<Item = Interval<u64>> {
    (1..=200u64).map(|n| {
        let start = n * 7_919 % 500;
        Interval::new(start, start + 1 + n * 31 % 12).unwrap()
    })
}

#[test]
fn a_set_covers_what_was_inserted_and_not_removed() {
    let mut set = IntervalSet::new();
    let mut covered = vec![false; 600];
    for (n, interval) in intervals().enumerate() {
        let keep = n % 3 != 0;
        if keep {
            set.insert(interval);
        } else {
            set.remove(interval);
        }
        covered[interval.start() as usize..interval.end() as usize].fill(keep);
    }
    for (point, &expected) in covered.iter().enumerate() {
        assert_eq!(set.contains(point as u64), expected, "at {point}");
    }
    let parts: Vec<_> = set.iter().collect();
    assert!(parts.windows(2).all(|pair| pair[0].end() < pair[1].start()));
}

#[test]
fn a_tree_finds_what_a_list_finds() {
    let mut tree = IntervalTree::new();
    for (n, interval) in intervals().enumerate() {
        tree.insert(interval, n);
    }
    assert_eq!(tree.len(), 200);
    for query in intervals().step_by(5) {
        let mut expected: Vec<_> = intervals().filter(|other| other.overlaps(&query)).collect();
        expected.sort();
        let found: Vec<_> = tree.overlapping(query).map(|(interval, _)| interval).collect();
        assert_eq!(found, expected);
        let at = intervals().filter(|other| other.contains(query.start())).count();
        assert_eq!(tree.at(query.start()).count(), at);
    }
}

#[test]
fn intervals_are_read_as_they_are_written() {
    for interval in intervals() {
        assert_eq!(interval.to_string().parse(), Ok(interval));
    }
    let message = "7..3".parse::<Interval<u8>>().unwrap_err().to_string();
    assert_eq!(message, "an interval must end after it starts");
}
