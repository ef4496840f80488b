//! Asks language models over HTTP: pools of servers, pace, retries, budgets, answers kept.
//!
//! Responsible for getting one answer per question, once: which server is asked and when, what is done
//! when it refuses, breaks off or answers nonsense, what may be spent, and that an answer is on disk before
//! anybody uses it. Not responsible for what is asked and for what answers mean: that is the author's.
//!
//! ```text
//! Question -> key -> kept answer?  -> yes: Reply and the record of its only payment
//!                                  -> no:  wait for a slot (pool, pace, budget) -> send -> keep -> Reply
//! ```
//!
//! Servers speak the chat completions protocol of OpenAI, as vLLM, SGLang, llama.cpp and hosted services do.

mod answers;
mod attempt;
mod body;
mod budget;
mod check;
mod client;
mod config;
mod desk;
mod endpoint;
mod flight;
mod pace;
mod pool;
mod question;
mod queue;
mod reply;
mod retry_after;
mod server;
mod status;
mod wire;

pub use budget::Spent;
pub use client::{AskError, Asked, Client};
pub use config::{Budget, Endpoint, ModelConfig, OnTruncated, Price, Structured, Tries};
pub use question::{Message, Question};
pub use reply::Reply;
