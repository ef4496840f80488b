//! The library has a name and a place of its own.

#[macro_use]
mod macros;
mod cells;
pub mod shapes;
pub mod store;
mod secret;

pub mod prelude {
    pub use crate::shapes::{Circle, Shape};
    pub use crate::store::*;
}

pub use cells::Cell;
pub use secret::secret;
pub use store::keys as ids;

pub struct Root;

#[cfg(windows)]
mod windows;

gate! {
    pub mod gated;
    pub use gated::Gated;
}
