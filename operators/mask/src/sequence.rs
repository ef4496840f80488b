use backstory_core::{Sequence, Span, SpanKind, TokenSpan};

use crate::Masker;

/// Puts ids, token spans and mask together. `ends[i]` is one past the last token of `spans[i]`.
pub(crate) fn assemble(ids: Vec<u32>, ends: &[u32], spans: &[Span], masker: &Masker) -> Sequence {
    let mut sequence = Sequence { input_ids: ids, loss_mask: vec![], spans: vec![] };
    sequence.spans.reserve(spans.len() + 2);
    if let Some(id) = masker.begin {
        sequence.input_ids.insert(0, id);
        push(&mut sequence.spans, 1, SpanKind::Special, None, 0);
    }
    let before = sequence.spans.len() as u32;
    for (span, end) in spans.iter().zip(ends) {
        push(&mut sequence.spans, before + end, span.kind, span.file, span.step);
    }
    if let Some(id) = masker.end {
        sequence.input_ids.push(id);
        let step = spans.last().map_or(0, |span| span.step);
        let end = sequence.input_ids.len() as u32;
        push(&mut sequence.spans, end, SpanKind::Special, None, step);
    }
    sequence.loss_mask = loss_mask(&sequence.spans, masker);
    sequence
}

/// Adds a span that goes from the end of the one before to `end`.
fn push(spans: &mut Vec<TokenSpan>, end: u32, kind: SpanKind, file: Option<u32>, step: u32) {
    let start = spans.last().map_or(0, |span| span.end);
    spans.push(TokenSpan { start, end, kind, file, step });
}

/// A function of the kinds of spans alone.
fn loss_mask(spans: &[TokenSpan], masker: &Masker) -> Vec<bool> {
    let mut mask = Vec::with_capacity(spans.last().map_or(0, |span| span.end as usize));
    for span in spans {
        mask.resize(span.end as usize, masker.policy.trains(span.kind));
    }
    mask
}
