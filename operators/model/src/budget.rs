//! What was spent, and what may be.

use backstory_core::Request;

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Requests that a server accepted, answered or not.
    pub requests: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Money, in the unit of the plan's prices.
    pub money: f64,
}

impl Spent {
    /// Adds a record of the ledger. Records of one key are one payment: the caller adds each key once.
    pub fn add(&mut self, request: &Request) {
        self.requests += u64::from(request.tries);
        self.tokens += request.prompt_tokens + request.completion_tokens;
        self.money += request.cost.unwrap_or(0.0);
    }
}
