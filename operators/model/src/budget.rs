//! What was spent, and what may be.

use backstory_core::Spent;

use crate::Budget;

/// What a budget has left. No request is sent without [`Purse::reserve`].
#[derive(Debug)]
pub(crate) struct Purse {
    model: String,
    budget: Budget,
    spent: Spent,
    /// Requests that are being worked on.
    reserved: u64,
}

impl Purse {
    pub fn new(model: String, budget: Budget) -> Self {
        Self { model, budget, spent: Spent::default(), reserved: 0 }
    }

    /// Takes into account what was spent elsewhere.
    pub fn charge(&mut self, spent: &Spent) {
        self.spent.add(spent);
    }

    /// Why nothing more is asked, if so.
    pub fn exhausted(&self) -> Option<String> {
        let Budget { requests, tokens, money } = self.budget;
        let what = if let Some(limit) = requests.filter(|limit| self.spent.requests >= *limit) {
            format!("{} requests", grouped(limit))
        } else if let Some(limit) = tokens.filter(|limit| self.spent.tokens >= *limit) {
            format!("{} tokens", grouped(limit))
        } else {
            format!("{:.2} in money", money.filter(|limit| self.spent.money >= *limit)?)
        };
        let model = &self.model;
        Some(format!(
            "the budget of {what} of model {model} is spent; raise it and run again to go on"
        ))
    }

    /// Sets a request aside. Not when all that is left is set aside already, nor when nothing is left.
    pub fn reserve(&mut self) -> bool {
        let requests = self.budget.requests.unwrap_or(u64::MAX);
        let free = self.spent.requests.saturating_add(self.reserved) < requests
            && self.exhausted().is_none();
        self.reserved += u64::from(free);
        free
    }

    /// A request that was set aside was sent, and cost that.
    pub fn pay(&mut self, tokens: u64, money: f64) {
        self.release();
        self.spent.requests += 1;
        self.spent.tokens += tokens;
        self.spent.money += money;
    }

    /// A request that was set aside was not sent, or not accepted.
    pub fn release(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(budget: Budget) -> Purse {
        let mut purse = Purse::new("m".into(), budget);
        purse.charge(&Spent { requests: 998, tokens: 90, money: 0.5 });
        purse
    }

    #[test]
    fn requests_are_never_exceeded() {
        let mut purse = purse(Budget { requests: Some(1000), ..Budget::default() });
        assert!(purse.reserve() && purse.reserve() && !purse.reserve());
        assert_eq!(purse.exhausted(), None, "one may yet be refused");
        purse.release();
        assert!(purse.reserve());
        purse.pay(1, 0.0);
        purse.pay(1, 0.0);
        assert!(!purse.reserve());
        let told =
            "the budget of 1,000 requests of model m is spent; raise it and run again to go on";
        assert_eq!(purse.exhausted().as_deref(), Some(told));
    }

    #[test]
    fn tokens_and_money_stop_once_reached() {
        let budgets = [
            (Budget { tokens: Some(100), ..Budget::default() }, "of 100 tokens of"),
            (Budget { money: Some(1.0), ..Budget::default() }, "of 1.00 in money of"),
        ];
        for (budget, told) in budgets {
            let mut purse = purse(budget);
            assert!(purse.reserve() && purse.reserve());
            purse.pay(10, 0.5);
            assert!(!purse.reserve());
            assert!(purse.exhausted().is_some_and(|message| message.contains(told)));
        }
        let mut endless = purse(Budget::default());
        (0..2000).for_each(|_| assert!(endless.reserve()));
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
