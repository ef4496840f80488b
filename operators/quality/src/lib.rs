//! Measures how good a thought is, by its text alone.
//!
//! Responsible for numbers that tell whether a thought copies the file it is about, knows what nobody
//! told it, talks as if it saw the answer, or runs in circles; for the gates that refuse thoughts by
//! these numbers; and for checks that a story is told in order and to the byte. Not responsible for what a
//! scoring model says of a thought, nor for what becomes of one that a gate refuses.
//!
//! Everything here is a pure function of its arguments. What is built is built of the thought, which is small;
//! the file that it is about and what was shown before it are large, and are only read through. [`measure`]
//! takes time linear in all of them, and memory in proportion to the thought.
//!
//! Tests: unit tests fix what each measure takes for what; property tests compare the measures with naive
//! references, which catches mistakes of the data structures.

mod automaton;
mod copies;
mod gate;
mod limits;
mod names;
mod search;
mod shown;
mod story;
mod summary;
mod talk;
#[cfg(test)]
mod tests;
mod tokens;
mod ungrounded;
mod vocabulary;

pub use backstory_core::Quality;
pub use copies::copied;
pub use gate::{Gate, Measure, Then, marks, validate};
pub use limits::{Limits, Numbers, mark};
pub use shown::Shown;
pub use story::{bytes_equal, order_ok};
pub use summary::Summary;
pub use talk::PHRASES;

use copies::Copies;

/// Measures a thought about the file whose text is `target`, written by somebody who was shown `shown`.
pub fn measure(thought: &str, target: &str, shown: &Shown<'_>) -> Quality {
    let copies = Copies::of(thought, target);
    let ungrounded = ungrounded::ungrounded(thought, target, &copies, shown);
    let talk = talk::hindsight(thought);
    Quality {
        tokens: copies.tokens(),
        copy_8: copies.share(8),
        copy_13: copies.share(13),
        longest_copy: copies.longest(),
        n_ungrounded: ungrounded.len() as u32,
        ungrounded: ungrounded
            .into_iter()
            .take(Quality::MOST_UNGROUNDED)
            .map(str::to_owned)
            .collect(),
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
