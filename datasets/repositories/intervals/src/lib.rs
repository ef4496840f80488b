//! Half-open intervals: a set that merges what touches, a tree that finds what overlaps.

mod interval;
mod parse;
mod priority;
mod set;
mod tree;

pub use interval::{EmptyInterval, Interval};
pub use parse::ParseIntervalError;
pub use set::IntervalSet;
pub use tree::IntervalTree;
