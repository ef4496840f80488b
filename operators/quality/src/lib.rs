//! Measures how good a thought is, by its text alone.
//!
//! Responsible for numbers that tell whether a thought copies the file it is about, knows what nobody
//! told it, talks as if it saw the answer, or runs in circles; for the gates that refuse thoughts by
//! these numbers; and for checks that a story is told in order and to the byte. Not responsible for what a
//! scoring model says of a thought, nor for what becomes of one that a gate refuses.
//!
//! Everything here is a pure function of its arguments. The work per file is [`Target::new`] and
//! [`Shown::add`], linear in the text; [`measure`] is linear in the thought.
//!
//! Tests: unit tests fix what each measure takes for what; property tests compare the measures with naive
//! references, which catches mistakes of the data structures.

mod automaton;
mod gate;
mod names;
mod shown;
mod story;
mod summary;
mod talk;
mod target;
#[cfg(test)]
mod tests;
mod tokens;

use serde::{Deserialize, Serialize};

pub use gate::{Gate, Measure, Then, validate};
pub use shown::Shown;
pub use story::{bytes_equal, order_ok};
pub use summary::Summary;
pub use talk::PHRASES;
pub use target::Target;

/// Most names that [`Quality::ungrounded`] lists.
pub const MOST_UNGROUNDED: usize = 64;

/// What is known of a thought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Tokens of the thought, as a lexer would see them: identifiers, numbers, single signs. White space
    /// and quotes are none; a sign that stands four times or more in a row is one token, so that rules
    /// drawn with it count little.
    pub tokens: u32,
    /// Share of the thought's 8-grams of tokens that occur in the target file: found / (`tokens` - 7), from
    /// 0 to 1; 0 below 8 tokens.
    pub copy_8: f32,
    /// Share of the thought's 13-grams of tokens that occur in the target file: found / (`tokens` - 12),
    /// from 0 to 1; 0 below 13 tokens.
    pub copy_13: f32,
    /// Tokens of the longest run of the thought that occurs in the target file. A word or two are no
    /// quotation.
    pub longest_copy: u32,
    /// Names of the thought that occur in the target file and in nothing shown before: sorted, distinct, at
    /// most [`MOST_UNGROUNDED`]. A name is what looks like code and not like a word: with an underscore, a
    /// digit or a capital inside, four capitals or more, called (`name(`), qualified (`a.b`, `a::b`), or
    /// anything in backticks; or a path (`a/b.rs`). A path occurs in a text that has every two neighbouring
    /// words of it joined in the same way. Single letters, numbers, key words and built-in types of
    /// usual languages, and names of the trade such as `JSON` are none.
    pub ungrounded: Vec<String>,
    /// How many such names there are, listed or not.
    pub n_ungrounded: u32,
    /// Phrases of the thought that betray sight of the answer, in lower case: sorted, distinct. See
    /// [`PHRASES`].
    pub hindsight_talk: Vec<String>,
    /// How often such phrases stand in the thought; those that overlap count once.
    pub n_hindsight_talk: u32,
    /// Share of the thought's 4-grams of words that stood in it before: repeated / (`words` - 3), from 0 to
    /// 1; 0 below 4 words. Near 1 where a model ran in circles.
    pub repetition: f32,
    /// Words of the thought: what stands between white space.
    pub words: u32,
    /// Characters of the thought: Unicode scalar values.
    pub chars: u32,
}

/// Measures a thought about the file `target`, written by somebody who was shown `shown`.
///
/// Takes time linear in the thought, whatever the size of the target: 4 KB take a quarter of a millisecond.
pub fn measure(thought: &str, target: &Target<'_>, shown: &Shown<'_>) -> Quality {
    let copies = target.copies(thought);
    let ungrounded = shown::ungrounded(thought, target.words(), shown);
    let talk = talk::hindsight(thought);
    Quality {
        tokens: copies.tokens(),
        copy_8: copies.share(8),
        copy_13: copies.share(13),
        longest_copy: copies.longest(),
        n_ungrounded: ungrounded.len() as u32,
        ungrounded: ungrounded.into_iter().take(MOST_UNGROUNDED).map(str::to_owned).collect(),
        n_hindsight_talk: talk.count,
        hindsight_talk: talk.phrases.into_iter().collect(),
        repetition: talk::repetition(thought),
        words: thought.split_whitespace().count() as u32,
        chars: thought.chars().count() as u32,
    }
}

/// `part` of `whole`; 0 of nothing.
fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64) as f32 }
}
