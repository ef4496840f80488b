/// Passes its items on.
macro_rules! gate {
    ($($item:item)*) => { $(#[cfg(not(windows))] $item)* };
}

/// Known at the root of the crate.
#[macro_export]
macro_rules! answer {
    () => { 42 };
}
