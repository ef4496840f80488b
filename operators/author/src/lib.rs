//! Authors: who writes requirements, plans and thoughts.
//!
//! Responsible for the implementations of [`backstory_core::Author`] and for their configuration, one
//! file each. Not responsible for order, for what is read, or for contents: those are given.

mod facts;
mod openai;
mod outline;
mod plan;
mod prose;
mod readme;
mod requirements;
mod thoughts;

pub use openai::OpenAiConfig;
pub use outline::Outline;
