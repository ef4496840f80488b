use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Somebody else's code panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// Runs a decoder that is not ours on bytes that are not either: where it panics, the input is at fault and
/// not the process. What it wrote to by then must not be used any more.
pub fn contain<T>(decode: impl FnOnce() -> T) -> Result<T, Panicked> {
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(decode));
    CONTAINED.set(before);
    result.map_err(|_| Panicked)
}

/// Whether a panic on this thread would be [contained](contain). Whoever ends the process on panics asks
/// this first.
pub fn is_contained() -> bool {
    CONTAINED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_contained_where_that_was_asked_for() {
        assert_eq!(contain(is_contained), Ok(true));
        assert!(!is_contained());
        assert_eq!(contain(|| [0; 1][std::hint::black_box(1)]), Err(Panicked));
        assert_eq!(contain(|| (contain(is_contained), is_contained())), Ok((Ok(true), true)));
        assert!(!is_contained());
    }
}
