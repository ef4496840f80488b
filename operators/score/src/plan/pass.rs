use std::ops::Range;

/// Tokens to run through the model together.
///
/// For each layer, the keys and values of all tokens are written to their slots **before** any token
/// attends: what a token attends to may be computed in the same pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// The packed tokens.
    pub ids: Vec<u32>,
    /// The position of each token in its text, from 0.
    pub positions: Vec<u32>,
    /// Where the keys and values of each token go. No slot occurs twice.
    pub slots: Vec<u32>,
    /// The packed tokens again, in order, as runs of tokens that follow each other in one text.
    pub runs: Vec<Run>,
    /// The slots that runs attend to; a run names its own.
    pub segments: Vec<Segment>,
    /// The log-probabilities that are asked for.
    pub targets: Vec<Target>,
}

/// Packed tokens that follow each other in one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The packed tokens, as indices into [`Pass::ids`].
    pub rows: Range<usize>,
    /// Which of [`Pass::segments`] hold the text from its first token up to and with the last of the
    /// run, in order of position. A token at position `p` attends to the first `p + 1` of these slots.
    pub segments: Range<usize>,
}

/// Slots that follow each other and hold tokens that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The first slot.
    pub start: u32,
    /// How many there are.
    pub len: u32,
}

impl Segment {
    pub(super) fn end(self) -> u32 {
        self.start + self.len
    }

    pub(super) fn slots(self) -> Range<u32> {
        self.start..self.end()
    }
}

/// A token whose log-probability is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The packed token that predicts it.
    pub row: usize,
    /// The token that is predicted.
    pub id: u32,
}

/// Appends a segment, as part of the last one if it follows that directly.
pub(super) fn push(segments: &mut Vec<Segment>, segment: Segment) {
    match segments.last_mut() {
        Some(last) if last.end() == segment.start => last.len += segment.len,
        _ => segments.push(segment),
    }
}

/// Cuts off what comes after the first `len` slots, and returns it.
pub(super) fn split_off(segments: &mut Vec<Segment>, len: usize) -> Vec<Segment> {
    let mut left = len as u32;
    let mut tail = vec![];
    segments.retain_mut(|segment| {
        let keep = segment.len.min(left);
        left -= keep;
        if keep < segment.len {
            tail.push(Segment { start: segment.start + keep, len: segment.len - keep });
        }
        segment.len = keep;
        keep > 0
    });
    tail
}
