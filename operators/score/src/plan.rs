//! From many requests to few passes over the model.
//!
//! Everything that is to be computed forms a radix tree: a path from the root is the tokens of one
//! candidate with its context and target, and what two of them have in common is one path. The planner
//! walks this tree depth first and packs its tokens, each exactly once, into passes of at most
//! [`Limits::pass_tokens`] tokens; a node that does not fit goes on in the next pass. Only the tokens
//! right before those of a target ask for logits.
//!
//! Contexts stay in the tree after their plan, with the slots that hold their attention state, until
//! the room is needed: then that leaf goes first whose state is the cheapest to compute again, as
//! [GreedyDual](https://www.usenix.org/conference/usits-97/cost-aware-www-proxy-caching-algorithms)
//! ranks them, which is least recently used weighted by cost per byte. Thoughts and targets give their
//! slots back at the end of the pass that used them last.
//!
//! Tests: property tests run passes on a model that remembers, in each slot, the whole text up to the
//! token it belongs to, and compare with scoring each candidate alone.
//!
//! [`Limits::pass_tokens`]: crate::Limits::pass_tokens

mod arena;
mod pass;
mod planner;
#[cfg(test)]
mod tests;
mod tree;

pub use pass::{Pass, Run, Segment, Target};
pub use planner::{Plan, Planner};
