use std::fmt;
use std::str::FromStr;

use crate::interval::{EmptyInterval, Interval};

/// A text that is no interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseIntervalError<E> {
    /// There is no `..` in it.
    NoDots,
    /// One of the bounds cannot be read.
    Bound(E),
    /// It would be empty.
    Empty(EmptyInterval),
}

/// Reads the form that [`Interval`] is displayed in, `start..end`.
impl<T: FromStr + Ord + Copy> FromStr for Interval<T> {
    type Err = ParseIntervalError<T::Err>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (start, end) = text.split_once("..").ok_or(ParseIntervalError::NoDots)?;
        let bound = |text: &str| text.trim().parse().map_err(ParseIntervalError::Bound);
        Self::new(bound(start)?, bound(end)?).map_err(ParseIntervalError::Empty)
    }
}

impl<E: fmt::Display> fmt::Display for ParseIntervalError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDots => f.write_str("expected two bounds with .. between them"),
            Self::Bound(error) => write!(f, "cannot read a bound: {error}"),
            Self::Empty(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for ParseIntervalError<E> {}
