//! What can be told of a sequence without its repository.

use backstory_core::{Digest, Hasher, SpanKind, TokenSpan};

use super::{Breach, breach};
use crate::plan::{Arm, Resolved};
use crate::tables::SequenceRow;

/// What the second pass has to know of a sequence.
pub struct SequenceDigest {
    pub repo: String,
    pub arm: String,
    /// Digest of the decoded text; none if it cannot be decoded.
    pub text: Option<Digest>,
    /// Digest of ids, mask and spans.
    pub tokens: Digest,
}

/// The arm of this name in the plan.
pub fn arm_of<'a>(plan: &'a Resolved, name: &str) -> Option<&'a Arm> {
    plan.arms.iter().find(|arm| arm.name == name)
}

/// Checks one sequence by itself and reduces it.
pub fn check_sequence(
    plan: &Resolved,
    row: &SequenceRow,
    breaches: &mut Vec<Breach>,
) -> SequenceDigest {
    let mut report =
        |promise, detail: String| breach(breaches, &row.repo, Some(&row.arm), promise, detail);
    if let Err(detail) = covers(&row.spans, row.input_ids.len()) {
        report("covered", detail);
    }
    let mut text = None;
    match arm_of(plan, &row.arm) {
        None => report("one-row", format!("the plan has no arm \"{}\"", row.arm)),
        Some(arm) => {
            if let Err(detail) = follows_policy(arm, row) {
                report("masked", detail);
            }
            match arm.mask.decode(&row.input_ids) {
                Ok(decoded) => text = Some(Digest::of(decoded)),
                Err(failure) => report("decoded", failure.message),
            }
        }
    }
    SequenceDigest {
        repo: row.repo.clone(),
        arm: row.arm.clone(),
        text,
        tokens: tokens_digest(&row.input_ids, &row.loss_mask, &row.spans),
    }
}

/// Digest of everything that a mask operator makes.
pub fn tokens_digest(ids: &[u32], mask: &[bool], spans: &[TokenSpan]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(ids.iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<_>>());
    hasher.field(mask.iter().map(|&target| u8::from(target)).collect::<Vec<_>>());
    for span in spans {
        hasher.field(span.start.to_le_bytes()).field(span.end.to_le_bytes());
        hasher.field(span.kind.name()).field(span.step.to_le_bytes());
        hasher.field(span.file.map(u32::to_le_bytes).unwrap_or_default());
    }
    hasher.finish()
}

fn covers(spans: &[TokenSpan], tokens: usize) -> Result<(), String> {
    let mut next = 0;
    for span in spans {
        if span.start != next || span.end < span.start {
            return Err(format!("a token span begins at {} instead of {next}", span.start));
        }
        next = span.end;
    }
    if next as usize == tokens {
        Ok(())
    } else {
        Err(format!("token spans end at {next}, tokens at {tokens}"))
    }
}

fn follows_policy(arm: &Arm, row: &SequenceRow) -> Result<(), String> {
    if row.loss_mask.len() != row.input_ids.len() {
        let (mask, ids) = (row.loss_mask.len(), row.input_ids.len());
        return Err(format!("{mask} mask entries for {ids} tokens"));
    }
    for span in &row.spans {
        let trained = arm.mask.trains(span.kind);
        let tokens = row.loss_mask.get(span.start as usize..span.end as usize).unwrap_or_default();
        if let Some(place) = tokens.iter().position(|&target| target != trained) {
            let token = span.start as usize + place;
            return Err(format!("token {token} of kind {} has the wrong mask", span.kind));
        }
    }
    let text = row.spans.iter().any(|span| span.kind != SpanKind::Special && span.end > span.start);
    if text { Ok(()) } else { Err("no token but special ones".to_owned()) }
}
