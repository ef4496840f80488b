//! Log-likelihoods of a target under a language model, for many candidate thoughts before it.
//!
//! Responsible for log p(target | context, thought) in nats, token by token: reading models in the form
//! of Hugging Face, computing what requests share only once, and saying why a score cannot be had. Not
//! responsible for which thoughts are compared and which one is kept: that is search.
//!
//! ```text
//! ScoreRequest -> Scorer -> one TargetScore or ScoreError for each candidate
//! ```
//!
//! # Tokens
//!
//! A request holds token ids: the segments of its context, each candidate and the target, each
//! tokenised **for itself** and then joined. So the target has the same tokens whatever stands before
//! it, and the log-likelihoods of two candidates are sums over the same tokens: they can be compared.
//! A text tokenised as a whole could have a token that spans a border, which would move the border with
//! the candidate. The price is that a model sees, at the borders, a token sequence that it may not
//! have chosen itself; all candidates pay it alike.
//!
//! ```no_run
//! use backstory_score::{CpuOptions, LocalModel, Scorer, Tokenizer};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = std::path::Path::new("Qwen2.5-Coder-0.5B");
//! let tokenizer = Tokenizer::open(&folder.join("tokenizer.json"))?;
//! let options = CpuOptions { threads: 2, ..CpuOptions::default() };
//! let scorer = LocalModel::open(folder, &tokenizer, tokenizer.start_token())?.load(options)?;
//! let thoughts = ["", "The parser needs a cursor."];
//! let request = tokenizer.request(&["# src/parse.rs\n"], &thoughts, "struct Cursor;\n")?;
//! for score in scorer.score(request).await {
//!     assert!(score?.nats() > 0.0);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # How it is computed
//!
//! ```text
//! ScoreRequest -> Planner -> Pass -> Executor -> log-probabilities -> TargetScore
//! ```
//!
//! [`LocalScorer`] is an [`Engine`] on a thread of its own: a [`Planner`], which knows requests but no
//! model, and an [`Executor`], which knows a model but no requests. [`Cpu`] is the executor there is;
//! one for another device runs the same [`Pass`]. Whoever scores whole requests elsewhere implements
//! [`Scorer`] itself, as [`HttpScorer`] does for servers. [`KeptScorer`] keeps what any of them has scored, so
//! that nothing is scored twice. [`TextScorer`] puts a tokenizer before a scorer, for those who have texts.
//! [`LocalConfig`] and [`ServerConfig`] are all that together, as a plan file names it.
//!
//! # What holds
//!
//! - A score is never made of less than the whole request: what is too long is refused, not truncated.
//! - What cannot be scored is an error, never zero and never a large number.
//! - How requests are batched does not change a score: on [`Cpu`], a log-probability has the same bits
//!   whether its request is scored alone or with any others, in passes of any size, with state
//!   remembered or computed anew, and with any number of threads. That is on one machine and one build: a
//!   processor with other vector instructions may round differently, and so may another [`Executor`]. A
//!   server behind [`HttpScorer`] promises nothing of the kind.

mod config;
mod engine;
mod exec;
mod http;
mod judge;
mod kept;
mod lazy;
mod local;
mod model;
mod plan;
mod request;
mod scorer;
mod tokenizer;

pub use config::{LocalConfig, ServerConfig, connect};
pub use engine::Engine;
pub use exec::{Cpu, CpuOptions, ExecuteError, Executor, Limits, Real};
pub use http::{ConnectError, HttpConfig, HttpScorer, ServerKind};
pub use judge::TextScorer;
pub use kept::{KeptScorer, owner};
pub use local::{LocalModel, LocalScorer};
pub use model::{Checkpoint, Config, LoadError, Rope};
pub use plan::{Pass, Plan, Planner, Run, Segment, Target};
pub use request::{ScoreRequest, TargetScore, Tokens};
pub use scorer::{Identity, Record, ScoreError, Scorer};
pub use tokenizer::Tokenizer;
