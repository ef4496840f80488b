use crate::SpanKind;

/// A stretch of a sequence, in tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSpan {
    /// First token.
    pub start: u32,
    /// One past the last token. Equal to `start` when a token that began earlier swallowed the whole
    /// stretch.
    pub end: u32,
    /// What it is.
    pub kind: SpanKind,
    /// The file it belongs to, as index into the repository's files.
    pub file: Option<u32>,
    /// Number of the step it belongs to.
    pub step: u32,
}

/// A trajectory as a trainer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids, unshifted.
    pub input_ids: Vec<u32>,
    /// Whether token `i` is a training target; as long as `input_ids`.
    pub loss_mask: Vec<bool>,
    /// Spans that cover the tokens without gap or overlap, one per span of the trajectory, plus those of
    /// kind [`SpanKind::Special`].
    pub spans: Vec<TokenSpan>,
}
