use crate::interval::Interval;
use crate::priority::Priorities;

/// Intervals with a value each, found by what they overlap. A treap ordered by interval, in which every
/// node knows the largest end below it.
#[derive(Clone, Debug)]
pub struct IntervalTree<T, V> {
    root: Link<T, V>,
    priorities: Priorities,
    len: usize,
}

type Link<T, V> = Option<Box<Node<T, V>>>;

#[derive(Clone, Debug)]
struct Node<T, V> {
    interval: Interval<T>,
    value: V,
    priority: u64,
    max_end: T,
    left: Link<T, V>,
    right: Link<T, V>,
}

impl<T: Ord + Copy, V> Default for IntervalTree<T, V> {
    fn default() -> Self {
        Self { root: None, priorities: Priorities::default(), len: 0 }
    }
}

impl<T: Ord + Copy, V> IntervalTree<T, V> {
    /// A tree without an interval.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of intervals.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no interval.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an interval. Equal intervals may be there several times.
    pub fn insert(&mut self, interval: Interval<T>, value: V) {
        let priority = self.priorities.next().unwrap_or_default();
        let max_end = interval.end();
        let node = Node { interval, value, priority, max_end, left: None, right: None };
        self.root = insert(self.root.take(), Box::new(node));
        self.len += 1;
    }

    /// The intervals that overlap `query`, in order of their starts.
    pub fn overlapping(&self, query: Interval<T>) -> impl Iterator<Item = (Interval<T>, &V)> {
        let mut found = Vec::new();
        search(&self.root, &|node| node.overlaps(&query), query.start(), query.end(), &mut found);
        found.into_iter()
    }

    /// The intervals that contain `point`, in order of their starts.
    pub fn at(&self, point: T) -> impl Iterator<Item = (Interval<T>, &V)> {
        let mut found = Vec::new();
        search(&self.root, &|node| node.contains(point), point, point, &mut found);
        found.into_iter()
    }
}

fn insert<T: Ord + Copy, V>(tree: Link<T, V>, new: Box<Node<T, V>>) -> Link<T, V> {
    let Some(mut node) = tree else { return Some(new) };
    if new.interval < node.interval {
        node.left = insert(node.left.take(), new);
        Some(lift_left(node))
    } else {
        node.right = insert(node.right.take(), new);
        Some(lift_right(node))
    }
}

/// Rotates the left child up if it comes before its parent by priority.
fn lift_left<T: Ord + Copy, V>(mut node: Box<Node<T, V>>) -> Box<Node<T, V>> {
    match node.left.take() {
        Some(mut child) if child.priority > node.priority => {
            node.left = child.right.take();
            child.right = Some(measured(node));
            measured(child)
        }
        left => {
            node.left = left;
            measured(node)
        }
    }
}

/// Rotates the right child up if it comes before its parent by priority.
fn lift_right<T: Ord + Copy, V>(mut node: Box<Node<T, V>>) -> Box<Node<T, V>> {
    match node.right.take() {
        Some(mut child) if child.priority > node.priority => {
            node.right = child.left.take();
            child.left = Some(measured(node));
            measured(child)
        }
        right => {
            node.right = right;
            measured(node)
        }
    }
}

fn measured<T: Ord + Copy, V>(mut node: Box<Node<T, V>>) -> Box<Node<T, V>> {
    let below = [&node.left, &node.right].into_iter().flatten().map(|child| child.max_end);
    node.max_end = below.fold(node.interval.end(), T::max);
    node
}

fn search<'a, T: Ord + Copy, V>(
    tree: &'a Link<T, V>,
    matches: &dyn Fn(&Interval<T>) -> bool,
    first: T,
    last: T,
    found: &mut Vec<(Interval<T>, &'a V)>,
) {
    let Some(node) = tree else { return };
    if node.max_end <= first {
        return;
    }
    search(&node.left, matches, first, last, found);
    if matches(&node.interval) {
        found.push((node.interval, &node.value));
    }
    if node.interval.start() <= last {
        search(&node.right, matches, first, last, found);
    }
}
