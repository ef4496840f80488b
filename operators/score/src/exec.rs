//! Running passes.

mod cpu;

pub use cpu::{Cpu, CpuOptions, Real};

use crate::Pass;

/// Runs passes through a model, and keeps the keys and values of attention in numbered slots.
///
/// One thread owns it. It does not know requests: the planner does.
pub trait Executor: Send {
    /// What passes must keep to.
    fn limits(&self) -> &Limits;

    /// Who computes, and in what precision: "cpu-f32".
    fn name(&self) -> String;

    /// Runs one pass: the natural logarithm of the probability of each of [`Pass::targets`], in order.
    /// What its tokens leave in their slots stays until another pass writes there.
    fn run(&mut self, pass: &Pass) -> Result<Vec<f64>, ExecuteError>;
}

/// What passes must keep to.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Tokens of the longest text the model takes.
    pub positions: usize,
    /// Token ids the model knows: those below this number.
    pub vocabulary: usize,
    /// Tokens whose attention state can be remembered.
    pub slots: usize,
    /// Tokens of a pass.
    pub pass_tokens: usize,
    /// What attending to one earlier token costs, relative to a token's linear layers. Says which
    /// state is worth keeping.
    pub attention_cost: f64,
}

/// Why a pass was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExecuteError(pub String);
