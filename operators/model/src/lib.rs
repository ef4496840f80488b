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
//! Servers speak the chat completions protocol, as vLLM, llama.cpp and hosted services do.
//!
//! # What holds
//!
//! - An answer is kept before [`Client::ask`] returns it, so that killing the process loses none that was
//!   used; kept in a folder, it outlives a power cut as well.
//! - One key is asked once, by however many, over however many runs.
//! - No more requests are accepted by servers than the budget says.
//! - A dead, full or broken server costs time, never the run; when none is left, what waits is given up as
//!   [`AskError::Unavailable`] after a patience, for a later run.
//! - Keys and passwords are sent to servers and shown nowhere.

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

pub use answers::owner;
pub use backstory_keep::{LocationError, Place};
pub use client::{AskError, Asked, Client};
pub use config::{Budget, Endpoint, ModelConfig, OnTruncated, Price, Structured, Tries};
pub use question::{Message, Question};
pub use reply::Reply;
