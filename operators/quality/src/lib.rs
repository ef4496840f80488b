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

pub use backstory_core::Quality;
pub use gate::{Gate, Measure, Then, validate};
pub use shown::Shown;
pub use story::{bytes_equal, order_ok};
pub use summary::Summary;
pub use talk::PHRASES;
pub use target::Target;

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
