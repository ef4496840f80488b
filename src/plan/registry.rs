//! Every kind that a plan can name: one line each.
//!
//! Parsing, checks, hints, the JSON schema and the list for the manual read these lines, in this order.
//! A new kind is a struct in a folder of its own, and its line.

use super::kind::Registry;

/// The kinds of this engine.
pub const REGISTRY: Registry = Registry {
    sources: &[],
    authors: &[],
    operators: &[],
    classify: |_| backstory_core::FileClass::Other,
};
