//! The probe: whether a server's log-probabilities are those of the tokens it was sent.
//!
//! A server that cannot score often answers all the same: with entries of generated tokens only, of the
//! wrong tokens, or of another request. So before the first score, one text of known tokens is scored
//! whole, again after another text and after its beginning was made known, and from a later token on;
//! then texts that go on differently from some token on. Wherever the text before is the same, so are the scores; where the
//! first token differs, the score does.
//!
//! The tokens are arbitrary, and single bytes in the usual vocabularies. That some are likely is chance.

use super::defect::{Defect, Difference};
use super::dialect::{Dialect, Text};
use super::line::{Failure, Line};
use super::wire::Call;

/// Tokens of the text: several blocks of a prefix cache.
const LENGTH: usize = 64;
/// Where texts go on differently, and how many tokens before it are looked at.
const BRANCHES: [usize; 3] = [16, 32, 48];
const BEFORE: usize = 8;
/// The number of a text that has nothing in common with the others but its first token.
const STRANGER: u32 = 4;
/// Ids used: in byte-level vocabularies, printable characters.
const FIRST_ID: u32 = 33;
const IDS: u32 = 61;
/// A score closer to 0 is a certainty, in nats.
const CERTAIN: f64 = 1e-6;

/// What is to be probed.
pub(super) struct Probe<'a> {
    pub line: &'a Line<'a>,
    pub dialect: Dialect,
    pub model: &'a str,
    pub start_token: Option<u32>,
    pub tolerance: f64,
}

impl Probe<'_> {
    /// The scores of the text, once the server is found to be right.
    pub async fn run(&self) -> Result<Vec<f64>, Failure> {
        let text = text(self.start_token);
        let first = self.score(&text, 1).await?;
        uncertain(&first)?;
        // What a server fills in from another request is to be seen.
        self.score(&other(&text, 1, STRANGER), 1).await?;
        self.warm(&text[..LENGTH / 2]).await;
        let second = self.score(&text, 1).await?;
        self.same(&first, &second, Defect::Unstable)?;
        let later = self.score(&text, LENGTH / 2).await?;
        let expected = &first[LENGTH / 2 - 1..];
        self.same(expected, &later, Defect::Shifted)?;
        self.branch(&text, &first).await?;
        Ok(first)
    }

    /// Texts that go on differently have the same scores before, and other scores where they part.
    async fn branch(&self, text: &[u32], first: &[f64]) -> Result<(), Failure> {
        let (mut expected, mut found, mut parted) = (vec![], vec![], false);
        for (number, branch) in BRANCHES.into_iter().enumerate() {
            let other = other(text, branch, number as u32 + 1);
            let from = branch - BEFORE;
            let scores = self.score(&other, from).await?;
            let (before, after) = first[from - 1..].split_at(BEFORE);
            expected.extend_from_slice(before);
            found.extend_from_slice(&scores[..BEFORE]);
            parted |= (after[0] - scores[BEFORE]).abs() > self.tolerance;
        }
        self.same(&expected, &found, Defect::Early)?;
        // Any two tokens may be equally likely, but not three times over.
        if parted { Ok(()) } else { Err(Failure::Wrong(Defect::Late)) }
    }

    fn same(
        &self,
        a: &[f64],
        b: &[f64],
        defect: impl Fn(Difference) -> Defect,
    ) -> Result<(), Failure> {
        let difference = Difference::of(a, b);
        if difference.within(self.tolerance) {
            return Ok(());
        }
        Err(Failure::Wrong(defect(difference)))
    }

    async fn score(&self, tokens: &[u32], from: usize) -> Result<Vec<f64>, Failure> {
        self.line.score((self.dialect, self.model), Text { tokens, from }).await
    }

    /// If it fails, what comes after it tells.
    async fn warm(&self, tokens: &[u32]) {
        if let Some(posted) = self.dialect.warm(tokens) {
            let limit = Dialect::longest(Text { tokens, from: 1 });
            let call = Call { path: posted.path, body: Some(&posted.body), limit };
            let _ = self.line.wire.send(self.line.host, call).await;
        }
    }
}

/// That not too many tokens are certain.
fn uncertain(scores: &[f64]) -> Result<(), Failure> {
    let count = scores.iter().filter(|score| **score > -CERTAIN).count();
    let wrong = Defect::Certain { count, of: scores.len() };
    if count * 4 > scores.len() { Err(Failure::Wrong(wrong)) } else { Ok(()) }
}

fn text(start_token: Option<u32>) -> Vec<u32> {
    let arbitrary = |place: u32| FIRST_ID + (place * 37 + place * place * 11) % IDS;
    let mut text: Vec<_> = (0..LENGTH as u32).map(arbitrary).collect();
    if let Some(token) = start_token {
        text[0] = token;
    }
    text
}

/// `text` with other tokens from `branch` on; others yet for another `number`, which is not 0.
fn other(text: &[u32], branch: usize, number: u32) -> Vec<u32> {
    let change = |token: u32| FIRST_ID + (token - FIRST_ID + number * 17) % IDS;
    let (before, after) = text.split_at(branch);
    before.iter().copied().chain(after.iter().map(|&token| change(token))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_part_where_they_should_and_nowhere_else() {
        let text = text(Some(1_000_000));
        assert_eq!(text[0], 1_000_000);
        assert!(text[1..].iter().all(|token| (FIRST_ID..FIRST_ID + IDS).contains(token)));
        for branch in BRANCHES {
            for number in 1..=STRANGER {
                let other = other(&text, branch, number);
                assert_eq!(other[..branch], text[..branch]);
                assert!(other[branch..].iter().zip(&text[branch..]).all(|(a, b)| a != b));
            }
        }
    }
}
