//! Of the 2015 edition: paths in `use` begin at the root.

extern crate kernel as base;

pub mod names;
mod user;
