/// A sequence of well mixed numbers (xorshift), always the same one: trees are equal from run to run.
#[derive(Clone, Debug)]
pub struct Priorities {
    state: u64,
}

impl Default for Priorities {
    fn default() -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15 }
    }
}

impl Iterator for Priorities {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        Some(self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::Priorities;

    #[test]
    fn numbers_do_not_repeat_soon() {
        let mut numbers: Vec<u64> = Priorities::default().take(1_000).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 1_000);
    }
}
