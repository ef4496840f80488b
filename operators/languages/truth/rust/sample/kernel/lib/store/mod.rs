#[path = "odd/names.rs"]
pub mod keys;
mod inline {
    pub mod deep;
}
pub use inline::deep::Deep as Depth;

#[derive(Default)]
pub struct Store;

include!("tables.rs");
